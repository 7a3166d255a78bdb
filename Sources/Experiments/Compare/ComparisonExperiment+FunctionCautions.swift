import Formulas
import Foundation
import Reports

/// What a reader of a comparison on functions must know.
extension ComparisonExperiment {
  /// Remarks on a function; none on data.
  func functionCautions(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> [String] {
    let plan = try plan()
    guard plan.isOfFunctions else { return [] }
    let ended = try findings.ifFinished { try missCautions(data, findings) } ?? []
    return [try pullCaution(data)].compactMap(\.self) + ended
  }

  /// Remarks on all functions together.
  func functionsCaution() -> String? {
    let known = configuration.problems.filter { $0.hasMinimum == true }
    let unknown = configuration.problems.filter { $0.hasMinimum == false }
    guard let plan = try? plan(), plan.measure.tag == ComparedMeasure.value, !known.isEmpty, !unknown.isEmpty else {
      return nil
    }
    return
      "Values are compared, as the minimum of \(unknown.map(\.name).joined(separator: ", ")) is not known: \"minimum 0\" behind a "
      + "formula makes gaps of them."
  }

  /// That an arm pulls numbers to 0, and the minimum lies there.
  private func pullCaution(_ data: Int) throws -> String? {
    let plan = try plan()
    guard try problem(data).isLeastAtZero == true else { return nil }
    let pulling = plan.arms.indices.filter { arm in
      // As a stage, and not as an option of one.
      plan.settings[arm].contains { $0.chain.contains(/(?:^|[|(])\s*(?:decay|l1)\b/) }
    }
    guard !pulling.isEmpty else { return nil }
    let names = pulling.map { plan.arms[$0].name }.joined(separator: ", ")
    return
      "\(names) \(pulling.count == 1 ? "pulls" : "pull") numbers to 0, and there the minimum of \(plan.dataNames[data]) lies: "
      + "\"shifted\" behind the function moves it."
  }

  /// The values of an arm's fresh descents that did not diverge.
  private func ends(
    _ data: Int, _ arm: Int, _ tag: String, _ findings: Findings<ComparisonTrial>
  ) throws -> [Double] {
    guard let trial = try chosen(data, arm, findings) else { return [] }
    return try findings.finished(trial).filter { try findings[trial, $0, .comparedDivergence] == 0 }
      .compactMap { try findings.ifMeasured(Measure(tag), of: trial, $0) }
  }

  /// That descents do not arrive.
  private func missCautions(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> [String] {
    let plan = try plan()
    guard plan.measure.tag == ComparedMeasure.arrival else { return [] }
    return try plan.arms.indices.compactMap { arm in
      let found = try ends(data, arm, ComparedMeasure.arrival, findings)
      let missed = found.count { $0 >= plan.budget.never }
      guard missed > 0 else { return nil }
      return
        "\(missed) of \(found.count) fresh descents of \(plan.arms[arm].name) on \(plan.dataNames[data]) do not arrive: each counts as ten budgets "
        + "(\(Report.number(plan.budget.never))), so that the size of a difference is our choice there."
    }
  }

  /// That all descents of several arms arrive, in one sentence for all functions; nil where none do.
  func arrivalCaution(_ findings: Findings<ComparisonTrial>) throws -> String? {
    let plan = try plan()
    guard plan.measure.tag == ComparedMeasure.gap else { return nil }
    let arrived = try plan.dataNames.enumerated().compactMap { data, place -> (place: String, arms: String)? in
      let arms = try plan.arms.indices.filter { arm in
        let gaps = try findings.ifFinished { try ends(data, arm, ComparedMeasure.gap, findings) } ?? []
        return gaps.count == reportedSeeds.count && gaps.allSatisfy { $0 <= FunctionTask.arrived }
      }
      return arms.count > 1 ? (place, arms.map { plan.arms[$0].name }.joined(separator: ", ")) : nil
    }
    guard let first = arrived.first else { return nil }
    let text =
      arrived.count == 1
      ? "On \(first.place) all descents of \(first.arms) arrive"
      : "All descents of several arms arrive on \(arrived.map { "\($0.place) (\($0.arms))" }.joined(separator: ", "))"
    return text + ": the measure arrival tells which are sooner."
  }

  /// The gradients that an arm spends in all for each descent that arrives (expected running time, ERT: Hansen and others, arXiv
  /// 1603.08785), as text; "–" where none does.
  func expectedGradients(
    _ trial: ComparisonTrial, _ seeds: [Int], at target: Double?, _ findings: Findings<ComparisonTrial>
  ) throws -> String {
    let spent = try seeds.map { seed -> (cost: Double, arrived: Bool) in
      if let arrival = try arrival(trial, seed, at: target, findings) { return (arrival.cost, true) }
      let all = try findings[trial, seed, .comparedGradients] + findings[trial, seed, .comparedLosses] / 3
      return (all, false)
    }
    let arrived = spent.count(where: \.arrived)
    guard arrived > 0 else { return "–" }
    return Report.number(spent.reduce(0) { $0 + $1.cost } / Double(arrived), digits: 4)
  }
}
