/// Lines of equal value of a function that is known on a grid.
public struct ContourLines: Sendable {
  /// Pieces of lines, one after another; between two pieces stands a point that is not a number.
  public let (x, y): ([Double], [Double])
  /// Their values, those that do not occur too.
  public let levels: [Double]

  /// - Parameters:
  ///   - values: at each x a row of one value for each y; cells with a corner that is not finite are left out.
  ///   - columns: the grid along x, rising.
  ///   - rows: the grid along y, rising.
  ///   - count: how many lines, none where there are no more values than that; their values lie evenly among those of the grid, so that each has as much room.
  public init(_ values: [[Double]], columns: [Double], rows: [Double], count: Int) {
    precondition(
      values.count == columns.count && values.allSatisfy { $0.count == rows.count }, "a value for each point")
    let sorted = values.joined().filter(\.isFinite).sorted()
    var (xs, ys): ([Double], [Double]) = ([], [])
    levels = sorted.count > count ? (0..<count).map { sorted[(2 * $0 + 1) * sorted.count / (2 * count)] } : []
    for level in levels {
      for i in columns.indices.dropLast() {
        for j in rows.indices.dropLast() {
          // Where the line crosses the four sides of a cell, by straight lines between its corners.
          let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
          let heights = corners.map { values[$0.0][$0.1] - level }
          guard heights.allSatisfy(\.isFinite) else { continue }
          var crossings: [(x: Double, y: Double)] = []
          for side in 0..<4 {
            let (p, q) = (heights[side], heights[(side + 1) % 4])
            guard (p < 0) != (q < 0) else { continue }
            let (from, to, share) = (corners[side], corners[(side + 1) % 4], p / (p - q))
            crossings.append(
              (
                columns[from.0] + share * (columns[to.0] - columns[from.0]),
                rows[from.1] + share * (rows[to.1] - rows[from.1])
              ))
          }
          for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
            xs += [crossings[pair].x, crossings[pair + 1].x, .nan]
            ys += [crossings[pair].y, crossings[pair + 1].y, .nan]
          }
        }
      }
    }
    (x, y) = (xs, ys)
  }
}
