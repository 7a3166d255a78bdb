import Foundation

extension LossTransformationExperiment {
  private static let paper = "Keslaki, arXiv 2504.01875"
  private static let bases = LossArm.Base.allCases
  private typealias Test = ClaimTest<LossRun>

  /// For each base and problem three claims, then those over all problems.
  ///
  /// - Throws: `SettingsError` where the search's arms differ in their number of trials.
  public func claims() throws -> [ClaimTest<LossRun>] {
    let problems = LossTransformationConfiguration.problemNames.filter(configuration.problems.contains)
    let classified = configuration.problems.filter(LossTransformationConfiguration.classified.contains)
    var tests = Self.bases.flatMap { base in problems.flatMap { comparisons(base, $0) } }
    if !classified.isEmpty {
      tests += Self.bases.map { base in
        Test.higher(
          "accuracy/\(base.rawValue)",
          "Over the classification problems its accuracy is above \(base.rawValue)'s.",
          .mean(of: classified.map { best(.accuracy, $0, base) }),
          than: .mean(of: classified.map { plain(.accuracy, $0, base) }),
          source: Self.paper
        ).requiring(classified.flatMap { comparable($0, base, by: .accuracy) })
      }
    }
    tests += Self.bases.map { base in
      Test.lower(
        "steadier/\(base.rawValue)",
        "Over all problems its final loss varies less between seeds than \(base.rawValue)'s.",
        .mean(
          of: configuration.problems.map { problem in
            distance { LossRun(problem, try bestForm(problem, base, $0)) }
          }),
        than: .mean(of: configuration.problems.map { problem in distance { _ in LossRun(problem, LossArm(base)) } }),
        source: Self.paper
      ).requiring(configuration.problems.flatMap { comparable($0, base, by: .loss) })
    }
    return tests + mechanics()
  }

  /// A measure of the best transformed form of a base, tuned by it.
  private func best(
    _ criterion: LossCriterion, _ problem: String, _ base: LossArm.Base
  ) -> Quantity<LossRun> {
    .measure(criterion.measure) {
      LossRun(problem, try bestForm(problem, base, by: criterion, $0), .tuned(criterion))
    }
  }

  /// The same of the plain method.
  private func plain(_ criterion: LossCriterion, _ problem: String, _ base: LossArm.Base) -> Quantity<LossRun> {
    .measure(criterion.measure, of: LossRun(problem, LossArm(base), .tuned(criterion)))
  }

  /// Both sides of a comparison are tuned by what it judges.
  private func comparisons(_ base: LossArm.Base, _ problem: String) -> [Test] {
    let (method, place) = (base.rawValue, "\(base.rawValue)/\(problem)")
    let (ends, speeds) = (
      comparable(problem, base, by: .loss), comparable(problem, base, by: .speed)
    )
    var tests: [Test] = [
      Test.lower(
        "faster/\(place)",
        "On \(problem) the best power of the loss takes fewer updates to the level than tuned \(method).",
        .log(best(.speed, problem, base)), than: .log(plain(.speed, problem, base)), source: Self.paper
      ).requiring(speeds),
      Test.lower(
        "lower/\(place)", "On \(problem) it ends at a lower training loss than tuned \(method).",
        .log(best(.loss, problem, base)), than: .log(plain(.loss, problem, base)), source: Self.paper
      ).requiring(ends),
      Test.lower(
        "control/\(place)", "On \(problem) it ends lower than plain \(method) at the mean of its effective rate.",
        .log(best(.loss, problem, base)),
        than: .log(.measure(.finalLoss) { LossRun(problem, try bestForm(problem, base, $0), .control) }),
        source: "ours: the control that a change of the rate asks for"
      ).requiring(ends),
    ]
    if problem == "well" {
      tests.append(
        Test.higher(
          "crosses/\(place)",
          "On the double well more starts cross the barrier to the lower well than by tuned \(method).",
          best(.accuracy, problem, base), than: plain(.accuracy, problem, base), source: Self.paper
        ).requiring(comparable(problem, base, by: .accuracy) + [staysInWells(base)]))
    }
    return tests
  }

  /// The distance of a seed's log loss from the median of all seeds (Brown and Forsythe 1974); logarithms, so that
  /// problems count alike.
  private func distance(
    _ arm: @escaping @Sendable (Findings<LossRun>) throws -> LossRun
  ) -> Quantity<LossRun> {
    @Sendable func distances(_ findings: Findings<LossRun>) throws -> [Int: Double] {
      let arm = try arm(findings)
      let logs = try findings.seeds.map { log(try findings[arm, $0, .finalLoss]) }
      let median = logs.contains { $0.isNaN } ? .nan : quantile(of: logs, at: 0.5)
      return Dictionary(uniqueKeysWithValues: zip(findings.seeds, logs.map { abs($0 - median) }))
    }
    return Quantity(of: distances) {
      $0[$1]!
    } makeUp: { wanted, seed, findings in
      // Two seeds above the median, two below, and so on.
      let isAbove = findings.seeds.firstIndex(of: seed)! / 2 % 2 == 0
      findings.set(.finalLoss, of: try arm(findings), seed, to: exp(isAbove ? wanted : -wanted))
    }
  }

  /// Claims about what the transformation is, not about what it is good for.
  private func mechanics() -> [Test] {
    let (rule, problems) = (configuration.decision, configuration.problems)
    let transformed = LossArm.all.filter { $0.base == .sgd && !$0.isPlain }
    let hasWell = problems.contains("well")
    var tests: [Test] = []
    if hasWell {
      tests.append(
        Test.same(
          "keeps-minima", "On the double well descents on powers of the loss end as near to its minima as SGD's.",
          .mean(of: transformed.map { .measure(.place, of: LossRun("well", $0)) }),
          as: .measure(.place, of: LossRun("well", LossArm(.sgd))), within: rule.placeMargin, source: Self.paper
        ).requiring([arrives]))
    }
    tests.append(
      .equal(
        "formula", "The effective rate of SGD follows the loss as the rate times n |l|^(n - 1).",
        .mean(
          of: problems.flatMap { problem in
            transformed.map { .measure(.formulaError, of: LossRun(problem, $0)) }
          }), to: 0, within: rule.formulaMargin, source: Self.paper + ": the chain rule"
      ).identity)
    // Within descents: a constant factor, which Adam does not feel, has no slope.
    func following(_ route: LossScaled.Mode) -> Quantity<LossRun> {
      let arms = LossArm.all.filter { $0.base == .adam && !$0.isPlain && $0.route == route }
      return .mean(
        of: problems.flatMap { problem in arms.map { .measure(.following, of: LossRun(problem, $0)) } })
    }
    tests.append(
      .lower(
        "adam-forgets",
        "Through the gradient Adam's steps follow changes of the factor less than through the rate: the slope of their "
          + "logarithm over that of the factor is lower.", following(.gradient), than: following(.rate),
        source: "derived: Adam does not feel a constant factor"))
    let exponents = configuration.landscape.crossingExponents
    if hasWell, exponents.contains(1), let largest = exponents.max(), largest > 1 {
      tests.append(
        .higher(
          "crossing-stalls",
          "Where the loss crosses zero, the largest exponent leaves more starts on a slope than the plain loss.",
          .stalled, of: .crossing(largest), than: .crossing(1),
          source: "derived: n |l|^(n - 1) vanishes there for n > 1"))
    }
    return tests
  }
}
