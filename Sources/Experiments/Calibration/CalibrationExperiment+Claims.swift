import Training

extension CalibrationExperiment {
  private static let paper = "Hedges, arXiv 2506.04487"
  private static let own = paper + "; our own corruptions"

  public static let subject = "orthogonal gradients"

  /// What the authors' claims take for granted, of the networks of plain SGD.
  private static let regime: [Condition<CalibrationArm>] = [
    Condition(
      "features that the head sees", .atLeast(128),
      "The head has features enough to separate the classes without growing.", .measure(.headFeatures, of: .sgd)),
    Condition(
      "training accuracy of SGD (%)", .above(99), "The networks of SGD fit their training images.",
      .measure(.trainAccuracy, of: .sgd)),
    Condition(
      "temperature that fits SGD", .above(1.1), "The networks of SGD are overconfident on held-out images.",
      .measure(.temperature, of: .sgd)),
  ]

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
    ].map { $0.requiring(Self.regime) }
    if configuration.seeds.ablationCount > 0, let name = try network().invariantArm,
      let arm = try ablations().first(where: { $0.description == name })
    {
      authors.append(
        .same(
          "normalised-weights-do-not-matter",
          "Projecting only weights followed by batch normalisation changes nothing: accuracy stays that of SGD.",
          .test(.accuracy), of: arm, as: sgd, within: rule.accuracyMargin,
          name: "projecting only normalised weights changes no accuracy (points)",
          source: "derived: such weights are scale-invariant, and their gradient is orthogonal to them already"
        ).identity)
    }
    return authors
  }
}
