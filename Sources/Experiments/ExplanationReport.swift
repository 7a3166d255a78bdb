import Foundation
import Reports
import RunLogs
import Statistics
import Training

/// An explanation as a page: importance as bars, dependences as curves.
package struct ExplanationReport {
  static let page = DrawnPage(
    "explanation.html", beside: ["importance.csv", "report-data/importance.csv", "report-data/dependence-*"],
    drawnBy: "\(ProgramName.text) explain")
  private let explanation: Explanation
  private let source: String

  /// - Parameter source: what the rows are, in words.
  package init(_ explanation: Explanation, source: String) {
    (self.explanation, self.source) = (explanation, source)
  }

  /// Lines for the terminal.
  package var text: String {
    let width = explanation.importances.map(\.column.count).max() ?? 0
    let rows = explanation.importances.prefix(20).map { importance in
      let summary = Summary(importance.increases)
      let interval = summary.count > 1 ? summary.interval() : nil
      return "  " + importance.column.padding(toLength: width, withPad: " ", startingAt: 0) + "  "
        + Report.number(importance.mean)
        + (interval.map { " [\(Report.number($0.low)), \(Report.number($0.high))]" } ?? "")
    }
    let rest = explanation.importances.count - rows.count
    return
      ([
        "\(source): \(explanation.measure) \(Report.number(explanation.value)); it grows, when a column's cells are "
          + "exchanged among \(explanation.rows) rows, by"
      ] + rows + (rest > 0 ? ["  and \(rest) less important columns"] : []))
      .joined(separator: "\n")
  }

  /// Writes the page, and importances as CSV beside it.
  ///
  /// - Throws: `ReportError` where it cannot be drawn or written.
  package func write(to folder: String) throws -> String {
    let path = folder + "/explanation.html"
    let lines = explanation.importances.map { importance in
      Predictions.field(importance.column) + "," + importance.increases.map { "\($0)" }.joined(separator: ",")
    }
    let header = ["column"] + (1...(explanation.importances.first?.increases.count ?? 1)).map { "exchange \($0)" }
    try AtomicFile.write(
      ([header.joined(separator: ",")] + lines).joined(separator: "\n") + "\n", to: folder + "/importance.csv")
    try Report(title: "What the model depends on", subtitle: source, sections: sections).write(
      to: path, gnuplot: try Gnuplot())
    return path
  }

  private var sections: [Report.Section] {
    [
      .heading("Importance"),
      .paragraph(
        "The cells of one column are exchanged among the rows, so that they say nothing any more: how much "
          + "\(explanation.measure) grows is what the model loses (\(Report.number(explanation.value)) with all columns). "
          + "Bars are means over exchanges with 95 % intervals of Student's t, which hold the chance of the exchange and not "
          + "that of the rows. Columns that say the same share their importance."),
      .plot(bars), .table(header: ["column", "\(explanation.measure) grows by", "interval"], rows: table),
      .heading("Dependence"),
      .paragraph(
        "The mean prediction if all rows had one value in the column, and kept all else. It tells what the model does, also "
          + "where no row is like that; it is no cause."),
    ] + explanation.dependences.enumerated().map { .plot(curve($1, $0)) }
  }

  private var table: [[String]] {
    explanation.importances.map { importance in
      let summary = Summary(importance.increases)
      let interval = summary.count > 1 ? summary.interval() : nil
      return [
        importance.column, Report.number(importance.mean),
        interval.map { "[\(Report.number($0.low)), \(Report.number($0.high))]" } ?? "",
      ]
    }
  }

  private var bars: Plot {
    let shown = Array(explanation.importances.prefix(12))
    let summaries = shown.map { Summary($0.increases) }
    let intervals = summaries.map { $0.count > 1 ? $0.interval() : Interval(low: $0.mean, high: $0.mean) }
    var plot = Plot(
      name: "importance", title: "What predictions lose without a column", xLabel: "column",
      yLabel: "growth of \(explanation.measure)",
      series: [
        .init(
          name: "mean over exchanges", x: shown.indices.map(Double.init), y: summaries.map(\.mean),
          low: intervals.map(\.low), high: intervals.map(\.high), style: .bars)
      ])
    plot.categories = shown.map { Self.short($0.column) }
    return plot
  }

  private func curve(_ dependence: Explanation.Dependence, _ index: Int) -> Plot {
    // Of two classes one line says all; of many those that move most.
    let moves = dependence.means.map { ($0.max() ?? 0) - ($0.min() ?? 0) }
    let chosen =
      explanation.outputs.count == 2 && explanation.isClasses
      ? [1] : Array(moves.indices.sorted { (moves[$0], $1) > (moves[$1], $0) }.prefix(5)).sorted()
    let isClasses = explanation.isClasses
    var plot = Plot(
      name: "dependence-\(index)", title: "By \(dependence.column)", xLabel: dependence.column,
      yLabel: isClasses ? "mean probability" : "mean prediction",
      series: chosen.map { output in
        .init(
          name: explanation.outputs[output], x: dependence.positions ?? dependence.cells.indices.map(Double.init),
          y: dependence.means[output], style: dependence.positions == nil ? .bars : .line)
      })
    if dependence.positions == nil { plot.categories = dependence.cells.map { Self.short($0) } }
    return plot
  }

  private static func short(_ text: String) -> String { text.count > 14 ? text.prefix(13) + "…" : text }
}
