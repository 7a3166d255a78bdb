import CSQLite
import Foundation

/// Rows of an SQLite file: of a table or view, `data.db#prices`, or of a query, `data.db#SELECT a, b FROM prices`; of the
/// only table where nothing is named.
///
/// Numbers are numbers, NULL is a missing cell, texts are read as cells of a text file are, with a decimal point where
/// nothing else is said. The file is opened for reading only.
final class SQLiteTable {
  private let source: String
  private let decimal: DecimalSign
  private let database: OpaquePointer

  /// The file and what is read of it; nil where the path leads to no SQLite file.
  static func parts(of path: String) -> (file: String, selection: String?)? {
    if isDatabase(path) { return (path, nil) }
    guard let mark = path.firstIndex(of: "#"), isDatabase(String(path[..<mark])) else { return nil }
    return (String(path[..<mark]), String(path[path.index(after: mark)...]))
  }

  /// What is wrong with a path that names a part of a file, as `data.db#prices`, and leads to no SQLite file: the file and
  /// the rest of the sentence. Nil of other paths.
  static func complaint(of path: String) -> (file: String, reason: String)? {
    let manager = FileManager.default
    guard !manager.fileExists(atPath: path), parts(of: path) == nil, let mark = path.firstIndex(of: "#") else {
      return nil
    }
    let file = String(path[..<mark])
    if manager.fileExists(atPath: file) { return (file, "is no SQLite file, and has no table to name behind a #") }
    return (file as NSString).pathExtension.isEmpty ? nil : (file, "there is no such file")
  }

  private static func isDatabase(_ path: String) -> Bool {
    // Only plain files are looked into: a pipe can be read once.
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, let file = FileHandle(forReadingAtPath: path)
    else { return false }
    defer { try? file.close() }
    return (try? file.read(upToCount: 16)) == Data("SQLite format 3\0".utf8)
  }

  static func read(_ file: String, _ selection: String?, source: String, decimal: DecimalSign) throws -> Table {
    try SQLiteTable(file, source, decimal).read(selection)
  }

  private init(_ file: String, _ source: String, _ decimal: DecimalSign) throws {
    (self.source, self.decimal) = (source, decimal)
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(file, &opened, SQLITE_OPEN_READONLY, nil)
    guard code == SQLITE_OK, let opened else {
      let reason = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "memory is short"
      sqlite3_close(opened)
      throw DatasetError(source, "cannot be opened: \(reason)")
    }
    database = opened
  }

  deinit { sqlite3_close(database) }

  private var reason: String { String(cString: sqlite3_errmsg(database)) }

  private func read(_ selection: String?) throws -> Table {
    let statement = try prepare(try query(selection?.trimmingCharacters(in: .whitespacesAndNewlines)))
    defer { sqlite3_finalize(statement) }
    let width = Int(sqlite3_column_count(statement))
    guard width > 0, sqlite3_stmt_readonly(statement) != 0 else {
      throw DatasetError(source, "the query has no columns; write one that selects")
    }
    let builder = try TableBuilder(
      source, names: (0..<Int32(width)).map { sqlite3_column_name(statement, $0).map { String(cString: $0) } ?? "" })
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        builder.beginRow(line: builder.rowCount + 1)
        for (index, column) in builder.columns.enumerated() { try put(statement, index, column, builder.rowCount) }
        builder.endRow()
      case SQLITE_DONE: return try builder.table(notes: [], hasHeader: true)
      default: throw DatasetError(source, "row \(builder.rowCount + 1): \(reason)")
      }
    }
  }

  private func put(_ statement: OpaquePointer, _ index: Int, _ column: TableColumn, _ row: Int) throws {
    switch sqlite3_column_type(statement, Int32(index)) {
    case SQLITE_NULL: column.putMissing(row: row)
    case SQLITE_INTEGER:
      let whole = sqlite3_column_int64(statement, Int32(index))
      if Int64(exactly: Double(whole)) == whole {
        column.put(Double(whole), row: row)
      } else {
        column.put(Double(whole), writtenAs: "\(whole)".utf8, row: row, decimal: decimal.byte)
      }
    case SQLITE_FLOAT: column.put(sqlite3_column_double(statement, Int32(index)), row: row)
    case SQLITE_TEXT:
      // By its length: a text may hold a NUL.
      let bytes = sqlite3_column_text(statement, Int32(index))
      let count = Int(sqlite3_column_bytes(statement, Int32(index)))
      let text = String(decoding: UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : count), as: UTF8.self)
      _ = column.put(text.trimmingCharacters(in: .whitespaces), row: row, decimal: decimal.byte)
    default:
      throw DatasetError(
        source, "row \(row + 1), column \(column.name) holds bytes (a BLOB); select the other columns by a query")
    }
  }

  private func prepare(_ query: String) throws -> OpaquePointer {
    var statement: OpaquePointer?
    var isComplete = true
    let code = query.withCString { text in
      var tail: UnsafePointer<CChar>?
      let code = sqlite3_prepare_v2(database, text, -1, &statement, &tail)
      if let tail {
        isComplete = String(cString: tail).allSatisfy { $0.isWhitespace || $0 == ";" }
      }
      return code
    }
    guard code == SQLITE_OK else {
      throw DatasetError(source, "the query cannot be read: \(reason)")
    }
    guard let statement, isComplete else {
      sqlite3_finalize(statement)
      throw DatasetError(source, "one query is wanted, and there \(isComplete ? "is none" : "are several")")
    }
    return statement
  }

  /// A selection's text: a query as it stands, a table's name as one.
  private func query(_ selection: String?) throws -> String {
    let tables = try self.tables()
    if let selection, !selection.isEmpty {
      let isQuery = ["select", "with", "values"].contains(
        selection.prefix { !$0.isWhitespace && $0 != "(" }.lowercased())
      if isQuery, !tables.contains(selection) { return selection }
      guard tables.contains(selection) else {
        throw DatasetError(source, "has no table \(selection); \(NearestText.hint(selection, tables))")
      }
      return all(selection)
    }
    guard tables.count == 1 else {
      throw DatasetError(
        source,
        tables.isEmpty
          ? "holds no table" : "holds the tables \(tables.joined(separator: ", ")): name one as \(source)#\(tables[0])")
    }
    return all(tables[0])
  }

  private func all(_ table: String) -> String {
    "SELECT * FROM \"\(table.replacingOccurrences(of: "\"", with: "\"\""))\""
  }

  /// Tables and views, in the order in which they were made.
  private func tables() throws -> [String] {
    let statement = try prepare(
      "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    defer { sqlite3_finalize(statement) }
    var names: [String] = []
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: names.append(sqlite3_column_text(statement, 0).map { String(cString: $0) } ?? "")
      case SQLITE_DONE: return names
      default: throw DatasetError(source, reason)
      }
    }
  }
}
