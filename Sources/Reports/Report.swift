import Foundation
import Statistics
import SystemFiles

/// The account of a run: one sentence, the preconditions of its claims, then claims with verdicts, tables, plots, in one
/// HTML file without a network, its data beside it.
public struct Report: Sendable {
  /// A part of the page; tables have rows as long as their header.
  public enum Section: Sendable {
    case heading(String)
    case paragraph(String)
    case decisions([Decision])
    case table(header: [String], rows: [[String]])
    case code(String)
    case plot(Plot)
  }

  /// The heading of the page.
  public var title: String
  /// A line below it.
  public var subtitle: String
  /// What was found, in one sentence; it stands first.
  public var opening = ""
  /// What the claims take for granted, as measured; they stand before all sections.
  public var preconditions: [Precondition] = []
  /// In the order of the page.
  public var sections: [Section]

  public init(title: String, subtitle: String, sections: [Section] = []) {
    self.title = title
    self.subtitle = subtitle
    self.sections = sections
  }

  /// Writes `path`, and the plots' data into the folder `report-data` beside it.
  ///
  /// - Throws: `ReportError` when a plot cannot be drawn, its name is no file name or is taken, or a file cannot be
  ///   written.
  public func write(to path: String, gnuplot: Gnuplot) throws {
    try checkNames()
    let folder = (path as NSString).deletingLastPathComponent + "/report-data"
    do {
      try Folder.make(folder)
      for case .plot(let plot) in sections {
        try AtomicFile.write(plot.csv, to: "\(folder)/\(plot.name).csv")
      }
      try AtomicFile.write(try html(gnuplot), to: path)
    } catch let error as FileError {
      throw ReportError("\(error)")
    } catch let error as CocoaError {
      throw ReportError("\(path) cannot be written: \(error.plainReason)")
    }
  }

  /// Plots are files: two of one name, or a name with a slash, would overwrite something.
  private func checkNames() throws {
    var names: Set<String> = []
    for case .plot(let plot) in sections {
      let isPlain = plot.name.utf8.allSatisfy { byte in
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
          || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "._-".utf8.contains(byte)
      }
      guard isPlain, let first = plot.name.first, first != "." else {
        throw ReportError("A plot's name holds letters, digits, points, underscores and hyphens: \"\(plot.name)\"")
      }
      guard names.insert(plot.name).inserted else { throw ReportError("Two plots have the name \(plot.name)") }
    }
  }

  /// The whole page; the same bytes for the same report.
  ///
  /// - Throws: `ReportError` where a plot cannot be drawn.
  public func html(_ gnuplot: Gnuplot) throws -> String {
    let body = try (beginning + sections).map { try render($0, gnuplot) }.joined(separator: "\n")
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(Self.escaped(title))</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <h1>\(Self.escaped(title))</h1>
      <p class="subtitle">\(Self.escaped(subtitle))</p>\(opening.isEmpty ? "" : "\n<p class=\"opening\">\(Self.escaped(opening))</p>")
      \(body)
      </body>
      </html>

      """
  }

  private var beginning: [Section] {
    guard !preconditions.isEmpty else { return [] }
    let number: (Double) -> String = Self.number
    return [
      .heading("Preconditions"),
      .table(
        header: ["precondition", "required", "measured", "interval", "n", "verdict", "why"],
        rows: preconditions.map {
          let interval = $0.interval.low.isNaN ? "–" : "\(number($0.interval.low)) … \(number($0.interval.high))"
          return [
            $0.name, "\($0.requirement)", number($0.measured), interval, "\($0.count)",
            $0.finding, $0.statement,
          ]
        }),
    ]
  }

  private func render(_ section: Section, _ gnuplot: Gnuplot) throws -> String {
    switch section {
    case .heading(let text): return "<h2>\(Self.escaped(text))</h2>"
    case .paragraph(let text): return "<p>\(Self.escaped(text))</p>"
    case .code(let text): return "<pre>\(Self.escaped(text))</pre>"
    case .table(let header, let rows): return table(header.map(Self.escaped), rows.map { $0.map(Self.escaped) })
    case .decisions(let decisions): return table(of: decisions)
    case .plot(let plot):
      return
        "<figure>\n\(try gnuplot.draw(plot))\n<figcaption>data: report-data/\(Self.escaped(plot.name)).csv</figcaption>\n</figure>"
    }
  }

  private func table(of decisions: [Decision]) -> String {
    // Without a correction there is no column for it.
    let isCorrected = decisions.contains { $0.evidence.adjustedPValue != nil }
    let header = ["claim", "verdict", "n", "estimate", "interval", "p"] + (isCorrected ? ["p by Holm"] : [])
    return table(
      header + ["d", "reason and test"], decisions.map { row($0, isCorrected: isCorrected) }, style: "wide claims")
  }

  private func row(_ decision: Decision, isCorrected: Bool) -> [String] {
    let evidence = decision.evidence
    let verdict = decision.verdict
    let symbol = verdict == .upheld ? "✓" : verdict == .refuted ? "✗" : verdict == .undecided ? "?" : "–"
    let number: (Double) -> String = Self.number
    let (low, high) = (evidence.interval.low, evidence.interval.high)
    let level = "\(Self.number(evidence.interval.level * 100, digits: 6)) %"
    let interval = low.isNaN || high.isNaN ? "–" : "\(number(low)) … \(number(high))<br><small>\(level)</small>"
    func p(_ value: Double) -> String { fixed(value < 1e-4 ? "&lt; 0.0001" : number(value)) }
    func fixed(_ text: String) -> String { "<span class=\"number\">\(text)</span>" }
    let claim = decision.claim
    var cells = [
      "<b>\(Self.escaped(claim.name))</b><br>\(Self.escaped(claim.statement))<br><small>\(Self.escaped(claim.source))</small>",
      "<span class=\"\(verdict.rawValue.replacing(" ", with: "-"))\">\(symbol) \(decision.claim.isIdentity ? verdict.ofIdentity : verdict.rawValue)</span>",
      fixed("\(evidence.count)"), fixed(number(evidence.estimate)), fixed(interval),
      p(evidence.pValue),
    ]
    if isCorrected { cells.append(p(evidence.adjustedPValue ?? .nan)) }
    cells += [
      fixed(number(evidence.effectSize)),
      "\(Self.escaped(evidence.reason))<br><small>\(Self.escaped(evidence.test))</small>",
    ]
    return cells
  }

  private func table(_ header: [String], _ rows: [[String]], style: String = "wide") -> String {
    let head = header.map { "<th>\($0)</th>" }.joined()
    let body = rows.map { "<tr>" + $0.map { "<td>\($0)</td>" }.joined() + "</tr>" }.joined(separator: "\n")
    return "<div class=\"\(style)\"><table>\n<tr>\(head)</tr>\n\(body)\n</table></div>"
  }

  /// Four significant digits.
  public static func number(_ value: Double) -> String { number(value, digits: 4) }

  /// So many significant digits.
  public static func number(_ value: Double, digits: Int) -> String {
    value.isNaN ? "–" : value.isInfinite ? (value > 0 ? "∞" : "-∞") : String(format: "%.\(digits)g", value)
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing(
      "\"", with: "&quot;")
  }

  private static let style = """
    :root { color-scheme: light dark; }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
    p, figure { max-width: 62rem; }
    h1 { margin-bottom: 0; } h2 { margin-top: 2.2rem; }
    .subtitle { color: #777; margin-top: .2rem; }
    .wide { overflow-x: auto; }
    .claims td:first-child { min-width: 17rem; } .claims td:last-child { min-width: 10rem; }
    table { border-collapse: collapse; font-size: .9rem; }
    th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #8884; }
    small { color: #777; }
    pre { background: #8881; padding: .7rem; overflow-x: auto; border-radius: 6px; font-size: .85rem; }
    figure { margin: 1.2rem 0; } figure svg { max-width: 100%; height: auto; border-radius: 6px; background: #fff; }
    figcaption { font-size: .8rem; color: #777; }
    .upheld { color: #009e73; font-weight: 600; } .refuted { color: #d55e00; font-weight: 600; }
    .undecided, .not-applicable, .not-measured { color: #888; font-weight: 600; }
    .opening { font-size: 1.2rem; }
    .upheld, .refuted, .undecided, .not-applicable, .not-measured, .number { white-space: nowrap; font-variant-numeric: tabular-nums; }
    th { border-bottom: 2px solid #8888; white-space: nowrap; }
    figure svg { border: 1px solid #8883; }
    """
}
