import Foundation

/// Multiplies each matrix from both sides by roots of its gradients' second moments: directions that are often taken are shortened, wherever
/// they point.
///
/// For a gradient G [inputs, outputs], L <- b2 L + (1 - b2) G Gᵀ and R <- b2 R + (1 - b2) Gᵀ G, and L^(-1/4) M R^(-1/4) goes on, M the running
/// mean of G, all corrected for their start at zero. Roots are renewed every `period` updates, of L + epsilon |L| 1 (at least 1e-6 |L| in float32), by Guo and Higham's coupled
/// Newton iteration in double precision. A side longer than `largest` is left alone, and the other's power is -1/2. Vectors, numbers and what
/// has no such side are scaled as by Adam. With `graft` a matrix's step has the length of Adam's, so that Adam's rates fit. Kernels of
/// convolutions count as the matrix [height · width · channels, features].
///
/// Gupta, Koren, Singer, "Shampoo: preconditioned stochastic tensor optimization", 2018, arXiv 1802.09568, in the form of Anil et al., "Scalable second
/// order optimization for deep learning", 2020, arXiv 2002.09018; the mean in place of the sum, and Adam's length, as in Shi et al., "A
/// distributed data-parallel PyTorch implementation of the distributed Shampoo optimizer", 2023, arXiv 2309.06497. Sides are whole, not in blocks.
public struct Shampoo: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the second moments that is kept.
  public let beta2: Double
  /// Added to second moments before roots, in units of their norm.
  public let epsilon: Double
  /// Updates from one computation of roots to the next.
  public let period: Int
  /// The longest side that is multiplied.
  public let largest: Int
  /// Whether a matrix's step has the length of Adam's.
  public let graft: Bool
  /// Added to the root by Adam: of vectors, and of lengths.
  public let adamEpsilon: Double

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-6, period: Int = 10, largest: Int = 1024,
    graft: Bool = true, adamEpsilon: Double = 1e-8
  ) {
    precondition(period > 0 && largest > 0, "roots are some updates apart, and of sides of some length")
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    (self.period, self.largest, self.graft, self.adamEpsilon) = (period, largest, graft, adamEpsilon)
  }

  /// Below it products of float32 are rounded.
  private static let leastRidge = 1e-6

  public static let kind = TransformationKind(
    "shampoo", "multiply each matrix from both sides by roots of its second moments",
    TransformationOption("beta1", .decay.doubtingRate(of: "shampoo"), standard: Shampoo().beta1, "decay of the mean") {
      (t: Shampoo) in t.beta1
    },
    TransformationOption("beta2", .decay, standard: Shampoo().beta2, "decay of the second moments") { (t: Shampoo) in
      t.beta2
    },
    TransformationOption(
      "epsilon", .number("between 1e-12 and 1", examples: ["0.5", "0.25"]) { (1e-12...1).contains($0) },
      standard: Shampoo().epsilon, "added before roots, in units of the norm; in float32 at least 1e-6"
    ) { (t: Shampoo) in t.epsilon },
    TransformationOption("period", .count(atMost: 1000), standard: Shampoo().period, "updates between roots") {
      (t: Shampoo) in t.period
    },
    TransformationOption(
      "largest", .count(atMost: 4096), standard: Shampoo().largest, "longest side that is multiplied"
    ) {
      (t: Shampoo) in t.largest
    },
    TransformationOption("graft", .flag, standard: Shampoo().graft, "steps as long as Adam's") { (t: Shampoo) in
      t.graft
    },
    TransformationOption(
      "adamepsilon", .epsilon, standard: Shampoo().adamEpsilon, "added to the root by Adam, of vectors and of lengths"
    ) { (t: Shampoo) in t.adamEpsilon },
    examples: [
      "shampoo epsilon=0.001 | rate 0.02",
      "shampoo 0.8 0.9 0.001 period=1 graft=false | rate cosine(0.05, 2500updates)",
    ]
  ) { Shampoo(beta1: $0, beta2: $1, epsilon: $2, period: $3, largest: $4, graft: $5, adamEpsilon: $6) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.reduce(into: parameters.zeros("first").merging(parameters.zeros("second"))) { state, parameter in
      for side in MatrixSides(parameter.1.shape, largest: largest).all {
        let type = parameter.1.elementType
        // What rounding leaves of a direction that is never taken must stay below what is added.
        state["moment\(side.name)/" + parameter.0] = .zeros([side.extent, side.extent], .float64)
        state["root\(side.name)/" + parameter.0] = .zeros([side.extent, side.extent], type)
      }
    }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let counters = context.counters
    let first = runningMean(beta1, state.subtree("first"), updates)
    let second = runningMean(beta2, state.subtree("second"), updates.map(\.squared))
    let (scale, spread) = (counters.correction(beta1), counters.correction(beta2))
    var next = first.tree.prefixed("first").merging(second.tree.prefixed("second"))
    let steps = updates.tree.mapWithPaths { path, g -> Tensor in
      let mean = first[path]! * scale.cast(to: g.elementType)
      let adam = mean / (root(second[path]! * spread.cast(to: g.elementType)) + adamEpsilon)
      let sides = MatrixSides(g.shape, largest: largest)
      guard !sides.all.isEmpty else { return adam }
      let matrix = g.reshaped(to: sides.matrix)
      var step = mean.reshaped(to: sides.matrix)
      for side in sides.all {
        let (at, rootAt) = ("moment\(side.name)/" + path, "root\(side.name)/" + path)
        let moment = beta2 * state[at]! + (1 - beta2) * side.moment(of: matrix).cast(to: .float64)
        let old = state[rootAt]!
        let power = counters.renewing([rootAt: old], every: period) {
          let ridge = g.elementType == .float32 ? Swift.max(epsilon, Self.leastRidge) : epsilon
          let found = InverseRoot(order: 2 * sides.all.count, ridge: ridge).of(moment * spread.cast(to: .float64))
            .cast(to: g.elementType)
          let isFine = found.isFinite.cast(to: .float32).minimum() .> 0.5
          return [rootAt: found.where(isFine, else: old)]
        }[rootAt]!
        (next[at], next[rootAt]) = (moment, power)
        step = side.product(of: power, with: step)
      }
      let own = step.reshaped(to: g.shape)
      guard graft else { return own }
      let isSome = own.length .> 0
      return own * select(isSome, adam.length / select(isSome, own.length, 1), 0)
    }
    return (Updates(steps), next)
  }
}
