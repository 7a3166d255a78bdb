import Distributed

/// A method that the bound does not cover: its compressors are biased, or correlated between workers.
public enum BeyondMethod: String, CaseIterable, Sendable {
  case feedback = "EF21-P, TopK"
  case correlated = "MARINA-P, PermK"
  case correlatedMomentum = "M3, PermK and RandK"
  case randomMomentum = "M3, RandK"

  /// In the names of claims.
  var identifier: String {
    switch self {
    case .feedback: "ef21-p"
    case .correlated: "marina-p"
    case .correlatedMomentum: "m3-perm"
    case .randomMomentum: "m3-rand"
    }
  }

  /// - Parameters:
  ///   - workers: n, among whom PermK deals the coordinates.
  ///   - momentum: of EF21-P.
  func method(_ tuning: MethodTuning, workers n: Int, dimension: Int, momentum: Double) -> any DistributedMethod {
    let (b, k) = (tuning.batch, tuning.kept)
    let chance = Double(k) / Double(dimension)
    return switch self {
    case .feedback: BidirectionalFeedback(batch: b, downlink: TopK(k), uplink: TopK(k), momentum: momentum)
    case .correlated: MarinaP(batch: b, downlink: PermK(workers: n), chance: chance)
    case .correlatedMomentum:
      MarinaP(batch: b, downlink: PermK(workers: n), chance: chance, uplink: RandK(k), momentum: 0.9)
    case .randomMomentum: MarinaP(batch: b, downlink: RandK(k), chance: chance, uplink: RandK(k), momentum: 0.9)
    }
  }

  /// Seconds of a round on average; a gradient takes one.
  func roundSeconds(_ tuning: MethodTuning, _ links: LinkSpeeds, workers n: Int, dimension: Int) -> Double {
    let (b, k, d) = (Double(tuning.batch), Double(tuning.kept), Double(dimension))
    let (down, up, chance) = (links.downlink, links.uplink, Double(tuning.kept) / d)
    let whole = b + (down + up) * d
    return switch self {
    case .feedback: b + (down + up) * k
    case .correlated: chance * whole + (1 - chance) * (b + down * d / Double(n) + up * d)
    // Two gradients for a change.
    case .correlatedMomentum: chance * whole + (1 - chance) * (2 * b + down * d / Double(n) + up * k)
    case .randomMomentum: chance * whole + (1 - chance) * (2 * b + (down + up) * k)
    }
  }
}
