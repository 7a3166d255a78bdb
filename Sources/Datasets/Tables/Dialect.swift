import Foundation

/// How a text's cells are told apart, found from its first rows.
struct Dialect {
  var delimiter: UInt8
  /// The point, or the comma where it is no delimiter; nil where no cell tells.
  var decimal: DecimalSign?
  /// Whether the first row holds the names of the columns.
  var hasHeader: Bool
  /// Whether the first row is no row of the table: a header, or of another width than all others.
  var skipsFirstRow: Bool
  /// The names of the columns.
  var names: [String]
  /// Lines in front that are comments.
  var skippedLines: Int
  /// What a user may want to know.
  var notes: [String] = []
  /// What is said of a first row that is neither a header nor a row; nil where it is one of them.
  var asideNote: String?

  private static let candidates: [(byte: UInt8, name: String)] = [
    (0x2c, "comma"), (0x09, "tab"), (0x3b, "semicolon"), (0x7c, "bar"), (0x20, "blank"),
  ]

  /// - Parameters:
  ///   - sample: the text's beginning, UTF-8 or not.
  ///   - isWhole: whether that is all.
  ///   - expected: the decimal sign where the format names none.
  /// - Throws: `DatasetError` where the options do not fit.
  init(
    _ sample: UnsafeBufferPointer<UInt8>, isWhole: Bool, _ format: TableFormat, _ expected: DecimalSign?,
    _ source: String
  ) throws {
    let text = Text.decode(sample)
    skippedLines = Self.comments(text)
    let chosen: [(byte: UInt8, name: String)]
    if let asked = format.delimiter {
      let text = ["tab": "\t", "\\t": "\t", "space": " ", "blank": " "][asked] ?? asked
      guard text.utf8.count == 1, let byte = text.utf8.first, byte != 0x22 else {
        throw DatasetError(source, "the delimiter \"\(asked)\" is not one character")
      }
      guard byte != format.decimal?.byte else {
        throw DatasetError(source, "the \(format.decimal!) cannot be both the delimiter and the decimal sign")
      }
      chosen = [(byte, "\"\(text)\"")]
    } else {
      chosen = Self.candidates.filter { $0.byte != format.decimal?.byte }
    }
    var best: (score: Double, byte: UInt8, name: String, rows: [[String]], decimal: DecimalSign?)?
    for candidate in chosen {
      let (rows, broken) = Self.rows(text, candidate.byte, skipping: skippedLines, isWhole: isWhole)
      let (score, decimal) = Self.score(rows, broken, candidate.byte, format.decimal ?? expected)
      if best == nil || score > best!.score { best = (score, candidate.byte, candidate.name, rows, decimal) }
    }
    let found = best!
    guard !found.rows.isEmpty else { throw DatasetError(source, "is empty") }
    (delimiter, decimal) = (found.byte, found.decimal)
    if found.byte != 0x2c { notes.append("cells are divided by \(found.name)s") }
    if decimal == .comma { notes.append("the decimal sign is a comma") }
    let first = found.rows[0].map { $0.trimmingCharacters(in: .whitespaces) }
    let rest = Array(found.rows.dropFirst())
    let looksLikeHeader = Self.looksLikeHeader(first, rest, (decimal ?? .point).byte)
    hasHeader = format.header ?? looksLikeHeader
    skipsFirstRow = hasHeader
    let width = Self.modal(rest.isEmpty ? found.rows : rest)
    let positions = (0..<(rest.isEmpty ? first.count : max(width, 1))).map { "column \($0)" }
    guard hasHeader || looksLikeHeader else {
      names = positions
      notes.append("no header")
      return
    }
    var names = first
    // A delimiter that only the header ends with.
    while names.count > max(width, 1), names.last == "", width > 0 { names.removeLast() }
    let isUsual = 2 * rest.filter { $0.count == width }.count > rest.count
    // As R writes tables: no name over the names of the rows.
    if isUsual, names.count == width - 1, !rest.allSatisfy({ $0.count < width || $0[width - 1].isEmpty }) {
      names.insert("row names", at: 0)
    }
    if isUsual, width > 1, ![width, width - 1].contains(names.count) {
      let cells = "\(names.count) cell\(names.count == 1 ? "" : "s")"
      asideNote = "the first row has \(cells) where others have \(width), and is left aside"
      notes.append(asideNote!)
      (hasHeader, skipsFirstRow) = (false, true)
    } else if !hasHeader {
      notes.append("no header")
    }
    guard hasHeader else {
      self.names = positions
      return
    }
    self.names = names.enumerated().map { $1.isEmpty ? "column \($0)" : $1 }
  }

  /// How many lines in front start with a number sign and a blank or hold no more than that.
  private static func comments(_ text: String) -> Int {
    var count = 0
    for line in text.split(separator: "\n", maxSplits: 200, omittingEmptySubsequences: false).dropLast() {
      guard line.hasPrefix("# ") || line.hasPrefix("#\r") || line == "#" || line.hasPrefix("##") else { break }
      count += 1
    }
    return count
  }

  /// Cells of the first rows, at most 200; the last row is left out where it may be cut off. Where text follows a closing
  /// quote, or none closes, the quote that opens is taken for a sign like others, so that it swallows no rows; how many
  /// rows are broken so.
  private static func rows(
    _ text: String, _ delimiter: UInt8, skipping skipped: Int, isWhole: Bool
  ) -> (rows: [[String]], broken: Int) {
    var rows: [[String]] = []
    var row: [String] = []
    var cell: [UInt8] = []
    var (isQuoted, wasQuoted) = (false, false)
    var (isBroken, broken) = (false, 0)
    let bytes = Array(text.utf8)
    var i = 0
    var opening = 0
    for _ in 0..<skipped {
      while i < bytes.count, bytes[i] != 0x0a { i += 1 }
      i += 1
    }
    func endCell() {
      let text = String(decoding: cell, as: UTF8.self)
      row.append(wasQuoted ? text : text.trimmingCharacters(in: .whitespaces))
      cell = []
      wasQuoted = false
    }
    func endRow() {
      endCell()
      if delimiter == 0x20 { row = row.filter { !$0.isEmpty } }
      if !row.isEmpty, row != [""] {
        rows.append(row)
        if isBroken { broken += 1 }
      }
      row = []
      isBroken = false
    }
    func takeBack() {
      (isQuoted, wasQuoted, isBroken) = (false, false, true)
      cell = [0x22]
      i = opening
    }
    func isCellEnd(_ start: Int) -> Bool {
      let next = bytes[start...].first { $0 == delimiter || $0 != 0x20 && $0 != 0x09 }
      return next.map { $0 == delimiter || $0 == 0x0a || $0 == 0x0d } ?? true
    }
    while i < bytes.count, rows.count < 200 {
      let byte = bytes[i]
      i += 1
      if isQuoted {
        if byte != 0x22 {
          cell.append(byte)
        } else if i < bytes.count, bytes[i] == 0x22 {
          cell.append(byte)
          i += 1
        } else if isCellEnd(i) {
          isQuoted = false
        } else {
          takeBack()
        }
        if isQuoted, isWhole, i == bytes.count { takeBack() }
      } else if byte == 0x22, cell.allSatisfy({ $0 == 0x20 }) {
        (isQuoted, wasQuoted, opening) = (true, true, i)
        cell = []
      } else if byte == delimiter {
        endCell()
      } else if byte == 0x0a || byte == 0x0d {
        endRow()
      } else {
        cell.append(byte)
      }
    }
    if isWhole, rows.count < 200, !cell.isEmpty || !row.isEmpty { endRow() }
    return (rows, broken)
  }

  /// The most frequent number of cells in a row.
  private static func modal(_ rows: [[String]]) -> Int {
    let counts = Dictionary(grouping: rows, by: \.count).mapValues(\.count)
    return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 0
  }

  /// How well rows fit: the share of rows of one length, without those whose quotes are broken, and half the share of cells
  /// that are numbers, as prices and shares are too. Where both decimal signs read as many cells, the plain numbers decide:
  /// 0,125 is less than one.
  private static func score(
    _ rows: [[String]], _ broken: Int, _ delimiter: UInt8, _ asked: DecimalSign?
  ) -> (Double, DecimalSign?) {
    let width = modal(rows)
    guard width > 1 else { return (0, asked) }
    let regular = Double(rows.filter { $0.count == width }.count - broken) / Double(rows.count)
    func numbers(_ decimal: UInt8) -> (all: Double, plain: Double) {
      var (all, plain, cells) = (0, 0, 0)
      for row in rows.dropFirst(rows.count > 1 ? 1 : 0) {
        for cell in row where !isNothing(cell) {
          cells += 1
          if NumberText.value(cell, decimal: decimal) != nil {
            plain += 1
            all += 1
          } else if NumberText.decorated(cell, decimal: decimal) != nil {
            all += 1
          }
        }
      }
      return cells == 0 ? (0, 0) : (Double(all) / Double(cells), Double(plain) / Double(cells))
    }
    var decimal = delimiter == DecimalSign.comma.byte ? .point : asked
    let share: Double
    if let decimal {
      share = numbers(decimal.byte).all
    } else {
      let (point, comma) = (numbers(DecimalSign.point.byte), numbers(DecimalSign.comma.byte))
      share = max(point.all, comma.all)
      if point != comma { decimal = comma > point ? .comma : .point }
    }
    // Blanks divide words too: they count for less.
    return (regular + 0.5 * share - (delimiter == 0x20 ? 0.05 : 0), decimal)
  }

  /// Whether a cell says nothing of what its column holds.
  private static func isNothing(_ cell: String) -> Bool { NumberText.isMissing(cell) || NumberText.isMark(cell) }

  /// A first row is a header where it holds a text over a column of numbers, or where all is text and nothing of it
  /// comes again; the numbers 0, 1, 2, ... of three columns or more are one too.
  private static func looksLikeHeader(_ first: [String], _ rest: [[String]], _ decimal: UInt8) -> Bool {
    guard !rest.isEmpty else { return false }
    func isNumber(_ cell: String) -> Bool { NumberText.decorated(cell, decimal: decimal) != nil }
    if first.count > 2, first.enumerated().allSatisfy({ $1 == "\($0)" }) { return true }
    if first.allSatisfy(NumberText.isMissing) { return false }
    var hasNumbers = false
    let offset = modal(rest) == first.count + 1 && rest.contains { $0.last?.isEmpty == false } ? 1 : 0
    for (index, cell) in first.enumerated() {
      let column = rest.compactMap { $0.count > index + offset ? $0[index + offset] : nil }
        .filter { !isNothing($0) }
      guard !column.isEmpty, column.filter(isNumber).count * 10 >= column.count * 9 else { continue }
      hasNumbers = true
      // A mark may be a name, as Na.
      if !isNumber(cell), !NumberText.isMissing(cell) { return true }
    }
    if hasNumbers { return false }
    let below = Set(rest.flatMap { $0 })
    return Set(first).count == first.count && !first.contains { !$0.isEmpty && below.contains($0) }
  }
}

/// Bytes as text.
enum Text {
  /// UTF-8 where that is possible, else Latin-1.
  static func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    // A sample may end within a character.
    for cut in 1...3 where bytes.count > cut {
      if let text = String(validating: bytes[..<(bytes.count - cut)], as: UTF8.self) { return text }
    }
    return latin1(bytes)
  }

  static func latin1(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    for byte in bytes { scalars.append(Unicode.Scalar(byte)) }
    return String(scalars)
  }
}
