/// Published descent methods for several objectives: an estimator of gradients and a weighting, perhaps with momentum.
public enum MultiObjectiveMethod: String, Codable, Sendable, CaseIterable {
  /// Minimum-norm direction of full gradients (Désidéri 2012).
  case mgd = "MGD"
  /// Minimum-norm direction of mini-batch gradients.
  case smgd = "SMGD"
  /// Tracked gradients, weights by projected descent (Fernando et al. 2023).
  case moco = "MoCo"
  /// Smoothed minimum-norm weights (Zhou et al. 2022).
  case crMogm = "CR-MOGM"
  /// Sum of gradients without their conflicting parts (Yu et al. 2020).
  case pcGrad = "PCGrad"
  /// Mini-batch descent of the mean objective.
  case scalarization = "scalarisation"
  /// The mean objective with SPIDER's gradients (Fang et al. 2018).
  case scalarizationSpider = "scalarisation-SPIDER"
  /// Recursive gradients with a full one every q steps, minimum-norm direction (Liu et al., arXiv 2506.19883).
  case stimulus = "STIMULUS"
  /// With momentum.
  case stimulusM = "STIMULUS-M"
  /// With a batch of adaptive size in place of the full gradient.
  case stimulusPlus = "STIMULUS+"
  /// Both.
  case stimulusMPlus = "STIMULUS-M+"

  /// Whether gradients are followed by differences between full ones.
  public var isRecursive: Bool {
    switch self {
    case .scalarizationSpider, .stimulus, .stimulusM, .stimulusPlus, .stimulusMPlus: true
    case .mgd, .smgd, .moco, .crMogm, .pcGrad, .scalarization: false
    }
  }
  /// Whether the direction is a running mean of combinations (STIMULUS-M and -M+).
  public var hasMomentum: Bool { self == .stimulusM || self == .stimulusMPlus }
  /// Whether the batch at a checkpoint adapts.
  public var isAdaptive: Bool { self == .stimulusPlus || self == .stimulusMPlus }

  /// What it does with the gradients' products.
  public func weighting(_ settings: MultiObjectiveSettings = MultiObjectiveSettings()) -> any Weighting {
    switch self {
    case .mgd, .smgd, .stimulus, .stimulusM, .stimulusPlus, .stimulusMPlus: MinimumNormWeighting()
    case .moco: ProjectedWeighting(rate: settings.weightRate, regularization: settings.regularization)
    case .crMogm: SmoothedWeighting(MinimumNormWeighting(), keeping: settings.smoothing)
    case .pcGrad: ConflictRemoval()
    case .scalarization, .scalarizationSpider: Scalarization()
    }
  }

  /// Where its gradients come from.
  public func estimator(_ settings: MultiObjectiveSettings = MultiObjectiveSettings()) -> any GradientEstimator {
    switch self {
    case .mgd: FullGradients()
    case .smgd, .crMogm, .pcGrad, .scalarization: BatchGradients()
    case .moco: TrackedGradients(share: settings.tracking)
    case .scalarizationSpider, .stimulus, .stimulusM: RecursiveGradients()
    case .stimulusPlus, .stimulusMPlus:
      RecursiveGradients(
        anchor: .adaptive(
          AdaptiveAnchor(
            gammaFactor: settings.gammaFactor, epsilonFactor: settings.epsilonFactor, epsilon: settings.epsilon)))
    }
  }
}

/// The numbers of the published methods besides their rate. Each belongs to one part: `tracking` to MoCo's estimator,
/// `smoothing` to CR-MOGM's weighting.
public struct MultiObjectiveSettings: Codable, Sendable, Equatable {
  /// |A| = q; ⌈√n⌉ where there is none.
  public var batchSize: Int?
  /// α of x_{t+1} = x_t - η d_t + α (x_t - x_{t-1}).
  public var momentum = 0.5
  /// c_γ of the adaptive batch.
  public var gammaFactor = 8.0
  /// c_ε of the adaptive batch.
  public var epsilonFactor = 8.0
  /// ε of the adaptive batch: the stationarity that is aimed at.
  public var epsilon = 1e-6
  /// β, γ and ρ of MoCo.
  public var tracking = 0.5
  /// γ, the rate at which MoCo's weights move.
  public var weightRate = 0.1
  /// ρ, added to the Gramian's diagonal.
  public var regularization = 1e-3
  /// a of CR-MOGM: λ_t = a λ_{t-1} + (1 - a) λ̂_t.
  public var smoothing = 0.9

  public init() {}
}
