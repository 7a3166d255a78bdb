import LanguageModels
import Reports

/// Tables about arms that no claim is about.
extension GradientPromptingExperiment {
  /// How long the arms were taught that no claim is about.
  var furtherBudget: String {
    let (updates, all) = (configuration.updates(of: .steps(2)), configuration.outer.updates)
    return "by \(updates) outer updates" + (updates < all ? " in place of \(all)" : "")
  }

  func moreSteps(_ findings: Findings<PromptingArm>) throws -> Report.Section {
    let usual = configuration.inner.steps
    var rows: [[String]] = []
    func add(_ label: String, _ arm: PromptingArm, _ steps: Int, _ exact: Measure, _ likely: Measure) throws {
      guard !findings.finished(arm).isEmpty else { return }
      // Earlier versions did not measure the plain model after more steps.
      let cells = try [exact, likely].map { measure in
        try findings.valuesIfMeasured(measure, of: arm).map { Report.spread($0) } ?? "–"
      }
      rows.append([label, "\(steps)"] + cells + ["\(findings.finished(arm).count)"])
    }
    for steps in [usual] + configuration.inner.moreSteps {
      let isUsual = steps == usual
      try add(
        "plain, best rate", .base, steps,
        isUsual ? .exact(.description, .baseStep) : .exact(afterSteps: steps),
        isUsual ? .logProbability(.description, .baseStep) : .logProbability(afterSteps: steps))
      try add(
        "LC", isUsual ? .conditioning : .steps(steps), steps, .exact(.description, .trainedStep),
        .logProbability(.description, .trainedStep))
    }
    return .table(header: ["model", "steps", "exact", "log-probability", "n"], rows: rows)
  }

  /// What the table of several contexts is about, in words.
  var aboutSeveral: String {
    let taught =
      contextArms.isEmpty
      ? "The paper's models are meta-trained for several contexts at once (its table 2), these for one."
      : "LC is taught with one context; the others with as many as their names say, \(furtherBudget), asked about each."
    return "No claim. " + taught + " The other contexts may be among those that the outer descent has seen. Of "
      + "contexts that are learned from one after the other the question is about the last, or about the first: what is "
      + "retained of it after a step on each of the others."
  }

  func several(_ findings: Findings<PromptingArm>) throws -> Report.Section {
    var rows: [[String]] = []
    for arm in [PromptingArm.base, .conditioning] + contextArms where !findings.finished(arm).isEmpty {
      let n = "\(findings.finished(arm).count)"
      if arm.contexts > 1 {
        let one = try findings.values(.exact(.description, .trainedStep), of: arm)
        rows.append(["\(arm)", "1", "one step", Report.spread(one), "", n])
      }
      for count in configuration.contexts(of: arm) {
        for joining in configuration.joinings(of: arm) {
          // Earlier versions did not ask about the first.
          let retained =
            joining == .batched ? nil : try findings.valuesIfMeasured(.retained(count), of: arm)
          rows.append([
            "\(arm)", "\(count)", joining == .batched ? "one step on all" : "a step on each",
            Report.spread(try findings.values(.exact(count, joining), of: arm)),
            retained.map { Report.spread($0) } ?? "", n,
          ])
        }
      }
    }
    return .table(header: ["model", "contexts", "steps", "exact", "exact about the first", "n"], rows: rows)
  }
}
