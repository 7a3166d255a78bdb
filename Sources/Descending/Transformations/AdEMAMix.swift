import Foundation

/// Adam with a second, much slower mean of gradients beside the first: old gradients help for longer than one mean can keep them.
///
/// (m1 / (1 - b1^t) + alpha m2) / (sqrt(v / (1 - b2^t)) + epsilon) goes on, where m1, m2 and v are running means of g, g and g² that keep b1, b3
/// and b2. m2 is not corrected for its start. With `warmup` of T updates alpha grows to its value on a line, and b3 from b1
/// so that the mean's half-life grows on a line: (8) and (9) of Pagliardini, Ablin, Grangier, "The AdEMAMix optimizer: better, faster,
/// older", 2024, arXiv 2409.03137.
public struct AdEMAMix: NamedTransformation {
  /// The share of the fast mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean square that is kept.
  public let beta2: Double
  /// The share of the slow mean that is kept.
  public let beta3: Double
  /// Times the slow mean.
  public let alpha: Double
  /// Updates until alpha and b3 have their values; 0 for values that they have at once.
  public let warmup: Int
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, beta3: Double = 0.9999, alpha: Double = 5, warmup: Int = 0,
    epsilon: Double = 1e-8
  ) {
    (self.beta1, self.beta2, self.beta3) = (beta1, beta2, beta3)
    (self.alpha, self.warmup, self.epsilon) = (alpha, warmup, epsilon)
  }

  public static let kind = TransformationKind(
    "ademamix", "adam with a second, much slower mean of gradients",
    TransformationOption(
      "beta1", .decay.doubtingRate(of: "ademamix"), standard: AdEMAMix().beta1, "decay of the fast mean"
    ) { (t: AdEMAMix) in t.beta1 },
    TransformationOption("beta2", .decay, standard: AdEMAMix().beta2, "decay of the mean square") {
      (t: AdEMAMix) in t.beta2
    },
    TransformationOption("beta3", .decay, standard: AdEMAMix().beta3, "decay of the slow mean") {
      (t: AdEMAMix) in t.beta3
    },
    TransformationOption("alpha", .notNegative, standard: AdEMAMix().alpha, "times the slow mean") {
      (t: AdEMAMix) in t.alpha
    },
    TransformationOption(
      "warmup", .count(from: 0, atMost: 10_000_000), standard: AdEMAMix().warmup,
      "updates until alpha and beta3 are whole"
    ) { (t: AdEMAMix) in t.warmup },
    TransformationOption("epsilon", .epsilon, standard: AdEMAMix().epsilon, "added to the root") {
      (t: AdEMAMix) in t.epsilon
    },
    examples: [
      "ademamix beta3=0.99 | rate cosine(0.02, 2500updates)",
      "ademamix beta3=0.99 warmup=500 | rate cosine(0.02, 2500updates)",
    ]
  ) { AdEMAMix(beta1: $0, beta2: $1, beta3: $2, alpha: $3, warmup: $4, epsilon: $5) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("fast").merging(parameters.zeros("second")).merging(parameters.zeros("slow"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let counters = context.counters
    let fast = runningMean(beta1, state.subtree("fast"), updates)
    let second = runningMean(beta2, state.subtree("second"), updates.map(\.squared))
    let (kept, weight) = slowMean(at: counters)
    let before = Updates(state.subtree("slow"))
    let slow = before + (1 - kept) * (updates - before)
    let (scale, spread) = (counters.correction(beta1), counters.correction(beta2))
    let both = scale * fast + weight * slow
    let scaled = both.tree.zipped(with: second.tree) { m, v in
      m / (root(v * spread.cast(to: v.elementType)) + epsilon)
    }
    return (
      Updates(scaled),
      fast.tree.prefixed("fast").merging(second.tree.prefixed("second")).merging(slow.tree.prefixed("slow"))
    )
  }

  /// What the slow mean keeps at this update, and what it is multiplied by; in float64, as much is kept.
  private func slowMean(at counters: Counters) -> (kept: Tensor, weight: Tensor) {
    let time = counters.updates.cast(to: .float64) + 1
    let whole = time.filled(with: 1)
    // A mean that keeps less than the fast one has no way to grow.
    guard warmup > 0 else { return (beta3 * whole, alpha * whole) }
    let way = min(time / Double(warmup), 1)
    guard beta1 > 0, beta3 > beta1 else { return (beta3 * whole, alpha * way) }
    let (first, last) = (Foundation.log(beta1), Foundation.log(beta3))
    return (min(exp(first * last / ((1 - way) * last + way * first)), beta3), alpha * way)
  }
}
