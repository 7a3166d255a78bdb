import Foundation

/// How a table's file is to be read; nil where the reader finds out.
public struct TableFormat: Codable, Sendable, Equatable {
  /// Whether the first row holds names.
  public var header: Bool?
  /// One character.
  public var delimiter: String?
  /// Of the text.
  public var encoding: TextEncoding?
  /// Of the numbers in texts.
  public var decimal: DecimalSign?

  public init(
    header: Bool? = nil, delimiter: String? = nil, encoding: TextEncoding? = nil, decimal: DecimalSign? = nil
  ) {
    self.header = header
    self.delimiter = delimiter
    self.encoding = encoding
    self.decimal = decimal
  }
}

/// What stands before a number's decimals; the other one may part thousands.
public enum DecimalSign: String, Codable, Sendable, CaseIterable {
  case point, comma

  var byte: UInt8 { UInt8(ascii: self == .point ? "." : ",") }
  var other: DecimalSign { self == .point ? .comma : .point }
}

/// How a file's bytes are characters.
public enum TextEncoding: String, Codable, Sendable, CaseIterable {
  case utf8 = "utf-8"
  case latin1 = "latin-1"
  case utf16 = "utf-16"
}

/// Named columns of one length, from a file.
public final class Table {
  /// The file's path.
  public let source: String
  /// In the order of the file.
  public let columns: [TableColumn]
  /// Rows, without the header.
  public let rowCount: Int
  /// What the reader found out and a user may want to know.
  public let notes: [String]
  /// Whether the file had names for its columns.
  public let hasHeader: Bool
  /// What is said of a first row that is neither a header nor a row; nil where it is one of them.
  let asideNote: String?
  /// The decimal sign of a text with delimiters; nil where none of its cells tells.
  public let decimal: DecimalSign?
  /// Rows from which on lines run ahead by so many.
  private let lineShifts: [(row: Int, shift: Int)]

  init(
    source: String, columns: [TableColumn], rowCount: Int, notes: [String], hasHeader: Bool, asideNote: String?,
    decimal: DecimalSign?, lineShifts: [(row: Int, shift: Int)]
  ) {
    (self.source, self.columns, self.rowCount, self.notes) = (source, columns, rowCount, notes)
    (self.hasHeader, self.asideNote, self.decimal, self.lineShifts) = (hasHeader, asideNote, decimal, lineShifts)
  }

  /// Reads a table: text with delimiters, ARFF or npy, by name and by content, gzip-compressed or not, from a file or a
  /// pipe; or SQLite, `data.db#table` or `data.db#SELECT ...`.
  ///
  /// - Throws: `DatasetError` naming line and column.
  public static func read(_ path: String, _ format: TableFormat = TableFormat()) throws -> Table {
    try read(path, format, decimal: nil)
  }

  /// - Parameter decimal: the sign where the format names none; a text whose cells are divided by commas has points.
  static func read(_ path: String, _ format: TableFormat, decimal: DecimalSign?) throws -> Table {
    var name = path.lowercased()
    if name.hasSuffix(".gz") { name.removeLast(3) }
    let table: Table
    try checkPath(path)
    let database = SQLiteTable.parts(of: path)
    if let (file, selection) = database {
      table = try SQLiteTable.read(file, selection, source: path, decimal: format.decimal ?? decimal ?? .point)
    } else if name.hasSuffix(".npy") {
      table = try NpyTable.read(path)
    } else if name.hasSuffix(".arff") {
      table = try ARFFReader(path).read()
    } else {
      return try DelimitedReader(path, format, decimal).read()
    }
    guard database != nil || format.decimal == nil else {
      throw DatasetError(path, "has numbers of its own: a decimal sign says nothing of it")
    }
    guard format.delimiter == nil, format.encoding == nil else {
      throw DatasetError(path, "is no text with delimiters: a delimiter and an encoding say nothing of it")
    }
    if let header = format.header, header != table.hasHeader {
      throw DatasetError(path, table.hasHeader ? "names its columns" : "has no names for its columns")
    }
    return table
  }

  /// Finds what is wrong with a path like `data.db#prices` that leads nowhere.
  ///
  /// - Throws: `DatasetError` naming the file.
  package static func checkPath(_ path: String) throws {
    if let (file, reason) = SQLiteTable.complaint(of: path) { throw DatasetError(file, reason) }
  }

  /// Whether there is something to read, which says nothing of what it holds.
  public static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path) || SQLiteTable.parts(of: path) != nil
  }

  /// The line in the file on which a row starts, from 1.
  public func line(of row: Int) -> Int { row + (lineShifts.last { $0.row <= row }?.shift ?? 1) }

  /// The column of a name, or at a position from 0.
  /// - Throws: `DatasetError` naming the nearest.
  public func index(of name: String) throws -> Int {
    let names = columns.map(\.name)
    if let index = names.firstIndex(of: name) { return index }
    if let position = Int(name), names.indices.contains(position) { return position }
    throw DatasetError(source, "has no column \(name); \(NearestText.hint(name, names, most: 30))")
  }

  /// The columns of a list with commas, or the one whose name holds them.
  /// - Throws: `DatasetError` for one that is not there.
  func indices(ofList list: String) throws -> [Int] {
    if let whole = columns.firstIndex(where: { $0.name == list }) { return [whole] }
    return try list.split(separator: ",").map { try index(of: $0.trimmingCharacters(in: .whitespaces)) }
  }
}

/// Collects rows of cells into columns.
final class TableBuilder {
  let source: String
  let columns: [TableColumn]
  private(set) var rowCount = 0
  private var lineShifts: [(row: Int, shift: Int)] = []

  init(_ source: String, names: [String]) throws {
    self.source = source
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw DatasetError(source, "two columns are called \(name); rename one of them")
    }
    // Pieces of all columns together take 64 MB at most.
    let size = max(64, min(1 << 16, (1 << 23) / max(names.count, 1)))
    let pieceSize = 1 << (Int.bitWidth - 1 - size.leadingZeroBitCount)
    columns = names.map { TableColumn($0, pieceSize: pieceSize) }
  }

  var pieceSize: Int { columns[0].pieceSize }

  /// Before a row's cells are put.
  func beginRow(line: Int) {
    if rowCount % pieceSize == 0 { for column in columns { _ = column.grow() } }
    note(line: line)
  }

  /// Notes on which line the row begins.
  @inline(__always) func note(line: Int) {
    let shift = line - rowCount
    if lineShifts.last?.shift != shift { lineShifts.append((rowCount, shift)) }
  }

  func endRow() { rowCount += 1 }
  func endRows(_ count: Int) { rowCount += count }

  func table(
    notes: [String], hasHeader: Bool, asideNote: String? = nil, decimal: DecimalSign? = nil
  ) throws -> Table {
    guard rowCount > 0 else { throw DatasetError(source, "has no rows") }
    return Table(
      source: source, columns: columns, rowCount: rowCount, notes: notes, hasHeader: hasHeader, asideNote: asideNote,
      decimal: decimal, lineShifts: lineShifts)
  }
}

/// Tables of one npy array: rows x columns, without names.
enum NpyTable {
  static func read(_ path: String) throws -> Table {
    guard !path.hasSuffix(".gz") else {
      throw DatasetError(path, "decompress it first: npy files are read as they are")
    }
    let array: NDArray
    do { array = try Npy.read(path) } catch let error as FileError { throw DatasetError(path, error.reason) }
    guard array.shape.rank == 2, array.shape[1] > 0 else {
      throw DatasetError(path, "has the shape \(array.shape), and a table has rows and columns")
    }
    let builder = try TableBuilder(path, names: (0..<array.shape[1]).map { "column \($0)" })
    let width = array.shape[1]
    for row in 0..<array.shape[0] {
      builder.beginRow(line: row + 1)
      for (index, column) in builder.columns.enumerated() { column.put(array[flat: row * width + index], row: row) }
      builder.endRow()
    }
    return try builder.table(notes: [], hasHeader: false)
  }
}
