/// One column of a table: numbers in double precision, or texts by the number of their word. A whole number that a double
/// does not hold is both. Rows lie in pieces, so that what has been used can be given back.
public final class TableColumn {
  /// From the header, or "column" with its number.
  public let name: String
  /// Rows of a piece; a power of two.
  let pieceSize: Int
  private let shift: Int
  /// NaN where nothing is; empty for texts.
  private(set) var numbers: [UnsafeMutablePointer<Double>] = []
  /// -1 where nothing is; empty for numbers that doubles hold.
  private(set) var codes: [UnsafeMutablePointer<Int32>] = []
  /// The different texts, and whole numbers that a double does not hold, in the order in which they came.
  public private(set) var words: [String] = []
  /// Of each word whether a number was read there.
  private(set) var isNumber: [Bool] = []
  private var codeOf: [String: Int32] = [:]
  /// Rows that hold a mark, as a dash, which among numbers and dates stands for a missing cell; by the mark.
  private(set) var marks: [String: [Int]] = [:]
  private var firstKept = 0
  /// Whether one of its cells is no number.
  public private(set) var isText = false
  /// The first row that holds a number beyond float32.
  var beyond: (row: Int, text: String)?
  /// What the file says of it, as ARFF does.
  var declared: ColumnKind?

  init(_ name: String, pieceSize: Int) {
    self.name = name
    self.pieceSize = pieceSize
    shift = pieceSize.trailingZeroBitCount
  }

  deinit { while firstKept < max(numbers.count, codes.count) { releaseFirst() } }

  /// Room for the rows of one more piece; the place of its numbers, nil for texts.
  func grow() -> UnsafeMutablePointer<Double>? {
    if isText {
      codes.append(.allocate(capacity: pieceSize))
      return nil
    }
    numbers.append(.allocate(capacity: pieceSize))
    if !codes.isEmpty { codes.append(emptyCodes()) }
    return numbers.last
  }

  /// Gives back the first piece that is still there; its rows are gone.
  func releaseFirst() {
    if firstKept < codes.count { codes[firstKept].deallocate() }
    if firstKept < numbers.count { numbers[firstKept].deallocate() }
    firstKept += 1
  }

  /// Puts a number.
  func put(_ value: Double, row: Int) {
    if isText { return put(word: NumberText.canonical(value), row, isNumber: true) }
    numbers[row >> shift][row & (pieceSize - 1)] = value
    if abs(value) > Double(Float.greatestFiniteMagnitude), beyond == nil { beyond = (row, "\(value)") }
  }

  /// Puts a number that a text was read as.
  func put(_ value: Double, writtenAs text: some Collection<UInt8>, row: Int, decimal: UInt8) {
    if isText {
      let digits = NumberText.digits(text, decimal: decimal, value)
      return put(word: digits ?? NumberText.canonical(value), row, isNumber: true)
    }
    numbers[row >> shift][row & (pieceSize - 1)] = value
    if abs(value) >= NumberText.wholeLimit { note(large: value, text, row, decimal) }
  }

  /// Keeps what the double of a large number does not say.
  func note(large value: Double, _ text: some Collection<UInt8>, _ row: Int, _ decimal: UInt8) {
    if let digits = NumberText.digits(text, decimal: decimal, value) {
      if codes.isEmpty { codes = numbers.map { _ in emptyCodes() } }
      put(word: digits, row, isNumber: true)
    }
    if abs(value) > Double(Float.greatestFiniteMagnitude), beyond == nil {
      beyond = (row, String(decoding: text, as: UTF8.self))
    }
  }

  private func emptyCodes() -> UnsafeMutablePointer<Int32> {
    let piece = UnsafeMutablePointer<Int32>.allocate(capacity: pieceSize)
    piece.initialize(repeating: -1, count: pieceSize)
    return piece
  }

  /// Puts nothing.
  func putMissing(row: Int) {
    if isText {
      codes[row >> shift][row & (pieceSize - 1)] = -1
    } else {
      numbers[row >> shift][row & (pieceSize - 1)] = .nan
    }
  }

  /// Puts a cell as it is written.
  ///
  /// - Returns: whether the column was one of numbers and is one of texts now.
  func put(_ cell: String, row: Int, decimal: UInt8) -> Bool {
    if NumberText.isMissing(cell) {
      putMissing(row: row)
      return false
    }
    if let value = NumberText.decorated(cell, decimal: decimal), value.isFinite || !isText {
      put(value, writtenAs: cell.utf8, row: row, decimal: decimal)
      return false
    }
    let changes = !isText
    if changes, NumberText.isMark(cell) {
      note(mark: cell, row)
      return false
    }
    if changes, let infinite = Double(cell), infinite.isInfinite {
      put(infinite, row: row)
      return false
    }
    if changes { becomeText(rows: row) }
    put(word: cell, row, isNumber: false)
    return changes
  }

  private func note(mark: String, _ row: Int) {
    // A row that lies across the reader's buffer is read twice.
    if marks[mark]?.last != row { marks[mark, default: []].append(row) }
    putMissing(row: row)
  }

  /// Puts a text as it stands into a column of texts.
  func put(exactly text: String, row: Int) { put(word: text, row, isNumber: false) }

  private func put(word: String, _ row: Int, isNumber: Bool) {
    let code: Int32
    if let known = codeOf[word] {
      code = known
    } else {
      code = Int32(words.count)
      words.append(word)
      self.isNumber.append(isNumber)
      codeOf[word] = code
    }
    codes[row >> shift][row & (pieceSize - 1)] = code
  }

  /// Turns numbers into texts, marks among them; `rows` are filled.
  func becomeText(rows: Int) {
    guard !isText else { return }
    isText = true
    if codes.isEmpty { codes = numbers.map { _ in emptyCodes() } }
    for (piece, values) in numbers.enumerated() {
      for row in piece * pieceSize..<min((piece + 1) * pieceSize, rows) where code(row) < 0 {
        let value = values[row & (pieceSize - 1)]
        if !value.isNaN { put(word: NumberText.canonical(value), row, isNumber: true) }
      }
      values.deallocate()
    }
    for (mark, rows) in marks.sorted(by: { $0.value[0] < $1.value[0] }) {
      for row in rows { put(word: mark, row, isNumber: false) }
    }
    (numbers, marks) = ([], [:])
    beyond = nil
  }

  /// Declares the texts that may come, in their order.
  func declare(words: [String]) {
    isText = true
    for word in words where codeOf[word] == nil {
      codeOf[word] = Int32(self.words.count)
      self.words.append(word)
      isNumber.append(false)
    }
  }

  /// Decides whether marks are missing cells, as among numbers and dates, or words as others are.
  ///
  /// - Parameter kind: what the column is taken for; nil where its cells decide.
  func settleMarks(as kind: ColumnKind?, rows: Int) {
    if !isText {
      if !marks.isEmpty, kind == .category || kind == .text { becomeText(rows: rows) }
    } else if declared == nil, kind == nil || kind == .date, NumberText.marks.contains(where: { codeOf[$0] != nil }),
      DateText(words.filter { !NumberText.isMark($0) }) != nil
    {
      forgetMarks(rows: rows)
    }
  }

  /// Makes missing cells of words that are marks.
  private func forgetMarks(rows: Int) {
    let kept = words.indices.filter { !NumberText.isMark(words[$0]) }
    var places = [Int32](repeating: -1, count: words.count)
    for (place, code) in kept.enumerated() { places[code] = Int32(place) }
    for row in 0..<rows where code(row) >= 0 {
      let code = code(row)
      if places[code] < 0 { marks[words[code], default: []].append(row) }
      codes[row >> shift][row & (pieceSize - 1)] = places[code]
    }
    (words, isNumber) = (kept.map { words[$0] }, kept.map { isNumber[$0] })
    codeOf = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, Int32($0)) })
  }

  /// The number in a row; NaN where nothing is, or a text.
  @inline(__always) func number(_ row: Int) -> Double {
    isText ? .nan : numbers[row >> shift][row & (pieceSize - 1)]
  }

  /// The number of the word in a row; -1 where nothing is, or a number that a double holds.
  @inline(__always) func code(_ row: Int) -> Int {
    codes.isEmpty ? -1 : Int(codes[row >> shift][row & (pieceSize - 1)])
  }

  /// Whether the cell of a row is empty.
  @inline(__always) public func isMissing(_ row: Int) -> Bool {
    isText ? codes[row >> shift][row & (pieceSize - 1)] < 0 : numbers[row >> shift][row & (pieceSize - 1)].isNaN
  }

  /// A row's cell as text, nil where nothing is.
  public func text(_ row: Int) -> String? {
    if case let code = code(row), code >= 0 { return words[code] }
    return isMissing(row) ? nil : NumberText.canonical(number(row))
  }

  /// The different cells as texts; more than the limit where there are more.
  func distinct(_ rows: Int, limit: Int) -> [String] {
    var isUsed = [Bool](repeating: false, count: words.count)
    if !codes.isEmpty { for row in 0..<rows where code(row) >= 0 { isUsed[code(row)] = true } }
    let used = words.indices.filter { isUsed[$0] }.map { words[$0] }
    guard !isText else { return used }
    var seen: Set<Double> = []
    for row in 0..<rows where seen.count <= limit && code(row) < 0 {
      if case let value = number(row), !value.isNaN { seen.insert(value == 0 ? 0 : value) }
    }
    return used + seen.map(NumberText.canonical)
  }
}

/// What a column's values are taken for.
public enum ColumnKind: String, Codable, Sendable, CaseIterable {
  case number, category, date, text

  private static let synonyms: [String: ColumnKind] = [
    "numeric": .number, "numerical": .number, "continuous": .number, "float": .number, "integer": .number,
    "categorical": .category, "nominal": .category, "factor": .category,
    "datetime": .date, "timestamp": .date,
  ]

  /// The kind of a name, or of what others call it: `numeric`, `categorical`, `datetime`.
  public init?(named name: String) {
    guard let kind = ColumnKind(rawValue: name.lowercased()) ?? Self.synonyms[name.lowercased()] else { return nil }
    self = kind
  }
}
