import Datasets
import Foundation
import Testing

/// Tables whose rows are long, and prices in the forms of several countries.
@Suite struct WideTableTests {
  private func read(_ text: String) throws -> Table { try Table.read(try Workspace().write("t.csv", text: text)) }

  /// A header of 300 KB; cells of 100 KB with line ends in quotes.
  @Test func rowsMayBeLong() throws {
    let header = (0..<2000).map { "ENSG\($0)" + String(repeating: "0", count: 150) }.joined(separator: ",")
    let rows = (0..<25).map { row in (0..<2000).map { "\(row + $0)" }.joined(separator: ",") }
    let wide = try read(([header] + rows).joined(separator: "\n") + "\n")
    #expect(wide.hasHeader && wide.columns.count == 2000 && wide.rowCount == 25)
    #expect(wide.columns[1999].name.hasPrefix("ENSG1999") && wide.columns[1999].text(24) == "2023")
    let cell = "\"" + String(repeating: "a line, it ends\n", count: 17_000) + "\""
    let long = try read("note,n\n" + (0..<4).map { "\(cell),\($0)\n" }.joined())
    #expect(long.columns.map(\.name) == ["note", "n"] && long.rowCount == 4 && long.columns[1].text(3) == "3")
  }

  /// Where other columns are whole numbers, prices alone say that the decimal sign is a comma.
  @Test(arguments: ["", " €", "\u{a0}€", "%"]) func decimalCommasAreFoundInPrices(_ unit: String) throws {
    let rows = [("3", "3.473,61"), ("2", "9,10"), ("4", "1.000.000,5")].map { "\($0);\($1)\(unit)\n" }
    let table = try read("rooms;price\n" + rows.joined())
    #expect((0..<3).map { table.columns[1].text($0) } == ["3473.61", "9.1", "1000000.5"])
    #expect(table.columns[0].text(0) == "3")
  }

  /// Both signs read these as numbers: less than one is meant.
  @Test func plainNumbersDecide() throws {
    let table = try read("a;b\n1;0,125\n2;1,500\n3;2,250\n")
    #expect((0..<3).map { table.columns[1].text($0) } == ["0.125", "1.5", "2.25"])
  }

  private func fails(_ hint: String, _ path: String, _ options: TableOptions = TableOptions()) {
    #expect { try TableProblem(path, options, key: RandomKey(seed: 1)) } throws: { "\($0)".contains(hint) }
  }

  /// One class is none, whatever a file declares, and however the others are lost.
  @Test func oneClassIsRefused() throws {
    let space = try Workspace()
    let head = "@relation r\n@attribute n numeric\n@attribute k {u,v}\n@data\n"
    let declared = try space.write("t.arff", text: head + (0..<40).map { "\($0 * $0 % 17),u\n" }.joined())
    fails("the target k is always u", declared, TableOptions(targets: ["k"]))
    let rows = (0..<60).map { "\($0 * $0 % 17),\($0 % 2 == 0 ? "no" : "yes")" }
    let lost = try space.write(
      "t.csv", text: "a,b,y\n" + rows.enumerated().map { "\($0 % 2 == 0 ? "\($0)" : ""),\($1)\n" }.joined())
    fails("is always no in the training part", lost, TableOptions(targets: ["y"], missing: .drop))
    let images: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9]
    for part in ["train", "t10k"] {
      _ = try space.write("\(part)-images-idx3-ubyte", images)
      _ = try space.write("\(part)-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 2, 1, 1])
    }
    #expect { try ImageFolder.load(space.path) } throws: { "\($0)".contains("all labels are 1") }
  }

  @Test func twoKindsOfAColumnAreRefused() throws {
    let path = try Workspace().write("t.csv", text: "a,y\n" + (0..<40).map { "\($0 % 7),\($0)\n" }.joined())
    fails("a is to be of two kinds", path, TableOptions(kinds: ["a": .number, "0": .category]))
  }
}
