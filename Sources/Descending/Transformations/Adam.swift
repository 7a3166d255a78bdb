/// Gradients scaled by running moments: m / (sqrt(v) + epsilon), both corrected for their start at zero.
///
/// m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2; at update t the corrections are 1 / (1 - b^t).
/// Kingma and Ba, "Adam: a method for stochastic optimization", 2015. With `amsgrad` the largest v so far takes the place of
/// v: Reddi, Kale, Kumar, "On the convergence of Adam and beyond", 2018, with v corrected as in PyTorch. With `nesterov` the mean is that
/// of the next update, b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t): Dozat, "Incorporating Nesterov momentum into Adam", 2016, as in optax.
public struct Adam: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean square that is kept.
  public let beta2: Double
  /// Added to the root, against division by 0.
  public let epsilon: Double
  /// Whether the largest mean square so far divides.
  public let amsgrad: Bool
  /// Whether the step looks ahead: NAdam.
  public let nesterov: Bool

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, amsgrad: Bool = false, nesterov: Bool = false
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.amsgrad = amsgrad
    self.nesterov = nesterov
  }

  public static let kind = TransformationKind(
    "adam", "scale by running moments; a decay behind it makes it AdamW",
    TransformationOption("beta1", .decay.doubtingRate(of: "adam"), standard: Adam().beta1, "decay of the mean") {
      (t: Adam) in t.beta1
    },
    TransformationOption("beta2", .decay, standard: Adam().beta2, "decay of the mean square") { (t: Adam) in t.beta2 },
    TransformationOption("epsilon", .epsilon, standard: Adam().epsilon, "added to the root") { (t: Adam) in
      t.epsilon
    },
    TransformationOption("amsgrad", .flag, standard: Adam().amsgrad, "divide by the largest mean square so far") {
      (t: Adam) in t.amsgrad
    },
    TransformationOption("nesterov", .flag, standard: Adam().nesterov, "look ahead: NAdam") { (t: Adam) in
      t.nesterov
    },
    examples: [
      "adam | rate 0.02", "adam | decay 0.01 | rate 0.02", "adam amsgrad=true | rate 0.02",
      "adam nesterov=true | rate 0.02",
    ]
  ) { Adam(beta1: $0, beta2: $1, epsilon: $2, amsgrad: $3, nesterov: $4) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    let moments = parameters.zeros("first").merging(parameters.zeros("second"))
    return amsgrad ? moments.merging(parameters.zeros("largest")) : moments
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let first = runningMean(beta1, state.subtree("first"), updates)
    let second = runningMean(beta2, state.subtree("second"), updates.map(\.squared))
    let correction1 = context.counters.correction(beta1, ahead: nesterov ? 1 : 0)
    let correction2 = context.counters.correction(beta2)
    let largest = amsgrad ? state.subtree("largest").zipped(with: second.tree) { max($0, $1) } : second.tree
    let mean =
      nesterov ? beta1 * first + (1 - beta1) * (context.counters.correction(beta1) / correction1 * updates) : first
    let scaled = mean.tree.zipped(with: largest) { m, v in
      let scale = root(v * correction2.cast(to: v.elementType)) + epsilon
      return m * correction1.cast(to: m.elementType) / scale
    }
    let moments = first.tree.prefixed("first").merging(second.tree.prefixed("second"))
    return (Updates(scaled), amsgrad ? moments.merging(largest.prefixed("largest")) : moments)
  }
}
