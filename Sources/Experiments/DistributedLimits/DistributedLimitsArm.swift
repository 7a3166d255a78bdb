import Distributed

/// Seconds a coordinate on the links; a gradient takes a second.
public struct LinkSpeeds: Hashable, Sendable, CustomStringConvertible {
  /// τ_s.
  public var downlink: Double
  /// τ_w.
  public var uplink: Double

  public init(downlink: Double, uplink: Double) { (self.downlink, self.uplink) = (downlink, uplink) }

  public var description: String { "down \(downlink) up \(uplink)" }
}

/// A quadratic with its noise, and how near a descent must come.
public typealias LimitsProblem = DistributedLimitsConfiguration.Problem

extension LimitsProblem: CustomStringConvertible {
  public var description: String { "d \(dimension) S \(samples) eps \(accuracy)" }
}

/// A batch and kept coordinates with n workers.
public struct LimitsPlace: Hashable, Sendable, CustomStringConvertible {
  /// What is descended on.
  public var problem: LimitsProblem
  /// n.
  public var workers: Int
  /// b, gradients a worker and round.
  public var batch: Int
  /// K, coordinates that are sent.
  public var kept: Int

  public var description: String { "\(problem) n \(workers) b \(batch) K \(kept)" }
}

/// What may be sent.
public enum LimitsFamily: String, Sendable, CaseIterable {
  /// K of d coordinates, drawn at random, for any K up to d.
  case sparse
  case whole
  /// One worker without links.
  case alone
  /// The same with the b and K of the theory in place of the best of a search.
  case formula
}

/// How a method runs beside its name.
public struct MethodTuning: Hashable, Sendable, CustomStringConvertible {
  /// b.
  public var batch: Int
  /// K, coordinates that are sent, where the method may choose; its chance of whole vectors is K/d.
  public var kept: Int
  /// In units of the theory's step.
  public var scale: Double

  public var description: String { "b \(batch) K \(kept) step \(scale)" }
}

/// What is run.
public enum DistributedLimitsArm: SweepArm {
  /// The worst-case function at random points; `steep` is a = e, else a = 1 + 1/K.
  case lemma(window: Int, isSteep: Bool)
  /// A chain uncovered by n workers; window 0 is K = 2 ⌈log(n + 1)⌉.
  case chain(model: DiscoveryScaling.Model, window: Int, workers: Int)
  /// A trial of the search.
  case trial(LimitsPlace, scale: Double)
  /// The best of a family for those links, as the search found it.
  case best(LimitsFamily, LimitsProblem, LinkSpeeds, workers: Int)
  /// A trial of a method's step.
  case methodTrial(String, LinkSpeeds, workers: Int, scale: Double)
  case method(String, LinkSpeeds, workers: Int)
  /// A trial of the parameters of a method that the bound does not cover.
  case beyondTrial(BeyondMethod, LinkSpeeds, workers: Int, MethodTuning)
  /// Such a method at its best.
  case beyond(BeyondMethod, LinkSpeeds, workers: Int)
  /// A method on real processes, beside the virtual clock of the same seed.
  case real(RealMethod)

  public var description: String {
    switch self {
    case .lemma(let window, let isSteep): "lemma K \(window)\(isSteep ? " steep" : "")"
    case .chain(let model, let window, let workers):
      "\(model.rawValue) K \(window == 0 ? "log" : "\(window)") n \(workers)"
    case .trial(let place, let scale): "trial \(place) step \(scale)"
    case .best(let family, let problem, let links, let workers): "\(family.rawValue) \(problem) n \(workers) \(links)"
    case .methodTrial(let name, let links, let workers, let scale): "trial \(name) n \(workers) \(links) step \(scale)"
    case .method(let name, let links, let workers): "\(name) n \(workers) \(links)"
    case .beyondTrial(let method, let links, let workers, let tuning):
      "trial \(method.rawValue) n \(workers) \(links) \(tuning)"
    case .real(let method): "real \(method.rawValue)"
    case .beyond(let method, let links, let workers): "best \(method.rawValue) n \(workers) \(links)"
    }
  }
}

extension Measure {
  /// Virtual seconds until the goal, or until a descent was given up.
  package static let time = Measure("time")
  package static let rounds = Measure("rounds")
  /// 1 where the goal was reached.
  package static let isReached = Measure("reached")
  package static let batch = Measure("batch")
  package static let kept = Measure("kept")
  package static let stepScale = Measure("step")
  /// The time within which the search is complete, over that of the best.
  package static let searchRoom = Measure("room")
  /// The time of what the bound covers over that of a method, both in the rounds of exact descent.
  package static let hopedGain = Measure("hope")
  /// Seconds a coordinate of a chain.
  package static let pace = Measure("pace")
  /// The same in units of min{h/p_σ, τ_s/p_K}, which a larger K makes shorter.
  package static let unitPace = Measure("pace/unit")
  /// 1 where a descent ran on real processes.
  package static let isReal = Measure("real")
  /// Seconds by the wall clock over those of the virtual one.
  package static let clockRatio = Measure("real/ratio")
  /// 1 where both end at the same point, to the last bit.
  package static let hasSameBits = Measure("real/bits")
  /// How much later than asked a wait of h ends on this machine, as a share of h.
  package static let waitLateness = Measure("real/late")
  static let wallSeconds = Measure("real/wall")
  static let virtualSeconds = Measure("real/virtual")

  static let gradients = Measure("gradients")
  static let events = Measure("events")

  // The worst-case function.
  /// The least |∇F| where prog_K < T.
  package static let leastGradient = Measure("lemma/gradient")
  /// Slopes other than 0 at coordinates that must not show.
  package static let violations = Measure("lemma/violations")
  /// The largest share of the published constant: Δ⁰ T, ℓ₁, γ_∞.
  package static let gapShare = Measure("lemma/gap")
  package static let smoothnessShare = Measure("lemma/smoothness")
  package static let slopeShare = Measure("lemma/slope")
  /// The largest difference of the gradient to a central difference.
  package static let lemmaError = Measure("lemma/error")
}
