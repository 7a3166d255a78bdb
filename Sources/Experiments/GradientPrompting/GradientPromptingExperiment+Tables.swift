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

  func several(_ findings: Findings<PromptingArm>) throws -> Report.Section {
    let rows = try [PromptingArm.base, .conditioning].filter { !findings.finished($0).isEmpty }.flatMap { arm in
      try configuration.data.contexts.flatMap { count in
        try ContextJoining.allCases.map { joining in
          [
            "\(arm)", "\(count)", joining == .batched ? "one step on all" : "a step on each",
            Report.spread(try findings.values(.exact(count, joining), of: arm)), "\(findings.finished(arm).count)",
          ]
        }
      }
    }
    return .table(header: ["model", "contexts", "steps", "exact", "n"], rows: rows)
  }
}
