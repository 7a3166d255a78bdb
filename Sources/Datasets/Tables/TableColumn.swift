/// One column of a table: numbers in double precision, or texts by the number of their word. Rows lie in pieces, so that
/// what has been used can be given back.
public final class TableColumn {
  /// From the header, or "column" with its number.
  public let name: String
  /// Rows of a piece; a power of two.
  let pieceSize: Int
  private let shift: Int
  /// NaN where nothing is; empty for texts.
  private(set) var numbers: [UnsafeMutablePointer<Double>] = []
  /// -1 where nothing is; empty for numbers.
  private(set) var codes: [UnsafeMutablePointer<Int32>] = []
  /// The different texts, in the order in which they came.
  public private(set) var words: [String] = []
  private var codeOf: [String: Int32] = [:]
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
    return numbers.last
  }

  /// Gives back the first piece that is still there; its rows are gone.
  func releaseFirst() {
    if isText { codes[firstKept].deallocate() } else { numbers[firstKept].deallocate() }
    firstKept += 1
  }

  /// Puts a number.
  func put(_ value: Double, row: Int) {
    if isText { return put(word: NumberText.canonical(value), row) }
    numbers[row >> shift][row & (pieceSize - 1)] = value
    if abs(value) > Double(Float.greatestFiniteMagnitude), beyond == nil { beyond = (row, "\(value)") }
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
      put(value, row: row)
      return false
    }
    let changes = !isText
    if changes, let infinite = Double(cell), infinite.isInfinite {
      put(infinite, row: row)
      return false
    }
    if changes { becomeText(rows: row) }
    put(word: cell, row)
    return changes
  }

  /// Puts a text as it stands into a column of texts.
  func put(exactly text: String, row: Int) { put(word: text, row) }

  private func put(word: String, _ row: Int) {
    let code: Int32
    if let known = codeOf[word] {
      code = known
    } else {
      code = Int32(words.count)
      words.append(word)
      codeOf[word] = code
    }
    codes[row >> shift][row & (pieceSize - 1)] = code
  }

  /// Turns numbers into texts; `rows` are filled.
  func becomeText(rows: Int) {
    guard !isText else { return }
    isText = true
    for (piece, values) in numbers.enumerated() {
      codes.append(.allocate(capacity: pieceSize))
      for row in piece * pieceSize..<min((piece + 1) * pieceSize, rows) {
        let value = values[row & (pieceSize - 1)]
        if value.isNaN { putMissing(row: row) } else { put(word: NumberText.canonical(value), row) }
      }
      values.deallocate()
    }
    numbers = []
    beyond = nil
  }

  /// Declares the texts that may come, in their order.
  func declare(words: [String]) {
    isText = true
    for word in words where codeOf[word] == nil {
      codeOf[word] = Int32(self.words.count)
      self.words.append(word)
    }
  }

  /// The number in a row; NaN where nothing is, or a text.
  @inline(__always) func number(_ row: Int) -> Double {
    isText ? .nan : numbers[row >> shift][row & (pieceSize - 1)]
  }

  /// The number of the word in a row; -1 where nothing is, or a number.
  @inline(__always) func code(_ row: Int) -> Int { isText ? Int(codes[row >> shift][row & (pieceSize - 1)]) : -1 }

  /// Whether the cell of a row is empty.
  @inline(__always) public func isMissing(_ row: Int) -> Bool {
    isText ? codes[row >> shift][row & (pieceSize - 1)] < 0 : numbers[row >> shift][row & (pieceSize - 1)].isNaN
  }

  /// A row's cell as text, nil where nothing is.
  public func text(_ row: Int) -> String? {
    if isMissing(row) { return nil }
    return isText ? words[code(row)] : NumberText.canonical(number(row))
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
