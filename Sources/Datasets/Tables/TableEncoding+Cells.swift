/// Cells that no file holds: what a model says where a column has a given value.
extension TableEncoding {
  /// Where each column's features lie among all: in the order of `inputs`.
  public var featureRanges: [Range<Int>] {
    var start = 0
    return inputs.map { input in
      defer { start += input.features.count }
      return start..<start + input.features.count
    }
  }

  /// The features of one column, [cells, features of the column], for cells as a file would have them; nil is a
  /// missing one.
  ///
  /// - Throws: `DatasetError` for a column that does not exist, or a cell that it cannot hold.
  public func features(ofColumn name: String, cells: [String?]) throws -> NDArray {
    guard let input = inputs.first(where: { $0.column == name }) else {
      throw DatasetError("the model", "uses no column \(name); \(NearestText.hint(name, inputs.map(\.column)))")
    }
    let builder = try TableBuilder("cells of \(name)", names: [name])
    let column = builder.columns[0]
    if input.kind == .category || input.kind == .text { column.becomeText(rows: 0) }
    for cell in cells {
      builder.beginRow(line: builder.rowCount + 1)
      if let cell {
        _ = column.put(cell, row: builder.rowCount, decimal: UInt8(ascii: "."))
      } else {
        column.putMissing(row: builder.rowCount)
      }
      builder.endRow()
    }
    let own = TableEncoding(
      inputs: [input], targets: [], targetScale: nil, classes: [], hasHeader: true, decimal: nil,
      missing: missing)
    return try own.features(of: try builder.table(notes: [], hasHeader: true)).array
  }
}
