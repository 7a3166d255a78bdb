/// A plot in gnuplot's language.
package struct PlotScript {
  /// Colours that stay apart for all kinds of colour vision (Okabe and Ito 2008).
  private static let colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

  private let plot: Plot
  private var data: [String] = []
  private var parts: [String] = []

  /// The whole script, data included.
  package var text: String {
    // An axis without a single value has no range but one that is given, and gnuplot would draw nothing at all.
    guard plot.cells != nil || hasPoints || (plot.xRange != nil && plot.yRange != nil) else {
      let axes = ["unset logscale", "set xrange [0:1]", "set yrange [0:1]", "unset key"]
      return (settings + axes + ["set label 'no data' at graph 0.5,0.5 center", "plot NaN notitle"])
        .joined(separator: "\n") + "\n"
    }
    let drawn = parts.isEmpty ? "NaN notitle" : parts.joined(separator: ", \\\n  ")
    return (settings + data + ["plot " + drawn]).joined(separator: "\n") + "\n"
  }

  package init(_ plot: Plot) {
    self.plot = plot
    if let cells = plot.cells {
      add(cells)
    } else {
      for (index, item) in plot.series.enumerated() { add(item, index) }
      if let counts = plot.counts, let item = plot.series.first { add(counts, above: item) }
      if plot.hasDiagonal { parts.append("x with lines lw 1.5 dt 2 lc rgb '#555555' title 'perfect'") }
    }
  }

  /// Whether any point has a place on the axes, within what is shown of them.
  private var hasPoints: Bool {
    func hasPlace(_ value: Double, _ isLog: Bool, _ range: ClosedRange<Double>?) -> Bool {
      value.isFinite && (value > 0 || !isLog) && range?.contains(value) ?? true
    }
    return plot.series.contains { item in
      zip(item.x, item.y).contains { hasPlace($0, plot.isLogX, plot.xRange) && hasPlace($1, plot.isLogY, plot.yRange) }
    }
  }

  private var settings: [String] {
    var lines = [
      "set terminal svg size 760,\(max(420, 100 + 20 * plot.rowNames.count)) dynamic enhanced font 'Helvetica,13' name 'plot' background rgb 'white'",
      "set encoding utf8", "set border 3 lc rgb '#888888'", "set tics nomirror out scale 0.6 textcolor rgb '#333333'",
      "set grid lc rgb '#e4e4e4' lt 1 lw 0.8", "set style fill solid 0.85 noborder",
      "set key bmargin center horizontal Left reverse noenhanced samplen 1.5 spacing 1.3 textcolor rgb '#333333'",
      "set title \(quoted(plot.title)) noenhanced font ',15' textcolor rgb '#222222'",
      "set xlabel \(quoted(plot.xLabel)) noenhanced offset 0,0.4 textcolor rgb '#333333'",
      "set ylabel \(quoted(plot.yLabel)) noenhanced textcolor rgb '#333333'", "set datafile missing 'NaN'",

    ]
    // A single series is named by the title and the axis, rows by themselves.
    if plot.series.count < 2 && !plot.hasDiagonal || !plot.rowNames.isEmpty { lines.append("unset key") }
    if !plot.rowNames.isEmpty {
      let tics = plot.rowNames.enumerated().map { "\(quoted($0.element)) \($0.offset)" }.joined(separator: ", ")
      lines += ["set ytics (\(tics)) noenhanced", "set yrange [\(Double(plot.rowNames.count) - 0.5):-0.5]"]
    }
    for (axis, isLog) in [("x", plot.isLogX), ("y", plot.isLogY)] where isLog {
      lines += ["set logscale \(axis)", "set format \(axis) '%.4g'"]
    }
    if let range = plot.xRange { lines.append("set xrange [\(range.lowerBound):\(range.upperBound)]") }
    if let range = plot.yRange { lines.append("set yrange [\(range.lowerBound):\(range.upperBound)]") }
    if plot.series.contains(where: { $0.style == .bars || $0.style == .steps }) {
      // Bars stand on zero.
      lines += ["set xzeroaxis lt 1 lw 1 lc rgb '#888888'", "set boxwidth \(width) absolute"]
      let isPositive = plot.series.allSatisfy { ($0.y + ($0.low ?? [])).allSatisfy { !($0 < 0) } }
      if plot.yRange == nil, isPositive, !plot.isLogY { lines.append("set yrange [0:*]") }
    }
    if !plot.categories.isEmpty {
      let tics = plot.categories.enumerated().map { "\(quoted($0.element)) \($0.offset)" }.joined(separator: ", ")
      let length = plot.categories.map(\.count).max()! * plot.categories.count
      lines.append("set xtics (\(tics)) noenhanced" + (length > 60 ? " rotate by 25 right" : ""))
      lines.append("set xrange [-0.6:\(Double(plot.categories.count) - 0.4)]")
    }
    return lines
  }

  /// The width of a bar: groups of bars share the distance of their places.
  private var width: Double {
    let bars = plot.series.count { $0.style == .bars }
    return (bars > 0 ? 0.8 : 0.98) * plot.barSpacing / Double(max(bars, 1))
  }

  private func hue(_ item: Plot.Series, _ index: Int) -> String {
    Self.colors[(item.color ?? index) % Self.colors.count]
  }

  /// How often all colours were used before: lines of one colour differ in their dashes, points in their shape.
  private func round(_ item: Plot.Series, _ index: Int) -> Int { (item.color ?? index) / Self.colors.count }

  /// Solid, dashed, dotted, dash and dot.
  private func dashes(_ item: Plot.Series, _ index: Int) -> String {
    let round = round(item, index)
    return round == 0 ? "" : " dt \([2, 3, 4, 5][(round - 1) % 4])"
  }

  /// Circles, squares, triangles, diamonds.
  private func shape(_ item: Plot.Series, _ index: Int) -> Int { [7, 5, 9, 13][round(item, index) % 4] }

  private mutating func add(_ item: Plot.Series, _ index: Int) {
    let color = "lc rgb '\(hue(item, index))'"
    let place = plot.series.prefix(index).count { $0.style == .bars }
    let bars = plot.series.count { $0.style == .bars }
    let shift = item.style == .bars ? (Double(place) - Double(bars - 1) / 2) * width : 0
    addBlock(
      "data\(index)",
      item.x.indices.map { i in
        [item.x[i] + shift, item.y[i], item.low?[i] ?? item.y[i], item.high?[i] ?? item.y[i]]
      }, breaks: item.style == .faint)
    let source = "$data\(index) using"
    let title = "title \(quoted(item.name))"
    let hasInterval = item.low != nil || item.high != nil
    switch item.style {
    case .bars, .steps:
      parts.append("\(source) 1:2 with boxes \(color) \(title)")
      if hasInterval {  // Vectors with flat heads: the style made for error bars puts a white knob on the bar.
        parts.append("\(source) 1:3:(0):($4-$3) with vectors heads size graph 0.008,90 lc rgb '#333333' lw 1.2 notitle")
      }
    case .line:
      if hasInterval {
        parts.append(
          "\(source) 1:3:4 with filledcurves fc rgb '\(hue(item, index))' fs transparent solid 0.18 notitle"
        )
      }
      parts.append("\(source) 1:2 with lines lw 2\(dashes(item, index)) \(color) \(title)")
    case .faint:
      parts.append("\(source) 1:2 with lines lw 0.7 lc rgb '#b0b0b0' notitle")
    case .points:
      let shape = shape(item, index)
      if hasInterval { parts.append("\(source) 1:2:3:4 with yerrorbars \(color) pt \(shape) ps 0.5 notitle") }
      parts.append("\(source) 1:2 with points pt \(shape) ps 0.6 \(color) \(title)")
    case .spans:
      parts.append("\(source) 1:2:3:4 with xerrorbars lw 1.5 \(color) pt 7 ps 0.6 \(title)")
    }
    if let labels = item.labels { add(labels, of: item, index) }
  }

  private mutating func add(_ labels: [String], of item: Plot.Series, _ index: Int) {
    let rows = labels.indices.filter { !labels[$0].isEmpty && item.x[$0].isFinite && item.y[$0].isFinite }
    guard !rows.isEmpty else { return }
    // In a block of data a text stands in double quotes.
    let lines = rows.map { i in
      "\(item.x[i]) \(item.y[i]) \"\(labels[i].replacing("\\", with: "\\\\").replacing("\"", with: "'"))\""
    }
    data += ["$labels\(index) << END"] + lines + ["END"]
    parts.append(
      "$labels\(index) using 1:2:3 with labels left offset 0.6,0.4 font ',10' noenhanced textcolor rgb '#333333' notitle"
    )
  }

  private mutating func add(_ counts: [Int], above item: Plot.Series) {
    addBlock("counts", zip(item.x, counts).map { [$0, Double($1)] })
    let label = "(sprintf('%d', int($2)))"
    parts.append(
      "$counts using 1:(\(plot.yRange?.upperBound ?? item.y.max() ?? 1)):\(label) with labels offset 0,-0.7 font ',10' textcolor rgb '#333333' notitle"
    )
  }

  private mutating func add(_ cells: Plot.Cells) {
    addBlock(
      "cells",
      cells.rows.enumerated().flatMap { row, values in
        values.enumerated().map { [Double($0.offset), Double(row), $0.element] }
      })
    // Blue to red through white where zero is the middle, else viridis (van der Walt and Smith 2015).
    let isCentered = cells.range.map { $0.lowerBound == -$0.upperBound } ?? false
    let palette =
      isCentered
      ? "0 '#2166ac', 0.25 '#92c5de', 0.5 '#f7f7f7', 0.75 '#f4a582', 1 '#b2182b'"
      : "0 '#440154', 0.25 '#3b528b', 0.5 '#21918c', 0.75 '#5ec962', 1 '#fde725'"
    data += [
      "set palette defined (\(palette))", "set cblabel \(quoted(cells.label)) noenhanced", "unset key", "unset grid",
      "set xrange [-0.5:\(Double(cells.rows[0].count) - 0.5)]",
      "set yrange [\(Double(cells.rows.count) - 0.5):-0.5]",
      cells.rowNames.isEmpty
        ? "set ytics autofreq"
        : "set ytics (\(cells.rowNames.enumerated().map { "\(quoted($0.element)) \($0.offset)" }.joined(separator: ", "))) noenhanced",
      cells.range.map { "set cbrange [\($0.lowerBound):\($0.upperBound)]" } ?? "set autoscale cb",
    ]
    // Drawn as rectangles: an image would be a file of its own.
    parts.append("$cells using 1:2:3 with image pixels")
  }

  private mutating func addBlock(_ name: String, _ rows: [[Double]], breaks: Bool = false) {
    let lines = rows.map { row in
      // Only an empty line breaks a line: what is missing is left out of it.
      breaks && !row.allSatisfy(\.isFinite) ? "" : row.map { $0.isFinite ? "\($0)" : "NaN" }.joined(separator: " ")
    }
    data += ["$\(name) << END"] + lines + ["END"]
  }

  /// Text in gnuplot's single quotes, where nothing is substituted.
  private func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: "''").replacing("\n", with: " ") + "'"
  }
}
