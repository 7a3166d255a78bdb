import Foundation
import Reports

/// How arms stand on all data sets or functions: their ranks, which say nothing about chance.
extension ComparisonExperiment {
  struct Standing {
    let arm: Int
    /// 1 where it is the best on each; ties share the mean of their ranks.
    let meanRank: Double
    /// On how many none is better.
    let best: Int
  }

  /// From the best mean rank down; empty where there are fewer than three data sets or functions, or a descent has not ended.
  func standings(_ findings: Findings<ComparisonTrial>) throws -> [Standing] {
    let plan = try plan()
    guard plan.sourceNames.count > 2, plan.arms.count > 1 else { return [] }
    let all: [[Double]] = try findings.ifFinished { try plan.sourceNames.indices.map { try costs($0, findings) } } ?? []
    let ranks = all.map { own in
      own.map { cost -> Double in
        let alike = own.count { Self.apart($0, cost) == 0 }
        let better = own.count { $0 < cost && Self.apart($0, cost) != 0 }
        return Double(better) + Double(alike + 1) / 2
      }
    }
    guard !ranks.isEmpty else { return [] }
    return plan.arms.indices.map { arm in
      Standing(
        arm: arm, meanRank: ranks.map { $0[arm] }.reduce(0, +) / Double(ranks.count),
        best: all.count { own in own[arm].isFinite && !own.contains { $0 < own[arm] && Self.apart($0, own[arm]) != 0 } }
      )
    }.sorted { $0.meanRank < $1.meanRank }
  }

  /// The mean cost of each arm on fresh seeds; infinite where all its trials diverged.
  private func costs(_ source: Int, _ findings: Findings<ComparisonTrial>) throws -> [Double] {
    let plan = try plan()
    let all = plan.data(ofSource: source)
    let measure = try deciding(all.lowerBound)
    return try plan.arms.indices.map { arm in
      let means = try all.map { data -> Double in
        guard try chosen(data, arm, findings) != nil else { return .infinity }
        let value = try values(data, arm, measure, findings)
        return try findings.seeds.map { plan.measure.cost(try value(findings, $0)) }.reduce(0, +)
          / Double(findings.seeds.count)
      }
      return means.reduce(0, +) / Double(means.count)
    }
  }

  /// For a terminal and the report; nil where there are no ranks.
  func standingTable(_ findings: Findings<ComparisonTrial>) throws -> TextTable? {
    let (plan, standings) = (try plan(), try standings(findings))
    guard !standings.isEmpty else { return nil }
    return TextTable(
      header: ["arm", "mean rank on \(plan.sourceNames.count) \(plan.nouns)", "none is better on"],
      rows: standings.map {
        [plan.arms[$0.arm].name, Report.number($0.meanRank, digits: 3), "\($0.best)"]
      })
  }

  /// Ranks, and where pairs are judged over all, what they show on each.
  func overallSections(_ findings: Findings<ComparisonTrial>) throws -> [Report.Section] {
    let plan = try plan()
    var sections: [Report.Section] = []
    if plan.isOverall {
      sections += [
        .paragraph(
          "Each of the \(plan.nouns) gives one difference, the mean over the seeds, and the signed-rank test asks whether they have a side in common "
            + "(Demšar 2006, Derrac et al. 2011): n counts \(plan.nouns) with a difference, and the estimate is the Hodges-Lehmann shift on these. It takes them to be a sample of "
            + "such problems, and differences to lie alike about their centre. Where an arm's best setting is at the end of a range, or nothing is gained, a pair is left out; an arm all of whose trials diverged has the worst value of the two or the \(plan.baseline)."
        ),
        .table(
          header: [plan.noun, "pair", "difference (\(try overallUnit(plan)))"], rows: try differenceRows(findings)),
      ]
    }
    if let table = try standingTable(findings) {
      sections += [
        .heading("Over all \(plan.nouns)"),
        .paragraph(
          "Ranks by the mean over fresh seeds, 1 for the best. They say nothing about chance"
            + (plan.isOverall
              ? ": the pairs do."
              : ": with \(Self.fewestSources) \(plan.nouns) or more --overall judges pairs over all of them.")),
        .table(header: table.header, rows: table.rows),
      ]
    }
    return sections
  }

  /// differences.csv: what each pair shows on each data set or function, or why it shows nothing.
  func overallTables(_ findings: Findings<ComparisonTrial>) throws -> [RunTable] {
    let plan = try plan()
    let pairs = plan.isOverall ? plan.pairs : []
    let rows = try pairs.flatMap { first, second in
      try plan.sourceNames.enumerated().map { source, name -> [String] in
        let names = [name, plan.arms[first].name, plan.arms[second].name]
        let found = try findings.ifFinished { try difference(source, first, second, findings) }
        switch found {
        case .known(let value): return names + [PlainNumber.text(value), ""]
        case .leftOut(let reason): return names + ["", reason]
        case nil: return names + ["", "not ended"]
        }
      }
    }
    return pairs.isEmpty
      ? [] : [RunTable(name: "differences", header: ["data", "first", "second", "difference", "leftOut"], rows: rows)]
  }

  private func differenceRows(_ findings: Findings<ComparisonTrial>) throws -> [[String]] {
    let plan = try plan()
    return try plan.pairs.flatMap { first, second in
      try plan.sourceNames.enumerated().map { source, name in
        let text =
          switch try findings.ifFinished({ try difference(source, first, second, findings) }) {
          case .known(let value): Report.number(value, digits: 3)
          case .leftOut(let reason): "left out: \(reason)"
          case nil: "–"
          }
        return [name, "\(plan.arms[first].name) - \(plan.arms[second].name)", text]
      }
    }
  }
}
