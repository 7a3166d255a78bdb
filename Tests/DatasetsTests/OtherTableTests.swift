import Datasets
import Foundation
import TestSupport
import Testing

/// Tables that a model meets after the one that it was trained on: read alike, and what is unlike is said.
@Suite struct OtherTableTests {
  private let space: Workspace

  init() throws { space = try Workspace() }

  private func encoding(_ text: String, _ options: TableOptions = TableOptions()) throws -> TableEncoding {
    try TableProblem(try space.write("t.csv", text: text), options, key: RandomKey(seed: 1)).encoding
  }

  private func rows(_ count: Int, _ row: (Int) -> String) -> String { (0..<count).map { row($0) + "\n" }.joined() }

  private func cells(_ encoding: TableEncoding, _ text: String, _ format: TableFormat = TableFormat()) throws
    -> [String?]
  {
    let table = try encoding.read(try space.write("o.csv", text: text), format)
    return (0..<table.rowCount).map { table.columns[0].text($0) }
  }

  private func notes(_ encoding: TableEncoding, _ text: String, _ format: TableFormat = TableFormat()) throws
    -> [String]
  {
    try encoding.features(of: try encoding.read(try space.write("o.csv", text: text), format)).notes
  }

  private func fails(_ hint: String, _ encoding: TableEncoding, _ text: String) {
    #expect { try notes(encoding, text) } throws: { "\($0)".contains(hint) }
  }

  /// 6.630 is what it was in training, whatever the other cells are.
  @Test func theDecimalSignIsKept() throws {
    let commas = try encoding("x;z;y\n" + rows(60) { "\($0),25;\($0 % 7),5;\($0 * $0 % 11),5" })
    #expect(commas.decimal == .comma)
    #expect(try cells(commas, "x;z\n6.630;1\n7.260;2\n") == ["6630", "7260"])
    #expect(try cells(commas, "x;z\n6.630;0,5\n7.260;1,5\n") == ["6630", "7260"])
    #expect(try cells(commas, "x;z\n6.630;1\n7.260;2\n", TableFormat(decimal: .point)) == ["6.63", "7.26"])
    // Where commas divide cells, none is a decimal sign.
    #expect(try cells(commas, "x,z\n6.630,1\n7.260,2\n") == ["6.63", "7.26"])
    #expect(
      try notes(commas, "x,z\n6.630,1\n7.260,2\n") == ["the decimal sign is a point, and was a comma in training"])
    let points = try encoding("x,z,y\n" + rows(60) { "\($0).25,\($0 % 7).5,\($0 * $0 % 11).5" })
    #expect(points.decimal == .point)
    #expect(try cells(points, "x;z\n6,630;1\n7,260;2\n") == ["6630", "7260"])
    fails("\"0,5\" is no number, and the training data had numbers there; where a comma", points, "x;z\n6;0,5\n7;1\n")
    #expect(try cells(points, "x;z\n6,5;1\n7,25;2\n", TableFormat(decimal: .comma)) == ["6.5", "7.25"])
    // Whole numbers say nothing of it.
    let whole = try encoding("x;z;y\n" + rows(60) { "\($0);\($0 % 7);\($0 * $0 % 31)" }, TableOptions(task: .numbers))
    #expect(whole.decimal == nil)
    #expect(try cells(whole, "x;z\n6,5;1\n7,25;2\n") == ["6.5", "7.25"])
    let both = try space.write("o.csv", text: "x,y\n1,2\n")
    #expect { try Table.read(both, TableFormat(delimiter: ",", decimal: .comma)) } throws: {
      "\($0)".contains("cannot be both the delimiter and the decimal sign")
    }
  }

  /// A first row that is neither a header nor a row is said of other files, too.
  @Test(arguments: [false, true]) func rowsThatAreLeftAsideAreSaid(_ hasHeader: Bool) throws {
    let made = try encoding((hasHeader ? "a,b,y\n" : "") + rows(60) { "\($0).5,\($0 % 7),\($0 * $0 % 11).5" })
    #expect(made.hasHeader == hasHeader)
    let titled = "a title\n1.5,2,0\n2.5,3,0\n"
    guard !hasHeader else { return fails("has to hold the names", made, titled) }
    let aside = "the first row has 1 cell where others have 3, and is left aside"
    #expect(try notes(made, titled) == [aside])
    #expect(try notes(made, titled, TableFormat(header: true)) == [aside])
    #expect(try cells(made, titled) == ["1.5", "2.5"])
    #expect(try notes(made, "1.5,2,0\n2.5,3,0\n").isEmpty)
    let (rows, notes) = try made.dataset(of: try made.read(try space.write("o.csv", text: titled)))
    #expect(rows.count == 2 && notes == [aside])
  }

  /// Models of earlier versions name no decimal sign.
  @Test func olderModelsAreRead() throws {
    let made = try encoding("x;y\n" + rows(60) { "\($0),25;\($0 * $0 % 11),5" })
    let json = String(decoding: try JSONEncoder().encode(made), as: UTF8.self)
    let older = json.replacing("\"decimal\":\"comma\",", with: "").replacing(",\"decimal\":\"comma\"", with: "")
    #expect(older != json)
    let read = try JSONDecoder().decode(TableEncoding.self, from: Data(older.utf8))
    #expect(read.decimal == nil && read.inputs == made.inputs)
    #expect(try JSONDecoder().decode(TableEncoding.self, from: Data(json.utf8)) == made)
  }

  /// A table without names, under a line of another width: rows alone are read as such, and so is the whole file.
  @Test func columnsByPositionNeedNoHeader() throws {
    func row(_ index: Int) -> String { "\(index).5,\(index % 7),\(index * index % 11).25,\(index % 2)" }
    let text = "60,3,no,yes,maybe\n" + rows(60, row)
    let made = try encoding(text)
    #expect(!made.hasHeader && made.targets == ["column 3"])
    #expect(try cells(made, text) == (0..<60).map { "\($0).5" })
    #expect(try cells(made, rows(3, row)) == ["0.5", "1.5", "2.5"] && notes(made, row(0) + "\n") == [])
    // Earlier versions said that there was a header.
    var older = made
    older.hasHeader = true
    let aside = "the first row has 5 cells where others have 4, and is left aside"
    #expect(try cells(older, rows(9, row)).count == 9 && notes(older, text) == [aside])
    #expect {
      try notes(older, rows(9) { row($0 + 3) }, TableFormat(header: true))
    } throws: {
      "\($0)".contains("lacks the columns column 0, column 1, column 2") && "\($0)".contains("say --header no")
    }
    let named = try encoding("a,b,y\n" + rows(60) { "\($0).5,\($0 % 7),\($0 % 2)" })
    fails("there are: 1.5, 2, 0; its first row has to hold the names", named, "1.5,2,0\n2.5,3,1\n")
  }

  /// Numbers far outside of training are counted, with the column that has most of them.
  @Test func boundsAreSaid() throws {
    let made = try encoding(
      "area,rooms,sold,y\n" + rows(60) { "\(20 + 3 * $0),\($0 % 5),2024-01-\(10 + $0 % 20),\($0 * $0 % 11).5" })
    #expect(try notes(made, "area,rooms,sold\n500,4,2024-03-01\n20,0,2024-01-05\n") == [])
    let one = try notes(made, "area,rooms,sold\n1e9,4,2024-03-01\n20,0,2024-01-05\n")
    #expect(one == ["1 cell of area far outside of what training saw, taken as its bounds"])
    let many = try notes(made, "area,rooms,sold\n1e9,4,2024-03-01\n-1e9,5000,2024-01-05\n,2,1950-01-01\n")
    #expect(many.contains("4 cells (most in area: 2) far outside of what training saw, taken as its bounds"))
  }

  /// A column that is missing is told by the name that is nearest to it.
  @Test func misspeltColumnsAreNamed() throws {
    let made = try encoding("rooms,area,y\n" + rows(60) { "\($0 % 5),\($0),\($0 * $0 % 11).5" })
    fails("lacks the column rooms of the training data; is romms that column?", made, "romms,area\n1,2\n3,4\n")
    fails("lacks the column rooms of the training data; there are: floor, area", made, "floor,area\n1,2\n3,4\n")
    fails(
      "lacks the columns rooms, area of the training data; near to them are Rooms (rooms), aera (area)", made,
      "Rooms,aera,x\n1,2,3\n3,4,5\n")
    let targets = try space.write("o.csv", text: "rooms,area,Y\n1,2,3\n3,4,5\n")
    #expect { try made.dataset(of: try made.read(targets)) } throws: {
      "\($0)".contains("lacks the target y; is Y that column?")
    }
  }
}
