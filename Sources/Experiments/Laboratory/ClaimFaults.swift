extension Experiment {
  /// What is wrong with the claims of all presets, in sentences: a claim that no findings uphold, refute or leave open, and, of the first preset, a
  /// condition that does not decide whether the claims that name it can be judged. Empty where all is right.
  ///
  /// A test that cannot fail shows nothing. Findings are made up for each claim and verdict, on eight seeds, without any descent; so it takes a moment, and
  /// a test of your own experiment may be one line:
  /// ```swift
  /// #expect(try MomentumExperiment.claimFaults().isEmpty)
  /// ```
  /// - Throws: `SettingsError` where claims cannot be made; what a test or its `makeUp` throws.
  public static func claimFaults() throws -> [String] {
    guard !presets.isEmpty, try !claims().isEmpty else {
      return ["\(name) has no presets, or no claims: nothing is decided"]
    }
    var known: Set<String> = []
    return try presets.enumerated().flatMap { index, preset in
      var configuration = preset.configuration
      setSeeds(8, in: &configuration)
      let experiment = Self(configuration)
      let tests = try experiment.claims()
      let faults = try tests.filter { known.insert($0.claim.id).inserted }.flatMap(experiment.faults)
      guard index == 0 else { return faults }
      // Larger presets ask the same of more, which is long.
      let conditions = tests.flatMap(\.conditions).filter { known.insert("condition " + $0.name).inserted }
      return try faults + conditions.flatMap { try experiment.faults(of: $0, tests) }
    }
  }

  private var plain: Findings<Arm> { .madeUp(seeds: reportedSeeds, Self.madeUpMeasures) }

  /// Verdicts that a claim does not come to.
  private func faults(of test: ClaimTest<Arm>) throws -> [String] {
    let (claim, alpha) = (test.claim, configuration.decision.alpha)
    // It could not come out otherwise; said aloud where it is said at all: derived, computed or a theorem.
    guard !claim.isIdentity else {
      return test.phrase == nil
        ? [] : ["\(Self.name), \(claim.id): an identity is no finding, and the first sentence names it"]
    }
    var faults: [String] = []
    for (name, text) in [("source", claim.source), ("statement", claim.statement)] where text.isEmpty {
      faults.append("\(Self.name), \(claim.id): its \(name) is empty")
    }
    return try faults
      + [Verdict.upheld, .refuted, .undecided].compactMap { wanted in
        var findings = plain
        try test.makeUp(wanted, alpha: alpha, &findings)
        let decision = try test.decide(findings, alpha: alpha)
        return decision.verdict == wanted
          ? nil
          : "\(Self.name), \(claim.id): findings that were made up to be \(wanted) are \(decision.verdict): \(decision.evidence)"
      }
  }

  /// What goes wrong where all conditions hold but one.
  private func faults(of condition: Condition<Arm>, _ tests: [ClaimTest<Arm>]) throws -> [String] {
    var findings = plain
    for other in tests.flatMap(\.conditions) { try other.makeUp(holding: other.name != condition.name, &findings) }
    let verdicts = try decide(findings)
    let broken = verdicts.preconditions.filter { !$0.holds }.map(\.name)
    guard broken == [condition.name] else {
      return [
        "\(Self.name), condition \(condition.name): where it alone was made up not to hold, "
          + (broken.isEmpty ? "none does not" : "these do not: \(broken.joined(separator: ", "))")
      ]
    }
    return zip(tests, verdicts.decisions).compactMap { test, decision in
      let isNamed = test.conditions.contains { $0.name == condition.name }
      return (decision.verdict == .notApplicable) == isNamed
        ? nil : "\(Self.name), \(test.claim.id): \(decision.verdict) where \(condition.name) does not hold"
    }
  }
}
