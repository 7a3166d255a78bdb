import Foundation

/// What a whole column is like, and what it is taken for.
struct ColumnProfile {
  let column: TableColumn
  let rows: Int
  var kind: ColumnKind
  var missing = 0
  /// The different words that rows hold; a file may declare more.
  private var wordCount = 0
  /// Rows that hold a word.
  private var wordRows = 0
  /// Of numbers.
  var minimum = Double.infinity
  var maximum = -Double.infinity
  var isWhole = true
  var isRising = true
  /// What divides a Unix time's numbers into seconds.
  var timeUnit: Double?
  /// Why the column is no feature.
  var reason: String?
  /// Cells by which a column of numbers or dates is one of words.
  private(set) var odd: OddCells?

  var isConstant: Bool {
    if column.isText { return wordCount <= 1 }
    // Whole numbers that become one double are one only where all have the same digits.
    return minimum == maximum && (wordCount == 0 || wordCount == 1 && wordRows == rows - missing)
  }
  /// Whether these are whole numbers so long, and so near to one another, that doubles do not tell them apart: names
  /// written in digits, and no quantities. `Moments` would count their deviation as rounding.
  var isCode: Bool {
    !column.isText && wordCount > 0 && !isConstant && maximum - minimum <= 1e-12 * max(abs(minimum), abs(maximum))
  }
  /// Different cells of a column of words or codes.
  var cellCount: Int { column.isText ? column.words.count : column.distinct(rows, limit: rows).count }
  var isEmpty: Bool { column.isText ? wordCount == 0 : minimum > maximum }
  var isBoolean: Bool {
    column.isText && column.words.count == 2
      && column.words.allSatisfy { ["true", "false", "yes", "no", "t", "f", "y", "n"].contains($0.lowercased()) }
  }

  /// - Parameters:
  ///   - asked: what a user says it is.
  ///   - position: among the columns.
  /// - Throws: `DatasetError` naming the line that is not what was asked for.
  init(_ column: TableColumn, of table: Table, asked: ColumnKind?, position: Int) throws {
    (self.column, rows) = (column, table.rowCount)
    kind = asked ?? column.declared ?? .number
    column.settleMarks(as: asked, rows: rows)
    measure()
    if asked == nil, !column.isText, !(minimum < maximum), !column.marks.isEmpty {
      // One number or a dash, or a star or nothing: the mark says something.
      column.becomeText(rows: rows)
      missing = 0
      measure()
    }
    if isEmpty {
      reason = "empty"
      return
    }
    if let asked {
      try check(asked, table)
      return
    }
    if column.isText {
      kind = column.declared == .category ? .category : Self.kind(ofWords: column.words, rows: rows - missing)
      if kind == .date, DateText(column.words) == nil { kind = .text }
      if column.declared != .category, kind == .category, isMostlyUnique { reason = "identifier" }
      if column.declared == nil, kind != .date { odd = OddCells(column, rows: rows) }
    } else if isCode {
      kind = .category
      if isMostlyUnique || isNamedLikeIdentifier(position) && isUnique { reason = "identifier" }
    } else if isWhole, isNamedLikeIdentifier(position), isUnique {
      reason = "identifier"
    } else if let unit = unixUnit {
      (kind, timeUnit) = (.date, unit)
    }
    if isConstant, missing == 0 || !column.isText { reason = "constant" }
  }

  private mutating func measure() {
    if !column.words.isEmpty {
      var isUsed = [Bool](repeating: false, count: column.words.count)
      for row in 0..<rows {
        guard case let code = column.code(row), code >= 0 else { continue }
        isUsed[code] = true
        wordRows += 1
      }
      wordCount = isUsed.count { $0 }
    }
    if column.isText {
      missing = rows - wordRows
      return
    }
    var last = -Double.infinity
    column.forEachNumber(rows) { value in
      if value.isNaN {
        missing += 1
        return
      }
      minimum = Swift.min(minimum, value)
      maximum = Swift.max(maximum, value)
      if isWhole, value != value.rounded() { isWhole = false }
      if isRising, value < last { isRising = false }
      last = value
    }
  }

  private mutating func check(_ asked: ColumnKind, _ table: Table) throws {
    switch asked {
    case .number, .date:
      if column.isText {
        guard asked == .number || DateText(column.words) == nil else { return }
        throw OddCells(column, rows: rows, asked: asked).refusal(table, column.name)
      }
      if asked == .date { timeUnit = maximum > 1e11 ? 1000 : 1 }
    case .category, .text: break
    }
  }

  private static func kind(ofWords words: [String], rows: Int) -> ColumnKind {
    if DateText(words) != nil { return .date }
    let sample = words.prefix(2000)
    let blanks = sample.reduce(0) { $0 + $1.split(separator: " ").count }
    let mean = Double(blanks) / Double(Swift.max(sample.count, 1))
    // Sentences: four words or more in a text, and most texts come once.
    return mean >= 4 && words.count * 2 > rows ? .text : .category
  }

  private func isNamedLikeIdentifier(_ position: Int) -> Bool {
    let name = column.name
    let known = [
      "id", "index", "idx", "row", "rowid", "row id", "row names", "rownames", "key", "uid", "uuid", "guid",
      "unnamed: 0",
      "row.names", "row_number", "instance_id", "obs", "nr", "no.",
    ]
    if known.contains(name.lowercased()) || name == "column \(position)" && isRising && position == 0 { return true }
    if ["_id", " id", "-id", ".id"].contains(where: name.lowercased().hasSuffix) { return true }
    return (name.hasSuffix("Id") || name.hasSuffix("ID")) && name.dropLast(2).last?.isLowercase == true
  }

  private var isMostlyUnique: Bool {
    let present = rows - missing
    return present >= 20 && cellCount * 10 > present * 9
  }

  private var isUnique: Bool {
    guard missing == 0 else { return false }
    if wordCount > 0 { return column.distinct(rows, limit: rows).count == rows }
    var seen: Set<Double> = []
    var repeats = false
    column.forEachNumber(rows) { if !$0.isNaN, !repeats, !seen.insert($0).inserted { repeats = true } }
    return !repeats
  }

  /// Whole numbers that are seconds or milliseconds of this century and are called a time or rise with the rows.
  private var unixUnit: Double? {
    guard isWhole else { return nil }
    let name = column.name.lowercased()
    let isTime =
      ["time", "date", "stamp", "epoch", "unix"].contains { name.contains($0) } || ["t", "ts"].contains(name)
    guard isTime || isRising else { return nil }
    // 2000 to 2100.
    return [1.0, 1000].first { minimum >= 946_684_800 * $0 && maximum <= 4_102_444_800 * $0 }
  }
}

extension ColumnProfile {
  /// What may be a slip of a hand in a column that is taken for words, in a sentence; nil where nothing looks like one.
  ///
  /// - Parameter isTarget: whether it is to be predicted.
  func doubt(_ table: Table, isTarget: Bool = false) -> String? {
    odd.map { odd in
      let fate =
        isTarget
        ? "as classes"
        : reason == "identifier" ? "as an identifier, and left out" : kind == .text ? "as text" : "as a category"
      return
        "column \(column.name): \(odd.account(table)); it is taken \(fate) (--as \(column.name)=category says that "
        + "this is meant, --as \(column.name)=\(odd.kind) that it is an error)"
    }
  }

  /// The same as the cause of an error, behind its sentence; empty where there is none.
  func cause(_ table: Table) -> String { odd.map { " (\($0.account(table)))" } ?? "" }
}

extension TableColumn {
  /// Each number in the order of the rows; NaN where nothing is.
  @inline(__always) func forEachNumber(_ rows: Int, _ body: (Double) -> Void) {
    for (piece, values) in numbers.enumerated() {
      for index in 0..<Swift.min(pieceSize, Swift.max(rows - piece * pieceSize, 0)) { body(values[index]) }
    }
  }
}
