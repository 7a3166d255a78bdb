import Formulas
import Foundation
import Reports

/// What a reader of a comparison on functions must know.
extension ComparisonExperiment {
  /// Remarks on a function; none on data.
  func functionCautions(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> [String] {
    let plan = try plan()
    guard plan.isOfFunctions else { return [] }
    let ended = try findings.ifFinished { try endCautions(data, findings) } ?? []
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

  /// That arms arrive, or do not.
  private func endCautions(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> [String] {
    let (plan, place) = (try plan(), try plan().dataNames[data])
    func values(_ arm: Int, _ tag: String) throws -> [Double] {
      guard let trial = try chosen(data, arm, findings) else { return [] }
      return try findings.finished(trial).filter { try findings[trial, $0, .comparedDivergence] == 0 }
        .compactMap { try findings.ifMeasured(Measure(tag), of: trial, $0) }
    }
    switch plan.measure.tag {
    case ComparedMeasure.gap:
      let arrived = try plan.arms.indices.filter { arm in
        let gaps = try values(arm, ComparedMeasure.gap)
        return gaps.count == reportedSeeds.count && gaps.allSatisfy { $0 <= FunctionTask.arrived }
      }
      guard arrived.count > 1 else { return [] }
      return [
        "On \(place) all descents of \(arrived.map { plan.arms[$0].name }.joined(separator: ", ")) arrive: the measure arrival tells which "
          + "are sooner."
      ]
    case ComparedMeasure.arrival:
      return try plan.arms.indices.compactMap { arm in
        let found = try values(arm, ComparedMeasure.arrival)
        let missed = found.count { $0 >= plan.budget.never }
        guard missed > 0 else { return nil }
        return
          "\(missed) of \(found.count) fresh descents of \(plan.arms[arm].name) on \(place) do not arrive: each counts as ten budgets "
          + "(\(Report.number(plan.budget.never))), so that the size of a difference is our choice there."
      }
    default: return []
    }
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
