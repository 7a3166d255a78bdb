import Foundation
import Statistics
import Testing

private let a = [5.1, 4.9, 6.2, 5.8, 6.0, 5.5, 5.3, 6.7]
private let b = [4.7, 5.0, 5.6, 5.9, 5.2, 5.1, 4.8, 6.1]
private let c = [4.1, 3.9, 5.5, 5.0, 4.4]

/// Numbers of scipy 1.17.1, unless said otherwise.
@Suite struct SignificanceTests {
  @Test func paired() throws {
    let result = try pairedTTest(b, a)
    #expect(close(result.statistic, 3.351176505839227))
    #expect(close(result.pValue, 0.012231053084833887))
    #expect(close(result.interval.low, 0.11407605593270925))
    #expect(close(result.interval.high, 0.6609239440672909))
    #expect(close(result.effectSize, 1.1848198161159786))
    #expect(result.count == 8)
    let greater = try pairedTTest(b, a, alternative: .greater)
    #expect(close(greater.pValue, 0.006115526542416943))
    #expect(close(greater.interval.low, 0.16842791943570692))
    #expect(greater.interval.high == .infinity)
  }

  @Test func twoGroups() throws {
    let welch = try welchTTest(c, a)
    #expect(close(welch.statistic, 3.0378012938405266))
    #expect(close(welch.degreesOfFreedom, 8.009546973039752))
    #expect(close(welch.pValue, 0.016094516053566345))
    #expect(close(welch.interval.low, 0.2669677992107271))
    #expect(close(welch.interval.high, 1.9480322007892727))
    #expect(close(welch.effectSize, 1.7499008041076172))
    let pooled = try pooledTTest(c, a)
    #expect(close(pooled.statistic, 3.1083388329541384))
    #expect(close(pooled.pValue, 0.009954924004512445))
    #expect(close(pooled.interval.low, 0.3232897848977988))
    #expect(close(pooled.interval.high, 1.8917102151022012))
  }

  /// scipy.stats.t of mean / (s √(1/8 + 0.25)) with 7 degrees of freedom.
  @Test func resampled() throws {
    let result = try resampledTTest(b, a, testRatio: 0.25)
    #expect(result.degreesOfFreedom == 7 && result.count == 8)
    #expect(close(result.statistic, 1.9348026577482276))
    #expect(close(result.pValue, 0.09425354892262211))
    #expect(close(result.interval.low, -0.08608416313041845))
    #expect(close(result.interval.high, 0.8610841631304186))
    #expect(throws: StatisticsError.self) { try resampledTTest(b, a, testRatio: 0) }
  }

  @Test func oneSample() throws {
    let result = try oneSampleTTest(a, reference: 5, alternative: .less)
    #expect(close(result.statistic, 3.2225754674565295))
    #expect(close(result.pValue, 0.9926994081932401))
  }

  @Test func equivalence() throws {
    let paired = try equivalenceTest(b, a, margin: 0.8)
    #expect(close(paired.pValue, 0.004564416073967589))
    #expect(paired.interval.level == 0.9)
    #expect(
      close(try equivalenceTest(c, a, margin: 2, design: .independent).pValue, 0.020011325366072807)
    )
  }

  /// A difference of exactly zero has a t of zero, and still an equivalence.
  @Test func equivalenceOfEqualMeans() throws {
    let result = try equivalenceTest([1, 2, 3, 4], [2, 1, 4, 3], margin: 10)
    #expect(result.estimate == 0)
    #expect(result.pValue < 0.001)
  }

  @Test func unusableData() {
    #expect(throws: StatisticsError.tooFewValues(what: "The paired t-test", needed: 2, found: 1)) {
      try pairedTTest([1], [2])
    }
    #expect(
      throws: StatisticsError.differentLengths(what: "The paired t-test", first: 2, second: 1)
    ) {
      try pairedTTest([1, 2], [2])
    }
    #expect(throws: StatisticsError.nonFinite(what: "The paired t-test", count: 1, total: 3)) {
      try pairedTTest([1, .nan, 4], [2, 3, 5])
    }
    // 0.1 + 0.2 is not 0.3: such rounding is no spread.
    #expect(throws: StatisticsError.self) { try oneSampleTTest([0.1 + 0.2, 0.3, 0.3]) }
  }

  @Test func signedRanks() throws {
    let differences = [0.4, -0.1, 0.6, -0.2, 0.8, 0.5, 0.3, 0.7, 1.1, -0.9]
    #expect(close(try wilcoxonSignedRank(differences).pValue, 0.130859375))
    #expect(close(try wilcoxonSignedRank(differences, alternative: .less).pValue, 0.947265625))
    let greater = try wilcoxonSignedRank(differences, alternative: .greater)
    #expect(close(greater.pValue, 0.0654296875))
    #expect(greater.statistic == 43)
    #expect(close(greater.estimate, 0.4))
  }

  /// Ties and a zero, against the enumeration of all 2⁹ signs.
  @Test func signedRanksWithTies() throws {
    let result = try wilcoxonSignedRank([1, -1, 2, 2, -3, 4, 4, 4, 0, 5])
    #expect(result.count == 9)
    #expect(result.statistic == 38.5)
    #expect(close(result.pValue, 0.05859375))
  }

  @Test func signedRanksOfManyDifferences() throws {
    let differences = (0..<60).map { Double(($0 * 37) % 101 - 45) / 7 }
    // The normal approximation with the correction for continuity; there are ties.
    #expect(close(try wilcoxonSignedRank(differences).pValue, 0.26628823437850635))
  }

  @Test func signs() throws {
    let differences = [1.0, 2, 3, 4, 5, 6, 7, -1, -2, -3, 0, 0]
    let result = try signTest(differences)
    #expect(result.count == 10)
    #expect(close(result.pValue, 0.34375))
    #expect(close(try signTest(differences, alternative: .greater).pValue, 0.171875))
    #expect(close(try signTest(differences, alternative: .less).pValue, 0.9453125))
    #expect(throws: StatisticsError.self) { try signTest([0, 0]) }
  }

  @Test(arguments: [
    (3, 20, 0.05236874589621662, 0.3604188647407569, 0.03207093718554477, 0.37892682654529564),
    (0, 12, 0.0, 0.24249400665524085, 0.0, 0.26464846939705117),
    (12, 12, 0.7575059933447592, 1.0, 0.7353515306029488, 1.0),
    (57, 100, 0.47215389549212305, 0.6626670147588988, 0.4671337383248462, 0.6686089833686121),
  ])
  func proportions(
    k: Int, n: Int, wilsonLow: Double, wilsonHigh: Double, exactLow: Double, exactHigh: Double
  ) {
    let wilson = proportionInterval(successes: k, trials: n)
    #expect(close(wilson.low, wilsonLow) && close(wilson.high, wilsonHigh))
    let exact = proportionInterval(successes: k, trials: n, method: .clopperPearson)
    #expect(close(exact.low, exactLow) && close(exact.high, exactHigh))
  }

  @Test func correlation() throws {
    let result = try pearsonCorrelation([1, 2, 3, 4, 5, 6], [2.1, 1.2, 3.5, 2.8, 4.4, 3.1])
    #expect(close(result.estimate, 0.6685706376389955))
    #expect(close(result.pValue, 0.14656513422771872))
    #expect(close(result.interval.low, -0.3126066404388415))
    #expect(close(result.interval.high, 0.9595133602733427))
    let perfect = try pearsonCorrelation([1, 2, 3, 4], [2, 4, 6, 8])
    // Without rounding it would be 0.
    #expect(close(perfect.estimate, 1) && perfect.pValue < 1e-12)
  }

  @Test func holm() {
    let adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005])
    for (found, expected) in zip(adjusted, [0.03, 0.06, 0.06, 0.02]) {
      #expect(close(found, expected))
    }
    #expect(holmAdjusted([0.6, 0.9]) == [1, 1])
    #expect(holmAdjusted([]).isEmpty)
    // What is no number counts, and stays none.
    let partly = holmAdjusted([0.01, .nan, 0.04])
    #expect(abs(partly[0] - 0.03) < 1e-15 && partly[1].isNaN && abs(partly[2] - 0.08) < 1e-15)
  }
}
