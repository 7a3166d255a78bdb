import CSQLite
import Datasets
import Foundation
import Testing

@Suite struct SQLiteTests {
  private let path: String

  init() throws {
    path = try Workspace().path + "/data.db"
    var database: OpaquePointer?
    #expect(sqlite3_open(path, &database) == SQLITE_OK)
    defer { sqlite3_close(database) }
    let statements = #"""
      CREATE TABLE prices (id INTEGER PRIMARY KEY, "area m2" REAL, street TEXT, sold TEXT);
      INSERT INTO prices VALUES (1, 50.5, 'Elm', '2024-01-02'), (2, NULL, 'Oak', NULL), (3, 70, 'Elm', '2024-03-04');
      CREATE TABLE "odd ""name""" (a, b);
      INSERT INTO "odd ""name""" VALUES (1, x'00ff');
      CREATE VIEW large AS SELECT * FROM prices WHERE "area m2" > 60;
      """#
    #expect(sqlite3_exec(database, statements, nil, nil, nil) == SQLITE_OK)
  }

  private func cells(_ table: Table) -> [[String?]] {
    (0..<table.rowCount).map { row in table.columns.map { $0.text(row) } }
  }

  @Test func tablesViewsAndQueriesAreRead() throws {
    let table = try Table.read(path + "#prices")
    #expect(table.columns.map(\.name) == ["id", "area m2", "street", "sold"] && table.hasHeader)
    #expect(
      cells(table) == [["1", "50.5", "Elm", "2024-01-02"], ["2", nil, "Oak", nil], ["3", "70", "Elm", "2024-03-04"]])
    #expect(try cells(Table.read(path + "#large")) == [["3", "70", "Elm", "2024-03-04"]])
    let query = try Table.read(path + "#SELECT street, count(*) AS n FROM prices GROUP BY street ORDER BY n DESC")
    #expect(query.columns.map(\.name) == ["street", "n"] && cells(query) == [["Elm", "2"], ["Oak", "1"]])
    #expect(Table.exists(path + "#prices") && !Table.exists(path + "x#prices"))
  }

  /// A text is as long as the file says, whatever is in it.
  @Test func textsMayHoldANUL() throws {
    let table = try Table.read(path + "#SELECT 'a' || char(0) || 'b' AS t, id FROM prices")
    #expect(table.columns[0].text(0) == "a\0b")
  }

  /// Whole numbers of 64 bits keep their digits, and texts have the decimal sign that is said.
  @Test func wholeNumbersAndDecimalsAreExact() throws {
    let long = try Table.read(path + "#SELECT 9007199254740992 + id AS n, id FROM prices")
    #expect(cells(long).map(\.[0]) == ["9007199254740993", "9007199254740994", "9007199254740995"])
    let query = path + "#SELECT id, '6.63' || id || ',5' AS t FROM prices"
    #expect(try cells(Table.read(query, TableFormat(decimal: .comma))).map(\.[1]) == ["6631.5", "6632.5", "6633.5"])
    #expect(try cells(Table.read(query)).map(\.[1]) == ["6.631,5", "6.632,5", "6.633,5"])
  }

  @Test func whatCannotBeReadIsSaid() throws {
    func fails(_ selection: String, _ hint: String, _ format: TableFormat = TableFormat()) {
      #expect { try Table.read(path + selection, format) } throws: { "\($0)".contains(hint) }
    }
    fails("", "holds the tables prices, odd \"name\", large")
    fails("#price", "has no table price; did you mean prices?")
    fails("#odd \"name\"", "column b holds bytes")
    fails("#SELECT absent FROM prices", "no such column")
    fails("#SELECT 1; SELECT 2", "several")
    fails("#SELECT * FROM prices WHERE id > 5", "has no rows")
    fails("#WITH x AS (SELECT 1) DELETE FROM prices", "no columns")
    fails("#prices", "no text with delimiters", TableFormat(delimiter: ";"))
    fails("#prices", "names its columns", TableFormat(header: false))
    // Nothing was written.
    #expect(try Table.read(path + "#prices").rowCount == 3)
    // A damaged file: its pages are overwritten.
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    for index in 100..<bytes.count { bytes[index] = 0xa5 }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    #expect(throws: DatasetError.self) { try Table.read(path + "#prices") }
  }
}
