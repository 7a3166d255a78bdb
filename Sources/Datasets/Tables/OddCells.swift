/// What nearly all cells of a column of texts are, numbers or dates, and the others: one slip of a hand makes texts of all.
struct OddCells {
  /// What nearly all are.
  let kind: ColumnKind
  /// Cells that are of that kind.
  let regular: Int
  /// Cells that are not, but for marks of missing ones.
  let count: Int
  /// The first of these.
  let first: (row: Int, text: String)
  /// Whether nobody means words: all but one cell, or 99 of 100, are dates, or numbers of which most have decimals. Whole numbers may
  /// be codes or the numbers of houses, where 14 stands beside 12A; and other cells that come more often mean something, as "<0.5" or
  /// "present".
  let isSlip: Bool

  /// Of the cells, from which on the others are odd.
  private static let share = 0.9

  /// Nil where less than nine tenths are of one kind, and of fewer than ten cells.
  init?(_ column: TableColumn, rows: Int) {
    let counts = Self.counts(column, rows)
    for kind in [ColumnKind.number, .date] {
      // Texts of which few are dates are not looked at one by one.
      let sample = column.words.prefix(1000)
      if kind == .date, 2 * (sample.count { DateText.isDate($0) }) < sample.count { continue }
      let found = OddCells(column, counts, rows, kind)
      let all = found.regular + found.count
      if found.count > 0, all >= 10, Double(found.regular) >= Self.share * Double(all) {
        self = found
        return
      }
    }
    return nil
  }

  /// - Parameter asked: the kind that the column is to be of, and is not.
  init(_ column: TableColumn, rows: Int, asked: ColumnKind) {
    self.init(column, Self.counts(column, rows), rows, asked)
  }

  private init(_ column: TableColumn, _ counts: [Int], _ rows: Int, _ kind: ColumnKind) {
    let words = column.words
    let isRegular = kind == .number ? column.isNumber : Self.dates(words, counts)
    var (regular, count, decimals) = (0, 0, 0)
    for (code, word) in words.enumerated() {
      if isRegular[code] {
        regular += counts[code]
        if kind == .number, let value = NumberText.value(word), value != value.rounded() { decimals += counts[code] }
      } else if !NumberText.isMark(word) {
        count += counts[code]
      }
    }
    (self.kind, self.regular, self.count) = (kind, regular, count)
    let row = (0..<rows).first { row in
      let code = column.code(row)
      return code >= 0 && !isRegular[code] && !NumberText.isMark(words[code])
    }
    first = (row ?? 0, row.flatMap { column.text($0) } ?? "")
    isSlip = (kind == .date || 2 * decimals > regular) && (count == 1 || 100 * count <= regular + count)
  }

  /// Which words are dates, in the order of day and month that most of the cells have.
  private static func dates(_ words: [String], _ counts: [Int]) -> [Bool] {
    let orders = [false, true].map { isDayFirst in words.map { DateText(isDayFirst: isDayFirst).seconds($0) != nil } }
    let cells = orders.map { zip($0, counts).reduce(0) { $0 + ($1.0 ? $1.1 : 0) } }
    return orders[cells[1] > cells[0] ? 1 : 0]
  }

  /// How often each word comes.
  private static func counts(_ column: TableColumn, _ rows: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: column.words.count)
    for row in 0..<rows { if case let code = column.code(row), code >= 0 { counts[code] += 1 } }
    return counts
  }

  private var shown: String { "\"\(first.text.prefix(40))\(first.text.count > 40 ? "..." : "")\"" }

  /// As `199 of 200 cells are numbers, line 79 holds "14O"`.
  func account(_ table: Table) -> String {
    "\(regular) of \(regular + count) cells are \(kind)s, line \(table.line(of: first.row)) holds \(shown)"
      + (count > 1 ? ", the first of \(count) others" : "")
  }

  /// The error that it is where it cannot be meant.
  func refusal(_ table: Table, _ name: String) -> DatasetError {
    DatasetError(
      table.source,
      "line \(table.line(of: first.row)), column \(name): \(shown) is no \(kind), and \(regular) of "
        + "\(regular + count) cells there are \(kind)s; mend \(count == 1 ? "it" : "these \(count)") or leave "
        + "\(count == 1 ? "the cell" : "them") empty, or say --as \(name)=category where all are words")
  }
}
