import Foundation
import Statistics
import Testing

private let claim = Claim(id: "test", statement: "The method lowers the error.", source: "none")

@Suite struct DecisionTests {
  @Test func difference() {
    let baseline = [1.0, 1.1, 0.9, 1.05, 0.95]
    let lower = [0.5, 0.65, 0.42, 0.5, 0.47]
    #expect(claim.decideDifference(.lower, from: baseline, to: lower).verdict == .upheld)
    #expect(claim.decideDifference(.higher, from: baseline, to: lower).verdict == .refuted)
    #expect(
      claim.decideDifference(.lower, from: baseline, to: lower, design: .independent).verdict
        == .upheld)
    #expect(claim.decideDifference(.lower, from: 1, to: lower).verdict == .upheld)
    #expect(
      claim.decideDifference(.lower, from: baseline, to: [1.2, 0.9, 1.0, 1.1, 0.8]).verdict
        == .undecided)
    let evidence = claim.decideDifference(.lower, from: baseline, to: lower, alpha: 0.01).evidence
    #expect(evidence.interval.level == 0.99)
    #expect(evidence.interval.high < 0)
    #expect(evidence.count == 5)
  }

  @Test func untestableDataAreUndecided() {
    let one = claim.decideDifference(.lower, from: [2], to: [1])
    #expect(one.verdict == .undecided)
    #expect(one.evidence.reason.contains("at least 2 values, found 1"))
    let diverged = claim.decideDifference(.lower, from: [2, 3, 4], to: [1, .infinity, 2])
    #expect(diverged.verdict == .undecided)
    #expect(diverged.evidence.reason.contains("1 of 3"))
    #expect(claim.decideEquivalence(within: 1, from: [2], to: [1]).verdict == .undecided)
  }

  /// A margin may come from a file.
  @Test(arguments: [0, -1, Double.nan]) func withoutAMarginNothingIsTheSame(_ margin: Double) {
    let found = [
      claim.decideEquivalence(within: margin, from: [1, 2, 3], to: [1, 2, 4]),
      claim.decideEquivalence(within: margin, from: [1, 1], to: [1, 1]),
      claim.decideValue(
        1, within: margin, estimate: 1, interval: Interval(low: 0.9, high: 1.1, level: 0.9), count: 3, test: "t"),
    ]
    for decision in found {
      #expect(decision.verdict == .undecided && decision.evidence.reason.contains("must be positive"))
    }
    #expect(throws: StatisticsError.self) { try claim.decideValue(1, within: margin, of: [1, 2, 3]) }
  }

  /// Without a t the signs alone decide: p = 2^(1-n) for a difference, 2^-n for sameness.
  @Test(arguments: 2...8) func withoutSpreadOnlyManyValuesDecide(count: Int) {
    let (ones, twos) = ([Double](repeating: 1, count: count), [Double](repeating: 2, count: count))
    let lower = claim.decideDifference(.lower, from: twos, to: ones)
    let higher = claim.decideDifference(.higher, from: 2, to: ones)
    let two = pow(2, 1 - Double(count))
    #expect(lower.evidence.pValue == two && higher.evidence.pValue == two)
    #expect(lower.verdict == (two < 0.05 ? .upheld : .undecided))
    #expect(higher.verdict == (two < 0.05 ? .refuted : .undecided))
    #expect(lower.evidence.estimate == -1 && lower.evidence.count == count)
    #expect(lower.evidence.interval.low.isNaN == (two >= 0.05), "too few values exclude no other mean")
    let one = two / 2
    func sameness(_ margin: Double) -> Decision { claim.decideEquivalence(within: margin, from: twos, to: ones) }
    #expect(sameness(1.5).evidence.pValue == one)
    #expect(sameness(1.5).verdict == (one < 0.05 ? .upheld : .undecided))
    #expect(sameness(0.5).verdict == (one < 0.05 ? .refuted : .undecided))
    #expect(sameness(0.5).evidence.pValue == (one < 0.05 ? one : 1))
    #expect(sameness(1).verdict == .undecided && sameness(1).evidence.pValue == 1, "on the end nothing is told")
    let value = try? claim.decideValue(1.2, within: 0.5, of: ones)
    #expect(value?.verdict == (one < 0.05 ? .upheld : .undecided) && value?.evidence.pValue == one)
  }

  @Test func noDifferenceAtAllIsUndecided() {
    for design in [Design.paired, .independent] {
      let equal = [Double](repeating: 2, count: 9)
      let decision = claim.decideDifference(.lower, from: equal, to: equal, design: design)
      #expect(decision.verdict == .undecided && decision.evidence.pValue == 1)
    }
  }

  /// Groups are told apart by permutations: of 3 and 3 values there are 20, of 4 and 4 there are 70.
  @Test func groupsWithoutSpread() {
    func decision(_ count: Int) -> Decision {
      claim.decideDifference(
        .lower, from: [Double](repeating: 2, count: count), to: [Double](repeating: 1, count: count),
        design: .independent)
    }
    #expect(abs(decision(3).evidence.pValue - 2 / 20.0) < 1e-15 && decision(3).verdict == .undecided)
    #expect(abs(decision(4).evidence.pValue - 2 / 70.0) < 1e-15 && decision(4).verdict == .upheld)
    #expect(
      abs(unspreadTail(groups: 2, 3) - 1 / 10.0) < 1e-15 && unspreadTail(groups: 3, 2) == unspreadTail(groups: 2, 3))
  }

  /// They are members of Holm's family like all others.
  @Test func valuesWithoutSpreadAreCorrected() {
    let six = claim.decideDifference(.lower, from: 1, to: [Double](repeating: 0, count: 6))
    #expect(six.verdict == .upheld && [six].holmCorrected(alpha: 0.05)[0].verdict == .upheld)
    let two = [six, six].holmCorrected(alpha: 0.05)
    #expect(two.allSatisfy { $0.verdict == .undecided && $0.evidence.adjustedPValue == 0.0625 })
  }

  /// Of discrete values without an effect, sets without spread are common, and are rarely taken for one.
  @Test func coinsAreNoEvidence() {
    var generator = Normals(state: 11)
    let found = (0..<4000).count { _ in
      claim.decideDifference(.lower, from: 0.5, to: (0..<3).map { _ in generator.next() < 0 ? 0 : 1 }).verdict
        != .undecided
    }
    #expect(found == 0, "of 4000 triples a quarter has one value")
  }

  /// An identity is no finding: its value shows that the code does what the theorem says.
  @Test func anIdentityNeedsNoTest() {
    let identity = Claim(id: "test", statement: "", source: "", isIdentity: true)
    #expect(identity.decideEquivalence(within: 1, from: [2, 2], to: [2, 2]).verdict == .upheld)
    #expect(identity.decideDifference(.lower, from: 1, to: [2, 2]).verdict == .refuted)
  }

  /// What has no value at all was not measured.
  @Test func noValueIsNoMeasurement() {
    #expect(claim.decideDifference(.lower, from: [], to: []).verdict == .notMeasured)
    #expect(claim.decideDifference(.lower, from: 1, to: []).verdict == .notMeasured)
    #expect(claim.decideEquivalence(within: 1, from: [], to: []).verdict == .notMeasured)
  }

  @Test func equivalence() {
    let baseline = [1.0, 1.1, 0.9, 1.05, 0.95]
    let near = [1.02, 1.09, 0.91, 1.04, 0.97]
    #expect(claim.decideEquivalence(within: 0.1, from: baseline, to: near).verdict == .upheld)
    #expect(claim.decideEquivalence(within: 0.001, from: baseline, to: near).verdict == .undecided)
    #expect(
      claim.decideEquivalence(within: 0.1, from: baseline, to: near.map { $0 + 1 }).verdict == .refuted)
  }

  @Test func values() {
    let interval = Interval(low: -0.52, high: -0.47, level: 0.9)
    func verdict(_ expected: Double, _ tolerance: Double) -> Verdict {
      claim.decideValue(
        expected, within: tolerance, estimate: -0.495, interval: interval, count: 6, test: "fit"
      ).verdict
    }
    #expect(verdict(-0.5, 0.05) == .upheld)
    #expect(verdict(-0.5, 0.025) == .undecided)
    #expect(verdict(-1, 0.05) == .refuted)
  }

  /// Over 2000 fixed data sets without an effect, the t-tests reject in 5 % of them: within four standard errors.
  @Test(arguments: [Design.paired, .independent])
  func falsePositiveRate(design: Design) {
    var generator = Normals(state: 42)
    let trials = 2000
    var rejections = 0
    var covered = 0
    for _ in 0..<trials {
      let x = (0..<8).map { _ in generator.next() }
      let y = (0..<8).map { _ in 2 * generator.next() }
      let judgement = claim.decideDifference(.lower, from: y, to: x, design: design)
      if judgement.verdict != .undecided { rejections += 1 }
      if judgement.evidence.interval.contains(0) { covered += 1 }
    }
    let rate = Double(rejections) / Double(trials)
    #expect(abs(rate - 0.05) < 4 * (0.05 * 0.95 / Double(trials)).squareRoot())
    #expect(rejections + covered == trials)
  }

  /// Ways to part the same rows have differences that go together: with a correlation of r / (1 + r) the corrected test has its level, and the
  /// paired one far more.
  @Test func partsOfTheSameRowsAreNoSeeds() {
    var generator = Normals(state: 3)
    let (ratio, trials) = (0.25, 2000)
    let shared = ratio / (1 + ratio)
    var rejections = [0, 0]
    for _ in 0..<trials {
      let luck = shared.squareRoot() * generator.next()
      let x = (0..<5).map { _ in luck + (1 - shared).squareRoot() * generator.next() }
      for (place, design) in [Design.resampled(testRatio: ratio), .paired].enumerated() {
        let decision = claim.decideDifference(.lower, from: x.map { _ in 0 }, to: x, design: design)
        rejections[place] += decision.verdict == .undecided ? 0 : 1
      }
    }
    let error = (0.05 * 0.95 / Double(trials)).squareRoot()
    #expect(abs(Double(rejections[0]) / Double(trials) - 0.05) < 4 * error, "\(rejections)")
    #expect(Double(rejections[1]) / Double(trials) > 0.1, "\(rejections)")
    // Where all agree, the rows that they share may be why.
    let agreed = [Double](repeating: 1, count: 10)
    let decision = claim.decideDifference(
      .higher, from: agreed.map { _ in 0 }, to: agreed, design: .resampled(testRatio: ratio))
    #expect(decision.verdict == .undecided && decision.evidence.pValue == 1)
    let same = claim.decideEquivalence(
      within: 2, from: agreed, to: agreed, design: .resampled(testRatio: ratio))
    #expect(same.verdict == .undecided)
  }

  /// With a true difference at the margin, equivalence is claimed in at most α of the data sets.
  @Test func falseEquivalenceRate() {
    var generator = Normals(state: 7)
    var claimed = 0
    for _ in 0..<2000 {
      let y = (0..<10).map { _ in generator.next() }
      let x = y.map { $0 + 1 + 0.5 * generator.next() }
      if claim.decideEquivalence(within: 1, from: y, to: x).verdict == .upheld { claimed += 1 }
    }
    let error = (0.05 * 0.95 / 2000).squareRoot()
    #expect(abs(Double(claimed) / 2000 - 0.05) < 4 * error)
  }

  /// scipy.stats.t.sf of both tails at the nearer end; with a margin of nothing the two-sided t-test's p-value.
  @Test func beyondAMarginIsATailOfItsOwn() {
    let zeros = [Double](repeating: 0, count: 6)
    let lifted = [3.0, 3.1, 2.9, 3.05, 2.95, 3.02]
    for (margin, p) in [(1, 6.271885058377425e-09), (2.9, 0.008142231202395545), (1e-9, 1.607971557521746e-09)] {
      let decision = claim.decideEquivalence(within: margin, from: zeros, to: lifted)
      #expect(
        decision.verdict == .refuted && abs(decision.evidence.pValue / p - 1) < 1e-6, "\(decision.evidence.pValue)")
      let value = try? claim.decideValue(7, within: margin, of: lifted.map { $0 + 7 })
      #expect(value?.verdict == .refuted && abs((value?.evidence.pValue ?? 0) / p - 1) < 1e-6)
    }
    let many = (0..<40).map { 3 + 1e-3 * sin(7 * Double($0)) }
    let p = claim.decideEquivalence(within: 1, from: many.map { _ in 0 }, to: many).evidence.pValue
    #expect(abs(p / 9.774656405379405e-137 - 1) < 1e-6, "\(p)")
  }

  /// Without a true difference "beyond the margin" is claimed in at most α of the data sets, however small the margin is.
  @Test(arguments: [1e-9, 0.03, 0.1]) func falseDifferenceRate(_ margin: Double) throws {
    var generator = Normals(state: 11)
    var (claimed, shares) = (0, 0)
    for _ in 0..<2000 {
      let y = (0..<10).map { _ in generator.next() }
      let x = y.map { $0 + generator.next() }
      if claim.decideEquivalence(within: margin, from: y, to: x).verdict == .refuted { claimed += 1 }
      let heads = (0..<40).count { _ in generator.next() > 0 }
      if try claim.decideShare(0.5, within: margin, successes: heads, trials: 40).verdict == .refuted { shares += 1 }
      if try claim.decideShare(.higher, than: 0.5, successes: heads, trials: 40).verdict != .undecided { shares += 1 }
    }
    let error = (0.05 * 0.95 / 2000).squareRoot()
    #expect(Double(claimed) / 2000 < 0.05 + 4 * error, "\(claimed)")
    // Two exact tests of shares.
    #expect(Double(shares) / 4000 < 0.05 + 4 * error, "\(shares)")
  }

  /// scipy.stats: twice binom.sf(14, 16, 0.6).
  @Test func sharesAreTestedInBothDirections() throws {
    let decision = try claim.decideShare(.higher, than: 0.6, successes: 15, trials: 16)
    #expect(decision.verdict == .upheld && abs(decision.evidence.pValue - 0.0065825897840639976) < 1e-12)
    #expect(decision.evidence.interval.level == 0.95)
    #expect(try claim.decideShare(0.6, within: 0.05, successes: 15, trials: 16).verdict == .refuted)
  }

  /// An effect of one standard deviation in 20 pairs: the power of the t-test is 0.989 (statsmodels' formula: a
  /// noncentral t), and nothing is ever decided for the wrong side.
  @Test func power() {
    var generator = Normals(state: 3)
    var verdicts: [Verdict: Int] = [:]
    for _ in 0..<1000 {
      let x = (0..<20).map { _ in generator.next() - 1 }
      verdicts[claim.decideDifference(.lower, from: 0, to: x).verdict, default: 0] += 1
    }
    // Within four standard errors.
    let (power, error) = (Double(verdicts[.upheld]!) / 1000, (0.989 * 0.011 / 1000).squareRoot())
    #expect(abs(power - 0.989) < 4 * error)
    #expect(verdicts[.refuted] == nil)
  }
}

/// A linear congruential generator and Box-Muller: enough for tests, the same on each machine.
private struct Normals {
  var state: UInt64

  mutating func next() -> Double {
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (Double(state >> 11) + 0.5) * 0x1p-53
    }
    return (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
  }
}
