import RunLogs

extension CalibrationExperiment {
  private static let source = "Hedges, arXiv 2506.04487"
  private static let own = source + "; our own corruptions"

  public static let claims: [Claim] = [
    Claim(
      id: "same-accuracy", name: "same accuracy (points)", statement: "The projection keeps the accuracy of SGD.",
      source: source),
    Claim(id: "lower-loss", name: "lower test loss", statement: "It lowers the test loss.", source: source),
    Claim(id: "lower-confidence", statement: "It lowers the mean maximum softmax.", source: source),
    Claim(id: "higher-entropy", statement: "It raises the entropy of predictions.", source: source),
    Claim(id: "smaller-logits", statement: "It lowers the mean maximum logit.", source: source),
    Claim(
      id: "lower-logit-variance", name: "lower variance of logits", statement: "It lowers the variance of logits.",
      source: source),
    Claim(
      id: "lower-calibration-error", statement: "It lowers the expected calibration error.",
      source: source + " (there: not significant, p = 0.14)"),
    Claim(
      id: "corruption-loss", name: "lower loss on damaged images",
      statement: "On damaged images, over all kinds and severities, its loss is lower.", source: own),
    Claim(
      id: "corruption-accuracy", name: "same accuracy on damaged images (points)",
      statement: "On damaged images it keeps the accuracy of SGD.", source: own),
    Claim(
      id: "lower-temperature", statement: "The temperature that fits held-out images is lower.", source: source),
    Claim(
      id: "scaled-calibration-error", name: "same calibration error after temperature scaling",
      statement: "After temperature scaling the calibration errors do not differ.", source: source),
    Claim(
      id: normalized, name: "projecting only normalised weights changes no accuracy (points)",
      statement: "Projecting only weights followed by batch normalisation changes nothing: accuracy stays that of SGD.",
      source: "derived: such weights are scale-invariant"),
  ]

  private static let normalized = "normalised-weights-do-not-matter"

  public static let headline = Headline(
    subject: "orthogonal gradients",
    phrases: [
      ("same-accuracy", "keep the accuracy of SGD"), ("lower-loss", "lower the test loss"),
      ("lower-calibration-error", "lower the calibration error"),
    ])

  /// What the authors' claims take for granted, measured on the networks of plain SGD.
  func preconditions(_ evidence: CalibrationEvidence) -> [Precondition] {
    let sgd = Self.baseline.name
    return [
      Precondition(
        name: "features that the head sees",
        statement: "The head has features enough to separate the classes without growing.",
        requirement: .atLeast(128), values: evidence.values("head/features", of: sgd)),
      Precondition(
        name: "training accuracy of SGD (%)", statement: "The networks of SGD fit their training images.",
        requirement: .above(99), values: evidence.values("train/accuracy", of: sgd)),
      Precondition(
        name: "temperature that fits SGD", statement: "The networks of SGD are overconfident on held-out images.",
        requirement: .above(1.1), values: evidence.values("temperature", of: sgd)),
    ]
  }

  /// All claims, corrected for their number; those of the authors only where the preconditions hold.
  func decide(_ evidence: CalibrationEvidence) -> [Decision] {
    let rule = configuration.decision
    func value(_ tag: String) -> (CalibrationEvidence.Measures) -> Double? { { $0[tag] } }
    func difference(
      _ id: String, _ direction: Claim.Direction, _ measure: (CalibrationEvidence.Measures) -> Double?
    ) -> Decision {
      let samples = evidence.pairs(Self.baseline.name, Self.orthogonal.name, measure)
      return claim(id).decideDifference(direction, from: samples.first, to: samples.second, alpha: rule.alpha)
    }
    func sameness(
      _ id: String, within margin: Double, _ measure: (CalibrationEvidence.Measures) -> Double?,
      of arm: String = Self.orthogonal.name
    ) -> Decision {
      let samples = evidence.pairs(Self.baseline.name, arm, measure)
      return claim(id).decideEquivalence(within: margin, from: samples.first, to: samples.second, alpha: rule.alpha)
    }
    var decisions = [
      sameness("same-accuracy", within: rule.accuracyMargin, value("test/accuracy")),
      difference("lower-loss", .lower, value("test/nll")),
      difference("lower-confidence", .lower, value("test/maxSoftmax")),
      difference("higher-entropy", .higher, value("test/entropy")),
      difference("smaller-logits", .lower, value("test/maxLogit")),
      difference("lower-logit-variance", .lower, value("test/logitVariance")),
      difference("lower-calibration-error", .lower, value("test/ece")),
      difference("corruption-loss", .lower, CalibrationEvidence.damaged("nll")),
      sameness("corruption-accuracy", within: rule.accuracyMargin, CalibrationEvidence.damaged("accuracy")),
      difference("lower-temperature", .lower, value("temperature")),
      sameness("scaled-calibration-error", within: rule.calibrationMargin, value("scaled/ece")),
    ]
    if let arm = (try? network())?.invariantArm, !evidence.descents(arm).isEmpty {
      decisions.append(sameness(Self.normalized, within: rule.accuracyMargin, value("test/accuracy"), of: arm))
    }
    let preconditions = preconditions(evidence)
    return decisions.holmCorrected(alpha: rule.alpha).map {
      // Scale-invariance is algebra: it needs no regime.
      $0.claim.id == Self.normalized ? $0 : $0.requiring(preconditions)
    }
  }
}
