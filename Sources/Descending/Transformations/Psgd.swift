/// Preconditioned descent whose preconditioner whitens gradients: for a matrix G, P = (Q1² and Q2² from both sides) is fitted step by step so that what it
/// makes of G has elements of size 1, without correlation along rows and along columns.
///
/// A = Q1² G Q2² moves Q1 <- (1 - h (A Aᵀ - outputs)) Q1 (1 - h (A Aᵀ - outputs)), made symmetric, with h = step / 2 L, where L is at least the norm of
/// A Aᵀ + outputs and falls to it by what is `kept`; Q2 with Aᵀ A and inputs alike. Then P times a running mean of gradients goes on, limited tensor by
/// tensor to the root mean square 2 and to elements within ±10. The mean keeps t / (t + 1) at first, and `momentum` later. Noise of (damping + epsilon |g|)
/// is added to the gradients that are fitted, so that what has no gradient does not make P infinite; at first P has the gradients' size. A side longer
/// than `largest`, vectors and numbers have diagonals. Kernels of convolutions count as the matrix [height · width · channels, features].
///
/// Li, "Preconditioned stochastic gradient descent", 2015, arXiv 1512.04202; Pooladzandi and Li, "Curvature-informed SGD via general purpose Lie-group
/// preconditioners", 2024, arXiv 2402.11858: the Kronecker-factored whitening preconditioner, as in the author's code with its update "QUAD".
/// There a norm is estimated at random, here it has a bound, and factors are balanced at each update in place of one in a hundred (our choices).
public struct Psgd: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let momentum: Double
  /// Of the preconditioner.
  public let step: Double
  /// The share of an earlier, larger divisor of those steps that is kept.
  public let kept: Double
  /// Of the noise on the gradients that are fitted.
  public let damping: Double
  /// The longest side that gets a matrix.
  public let largest: Int

  public init(
    momentum: Double = 0.9, step: Double = 0.1, kept: Double = 0.9, damping: Double = 1e-9, largest: Int = 1024
  ) {
    precondition(largest > 0, "sides have some length")
    (self.momentum, self.step, self.kept) = (momentum, step, kept)
    (self.damping, self.largest) = (damping, largest)
  }

  public var requirements: Requirements { .randomness }
  public var isDifferentiable: Bool { false }

  public static let kind = TransformationKind(
    "psgd", "whiten by a preconditioner that is fitted step by step",
    TransformationOption("momentum", .decay.doubtingRate(of: "psgd"), standard: Psgd().momentum, "decay of the mean") {
      (t: Psgd) in t.momentum
    },
    TransformationOption(
      "step", .number("above 0, at most 1", examples: ["0.1", "0.3"]) { $0 > 0 && $0 <= 1 }, standard: Psgd().step,
      "of the preconditioner"
    ) { (t: Psgd) in t.step },
    TransformationOption("kept", .decay, standard: Psgd().kept, "of what its steps are divided by") { (t: Psgd) in
      t.kept
    },
    TransformationOption("damping", .notNegative, standard: Psgd().damping, "noise on what is whitened") {
      (t: Psgd) in t.damping
    },
    TransformationOption("largest", .count(atMost: 4096), standard: Psgd().largest, "longest side that gets a matrix") {
      (t: Psgd) in t.largest
    },
    examples: ["psgd | rate 0.01", "psgd 0.8 step=0.2 largest=2 | rate 0.01"]
  ) { Psgd(momentum: $0, step: $1, kept: $2, damping: $3, largest: $4) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.reduce(into: parameters.zeros("mean")) { state, parameter in
      let (path, type) = (parameter.0, parameter.1.elementType)
      for factor in KroneckerFactor.all(of: parameter.1.shape, largest: largest) {
        state["factor\(factor.name)/" + path] = NDArray(factor.identity, shape: factor.shape).converted(to: type)
        state["divisor\(factor.name)/" + path] = .zeros(.scalar, type)
      }
    }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let (counters, key) = (context.counters, try context.key())
    let kept = min(counters.updates / (counters.updates + 1), momentum)
    let first = firstScale(updates).map { $0.where(counters.updates .<= 0, else: $0.filled(with: 1)) }
    var next = Tree<Tensor>()
    let steps = updates.tree.mapWithPaths { path, g -> Tensor in
      let factors = KroneckerFactor.all(of: g.shape, largest: largest)
      let share = kept.cast(to: g.elementType)
      let mean = g + share * (state["mean/" + path]! - g)
      next["mean/" + path] = mean
      guard let first, !factors.isEmpty else { return g }
      let matrix = MatrixSides(g.shape, largest: largest).matrix
      let start = pow(first, 1 / Double(factors.count)).cast(to: g.elementType)
      let old = factors.map { start * state["factor\($0.name)/" + path]! }
      func whitened(_ x: Tensor, _ values: [Tensor]) -> Tensor {
        zip(factors, values).reduce(x.reshaped(to: matrix)) { $1.0.squared($1.1, times: $0) }
      }
      let white = whitened(noisy(g, key, path), old)
      var fitted: [Tensor] = []
      for (factor, value) in zip(factors, old) {
        let divisorAt = "divisor\(factor.name)/" + path
        let own = factor.fitted(value, to: white, size: step, divisor: state[divisorAt]!, kept: self.kept)
        next[divisorAt] = own.divisor.stoppingGradient
        fitted.append(own.factor.stoppingGradient)
      }
      let balanced = Self.balanced(fitted)
      for (factor, value) in zip(factors, balanced) { next["factor\(factor.name)/" + path] = value }
      let u = whitened(mean, balanced)
      let limited = u / max(0.5 * root(u.squared.mean()), 1)
      return min(max(limited, -10), 10).reshaped(to: g.shape)
    }
    return (Updates(steps), next)
  }

  /// What the first P is a power of: about one over the root of the gradients' size, by the fourth moments of the tensor where they are largest.
  private func firstScale(_ updates: Updates) -> Tensor? {
    let leaves = updates.tree.leaves.filter { $0.count > 0 }.map { abs($0).cast(to: .float64) }
    guard let first = leaves.first else { return nil }
    // Taken out, so that no power overflows.
    let peak = leaves.dropFirst().reduce(first.maximum()) { max($0, $1.maximum()) }
    let size = max(peak, Swift.max(damping, 1e-300))
    let moments = leaves.map { ($0 / size).squared.squared.mean() }
    let moment = moments.dropFirst().reduce(moments[0]) { max($0, $1) }
    return pow(max(moment + (damping / size).squared.squared, 1e-30), -0.125) * rsqrt(size)
  }

  private func noisy(_ g: Tensor, _ key: Tensor, _ path: String) -> Tensor {
    let shifted = key + key.graph.constant(NDArray([Int32(0), Int32(bitPattern: FNV.shortHash(path))]))
    let rounding = g.elementType == .float32 ? Double(Float.ulpOfOne) : Double.ulpOfOne
    return g + (damping + rounding * abs(g)) * Tensor.random(.normal, g.shape, key: shifted, g.elementType)
  }

  /// Factors of one size: their product is the same, and none grows out of its type.
  private static func balanced(_ factors: [Tensor]) -> [Tensor] {
    guard factors.count == 2 else { return factors }
    let sizes = factors.map { abs($0).maximum() }
    return [factors[0] * root(sizes[1] / sizes[0]), factors[1] * root(sizes[0] / sizes[1])]
  }
}
