@_exported import Preconditions

/// What a plot shows, without a word of how it is drawn.
public struct Plot: Sendable {
  /// Points of one name; `low` and `high` make a band or an error bar.
  public struct Series: Sendable {
    /// How the points are drawn.
    public enum Style: Sendable {
      case line, points, bars
      /// Bars as wide as their distance, as of a histogram.
      case steps
      /// Thin grey lines without a place in the legend, broken where a point is not finite, as contours.
      case faint
      /// Points whose `low` and `high` are along x.
      case spans
    }

    /// In the legend.
    public var name: String
    /// One for each point.
    public var x: [Double]
    /// One for each point; what is not finite is left out.
    public var y: [Double]
    /// The lower ends of band or bars; nil for none.
    public var low: [Double]?
    /// The upper ends of band or bars; nil for none.
    public var high: [Double]?
    /// How the points are drawn.
    public var style: Style
    /// A name beside each point; an empty one is not drawn.
    public var labels: [String]?
    /// Position of its colour, for series that belong together; its own position in the plot where nil.
    public var color: Int?

    public init(
      name: String, x: [Double], y: [Double], low: [Double]? = nil, high: [Double]? = nil, style: Style = .line,
      labels: [String]? = nil, color: Int? = nil
    ) {
      precondition(x.count == y.count && (low?.count ?? x.count) == x.count && (high?.count ?? x.count) == x.count)
      precondition((labels?.count ?? x.count) == x.count, "one label for each point")
      self.labels = labels
      self.color = color
      self.name = name
      self.x = x
      self.y = y
      self.low = low
      self.high = high
      self.style = style
    }
  }

  /// A matrix drawn as colours, the first row on top.
  public struct Cells: Sendable {
    /// Rows of one length.
    public var rows: [[Double]]
    /// What the colours mean, with a unit.
    public var label: String
    /// The values at the ends of the colour scale; those of the data where there is none.
    public var range: ClosedRange<Double>?
    /// Names of the rows; none where this is empty.
    public var rowNames: [String] = []
  }

  /// File name of its data, without an ending: letters, digits, points, underscores and hyphens.
  public var name: String
  /// Above the plot.
  public var title: String
  /// What x is, with its unit.
  public var xLabel: String
  /// What y is, with its unit.
  public var yLabel: String
  /// In the order of the legend.
  public var series: [Series]
  /// Whether x is drawn on a logarithmic axis.
  public var isLogX = false
  /// Whether y is drawn on a logarithmic axis.
  public var isLogY = false
  /// Names under the bars, where x counts categories from 0.
  public var categories: [String] = []
  /// Names beside the rows, where y counts rows from 0 downwards.
  public var rowNames: [String] = []
  /// Distance of groups of bars along x, where there are no categories.
  public var barSpacing = 1.0
  /// Draws y = x.
  public var hasDiagonal = false
  /// Numbers above the bars of the first series, at the top of the plot, as the counts of a reliability diagram.
  public var counts: [Int]?
  /// Limits of the axes; what the data need where there are none.
  public var xRange: ClosedRange<Double>?
  /// Limits of y; what the data need where there are none.
  public var yRange: ClosedRange<Double>?
  /// Cells of colour instead of series.
  public var cells: Cells?

  public init(name: String, title: String, xLabel: String, yLabel: String, series: [Series]) {
    self.name = name
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
  }

  /// The data as CSV: series, x, y, low, high, and the counts where there are any; of cells row, column, value.
  public var csv: String {
    if let cells {
      let lines = cells.rows.enumerated().flatMap { row, values in
        values.enumerated().map { "\(row),\($0.offset),\($0.element)" }
      }
      return (["row,column,value"] + lines).joined(separator: "\n") + "\n"
    }
    let hasLabels = series.contains { $0.labels != nil }
    var lines = ["series,x,y,low,high" + (counts == nil ? "" : ",count") + (hasLabels ? ",label" : "")]
    for (index, item) in series.enumerated() {
      for i in item.x.indices {
        let bounds = [item.low?[i], item.high?[i]].map { $0.map { "\($0)" } ?? "" }.joined(separator: ",")
        let count = counts.map { index == 0 ? ",\($0[i])" : "," } ?? ""
        let label = hasLabels ? ",\(Self.field(item.labels?[i] ?? ""))" : ""
        lines.append("\(Self.field(item.name)),\(item.x[i]),\(item.y[i]),\(bounds)\(count)\(label)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func field(_ text: String) -> String { "\"\(text.replacing("\"", with: "\"\""))\"" }
}
