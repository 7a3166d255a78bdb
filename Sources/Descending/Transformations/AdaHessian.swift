/// Adam with the Hessian's diagonal in place of gradients in the mean square.
///
/// Every `period` updates D = z · (H z) with z of random signs (Hutchinson's estimate, one product with the Hessian), and
/// v <- b2 v + (1 - b2) D²; a convolution's kernel has one D for all its places, the mean of their |D|. m / (sqrt(v)^power + epsilon) goes on, both corrected for
/// their start at zero. Yao et al., "ADAHESSIAN: an adaptive second order optimizer for machine learning", 2021, arXiv 2006.00719, algorithm 1, with
/// kernels as in the authors' code for images.
public struct AdaHessian: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean square that is kept from estimate to estimate.
  public let beta2: Double
  /// Of the root that divides: 1 for Newton's kind of step, 0 for plain momentum.
  public let power: Double
  /// Updates from one estimate to the next.
  public let period: Int
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, power: Double = 1, period: Int = 1, epsilon: Double = 1e-4
  ) {
    precondition(period > 0, "estimates are some updates apart")
    (self.beta1, self.beta2, self.power) = (beta1, beta2, power)
    (self.period, self.epsilon) = (period, epsilon)
  }

  public var requirements: Requirements { [.randomness, .curvature] }

  public static let kind = TransformationKind(
    "adahessian", "adam with the Hessian's diagonal in place of squared gradients",
    TransformationOption(
      "beta1", .decay.doubtingRate(of: "adahessian"), standard: AdaHessian().beta1, "decay of the mean"
    ) { (t: AdaHessian) in t.beta1 },
    TransformationOption("beta2", .decay, standard: AdaHessian().beta2, "decay of the mean square") {
      (t: AdaHessian) in t.beta2
    },
    TransformationOption(
      "power", .number("in 0...1", examples: ["0.5", "0.25"]) { (0...1).contains($0) }, standard: AdaHessian().power,
      "of the root that divides"
    ) { (t: AdaHessian) in t.power },
    TransformationOption("period", .count(atMost: 1000), standard: AdaHessian().period, "updates between estimates") {
      (t: AdaHessian) in t.period
    },
    TransformationOption("epsilon", .epsilon, standard: AdaHessian().epsilon, "added to the root") {
      (t: AdaHessian) in t.epsilon
    },
    examples: ["adahessian | rate 0.05", "adahessian 0.8 0.9 period=5 | rate cosine(0.05, 2500updates)"]
  ) { AdaHessian(beta1: $0, beta2: $1, power: $2, period: $3, epsilon: $4) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros("first").merging(parameters.zeros("second"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let before = state.subtree("second")
    let (counters, key) = (context.counters, try context.key())
    let second = try counters.renewing(before, every: period) {
      let estimate = try HessianDiagonal.estimate(.signs, key: key, of: updates, in: &context)
      return runningMean(
        beta2, before,
        estimate.map { d in
          // Kernels are [height, width, channels, features].
          d.rank == 4 ? abs(d).mean([0, 1], keepingAxes: true).broadcast(to: d.shape).squared : d.squared
        }
      ).tree
    }
    let first = runningMean(beta1, state.subtree("first"), updates)
    let scale = counters.correction(beta1)
    let spread = counters.renewals(every: period).correction(beta2)
    let scaled = first.tree.zipped(with: second) { m, v in
      let size = root(v * spread.cast(to: v.elementType))
      return m * scale.cast(to: m.elementType) / ((power == 1 ? size : pow(size, power)) + epsilon)
    }
    return (Updates(scaled), first.tree.prefixed("first").merging(second.prefixed("second")))
  }
}
