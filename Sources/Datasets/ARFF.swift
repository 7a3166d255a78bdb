import Foundation

/// A table of numbers in Weka's attribute-relation format; missing values stay visible as nil.
public struct ARFFTable: Sendable {
  public var attributes: [String]
  /// One list for each row, as long as `attributes`; nil where the file says "?".
  public var rows: [[Double?]]

  /// Rows without a missing value, and how many others there are.
  public var complete: (rows: [[Double]], dropped: Int) {
    let kept = rows.compactMap { row -> [Double]? in
      let values = row.compactMap { $0 }
      return values.count == row.count ? values : nil
    }
    return (kept, rows.count - kept.count)
  }

  /// Reads a file with numeric attributes and dense rows.
  /// - Throws: `DatasetError` that names the line.
  public init(path: String) throws {
    guard let text = String(data: try Gzip.contents(path), encoding: .utf8) else {
      throw DatasetError(path, "is no UTF-8 text")
    }
    try self.init(text: text, source: path)
  }

  /// Reads a text; `source` names it in errors.
  public init(text: String, source: String) throws {
    var attributes: [String] = []
    var rows: [[Double?]] = []
    var inData = false
    for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = raw.trimmingCharacters(in: .whitespaces)
      if line.isEmpty || line.hasPrefix("%") { continue }
      let number = index + 1
      guard inData else {
        let keyword = line.prefix { !$0.isWhitespace }.lowercased()
        switch keyword {
        case "@relation": continue
        case "@attribute": attributes.append(try Self.attribute(line, number, source))
        case "@data": inData = true
        default: throw DatasetError(source, "line \(number): \(line.prefix(40)) is no @relation, @attribute or @data")
        }
        continue
      }
      guard !line.hasPrefix("{") else {
        throw DatasetError(source, "line \(number) is sparse; only dense rows are read")
      }
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      guard cells.count == attributes.count else {
        throw DatasetError(source, "line \(number) has \(cells.count) values and not \(attributes.count)")
      }
      rows.append(
        try zip(cells, attributes).map { cell, name in
          let cell = cell.trimmingCharacters(in: .whitespaces)
          if cell == "?" { return nil }
          guard let value = Double(cell), value.isFinite else {
            throw DatasetError(source, "line \(number), attribute \(name): \"\(cell)\" is no finite number and no ?")
          }
          return value
        })
    }
    guard inData else { throw DatasetError(source, "has no @data") }
    guard !attributes.isEmpty, !rows.isEmpty else { throw DatasetError(source, "has no attributes or no rows") }
    (self.attributes, self.rows) = (attributes, rows)
  }

  private static func attribute(_ line: String, _ number: Int, _ source: String) throws -> String {
    var rest = line.dropFirst("@attribute".count).drop(while: \.isWhitespace)
    let name: Substring
    if let quote = rest.first, quote == "'" || quote == "\"" {
      rest = rest.dropFirst()
      guard let end = rest.firstIndex(of: quote) else {
        throw DatasetError(source, "line \(number): the attribute's name has no closing \(quote)")
      }
      name = rest[..<end]
      rest = rest[rest.index(after: end)...]
    } else {
      name = rest.prefix { !$0.isWhitespace }
      rest = rest.dropFirst(name.count)
    }
    let type = rest.trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, ["numeric", "real", "integer"].contains(type.lowercased()) else {
      throw DatasetError(
        source, "line \(number): attribute \(name) is \"\(type)\"; only numeric, real, integer are read")
    }
    return String(name)
  }
}
