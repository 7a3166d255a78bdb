import Foundation
import RunLogs
import Statistics

extension LossTransformationExperiment {
  private static let source = "Keslaki, arXiv 2504.01875"
  private static let bases = LossArm.Base.allCases

  /// For each base and problem three claims, then those over all problems.
  public static let claims: [Claim] =
    bases.flatMap { base in
      LossTransformationConfiguration.problemNames.flatMap { problem -> [Claim] in
        let (method, place) = (base.rawValue, "\(base.rawValue)/\(problem)")
        return [
          Claim(
            id: "faster/\(place)",
            statement:
              "On \(problem) the best power of the loss takes fewer updates to the level than tuned \(method).",
            source: source),
          Claim(
            id: "lower/\(place)", statement: "On \(problem) it ends at a lower training loss than tuned \(method).",
            source: source),
          Claim(
            id: "control/\(place)",
            statement: "On \(problem) it ends lower than plain \(method) at the mean of its effective rate.",
            source: "ours: the control that a change of the rate asks for"),
        ]
      }
    }
    + bases.map {
      Claim(
        id: "accuracy/\($0.rawValue)",
        statement: "Over the classification problems its accuracy is above \($0.rawValue)'s.",
        source: source)
    }
    + bases.map {
      Claim(
        id: "steadier/\($0.rawValue)",
        statement: "Over all problems its final loss varies less between seeds than \($0.rawValue)'s.", source: source)
    }
    + [
      Claim(
        id: "keeps-minima",
        statement: "On the double well descents on powers of the loss end as near to its minima as SGD's.",
        source: source),
      Claim(
        id: "formula", statement: "The effective rate of SGD follows the loss as the rate times n |l|^(n - 1).",
        source: source),
      Claim(
        id: "adam-forgets",
        statement: "Through the gradient Adam's steps follow the factor less than through the rate.",
        source: "derived: Adam does not feel a constant factor"),
      Claim(
        id: "crossing-stalls",
        statement:
          "Where the loss crosses zero, the largest exponent leaves more starts on a slope than the plain loss.",
        source: "derived: n |l|^(n - 1) vanishes there for n > 1"),
    ]

  /// The transformed arm of a base that the search finds lowest on the tuning seeds.
  package func bestForm(_ problem: String, _ base: LossArm.Base, _ results: [String: [String: Double]]) -> LossArm? {
    var best: (arm: LossArm, loss: Double)?
    for arm in LossArm.all where arm.base == base && !arm.isPlain {
      guard let loss = chosen(problem, arm, results)?.loss else { return nil }
      if loss < best?.loss ?? .infinity { best = (arm, loss) }
    }
    return best?.arm
  }

  /// A measure of a method by reported seed; NaN where there is no result.
  func values(
    _ tag: String, _ problem: String, _ arm: LossArm, isControl: Bool = false, _ results: [String: [String: Double]]
  ) -> [Double] {
    reportedSeeds.map { results[Self.taskName(problem, arm, seed: $0, isControl: isControl)]?[tag] ?? .nan }
  }

  /// One decision for each claim about the problems of this run.
  package func decide(_ events: [RunEvent]) -> [Decision] {
    let results = events.results
    let problems = configuration.problems
    var decisions: [Decision] = []
    for base in Self.bases {
      for problem in LossTransformationConfiguration.problemNames where problems.contains(problem) {
        let (plain, best) = (LossArm(base), bestForm(problem, base, results))
        func compare(_ id: String, _ tag: String, isControl: Bool = false) {
          let other = isControl ? best : plain
          let first = other.map { values(tag, problem, $0, isControl: isControl, results) } ?? []
          let second = best.map { values(tag, problem, $0, results) } ?? []
          decisions.append(difference("\(id)/\(base.rawValue)/\(problem)", .lower, first.map(log), second.map(log)))
        }
        compare("faster", "steps")
        compare("lower", "loss")
        compare("control", "loss", isControl: true)
      }
    }
    for base in Self.bases {
      let classified = problems.filter { ["mnist", "cifar10"].contains($0) }
      if !classified.isEmpty {
        let (first, second) = means(classified, base, results) { self.values("accuracy", $0, $1, results) }
        decisions.append(difference("accuracy/\(base.rawValue)", .higher, first, second))
      }
    }
    for base in Self.bases {
      let (first, second) = means(problems, base, results) { problem, arm in
        // Distances from the median (Brown and Forsythe 1974), of logarithms so that problems count alike.
        let losses = self.values("loss", problem, arm, results).map(log)
        let median = losses.contains { $0.isNaN } ? .nan : quantile(of: losses, at: 0.5)
        return losses.map { abs($0 - median) }
      }
      decisions.append(difference("steadier/\(base.rawValue)", .lower, first, second))
    }
    return decisions + mechanics(results)
  }

  /// Claims about what the transformation is, not about what it is good for.
  private func mechanics(_ results: [String: [String: Double]]) -> [Decision] {
    let rule = configuration.decision
    let transformed = LossArm.all.filter { $0.base == .sgd && !$0.isPlain }
    func mean(_ lists: [[Double]]) -> [Double] {
      reportedSeeds.indices.map { index in lists.reduce(0) { $0 + $1[index] } / Double(lists.count) }
    }
    var decisions: [Decision] = []
    let hasWell = configuration.problems.contains("well")
    if hasWell {
      decisions.append(
        claim("keeps-minima").decideEquivalence(
          within: rule.placeMargin, from: values("place", "well", LossArm(.sgd), results),
          to: mean(transformed.map { values("place", "well", $0, results) }), alpha: rule.alpha))
    }
    let errors = mean(
      configuration.problems.flatMap { problem in transformed.map { values("formulaError", problem, $0, results) } })
    let summary = Summary(errors)
    decisions.append(
      claim("formula").decideValue(
        0, within: rule.formulaMargin, estimate: summary.mean, interval: summary.interval(level: 1 - 2 * rule.alpha),
        count: summary.count, test: "mean over seeds of |log effective rate - log formula|"))
    // Both relative to what the factor itself did.
    func share(_ route: LossScaled.Mode) -> [Double] {
      let arms = LossArm.all.filter { $0.base == .adam && !$0.isPlain && $0.route == route }
      return mean(
        configuration.problems.flatMap { problem in
          arms.map { arm in
            zip(values("logRelative", problem, arm, results), values("logFactor", problem, arm, results))
              .map { $1 > 0 ? $0 / $1 : .nan }
          }
        })
    }
    decisions.append(difference("adam-forgets", .lower, share(.rate), share(.gradient)))
    if hasWell, let largest = configuration.landscape.crossingExponents.max() {
      func stalled(_ exponent: Double) -> [Double] {
        reportedSeeds.map { results[Self.crossingName(exponent, seed: $0)]?["stalled"] ?? .nan }
      }
      decisions.append(difference("crossing-stalls", .higher, stalled(1), stalled(largest)))
    }
    return decisions
  }

  private func difference(_ id: String, _ direction: Claim.Direction, _ a: [Double], _ b: [Double]) -> Decision {
    claim(id).decideDifference(direction, from: a, to: b, alpha: configuration.decision.alpha)
  }

  /// Means over problems of a measure by seed, of the plain method and of its best transformed form.
  private func means(
    _ problems: [String], _ base: LossArm.Base, _ results: [String: [String: Double]],
    _ measure: (String, LossArm) -> [Double]
  ) -> ([Double], [Double]) {
    var (first, second) = (reportedSeeds.map { _ in 0.0 }, reportedSeeds.map { _ in 0.0 })
    for problem in problems {
      guard let best = bestForm(problem, base, results) else { return ([], []) }
      let (a, b) = (measure(problem, LossArm(base)), measure(problem, best))
      for index in reportedSeeds.indices {
        first[index] += a[index] / Double(problems.count)
        second[index] += b[index] / Double(problems.count)
      }
    }
    return (first, second)
  }
}
