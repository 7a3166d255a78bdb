import Foundation

/// How a model's columns are found in another file.
extension TableEncoding {
  /// Reads another table as the training table was read, where the format says nothing else: with its decimal sign, and
  /// without a header where it had none.
  ///
  /// - Throws: `DatasetError` naming line and column.
  public func read(_ path: String, _ format: TableFormat = TableFormat()) throws -> Table {
    var format = format
    // Earlier versions took a first row of another width for a header; columns by position then need none.
    if format.header == nil, !(hasHeader && isByPosition) { format.header = hasHeader }
    return try Table.read(path, format, decimal: decimal)
  }

  /// Whether columns are called by their position.
  private var isByPosition: Bool {
    inputs.allSatisfy { $0.column.hasPrefix("column ") && Int($0.column.dropFirst("column ".count)) != nil }
  }

  /// The inputs' columns.
  ///
  /// - Throws: `DatasetError` that names those that are missing, and what is there instead.
  func columns(of table: Table) throws -> [TableColumn] {
    let known = Dictionary(table.columns.map { ($0.name, $0) }) { first, _ in first }
    let lacking = inputs.map(\.column).filter { known[$0] == nil }
    guard lacking.isEmpty else {
      var reason =
        "lacks the column\(lacking.count == 1 ? "" : "s") \(NearestText.list(lacking)) of the training data; "
      reason += nearest(lacking, in: table)
      if lacking.count == inputs.count, isByPosition, table.hasHeader {
        reason += "; where its first row holds no names, say --header no"
      } else if lacking.count == inputs.count, !isByPosition {
        reason += "; its first row has to hold the names of the training data"
      }
      throw DatasetError(table.source, reason)
    }
    return inputs.map { input in
      let column = known[input.column]!
      column.settleMarks(as: input.kind, rows: table.rowCount)
      return column
    }
  }

  /// Which of a table's other columns were meant, or all that there are.
  func nearest(_ lacking: [String], in table: Table) -> String {
    let names = table.columns.map(\.name)
    let free = names.filter { name in !targets.contains(name) && !inputs.contains { $0.column == name } }
    let near = lacking.compactMap { name in NearestName.of(name, among: free).map { (meant: name, found: $0) } }
    if lacking.count == 1, let only = near.first { return "is \(only.found) that column?" }
    if near.isEmpty { return "there are: " + NearestText.list(names) }
    return "near to them are " + NearestText.list(near.map { "\($0.found) (\($0.meant))" })
  }
}
