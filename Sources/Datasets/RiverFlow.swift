/// River Flow 1 of the Mulan collection: flows at eight sites, to be predicted two days ahead.
public enum RiverFlow {
  /// The number of columns to predict, the last ones.
  public static let targetCount = 8

  /// Rows with a missing value are left out, and the data set's name says how many. The first four fifths, in
  /// time, train; the rest test.
  ///
  /// - Throws: `DatasetError` where the file is no table of numbers, or has too few columns or rows.
  public static func load(_ path: String) throws -> (train: Dataset, test: Dataset) {
    let table = try Table.read(path)
    let columns = table.columns
    if let text = columns.first(where: \.isText) { throw DatasetError(path, "attribute \(text.name) is no number") }
    let features = columns.count - targetCount
    guard features > 0 else {
      throw DatasetError(path, "has \(columns.count) attributes; more than \(targetCount) are needed")
    }
    let rows = (0..<table.rowCount).map { row in columns.map { $0.number(row) } }.filter {
      !$0.contains(where: \.isNaN)
    }
    let dropped = table.rowCount - rows.count
    guard rows.count >= 5 else { throw DatasetError(path, "has \(rows.count) complete rows; 5 are needed") }
    func part(_ range: Range<Int>) -> Dataset {
      let chosen = rows[range]
      return Dataset(
        name: "river-flow-1 (\(dropped) incomplete rows left out)",
        features: .numbers(
          NDArray(chosen.flatMap { $0.prefix(features).map { Float($0) } }, shape: [range.count, features])),
        targets: .numbers(
          NDArray(chosen.flatMap { $0.suffix(targetCount).map { Float($0) } }, shape: [range.count, targetCount])))
    }
    let cut = rows.count * 4 / 5
    return (part(0..<cut), part(cut..<rows.count))
  }
}
