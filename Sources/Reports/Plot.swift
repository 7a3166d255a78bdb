/// What a plot shows, without a word of how it is drawn.
public struct Plot: Sendable {
  /// Points of one name; `low` and `high` make a band or an error bar.
  public struct Series: Sendable {
    public enum Style: Sendable { case line, points, bars }

    public var name: String
    public var x: [Double]
    public var y: [Double]
    public var low: [Double]?
    public var high: [Double]?
    public var style: Style

    public init(
      name: String, x: [Double], y: [Double], low: [Double]? = nil, high: [Double]? = nil, style: Style = .line
    ) {
      precondition(x.count == y.count && (low?.count ?? x.count) == x.count && (high?.count ?? x.count) == x.count)
      self.name = name
      self.x = x
      self.y = y
      self.low = low
      self.high = high
      self.style = style
    }
  }

  /// File name of its data, without an ending.
  public var name: String
  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  public var isLogX = false
  public var isLogY = false
  /// Names under the bars, where x counts categories from 0.
  public var categories: [String] = []
  /// Distance of groups of bars along x, where there are no categories.
  public var barSpacing = 1.0
  /// Draws y = x.
  public var hasDiagonal = false

  public init(name: String, title: String, xLabel: String, yLabel: String, series: [Series]) {
    self.name = name
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.series = series
  }

  /// The data as CSV: series, x, y, low, high.
  public var csv: String {
    var lines = ["series,x,y,low,high"]
    for item in series {
      for i in item.x.indices {
        let bounds = [item.low?[i], item.high?[i]].map { $0.map { "\($0)" } ?? "" }.joined(separator: ",")
        lines.append("\"\(item.name.replacing("\"", with: "\"\""))\",\(item.x[i]),\(item.y[i]),\(bounds)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
