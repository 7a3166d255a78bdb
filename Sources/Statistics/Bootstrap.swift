/// The percentile bootstrap interval (Efron 1979) of any statistic of a sample.
///
/// The same seed gives the same interval. Each resample draws from its own counter-based stream, so its numbers do not
/// depend on how many resamples there are.
/// - Throws: `StatisticsError` for fewer than two values or values that are not finite.
public func bootstrapInterval(
  of values: [Double], level: Double = 0.95, resamples: Int = 10_000, seed: UInt64,
  statistic: ([Double]) -> Double = { $0.reduce(0, +) / Double($0.count) }
) throws -> Interval {
  precondition(resamples > 0, "The bootstrap needs at least one resample.")
  guard values.count >= 2 else {
    throw StatisticsError.tooFewValues(what: "The bootstrap", needed: 2, found: values.count)
  }
  try StatisticsError.requireFinite("The bootstrap", values)
  var sample = values
  let replicates = (0..<resamples).map { resample in
    let stream = CounterRandom(seed: seed, stream: UInt64(resample))
    for i in sample.indices { sample[i] = values[stream.index(at: UInt64(i), below: values.count)] }
    return statistic(sample)
  }
  let ends = quantiles(of: replicates, at: [(1 - level) / 2, (1 + level) / 2])
  return Interval(low: ends[0], high: ends[1], level: level)
}

/// A counter-based generator: the number at a position is a mix of seed, stream and position (SplitMix64's finaliser).
struct CounterRandom {
  private let key: UInt64

  init(seed: UInt64, stream: UInt64) {
    key = Self.mixed(
      Self.mixed(seed &+ 0x9E37_79B9_7F4A_7C15) ^ Self.mixed(stream &+ 0xD1B5_4A32_D192_ED03))
  }

  /// A whole number in `0..<bound`; the bias of the product method is under bound / 2⁶⁴.
  func index(at position: UInt64, below bound: Int) -> Int {
    Int(
      Self.mixed(key &+ (position &+ 1) &* 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(
        by: UInt64(bound)
      ).high)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
