import Descent
import Foundation

/// What descents on a formula came to, as text and as a report.
struct MinimizationAccount {
  private let problem: Minimization
  private let paths: [Minimization.Path]
  private let looks: [Int]
  /// Methods that stand still where the value still falls.
  private let standing: Set<String>
  private let lowest: (path: Minimization.Path, shape: LocalShape)?

  /// - Throws: as `LocalShape`.
  init(_ problem: Minimization, _ paths: [Minimization.Path], updates: Int) throws {
    (self.problem, self.paths) = (problem, paths)
    let powers = sequence(first: 10) { $0 * 10 }.prefix { $0 < updates }
    looks = [0] + powers + [updates]
    standing = Set(
      try paths.filter {
        try $0.standstill != nil
          && Ground(of: problem.formula, at: $0.end, bounds: $0.bounds, nearness: $0.nearness) == .falling
      }.map(\.method))
    let best = paths.filter { $0.failure == nil }.min { $0.values.last! < $1.values.last! }
    lowest = try best.map {
      ($0, try LocalShape(of: problem.formula, at: $0.end, bounds: $0.bounds, nearness: $0.nearness))
    }
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
      if let since = path.standstill, standing.contains(path.method) {
        return [
          "\(path.method) stands still since update \(since): no step that it tries lowers the value enough; try more lengths, or another rate"
        ]
      }
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
    ] + (passed ?? []) + (path.isThresholded ? [Self.sparse(path.end)] : [])
      + [shape.account(tellingGround: !path.isThresholded)]
  }

  private static func sparse(_ end: Tree<NDArray>) -> String {
    let numbers = end.leaves.flatMap(\.doubles)
    return
      "\(numbers.count { $0 == 0 }) of \(numbers.count) numbers at 0; l1 adds to what is descended: value, gradient and curvatures here are "
      + "the formula's alone"
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

  /// Descents of one text are told apart.
  private var names: [String] {
    paths.indices.map { index in
      let earlier = paths[..<index].count { $0.method == paths[index].method }
      return paths[index].method + (earlier > 0 ? " (\(earlier + 1))" : "")
    }
  }

  private var values: Plot {
    var plot = Plot(
      name: "values", title: "Value", xLabel: "update", yLabel: "value",
      series: zip(names, paths).map { .init(name: $0, x: $1.updates.map(Double.init), y: $1.values) })
    let whole = paths.filter { $0.failure == nil }.flatMap(\.values)
    // A value of 0, which some methods reach, has no place on a logarithmic axis, and is left out.
    plot.isLogY = whole.allSatisfy { $0 >= 0 } && whole.contains { $0 > 0 }
    if whole.count < paths.reduce(0, { $0 + $1.values.count }),
      let low = whole.filter({ !plot.isLogY || $0 > 0 }).min(),
      let high = whole.max(), low < high, high - low < 1e300
    {
      // What breaks down would leave no room for the others.
      plot.yRange = plot.isLogY ? low / 2...high * 2 : low - 0.05 * (high - low)...high + 0.05 * (high - low)
    }
    return plot
  }

  /// Where each descent ended, as they are computed.
  var ends: String {
    var lines = ["descent,method,variable,index,value"]
    for (index, path) in paths.enumerated() where path.failure == nil {
      let method = "\"\(path.method.replacing("\"", with: "\"\""))\""
      for (name, leaf) in path.end {
        for (place, value) in leaf.doubles.enumerated() {
          lines.append("\(index + 1),\(method),\(name),\(leaf.shape.rank == 0 ? "" : "\(place)"),\(value)")
        }
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Two numbers are a plane, and a path in it can be seen.
  private var plane: Plot? {
    guard problem.start.count == 2 else { return nil }
    let values = problem.start.values
    let names = values.count == 2 ? values.paths : ["\(values.paths[0])[0]", "\(values.paths[0])[1]"]
    let series = zip(self.names, paths).map { name, path in
      let points = path.points.map { $0.leaves.flatMap(\.doubles) }
      return Plot.Series(name: name, x: points.map { $0[0] }, y: points.map { $0[1] })
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
