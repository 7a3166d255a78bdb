import Foundation
import Reports
import Statistics
import TestSupport
import Testing

@Suite struct PlotTests {
  @Test(arguments: samplePlots().map(\.name))
  func everyKindIsDrawn(name: String) throws {
    let plot = try #require(samplePlots().first { $0.name == name })
    let svg = try Gnuplot().draw(plot)
    #expect(svg.hasPrefix("<svg") && svg.hasSuffix("</svg>"))
    #expect(svg.contains(plot.title) && (plot.yLabel.isEmpty || svg.contains(plot.yLabel)))
    #expect(try Gnuplot().draw(plot) == svg)
  }

  /// Rows stand from the least down, each under its name; what has no value is left out.
  @Test func rowsAreSortedAndNamed() throws {
    let plot = try #require(samplePlots().first { $0.name == "ranking" })
    #expect(plot.rowNames.count == 17 && !plot.rowNames.contains("diverged"))
    #expect(plot.series.map { $0.x[0] } == plot.series.map { $0.x[0] }.sorted())
    #expect(plot.series.map { $0.y[0] } == (0..<17).map(Double.init) && plot.series.count { $0.color == 1 } == 1)
    // One without an interval is a point.
    let alone = try #require(plot.series.first { $0.name == "alone" })
    #expect(alone.low == alone.x && alone.high == alone.x)
    let svg = try Gnuplot().draw(plot)
    for name in plot.rowNames { #expect(svg.contains(">\(name)<") || svg.contains(" \(name)<"), "\(name)") }
  }

  /// No two of 28 lines or points look alike: where colours are used up, dashes and shapes differ.
  @Test func noTwoSeriesLookAlike() {
    let names = (0..<28).map { "s\($0)" }
    for style in [Plot.Series.Style.line, .points] {
      let plot = Plot(
        name: "looks", title: "Looks", xLabel: "x", yLabel: "y",
        series: names.map { .init(name: $0, x: [0, 1], y: [1, 2], style: style) })
      let looks = PlotScript(plot).text.split(separator: "\n").filter { $0.contains(" with ") }
        .map { $0.split(separator: " using ").last!.components(separatedBy: " title ")[0] }
      #expect(looks.count == 28 && Set(looks).count == 28)
    }
  }

  /// Names are data: nothing in them is run, or changes the script.
  @Test(arguments: ["it's 'quoted'", "`touch /tmp/x`", "a\nset output 'x'", "back\\", "$data0 @x _i ^2 {b}", "<&>\""])
  func textIsDrawnAsItIs(text: String) throws {
    let plot = Plot(
      name: "text", title: text, xLabel: text, yLabel: text,
      series: [.init(name: text, x: [0, 1], y: [1, 2]), .init(name: "other", x: [0, 1], y: [2, 3])])
    let svg = try Gnuplot().draw(plot)
    let shown = text.replacing("\n", with: " ").replacing("&", with: "&amp;").replacing("<", with: "&lt;")
    #expect(svg.ranges(of: shown).count >= 4)
  }

  @Test func holesInTheData() throws {
    let series = Plot.Series(
      name: "loss", x: [0, 1, 2, 3], y: [1, .nan, .infinity, 2], low: [0.5, .nan, .nan, 1], high: [2, .nan, .nan, 3])
    let plot = Plot(name: "holes", title: "Holes", xLabel: "step", yLabel: "loss", series: [series])
    #expect(try Gnuplot().draw(plot).contains("Holes"))
  }

  /// Where no point is a number, or none lies where it is looked, a range of one axis, or of both, changes nothing.
  @Test(arguments: [false, true], [false, true]) func noPointHasAPlace(hasX: Bool, hasY: Bool) throws {
    for (x, y) in [([1, 2], [.nan, .infinity]), ([1e12, 2e12], [1e12, 1e12])] {
      var plot = Plot(
        name: "nowhere", title: "Nowhere", xLabel: "x", yLabel: "y",
        series: [.init(name: "points", x: x, y: y, style: .points, labels: ["a", "b"])])
      if hasX { plot.xRange = -1...1 }
      if hasY { plot.yRange = -1...1 }
      #expect(try Gnuplot().draw(plot).contains("Nowhere"))
    }
  }

  /// A run may be too short for a plot; its report is drawn all the same.
  @Test(arguments: [[], [Double.nan, .infinity], [-1, 0]])
  func nothingToDraw(y: [Double]) throws {
    let x = y.indices.map { Double($0 + 1) }
    var power = Plot.powerLaw(name: "law", title: "Law", xLabel: "k", yLabel: "rate", series: "mean", x: x, y: y)
    power.isLogX = true
    let svg = try Gnuplot().draw(power)
    #expect(svg.contains("Law") && svg.contains("no data"))
  }

  /// More than a pipe holds.
  @Test func manyPoints() throws {
    let x = (0..<40_000).map(Double.init)
    let plot = Plot(
      name: "many", title: "Many", xLabel: "x", yLabel: "y",
      series: [.init(name: "sine", x: x, y: x.map { sin($0 / 1e3) })])
    #expect(try Gnuplot().draw(plot).contains("</svg>"))
  }

  @Test func whatCannotBeDrawnIsSaid() throws {
    var plot = Plot(name: "logs", title: "Logs", xLabel: "", yLabel: "", series: [.init(name: "a", x: [1], y: [-1])])
    plot.isLogY = true
    (plot.xRange, plot.yRange) = (0...2, -2...(-1))
    do {
      _ = try Gnuplot().draw(plot)
      Issue.record("a negative range was drawn on a logarithmic axis")
    } catch { #expect("\(error)".contains("gnuplot could not draw logs")) }
  }

  @Test func withoutGnuplotTheErrorSaysHowToInstallIt() {
    do {
      _ = try Gnuplot(searchPath: "/nowhere:/neither")
      Issue.record("gnuplot was found where it is not")
    } catch { #expect("\(error)".contains("apt-get install gnuplot-nox")) }
  }

  @Test func dataAsCSV() {
    let series = Plot.Series(name: "a \"b\", c", x: [0, 1], y: [2, .nan], low: [1, 1], high: [3, 3], style: .line)
    let plot = Plot(name: "x", title: "", xLabel: "", yLabel: "", series: [series])
    #expect(plot.csv == "series,x,y,low,high\n\"a \"\"b\"\", c\",0.0,2.0,1.0,3.0\n\"a \"\"b\"\", c\",1.0,nan,1.0,3.0\n")
    let heat = Plot.heatMap(name: "h", title: "", xLabel: "", yLabel: "", valueLabel: "", rows: [[1, 2], [3, 4]])
    #expect(heat.csv == "row,column,value\n0,0,1.0\n0,1,2.0\n1,0,3.0\n1,1,4.0\n")
    let reliability = Plot.reliability(
      name: "r", title: "", confidence: [0.25, 0.75], accuracy: [0.2, 0.7], counts: [4, 9])
    #expect(reliability.csv == "series,x,y,low,high,count\n\"accuracy\",0.25,0.2,,,4\n\"accuracy\",0.75,0.7,,,9\n")
  }

  /// Contours are broken where a point is missing, and have no place in the legend.
  @Test func faintLinesAreBroken() throws {
    func drawing(_ middle: Double) throws -> String {
      let lines = Plot.Series(name: "level", x: [0, 1, middle, 2, 3], y: [0, 1, middle, 1, 0], style: .faint)
      let path = Plot.Series(name: "path", x: [0, 3], y: [0, 1])
      var plot = Plot(name: "c", title: "", xLabel: "", yLabel: "", series: [path, lines])
      (plot.xRange, plot.yRange) = (0...3, 0...2)
      return try Gnuplot().draw(plot)
    }
    let (broken, whole) = (try drawing(.nan), try drawing(1.5))
    #expect(broken.contains("path") && !broken.contains(">level<"))
    // A line that begins anew moves to its next point.
    let moves = { (text: String) in text.components(separatedBy: "M").count }
    #expect(moves(broken) == moves(whole) + 1)
  }

  /// Points and rows carry their names, whatever characters those have.
  @Test func namesAreDrawn() throws {
    let named = Plot(
      name: "n", title: "", xLabel: "", yLabel: "",
      series: [
        .init(name: "a", x: [1, 2, 3], y: [1, 2, .nan], style: .points, labels: ["do\\n't", "", "say \"x\""])
      ])
    #expect(named.csv.hasPrefix("series,x,y,low,high,label\n\"a\",1.0,1.0,,,\"do\\n't\"\n\"a\",2.0,2.0,,,\"\"\n"))
    let drawing = try Gnuplot().draw(named)
    #expect(drawing.contains("do\\n") && !drawing.contains("say"))
    let heat = Plot.heatMap(
      name: "h", title: "", xLabel: "", yLabel: "", valueLabel: "", rows: [[1, 2], [3, 4]],
      rowNames: ["first row", "it's"])
    #expect(try Gnuplot().draw(heat).contains("first row"))
  }

  /// The line drawn is the one fitted, and the legend tells its exponent.
  @Test func powerLaws() throws {
    let x = [1.0, 2, 4, 8, 16]
    let plot = Plot.powerLaw(
      name: "p", title: "", xLabel: "", yLabel: "", series: "s", x: x, y: x.map { 5 * pow($0, -0.75) })
    let line = try #require(plot.series.last)
    #expect(line.name.hasPrefix("exponent -0.75"))
    for (x, y) in zip(line.x, line.y) { #expect(abs(y - 5 * pow(x, -0.75)) < rounding(terms: 40, scale: 5)) }
    #expect(
      Plot.powerLaw(name: "p", title: "", xLabel: "", yLabel: "", series: "s", x: [1, 2], y: [1, 0]).series.count == 1)
  }
}
