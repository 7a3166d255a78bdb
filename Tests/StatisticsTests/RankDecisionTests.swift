import Foundation
import Statistics
import Testing

/// Shifts, their intervals and decisions by signed ranks.
@Suite struct RankDecisionTests {
  /// Hollander and Wolfe's nine patients, as R's wilcox.test has them: -0.46, from -0.786 to -0.010.
  @Test func ofKnownData() throws {
    let before = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    let after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    let changes = zip(before, after).map { $1 - $0 }
    let interval = hodgesLehmannInterval(changes)
    #expect(abs(interval.low + 0.786) < 1e-12 && abs(interval.high + 0.010) < 1e-12 && interval.level == 0.95)
    let decision = Claim(id: "c", statement: "", source: "").decideDifference(.lower, byRanksOf: changes)
    #expect(decision.verdict == .upheld && abs(decision.evidence.estimate + 0.46) < 1e-12)
    #expect(abs(decision.evidence.pValue - 0.0390625) < 1e-12 && decision.evidence.count == 9)
  }

  /// The interval holds just the shifts that the test does not reject.
  @Test(arguments: [6, 7, 10, 14, 25, 60], [0.8, 0.95, 0.99]) func intervalInvertsTheTest(_ n: Int, _ level: Double)
    throws
  {
    // Without ties among the pairwise means.
    let values = (0..<n).map { place -> Double in
      let x = Double(place)
      return 0.3 + sin(7 * x * x + 3 * x) + 0.01 * x
    }
    let interval = hodgesLehmannInterval(values, level: level)
    guard !interval.low.isNaN else {
      #expect(2 * pow(0.5, Double(n)) > 1 - level)
      return
    }
    func isKept(_ shift: Double) throws -> Bool { try wilcoxonSignedRank(values.map { $0 - shift }).pValue > 1 - level }
    #expect(try isKept(interval.low + 1e-9) && isKept(interval.high - 1e-9))
    // Beyond 50 the normal approximation may be off by a rank.
    guard n <= 50 else {
      let exact = try (0...2000).map { -2 + 0.002 * Double($0) }.filter(isKept)
      #expect(abs(exact.min()! - interval.low) < 0.03 && abs(exact.max()! - interval.high) < 0.03)
      return
    }
    #expect(try !isKept(interval.low - 1e-9) && !isKept(interval.high + 1e-9))
  }

  @Test func fewAndOddOnesHaveNone() {
    for values in [[], [1], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, .nan], [.infinity, 1, 2, 3, 4, 5, 6]] as [[Double]] {
      #expect(hodgesLehmannInterval(values).low.isNaN && hodgesLehmannInterval(values).high.isNaN)
    }
    #expect(hodgesLehmannInterval([3, 3, 3, 3, 3, 3]) == Interval(low: 3, high: 3))
  }

  @Test func decisions() {
    let claim = Claim(id: "c", statement: "", source: "")
    let up = [1.0, 2, 3, 4, 5, 6]
    #expect(claim.decideDifference(.higher, byRanksOf: up).verdict == .upheld)
    #expect(claim.decideDifference(.lower, byRanksOf: up).verdict == .refuted)
    #expect(claim.decideDifference(.lower, byRanksOf: up.map(-)).verdict == .upheld)
    #expect(claim.decideDifference(.higher, byRanksOf: [1, -2, 3, -4, 5, -6]).verdict == .undecided)
    // Five show nothing, and what is alike says nothing: n counts the others.
    #expect(claim.decideDifference(.higher, byRanksOf: Array(up.prefix(5))).verdict == .undecided)
    let many = claim.decideDifference(.higher, byRanksOf: up + [Double](repeating: 0, count: 30))
    #expect(many.verdict == .upheld && many.evidence.count == 6 && many.evidence.estimate == 3.5)
    for values in [[], [0, 0], [.nan, 1]] as [[Double]] {
      let decision = claim.decideDifference(.higher, byRanksOf: values)
      #expect(decision.verdict == (values.isEmpty ? .notMeasured : .undecided) && !decision.evidence.isTested)
    }
    #expect(claim.decideDifference(.higher, byRanksOf: up, alpha: 0.01).verdict == .undecided)
  }
}
