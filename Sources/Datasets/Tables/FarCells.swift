/// Cells so far from all others of their column that they are slips rather than a tail: a 1e30 among numbers below 10.
///
/// The distance is from the median. A cell is far where it is a thousand times the range that holds the middle half, and
/// a hundred times the furthest of all nearer ones: a heavy tail is long, but has no such gap (of Cauchy's distribution the
/// furthest of any number of cells leaves one by a chance of 1 %, of a lognormal one with deviation 2 hardly ever).
struct FarCells {
  let count: Int
  /// Cells that hold something.
  let present: Int
  /// The row of the first.
  let first: Int
  /// Where the middle half lies.
  let low: Double, high: Double

  private static let ranges = 1000.0
  private static let gap = 100.0

  /// Nil where there are none, or so many that they are no slips.
  ///
  /// - Parameter value: a row's number; NaN where nothing is.
  init?(rows: Int, _ value: (Int) -> Double) {
    // Quartiles of every k-th row where they are more than 10,000.
    let sample = stride(from: 0, to: rows, by: max(rows / 10_000, 1)).map(value).filter(\.isFinite).sorted()
    guard sample.count >= 20 else { return nil }
    let median = sample[sample.count / 2]
    (low, high) = (sample[sample.count / 4], sample[3 * sample.count / 4])
    var range = high - low
    if range == 0 {
      // More than half are one value: the others say what is usual.
      let others = sample.map { abs($0 - median) }.filter { $0 > 0 }.sorted()
      guard !others.isEmpty else { return nil }
      range = others[others.count / 2]
    }
    var (far, present, near) = ([(distance: Double, row: Int)](), 0, 0.0)
    for row in 0..<rows {
      let distance = abs(value(row) - median)
      if distance.isNaN { continue }
      present += 1
      if distance > Self.ranges * range { far.append((distance, row)) } else { near = max(near, distance) }
    }
    guard !far.isEmpty, 10 * far.count <= present else { return nil }
    far.sort { $0.distance < $1.distance }
    let edge = far.indices.first { far[$0].distance > Self.gap * ($0 > 0 ? far[$0 - 1].distance : near) }
    guard let edge else { return nil }
    (self.present, count) = (present, far.count - edge)
    first = far[edge...].map(\.row).min()!
  }
}
