import Foundation

/// Adam that begins as plain momentum, until its running mean square has seen enough to divide by.
///
/// With l = 2 / (1 - b2) - 1 and l_t = l - 2 t b2^t / (1 - b2^t), the length of the mean so far, the step is
/// r m / (sqrt(v) + epsilon) with r² = (l_t - 4) (l_t - 2) l / ((l - 4) (l - 2) l_t) where l_t > 5, and m before; m and v are
/// corrected for their start at zero. Liu et al., "On the variance of the adaptive learning rate and beyond", 2020, arXiv 1908.03265.
public struct RectifiedAdam: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean square that is kept.
  public let beta2: Double
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
  }

  public static let kind = TransformationKind(
    "radam", "adam that begins as plain momentum, until its mean square is long enough",
    TransformationOption(
      "beta1", .decay.doubtingRate(of: "radam"), standard: RectifiedAdam().beta1, "decay of the mean"
    ) { (t: RectifiedAdam) in t.beta1 },
    TransformationOption("beta2", .decay, standard: RectifiedAdam().beta2, "decay of the mean square") {
      (t: RectifiedAdam) in t.beta2
    },
    TransformationOption("epsilon", .epsilon, standard: RectifiedAdam().epsilon, "added to the root") {
      (t: RectifiedAdam) in t.epsilon
    }, examples: ["radam | rate 0.02", "radam 0.8 0.9 1e-6 | rate 0.02"]
  ) { RectifiedAdam(beta1: $0, beta2: $1, epsilon: $2) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("first").merging(parameters.zeros("second"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let first = runningMean(beta1, state.subtree("first"), updates)
    let second = runningMean(beta2, state.subtree("second"), updates.map(\.squared))
    let (scale, spread) = (context.counters.correction(beta1), context.counters.correction(beta2))
    let (isLong, factor) = rectification(at: context.counters)
    let scaled = first.tree.zipped(with: second.tree) { m, v in
      let mean = m * scale.cast(to: m.elementType)
      let divided = factor.cast(to: m.elementType) * mean / (root(v * spread.cast(to: v.elementType)) + epsilon)
      return divided.where(isLong, else: mean)
    }
    return (Updates(scaled), first.tree.prefixed("first").merging(second.tree.prefixed("second")))
  }

  /// Whether the mean square is long enough, and r; in float64, as l_t is a difference of numbers near 2000.
  private func rectification(at counters: Counters) -> (isLong: Tensor, factor: Tensor) {
    let time = counters.updates.cast(to: .float64) + 1
    let limit = 2 / (1 - beta2) - 1
    let gone = expm1(time * Foundation.log(beta2))
    let length = limit + 2 * time * (gone + 1) / gone
    let isLong = length .> 5
    let safe = select(isLong, length, 6)
    // A limit of 5 or less is never passed, and its factor not read.
    let most = limit > 5 ? limit : 6
    return (isLong, root((safe - 4) * (safe - 2) * most / ((most - 4) * (most - 2) * safe)))
  }
}
