import Foundation
import Training

extension CalibrationExperiment {
  static let paper = "Hedges, arXiv 2506.04487"
  private static let own = paper + "; our own corruptions"

  public static let subject = "orthogonal gradients"

  /// What the authors' claims take for granted, of the networks of plain SGD.
  private static let regime = regime(of: .sgd, "SGD")

  /// The same of another arm without the projection.
  static func regime(of arm: CalibrationArm, _ name: String) -> [Condition<CalibrationArm>] {
    [
      // That of SGD stands for all: the pair's width is one.
      Condition(
        "features that the head sees", .atLeast(128),
        "The head has features enough to separate the classes without growing.", .measure(.headFeatures, of: .sgd)),
      Condition(
        "training accuracy of \(name) (%)", .above(99), "The networks of \(name) fit their training images.",
        .measure(.trainAccuracy, of: arm)),
      Condition(
        "temperature that fits \(name)", .above(1.1), "The networks of \(name) are overconfident on held-out images.",
        .measure(.temperature, of: arm)),
    ]
  }

  /// The mean of a quantity over kinds of damage, at one severity or at all.
  func damaged(
    _ quantity: CalibrationQuantity, of arm: CalibrationArm, severities: ClosedRange<Int> = 1...5
  ) -> Quantity<CalibrationArm> {
    .mean(
      of: configuration.corruption.kinds.flatMap { kind in
        severities.map { .measure(.damaged(quantity, by: kind, severity: $0), of: arm) }
      })
  }

  public func claims() throws -> [ClaimTest<CalibrationArm>] {
    let rule = configuration.decision
    let (sgd, orthogonal) = (CalibrationArm.sgd, CalibrationArm.orthogonal)
    typealias Test = ClaimTest<CalibrationArm>
    func lower(
      _ id: String, _ statement: String, _ measure: Measure, name: String? = nil, source: String = Self.paper
    ) -> Test {
      .lower(id, statement, measure, of: orthogonal, than: sgd, name: name, source: source)
    }
    var authors = [
      Test.same(
        "same-accuracy", "The projection keeps the accuracy of SGD.", .test(.accuracy), of: orthogonal, as: sgd,
        within: rule.accuracyMargin, name: "same accuracy (points)", source: Self.paper
      ).saying("keep the accuracy of SGD"),
      lower("lower-loss", "It lowers the test loss.", .test(.nll), name: "lower test loss")
        .saying("lower the test loss"),
      lower("lower-confidence", "It lowers the mean maximum softmax.", .test(.maxSoftmax)),
      .higher(
        "higher-entropy", "It raises the entropy of predictions.", .test(.entropy), of: orthogonal, than: sgd,
        source: Self.paper),
      lower("smaller-logits", "It lowers the mean maximum logit.", .test(.maxLogit)),
      lower(
        "lower-logit-variance", "It lowers the variance of logits.", .test(.logitVariance),
        name: "lower variance of logits"),
      lower(
        "lower-calibration-error", "It lowers the expected calibration error.", .test(.ece),
        source: Self.paper + " (there: not significant, p = 0.14)"
      ).saying("lower the calibration error"),
      .lower(
        "corruption-loss", "On damaged images, over all kinds and severities, its loss is lower.",
        damaged(.nll, of: orthogonal), than: damaged(.nll, of: sgd), name: "lower loss on damaged images",
        source: Self.own),
      .same(
        "corruption-accuracy", "On damaged images it keeps the accuracy of SGD.", damaged(.accuracy, of: orthogonal),
        as: damaged(.accuracy, of: sgd), within: rule.accuracyMargin,
        name: "same accuracy on damaged images (points)", source: Self.own),
      lower("lower-temperature", "The temperature that fits held-out images is lower.", .temperature),
      .same(
        "scaled-calibration-error", "After temperature scaling the calibration errors do not differ.", .scaled(.ece),
        of: orthogonal, as: sgd, within: rule.calibrationMargin,
        name: "same calibration error after temperature scaling", source: Self.paper),
      .same(
        "scaled-brier", "After temperature scaling the Brier scores do not differ.", .scaled(.brier), of: orthogonal,
        as: sgd, within: rule.brierMargin, name: "same Brier score after temperature scaling", source: Self.paper),
      lower(
        "scaled-loss", "After temperature scaling its test loss is still lower.", .scaled(.nll),
        name: "lower loss after temperature scaling", source: "ours: that the two work together"),
      .higher(
        "corruption-entropy", "On damaged images, over all kinds and severities, its entropy is higher.",
        damaged(.entropy, of: orthogonal), than: damaged(.entropy, of: sgd), name: "higher entropy on damaged images",
        source: Self.own),
      atEverySeverity(
        "corruption-loss-each", "On damaged images its loss is lower at each severity.", .nll, .lower),
      atEverySeverity(
        "corruption-entropy-each", "On damaged images its entropy is higher at each severity.", .entropy, .higher),
    ].map { $0.requiring(Self.regime) }
    if try !network().invariantWeights.isEmpty {
      authors.append(
        Test.lower(
          "normalised-weights-do-not-matter",
          "Gradients of weights that batch normalisation follows are orthogonal to them: the largest |cosine| is below "
            + "0.01, so that projecting them changes nothing.", .measure(.invariantCosine, of: sgd), than: 0.01,
          name: "no part of normalised weights' gradients along them (|cosine|)",
          source: "derived: such weights are scale-invariant but for the ε of the normalisation"
        ).identity)
    }
    return authors + variantClaims()
  }

  /// A difference at each of the five severities: upheld where each passes its own test, which needs no correction; refuted
  /// where one goes the other way at a fifth of α.
  private func atEverySeverity(
    _ id: String, _ statement: String, _ quantity: CalibrationQuantity, _ direction: Claim.Direction
  ) -> ClaimTest<CalibrationArm> {
    let sides = (1...5).map { severity in
      [CalibrationArm.orthogonal, .sgd].map { damaged(quantity, of: $0, severities: severity...severity) }
    }
    return .custom(id, statement, source: Self.own) { claim, findings, alpha in
      func decide(_ alpha: Double) throws -> [Decision] {
        try sides.map { pair in
          let values = try pair.map { try $0.bySeed(findings) }
          let seeds = findings.seeds.filter { values[0][$0] != nil && values[1][$0] != nil }
          return claim.decideDifference(
            direction, from: seeds.map { values[1][$0]! }, to: seeds.map { values[0][$0]! }, alpha: alpha)
        }
      }
      if var broken = try decide(alpha / 5).filter({ $0.verdict == .refuted })
        .min(by: { $0.evidence.pValue < $1.evidence.pValue })
      {
        broken.evidence.pValue *= 5
        return broken
      }
      let found = try decide(alpha)
      // A test without a p-value counts as the least certain.
      let certainty = { (d: Decision) in d.evidence.pValue.isNaN ? 2 : d.evidence.pValue }
      var worst = found.max { certainty($0) < certainty($1) }!
      worst.evidence.reason = "Of 5 severities this has the largest p. " + worst.evidence.reason
      return worst
    } makeUp: { verdict, findings in
      let sign = (direction == .lower) == (verdict == .upheld) ? -1.0 : 1
      for (index, seed) in findings.seeds.enumerated() {
        let wobble = 0.1 * sin(7 * Double(index))
        let difference = verdict == .undecided ? (index.isMultiple(of: 2) ? 1 : -1) : sign * (1 + wobble)
        for pair in sides {
          try pair[1].makeUp(3, seed, &findings)
          try pair[0].makeUp(3 + difference, seed, &findings)
        }
      }
    }
  }
}
