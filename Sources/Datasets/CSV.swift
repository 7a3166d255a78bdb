import Foundation

/// Rows of numbers with a target column, from comma-separated text.
public enum CSV {
  /// The cells of a text: quoted fields may hold commas, quotes (doubled) and line breaks.
  static func cells(_ text: String, _ path: String) throws -> [(line: Int, cells: [String])] {
    var rows: [(line: Int, cells: [String])] = []
    var row: [String] = []
    var cell = ""
    var quoted = false
    var line = 1
    var start = 1
    var characters = text.makeIterator()
    var pending: Character? = characters.next()
    func endRow() {
      row.append(cell)
      cell = ""
      if row != [""] { rows.append((start, row)) }
      row = []
    }
    while let character = pending {
      pending = characters.next()
      if character.isNewline { line += 1 }
      if quoted {
        if character == "\"" {
          if pending == "\"" {
            cell.append("\"")
            pending = characters.next()
          } else {
            quoted = false
          }
        } else {
          cell.append(character)
        }
      } else if character == "\"" && cell.isEmpty {
        quoted = true
      } else if character == "," {
        row.append(cell)
        cell = ""
      } else if character.isNewline {
        endRow()
        start = line
      } else {
        cell.append(character)
      }
    }
    guard !quoted else { throw DatasetError(path, "a quoted field that starts in line \(start) never ends") }
    if !cell.isEmpty || !row.isEmpty { endRow() }
    return rows
  }

  /// A data set of all columns but the target. The first row is a header when one of its feature cells is no number.
  ///
  /// - Parameters:
  ///   - target: the target column's name or position (from 0); the last when nil.
  ///   - classes: whether the target is a class; nil decides: it is when a cell is no number, or when all are whole
  ///     numbers with at most 20 different values.
  public static func dataset(_ path: String, target: String? = nil, classes: Bool? = nil) throws -> Dataset {
    let data = try Gzip.contents(path)
    guard let text = String(data: data, encoding: .utf8) else { throw DatasetError(path, "is no UTF-8 text") }
    var rows = try cells(text, path)
    guard let first = rows.first else { throw DatasetError(path, "is empty") }
    func number(_ cell: String) -> Double? { Double(cell.trimmingCharacters(in: .whitespaces)) }
    let hasHeader = first.cells.dropLast().contains { number($0) == nil } && rows.count > 1
    let header = hasHeader ? first.cells : first.cells.indices.map { "column \($0)" }
    if hasHeader { rows.removeFirst() }
    let column: Int
    if let target {
      guard let found = header.firstIndex(of: target) ?? Int(target).flatMap({ header.indices.contains($0) ? $0 : nil })
      else { throw DatasetError(path, "has no column \(target); there are: \(header.joined(separator: ", "))") }
      column = found
    } else {
      column = header.count - 1
    }
    var features: [Float] = []
    var targets: [String] = []
    for (line, cells) in rows {
      guard cells.count == header.count else {
        throw DatasetError(path, "line \(line) has \(cells.count) cells and not \(header.count)")
      }
      for (index, cell) in cells.enumerated() where index != column {
        guard let value = number(cell), value.isFinite else {
          throw DatasetError(path, "line \(line), column \(header[index]): \"\(cell)\" is no finite number")
        }
        features.append(Float(value))
      }
      targets.append(cells[column].trimmingCharacters(in: .whitespaces))
    }
    guard !rows.isEmpty, header.count > 1 else {
      throw DatasetError(path, "has no rows, or no columns besides the target")
    }
    let values = targets.map { Double($0) }
    let whole = values.allSatisfy { $0 != nil && $0! == $0!.rounded() } && Set(targets).count <= 20
    let array = NDArray(features, shape: [rows.count, header.count - 1])
    if classes ?? (whole || values.contains { $0 == nil }) {
      let names = Set(targets).sorted { a, b in
        guard let x = Double(a), let y = Double(b) else { return a < b }
        return x < y
      }
      let labels = targets.map { Int32(names.firstIndex(of: $0)!) }
      return Dataset(name: path, features: .numbers(array), targets: .classes(labels), classNames: names)
    }
    guard let plain = Optional(values.compactMap { $0 }), plain.count == values.count, plain.allSatisfy(\.isFinite)
    else {
      throw DatasetError(path, "the target column \(header[column]) holds something that is no finite number")
    }
    return Dataset(
      name: path, features: .numbers(array),
      targets: .numbers(NDArray(plain.map { Float($0) }, shape: [plain.count, 1])))
  }
}
