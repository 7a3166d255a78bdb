import Foundation

/// A report cannot be made.
public struct ReportError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Draws plots as SVG by gnuplot, which must be on the PATH.
public struct Gnuplot: Sendable {
  private let executable: String

  /// Colours that stay apart for all kinds of colour vision (Okabe and Ito 2008).
  static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

  /// - Throws: `ReportError` saying how to install gnuplot.
  public init(searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "") throws {
    let candidates = searchPath.split(separator: ":").map { String($0) + "/gnuplot" }
    guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
      throw ReportError("gnuplot is not here: apt-get install gnuplot-nox, or brew install gnuplot")
    }
    executable = found
  }

  /// One SVG element.
  public func draw(_ plot: Plot) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.environment = ["LC_ALL": "C", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let script = Data(self.script(plot).utf8)
    // Written from the side: a pipe holds only so much.
    let writer = Thread { [handle = input.fileHandleForWriting] in
      try? handle.write(contentsOf: script)
      try? handle.close()
    }
    writer.start()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    guard process.terminationStatus == 0, let start = text.range(of: "<svg"), text.contains("</svg>") else {
      throw ReportError("gnuplot could not draw \(plot.name): \(complaint.prefix(400))")
    }
    return String(text[start.lowerBound...]).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Text in gnuplot's single quotes.
  private func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
  }

  private func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }

  func script(_ plot: Plot) -> String {
    let id = plot.name.filter { $0.isLetter || $0.isNumber }
    var lines = [
      "set terminal svg size 720,420 dynamic enhanced font 'Helvetica,13' name \(quoted(id)) background rgb 'white'",
      "set encoding utf8", "set border 3 lc rgb '#888888'", "set tics nomirror textcolor rgb '#333333'",
      "set grid lc rgb '#dddddd' lt 1", "set style fill solid 0.8 noborder", "set key outside right top noenhanced",
      "set title \(quoted(plot.title)) noenhanced", "set xlabel \(quoted(plot.xLabel)) noenhanced",
      "set ylabel \(quoted(plot.yLabel)) noenhanced", "set xtics noenhanced", "set datafile missing 'NaN'",
    ]
    if plot.isLogX { lines.append("set logscale x") }
    if plot.isLogY { lines.append("set logscale y") }
    let bars = plot.series.filter { $0.style == .bars }
    let width = 0.8 * plot.barSpacing / Double(max(bars.count, 1))
    if !plot.categories.isEmpty {
      let tics = plot.categories.enumerated().map { "\(quoted($0.element)) \($0.offset)" }.joined(separator: ", ")
      lines.append(
        "set xtics (\(tics)) noenhanced" + (plot.categories.contains { $0.count > 9 } ? " rotate by -25" : ""))
      lines.append("set xrange [-0.6:\(Double(plot.categories.count) - 0.4)]")
    }
    var parts: [String] = []
    var barIndex = 0
    for (index, item) in plot.series.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let shift = item.style == .bars && bars.count > 1 ? (Double(barIndex) - Double(bars.count - 1) / 2) * width : 0
      if item.style == .bars { barIndex += 1 }
      lines.append("$data\(index) << END")
      for i in item.x.indices {
        let fields = [item.x[i] + shift, item.y[i], item.low?[i] ?? item.y[i], item.high?[i] ?? item.y[i]]
        lines.append(fields.map(number).joined(separator: " "))
      }
      lines.append("END")
      let title = quoted(item.name)
      switch item.style {
      case .bars:
        parts.append("$data\(index) using 1:2:(\(width)) with boxes lc rgb '\(color)' title \(title)")
        if item.low != nil {
          parts.append("$data\(index) using 1:2:3:4 with yerrorbars lc rgb '#333333' pt 0 notitle")
        }
      case .line:
        if item.low != nil {
          parts.append("$data\(index) using 1:3:4 with filledcurves fc rgb '\(color)' fs transparent solid 0.2 notitle")
        }
        parts.append("$data\(index) using 1:2 with lines lw 2 lc rgb '\(color)' title \(title)")
      case .points:
        if item.low != nil {
          parts.append("$data\(index) using 1:2:3:4 with yerrorbars lc rgb '\(color)' pt 7 ps 0.5 notitle")
        }
        parts.append("$data\(index) using 1:2 with points pt 7 ps 0.6 lc rgb '\(color)' title \(title)")
      }
    }
    if plot.hasDiagonal { parts.append("x with lines dt 2 lc rgb '#666666' title 'perfect'") }
    lines.append("plot " + (parts.isEmpty ? "NaN notitle" : parts.joined(separator: ", \\\n  ")))
    return lines.joined(separator: "\n") + "\n"
  }
}
