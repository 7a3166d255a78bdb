import Foundation

/// Reads Weka's attribute-relation format: numeric, nominal, string and date attributes, dense and sparse rows, quotes,
/// comments, missing values; keywords in any case.
final class ARFFReader {
  private let source: String
  private let lines: [Substring]

  /// - Throws: `DatasetError` where the file cannot be read.
  init(_ path: String) throws {
    let data = try Gzip.contents(path)
    let text = data.withUnsafeBytes { Text.decode($0.bindMemory(to: UInt8.self)) }
    source = path
    lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  /// - Parameter source: names the text in errors.
  init(text: String, source: String) {
    self.source = source
    lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
  }

  private struct Attribute {
    var name: String
    var kind: ColumnKind
    /// The values of a nominal attribute, in their order.
    var values: [String] = []
  }

  /// - Throws: `DatasetError` that names the line.
  func read() throws -> Table {
    var attributes: [Attribute] = []
    var index = 0
    var isData = false
    while index < lines.count, !isData {
      var line = lines[index].trimmingCharacters(in: .whitespaces)
      let number = index + 1
      index += 1
      if line.isEmpty || line.hasPrefix("%") { continue }
      // A list of values may go over several lines.
      if line.contains("{") {
        while !line.contains("}"), index < lines.count {
          line += " " + lines[index].trimmingCharacters(in: .whitespaces)
          index += 1
        }
      }
      switch line.prefix(while: { !$0.isWhitespace }).lowercased() {
      case "@relation": continue
      case "@attribute": attributes.append(try attribute(line, number))
      case "@data": isData = true
      default: throw DatasetError(source, "line \(number): \(line.prefix(40)) is no @relation, @attribute or @data")
      }
    }
    guard isData else { throw DatasetError(source, "has no @data") }
    guard !attributes.isEmpty else { throw DatasetError(source, "has no attributes or no rows") }
    let builder = try TableBuilder(source, names: attributes.map(\.name))
    for (column, attribute) in zip(builder.columns, attributes) {
      column.declared = attribute.kind
      if attribute.kind != .number { column.declare(words: attribute.values) }
    }
    for at in index..<lines.count {
      let line = lines[at].trimmingCharacters(in: .whitespaces)
      if line.isEmpty || line.hasPrefix("%") { continue }
      builder.beginRow(line: at + 1)
      try put(line, at + 1, attributes, builder)
      builder.endRow()
    }
    guard builder.rowCount > 0 else { throw DatasetError(source, "has no attributes or no rows") }
    return try builder.table(notes: [], hasHeader: true)
  }

  private func put(_ line: String, _ number: Int, _ attributes: [Attribute], _ builder: TableBuilder) throws {
    let row = builder.rowCount
    func put(_ cell: ARFFCell, _ index: Int) throws {
      let (column, attribute) = (builder.columns[index], attributes[index])
      if cell.text == "?", !cell.isQuoted { return column.putMissing(row: row) }
      guard attribute.kind == .number else {
        if !attribute.values.isEmpty, !attribute.values.contains(cell.text) {
          throw DatasetError(
            source,
            "line \(number), attribute \(attribute.name): \"\(cell.text)\" is none of its values; "
              + NearestText.hint(cell.text, attribute.values))
        }
        column.put(exactly: cell.text, row: row)
        return
      }
      guard let value = NumberText.value(cell.text), value.isFinite else {
        throw DatasetError(
          source, "line \(number), attribute \(attribute.name): \"\(cell.text)\" is no finite number and no ?")
      }
      column.put(value, writtenAs: cell.text.utf8, row: row, decimal: DecimalSign.point.byte)
    }
    if line.hasPrefix("{") {
      guard let close = line.lastIndex(of: "}") else {
        throw DatasetError(source, "line \(number) opens a sparse row and does not close it")
      }
      // What a sparse row leaves out is 0, which for nominal attributes is their first value.
      for (index, attribute) in attributes.enumerated() {
        if attribute.kind == .number {
          builder.columns[index].put(0, row: row)
        } else if let first = attribute.values.first {
          builder.columns[index].put(exactly: first, row: row)
        } else {
          builder.columns[index].putMissing(row: row)
        }
      }
      for item in try ARFFCell.cells(line[line.index(after: line.startIndex)..<close], number, source)
      where !(item.text.isEmpty && !item.isQuoted) {
        guard let gap = item.text.firstIndex(where: \.isWhitespace), let index = Int(item.text[..<gap]),
          attributes.indices.contains(index)
        else { throw DatasetError(source, "line \(number): \"\(item.text)\" is no attribute's number and value") }
        let rest = item.text[gap...].trimmingCharacters(in: .whitespaces)
        try put(ARFFCell(text: rest, isQuoted: item.isQuoted), index)
      }
      return
    }
    let cells = try ARFFCell.cells(line[...], number, source)
    // An instance's weight may stand behind in braces; it changes nothing here.
    let isWeighted = cells.count == attributes.count + 1 && cells.last!.text.hasPrefix("{")
    guard cells.count == attributes.count || isWeighted else {
      throw DatasetError(source, "line \(number) has \(cells.count) values and not \(attributes.count)")
    }
    for index in attributes.indices { try put(cells[index], index) }
  }

  private func attribute(_ line: String, _ number: Int) throws -> Attribute {
    var rest = line.dropFirst("@attribute".count).drop(while: \.isWhitespace)
    let name: String
    if let quote = rest.first, quote == "'" || quote == "\"" {
      var text = ""
      var isEscaped = false
      rest = rest.dropFirst()
      var isClosed = false
      while let character = rest.popFirst() {
        if isEscaped {
          text.append(character)
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else if character == quote {
          isClosed = true
          break
        } else {
          text.append(character)
        }
      }
      guard isClosed else {
        throw DatasetError(source, "line \(number): the attribute's name has no closing \(quote)")
      }
      name = text
    } else {
      name = String(rest.prefix { !$0.isWhitespace && $0 != "{" })
      rest = rest.dropFirst(name.count)
    }
    let type = rest.trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, !type.isEmpty else {
      throw DatasetError(source, "line \(number): an attribute has a name and a type")
    }
    if type.hasPrefix("{") {
      guard let close = type.lastIndex(of: "}") else {
        throw DatasetError(source, "line \(number): the values of \(name) have no closing }")
      }
      let values = try ARFFCell.cells(type[type.index(after: type.startIndex)..<close], number, source).map(\.text)
      return Attribute(name: name, kind: .category, values: values)
    }
    switch type.lowercased().prefix(while: { !$0.isWhitespace }) {
    case "numeric", "real", "integer": return Attribute(name: name, kind: .number)
    case "date": return Attribute(name: name, kind: .date)
    case "string": return Attribute(name: name, kind: .text)
    default:
      throw DatasetError(
        source,
        "line \(number): attribute \(name) is \"\(type)\", which is none of numeric, real, integer, string, date "
          + "and {values}")
    }
  }
}

/// A value of an ARFF row.
private struct ARFFCell {
  var text: String
  var isQuoted = false

  /// The values between commas; quotes of both kinds, with backslashes, hold what they like.
  static func cells(_ line: Substring, _ number: Int, _ source: String) throws -> [ARFFCell] {
    var cells: [ARFFCell] = []
    var text = ""
    var isQuoted = false
    var quote: Character?
    var isEscaped = false
    // Tabs divide as commas do, and may stand beside them.
    var endedByTab = false
    func end() {
      cells.append(ARFFCell(text: isQuoted ? text : text.trimmingCharacters(in: .whitespaces), isQuoted: isQuoted))
      (text, isQuoted) = ("", false)
    }
    for character in line {
      if isEscaped {
        text.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if let open = quote {
        if character == open { quote = nil } else { text.append(character) }
      } else if character == "'" || character == "\"" {
        // In sparse rows the attribute's number stands before.
        if text.allSatisfy(\.isWhitespace) { text = "" }
        (quote, isQuoted) = (character, true)
      } else if character == "," {
        if !(endedByTab && text.allSatisfy(\.isWhitespace) && !isQuoted) { end() }
        endedByTab = false
      } else if character == "\t" {
        guard isQuoted || !text.allSatisfy(\.isWhitespace) else { continue }
        end()
        endedByTab = true
      } else if !isQuoted || !character.isWhitespace {
        text.append(character)
      }
    }
    guard quote == nil else { throw DatasetError(source, "line \(number): a quote is not closed") }
    if !(endedByTab && text.allSatisfy(\.isWhitespace) && !isQuoted) { end() }
    return cells
  }
}

/// The nearest of some texts, for errors.
enum NearestText {
  static func hint(_ text: String, _ known: [String], most: Int = 12) -> String {
    if let near = NearestName.of(text, among: known) { return "did you mean \(near)?" }
    return "there are: " + list(known, most: most)
  }

  /// The first of many.
  static func list(_ names: [String], most: Int = 12) -> String {
    names.prefix(most).joined(separator: ", ") + (names.count > most ? ", ..." : "")
  }
}
