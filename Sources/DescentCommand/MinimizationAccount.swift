import Descent
import Foundation

/// What descents on a formula came to, as text and as a report.
struct MinimizationAccount {
  private let problem: Minimization
  private let paths: [Minimization.Path]
  private let looks: [Int]
  private let lowest: (path: Minimization.Path, shape: LocalShape)?

  /// - Throws: as `LocalShape`.
  init(_ problem: Minimization, _ paths: [Minimization.Path], updates: Int) throws {
    (self.problem, self.paths) = (problem, paths)
    let powers = sequence(first: 10) { $0 * 10 }.prefix { $0 < updates }
    looks = [0] + powers + [updates]
    let best = paths.filter { $0.failure == nil }.min { $0.values.last! < $1.values.last! }
    lowest = try best.map { ($0, try LocalShape(of: problem.formula, at: $0.end)) }
  }

  private var header: [String] { ["value after"] + looks.map { "\($0) updates" } + ["an update asks for"] }

  private var rows: [[String]] {
    paths.map { path in
      [path.method]
        + looks.map { look in path.updates.firstIndex(of: look).map { Report.number(path.values[$0], digits: 6) } ?? "–"
        } + [
          "\(Report.number(path.cost.gradients)) gradient\(path.cost.gradients == 1 ? "" : "s")"
            + (path.cost.losses > 0
              ? ", \(Report.number(path.cost.losses)) loss\(path.cost.losses == 1 ? "" : "es")" : "")
        ]
    }
  }

  /// Whether no descent came to an end.
  var isLost: Bool { lowest == nil }

  /// What the table does not show of each descent.
  private var remarks: [String] {
    paths.flatMap { path -> [String] in
      if let failure = path.failure { return ["\(path.method) broke down: \(failure)"] }
      if let stillness = path.stillness { return ["\(path.method) never left its start: \(stillness)"] }
      guard path.skipped > 0, let updates = path.updates.last else { return [] }
      return ["\(path.method) skipped \(path.skipped) of \(counted(updates, "update")), as they were not finite"]
    }
  }

  private var end: [String] {
    guard let lowest else { return ["no descent came to an end"] }
    let (path, shape) = lowest
    let least = path.values.filter { !$0.isNaN }.min() ?? .nan
    // A thousandth of what was gained is a step to and fro, unless the end is of another order altogether.
    let gap = path.values.last! - least
    let isLower = gap > 1e-3 * (path.values[0] - least) || gap > 0.99 * abs(path.values.last!)
    let passed = (isLower ? path.values.firstIndex(of: least) : nil).map {
      ["it had been lower on its way: \(Report.number(least, digits: 6)) after \(counted(path.updates[$0], "update"))"]
    }
    return [
      (paths.count > 1 ? "lowest by \(path.method): " : "") + "\(Report.number(shape.value, digits: 6)) at "
        + path.end.pointText
    ] + (passed ?? []) + [shape.account]
  }

  var text: String {
    ([TextTable(header: header, rows: rows).text(width: 120), ""] + remarks + end).joined(separator: "\n")
  }

  // MARK: Report

  var report: Report {
    var report = Report(
      title: "minimize \(problem.formula)", subtitle: "from \(problem.start), in double precision",
      sections: [.table(header: header, rows: rows)] + remarks.map { .paragraph($0) })
    report.opening = end.joined(separator: "; ") + "."
    report.sections.append(.plot(values))
    if let plane { report.sections.append(.plot(plane)) }
    return report
  }

  private var values: Plot {
    var plot = Plot(
      name: "values", title: "Value", xLabel: "update", yLabel: "value",
      series: paths.map { .init(name: $0.method, x: $0.updates.map(Double.init), y: $0.values) })
    plot.isLogY = paths.allSatisfy { $0.values.allSatisfy { $0 > 0 } }
    return plot
  }

  /// Two numbers are a plane, and a path in it can be seen.
  private var plane: Plot? {
    guard problem.start.count == 2 else { return nil }
    let values = problem.start.values
    let names = values.count == 2 ? values.paths : ["\(values.paths[0])[0]", "\(values.paths[0])[1]"]
    let series = paths.map { path in
      let points = path.points.map { $0.leaves.flatMap(\.doubles) }
      return Plot.Series(name: path.method, x: points.map { $0[0] }, y: points.map { $0[1] })
    }
    // The window is that of the paths that came to an end.
    let inside = zip(series, paths).filter { $0.1.failure == nil }.map(\.0)
    var plot = Plot(
      name: "paths", title: "Paths, and lines of equal value", xLabel: names[0], yLabel: names[1], series: series)
    guard let width = Self.window(inside.flatMap(\.x)), let height = Self.window(inside.flatMap(\.y)) else {
      return plot
    }
    (plot.xRange, plot.yRange) = (width, height)
    if let lines = try? Contours(of: problem.formula, like: values, width, height) {
      plot.series.append(.init(name: "equal value", x: lines.x, y: lines.y, style: .faint))
    }
    return plot
  }

  /// From the least to the largest, with a margin; nil where there is none.
  private static func window(_ numbers: [Double]) -> ClosedRange<Double>? {
    guard let low = numbers.min(), let high = numbers.max(), high - low < 1e9 else { return nil }
    let margin = max(0.15 * (high - low), 1e-3 * max(abs(low), abs(high)), 1e-9)
    return low - margin...high + margin
  }
}
