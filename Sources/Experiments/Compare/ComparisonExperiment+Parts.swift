import Datasets
import Foundation
import Reports
import Statistics

/// What a comparison says of several test parts of one data set.
extension ComparisonExperiment {
  /// What was understood of each data set, in a sentence, and how many test parts it has.
  func problemSentences() throws -> [String] {
    let plan = try plan()
    return try plan.firstParts.map { data in
      let problem = try problem(data)
      guard plan.testParts > 1 else { return problem.sentence }
      let folds = TableOptions.testFolds(of: configuration.table.test)
      let (name, parts) = (plan.sourceNames[data / plan.testParts], plan.testParts)
      let sharing =
        parts <= folds
        ? "no two share a row"
        : folds == 1
          ? "each of an order of its own"
          : "\(folds) at a time share no row" + (parts.isMultiple(of: folds) ? "" : ", the last ones fewer")
      return "\(name), the first of \(parts) test parts (\(sharing)): \(problem.account)"
    }
  }

  /// Rows for the test per row that is not, in the mean of a data set's parts: what the corrected test asks for.
  func testRatio(_ source: Int) throws -> Double {
    let known = try plan().data(ofSource: source).compactMap { try problem($0).testRatio }
    return known.isEmpty
      ? configuration.table.test / (1 - configuration.table.test) : known.reduce(0, +) / Double(known.count)
  }

  /// The difference of each pair on each test part; none where there is one part.
  func partSections(_ findings: Findings<ComparisonTrial>) throws -> [Report.Section] {
    let plan = try plan()
    guard plan.testParts > 1 else { return [] }
    let ending = "Plots over updates and of the search are of the first part."
    let table = Report.Section.table(
      header: ["data", "pair"] + (1...plan.testParts).map { "test part \($0)" },
      rows: try partRows(findings, isShort: false))
    let beginning =
      "Each test part has a search and fresh seeds of its own; its difference is the mean over the seeds, with their standard error. "
    guard !plan.isOverall else {
      return [.paragraph(beginning + "The difference of a data set is the mean of its parts. " + ending), table]
    }
    let ratios = try plan.sourceNames.enumerated().map { "\($1) \(Report.number(try testRatio($0), digits: 3))" }
    return [
      .paragraph(
        beginning
          + "Parts share rows that are learned from, so that their differences are not independent: the interval and p above are those of the "
          + "corrected resampled t-test (Nadeau and Bengio 2003), which takes the variance of the mean to be (1/\(plan.testParts) + r) s², r "
          + "test rows for each other row: \(ratios.joined(separator: ", ")). " + ending
      ), table,
    ]
  }

  /// By pair: the mean difference on each test part, with its standard error.
  ///
  /// - Parameter isShort: whether it is for a terminal: without the error.
  func partRows(_ findings: Findings<ComparisonTrial>, isShort: Bool) throws -> [[String]] {
    let plan = try plan()
    return try plan.sourceNames.indices.flatMap { source -> [[String]] in
      let all = plan.data(ofSource: source)
      let measure = try deciding(all.lowerBound)
      return plan.pairs.map { first, second in
        let cells = all.map { data -> String in
          let pair = (
            first: quantity(data, first, measure, among: [first, second]),
            second: quantity(data, second, measure, among: [first, second])
          )
          // An arm all of whose trials diverged has no value.
          let found = try? ClaimTest.differences(of: [pair], findings)[0]
          guard let differences = found, !differences.isEmpty else { return "–" }
          let summary = Summary(differences)
          return Report.number(summary.mean, digits: isShort ? 2 : 3)
            + (isShort ? "" : " ± \(Report.number(summary.standardError, digits: 2))")
        }
        return [plan.sourceNames[source], "\(plan.arms[first].name) - \(plan.arms[second].name)"] + cells
      }
    }
  }

  /// The mean of an arm's deciding measure over the fresh seeds of each test part that did not diverge; parts without one are left out.
  func partMeans(_ source: Int, _ arm: Int, _ findings: Findings<ComparisonTrial>) throws -> [Double] {
    try plan().data(ofSource: source).compactMap { data in
      let values = try resultValues(data, arm, findings)
      return values.isEmpty ? nil : Summary(values).mean
    }
  }

  /// What each arm came to over test parts, from the least down; nil where fewer than two arms have numbers.
  func partRanking(_ source: Int, _ findings: Findings<ComparisonTrial>) throws -> Plot? {
    let plan = try plan()
    var rows: [(name: String, value: Double, low: Double, high: Double)] = []
    var reference: String?
    for (arm, side) in plan.arms.enumerated() {
      let means = try partMeans(source, arm, findings)
      guard !means.isEmpty else { continue }
      let interval = try? resampledTTest(means.map { _ in 0 }, means, testRatio: testRatio(source)).interval
      let parts = means.count < plan.testParts ? " (\(means.count) of \(plan.testParts))" : ""
      rows.append((side.name + parts, Summary(means).mean, interval?.low ?? .nan, interval?.high ?? .nan))
      if arm == plan.reference { reference = rows.last?.name }
    }
    guard rows.count > 1 else { return nil }
    let label = try decidingName(plan.data(ofSource: source).lowerBound)
    var plot = Plot.ranking(
      name: "ranking-\(plan.sourceNames[source])",
      title: "\(plan.sourceNames[source]): \(label), mean and 95 % interval over \(plan.testParts) test parts",
      xLabel: label, rows: rows, highlighted: reference)
    plot.isLogX = Self.isWide(rows.flatMap { [$0.value, $0.low] })
    return plot
  }

  /// Of one arm alone: what it is worth over test parts, in a clause; empty where there is one part.
  func partClause(_ findings: Findings<ComparisonTrial>) throws -> String {
    let plan = try plan()
    guard plan.testParts > 1 else { return "" }
    return try plan.sourceNames.enumerated().compactMap { source, name -> String? in
      let means = try partMeans(source, 0, findings)
      let label = try decidingName(plan.data(ofSource: source).lowerBound)
      return means.count < 2
        ? nil : "; over \(means.count) test parts of \(name) the \(label) is \(Self.meanAndRange(means))"
    }.joined()
  }

  private static func meanAndRange(_ means: [Double]) -> String {
    "\(Report.number(Summary(means).mean)) (\(Report.number(means.min()!, digits: 3)) to \(Report.number(means.max()!, digits: 3)))"
  }

  /// Each arm over its test parts, for a terminal: what it came to, and where the best values of its ranges lie.
  func partArms(_ findings: Findings<ComparisonTrial>) throws -> TextTable {
    let plan = try plan()
    let rows = try plan.sourceNames.enumerated().flatMap { source, name in
      try plan.arms.enumerated().map { arm, side -> [String] in
        let all = plan.data(ofSource: source)
        let means = try partMeans(source, arm, findings)
        let trials = try all.compactMap { data in
          try findings.ifFinished { try chosen(data, arm, findings) } ?? nil
        }
        let settings = side.body.places.map { place -> String in
          let values = trials.compactMap { plan.setting($0).values[place.name] }
          let numbers = values.compactMap(Double.init)
          guard numbers.count == values.count, let low = numbers.min(), let high = numbers.max() else {
            let kinds = values.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            return "\(place.name) \(kinds.joined(separator: " or "))"
          }
          return "\(place.name) \(Report.number(low))" + (low < high ? " to \(Report.number(high))" : "")
        }
        return [
          name, side.name, settings.joined(separator: ", "), means.isEmpty ? "–" : Self.meanAndRange(means),
          "\(means.count) of \(plan.testParts)",
        ]
      }
    }
    let names = try Set(plan.firstParts.map { try decidingName($0) })
    return TextTable(
      header: ["data", "arm", "best settings", names.count == 1 ? names.first! : "result", "test parts"], rows: rows)
  }
}
