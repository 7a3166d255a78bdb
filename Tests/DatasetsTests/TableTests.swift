import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct TableReaderTests {
  private func read(_ text: String, _ format: TableFormat = TableFormat(), name: String = "t.csv") throws -> Table {
    try Table.read(try Workspace().write(name, text: text), format)
  }

  private func read(bytes: [UInt8], _ format: TableFormat = TableFormat(), name: String = "t.csv") throws -> Table {
    try Table.read(try Workspace().write(name, bytes), format)
  }

  private func cells(_ table: Table) -> [[String?]] {
    (0..<table.rowCount).map { row in table.columns.map { $0.text(row) } }
  }

  /// What stands over a table of another width, as scikit-learn's number of rows and columns, is no header.
  @Test func otherFirstRowsAreLeftAside() throws {
    let table = try read("2,3,no,yes\n1,2,3,4,5,6,0\n2,3,4,5,6,7,1\n")
    #expect(table.rowCount == 2 && table.columns.count == 7 && table.columns[6].name == "column 6")
    #expect(table.notes.contains { $0.contains("4 cells where others have 7") } && table.line(of: 0) == 2)
  }

  /// One table, written in each way that is found out.
  @Test(arguments: [
    "a,b,c\n1,2.5,x\n-3,4,y\n", "a\tb\tc\r\n1\t2.5\tx\r\n-3\t4\ty\r\n", "a;b;c\n1;2,5;x\n-3;4,0;y\n",
    "a|b|c\n1|2.5|x\n-3|4|y", "  a  b c\n 1   2.5 x\n-3 4  y \n", "\u{FEFF}a,b,c\n1,2.5,x\n-3,4,y\n",
    "a,b,c\r1,2.5,x\r-3,4,y\r", "\"a\",\"b\",\"c\"\n\"1\",\"2.5\",\"x\"\n\"-3\",\"4\",\"y\"\n",
    "a , b,c\n 1, 2.50 ,x\n-3.0,4e0, y\n", "a,b,c,\n1,2.5,x\n-3,4,y\n",
    "# made by hand\n# twice\na,b,c\n1,2.5,x\n\n-3,4,y\n",
  ]) func dialectsAreFound(_ text: String) throws {
    let table = try read(text)
    #expect(table.columns.prefix(3).map(\.name) == ["a", "b", "c"])
    #expect(cells(table).map { Array($0.prefix(3)) } == [["1", "2.5", "x"], ["-3", "4", "y"]])
  }

  @Test func encodingsAreFound() throws {
    let text = "name,größe\nÅsa,1\nJosé,2\n"
    let expected: [[String?]] = [["Åsa", "1"], ["José", "2"]]
    let wide = Array(text.utf16)
    let little: [UInt8] = [0xff, 0xfe] + wide.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let big: [UInt8] = [0xfe, 0xff] + wide.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    let latin = text.unicodeScalars.map { UInt8($0.value) }
    let all: [[UInt8]] = [Array(text.utf8), little, big, Array(little.dropFirst(2)), latin]
    for bytes in all {
      let table = try read(bytes: bytes)
      #expect(table.columns.map(\.name) == ["name", "größe"] && cells(table) == expected)
    }
    #expect { try read(bytes: text.unicodeScalars.map { UInt8($0.value) }, TableFormat(encoding: .utf8)) } throws: {
      "\($0)".contains("line 1 is no UTF-8")
    }
  }

  @Test func headersAreFound() throws {
    func names(_ text: String, _ format: TableFormat = TableFormat()) throws -> [String] {
      try read(text, format).columns.map(\.name)
    }
    #expect(try names("1,2,0.5\n3,4,1.25\n") == ["column 0", "column 1", "column 2"])
    #expect(try names("0,1,y\n5,6,7\n8,9,1\n") == ["0", "1", "y"])
    #expect(try names("0,1,2\n5,6,7\n8,9,1\n") == ["0", "1", "2"])
    #expect(try names("5,6,cat\n7,8,dog\n9,1,cat\n") == ["column 0", "column 1", "column 2"])
    #expect(try names("x,y\nu,v\nw,v\n") == ["x", "y"])
    #expect(try names("u,v\nu,w\nu,v\n") == ["column 0", "column 1"])
    #expect(try names("u,v\nu,w\nu,v\n", TableFormat(header: true)) == ["u", "v"])
    #expect(try names("2001,2002\n1,2\n3,4\n", TableFormat(header: true)) == ["2001", "2002"])
    #expect(try names(",a,b\n1,2,3\n2,3,4\n") == ["column 0", "a", "b"])
    // As R writes row names.
    #expect(try names("\"a\",\"b\"\n\"x\",2,3\n\"y\",3,4\n") == ["row names", "a", "b"])
  }

  @Test func numbersAreTheNearestDoubles() throws {
    let key = RandomKey(seed: 4)
    let plain = key.normal(count: 300)
    var texts = plain.indices.map { "\(plain[$0] * pow(10, Double($0 % 60) - 30))" }
    texts += [
      "0.1", "1e22", "1e23", "9007199254740993", "123456789012345678901234567890e-20", "2.2250738585072011e-38", "-.5",
      "+3.",
    ]
    let table = try read("a,b\n" + texts.map { "\($0),1\n" }.joined())
    for (row, text) in texts.enumerated() {
      #expect(table.columns[0].text(row).flatMap(Double.init) == strtod(text, nil), "\(text)")
    }
  }

  @Test func decorationsAreTakenOff() throws {
    let table = try read("price,share,n\n\"$1,234.50\",12%,\"1,000\"\n$7,-3 %,2\n(5),1%,3\n")
    #expect(cells(table) == [["1234.5", "12", "1000"], ["7", "-3", "2"], ["(5)", "1", "3"]])
  }

  /// A column of numbers in which a text comes late keeps what it had; 1 and 1.0 are one.
  @Test func numbersBecomeTexts() throws {
    let table = try read("k,n\n" + (0..<70_000).map { "\($0 % 3).0,\($0)\n" }.joined() + "x,1\n1,2\n,3\n")
    #expect(table.columns[0].isText && table.columns[0].words == ["0", "1", "2", "x"])
    #expect(
      table.columns[0].text(69_999) == "0" && table.columns[0].text(70_001) == "1" && table.columns[0].isMissing(70_002)
    )
    #expect(!table.columns[1].isText && table.columns[1].text(69_999) == "69999")
  }

  /// Rows that lie across the reader's buffer, quoted ones with line breaks among them, keep their cells and lines.
  @Test func longTextsAreReadWhole() throws {
    let filling = String(repeating: "z", count: 900)
    var text = "n,t,m\n"
    for row in 0..<9000 { text += "\(row),\"\(row)\n\"\"\(filling)\(row % 7)\",\(Double(row) / 8)\n" }
    #expect(text.utf8.count > 8_000_000)
    let table = try read(text)
    #expect(table.rowCount == 9000)
    for row in stride(from: 0, to: 9000, by: 13) {
      #expect(table.columns[0].text(row) == "\(row)")
      #expect(table.columns[1].text(row) == "\(row)\n\"\(filling)\(row % 7)")
      #expect(table.columns[2].text(row).flatMap(Double.init) == Double(row) / 8)
      #expect(table.line(of: row) == 2 * row + 2)
    }
  }

  @Test func gzipOfSeveralMembersAndPipes() throws {
    let space = try Workspace()
    let parts = ["a,y\n" + (0..<20).map { "\($0),1\n" }.joined(), (20..<200).map { "\($0),2\n" }.joined()]
    var joined = Data()
    for (index, part) in parts.enumerated() {
      let plain = try space.write("p\(index)", text: part)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["gzip", plain]
      try process.run()
      process.waitUntilExit()
      joined.append(try Data(contentsOf: URL(fileURLWithPath: plain + ".gz")))
    }
    let path = try space.write("z.csv.gz", [UInt8](joined))
    #expect(try Table.read(path).rowCount == 200)
    #expect(try Table.read(try space.write("zeros.csv.gz", [UInt8](joined) + [0, 0, 0])).rowCount == 200)
    #expect { try Table.read(try space.write("bad.csv.gz", [UInt8](joined) + [1, 2, 3])) } throws: {
      "\($0)".contains("corrupt")
    }
    let pipe = Pipe()
    DispatchQueue.global().async {
      for part in parts { pipe.fileHandleForWriting.write(Data(part.utf8)) }
      try? pipe.fileHandleForWriting.close()
    }
    #expect(try Table.read("/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)").rowCount == 200)
  }

  @Test func arraysAreTables() throws {
    let path = try Workspace().path + "/x.npy"
    try Npy.write(NDArray([1.5, .nan, 3, 4], shape: [2, 2]), to: path)
    #expect(cells(try Table.read(path)) == [["1.5", nil], ["3", "4"]])
    try Npy.write(NDArray([1.5, 2]), to: path)
    #expect { try Table.read(path) } throws: { "\($0)".contains("rows and columns") }
  }

  /// A table of three columns in which lines have a quote too much.
  private static func stray(_ lines: Int...) -> String {
    "a,b,c\n" + (2...40).map { "\($0),\(lines.contains($0) ? "\"" : "")word,\($0).5\n" }.joined()
  }

  /// Two quotes too much swallow no lines, whatever else would be found out from the rows between them.
  @Test(arguments: [(2, 3), (2, 40), (3, 22), (39, 40)]) func strayQuotesSwallowNothing(_ first: Int, _ last: Int) {
    #expect { try read(Self.stray(first, last)) } throws: {
      "\($0)".contains("line \(last), column b: text follows a closing quote")
    }
  }

  /// Blanks may stand beside quotes, and delimiters, quotes and line ends within them.
  @Test func quotesHoldWhatTheyLike() throws {
    let table = try read("a;b\n \"x, y\" ;\"1\"  \n\"p;\"\"q\"\"\";\"2\"\n\"r\ns\"\t;\"3\"\n\"\";4\n")
    #expect(cells(table) == [["x, y", "1"], ["p;\"q\"", "2"], ["r\ns", "3"], [nil, "4"]])
    // Quotes that end within a cell speak against a delimiter.
    let words = try read("k;l\n\"a, b\";\"c, d\"\n\"e, f\";\"g, h\"\n", TableFormat(header: true))
    #expect(cells(words) == [["a, b", "c, d"], ["e, f", "g, h"]])
  }

  @Test func defectsAreNamedByLine() throws {
    func fails(_ hint: String, _ text: String, _ format: TableFormat = TableFormat()) {
      #expect { try read(text, format) } throws: { "\($0)".contains(hint) }
    }
    fails("line 3 has 2 cells and not 3", "a,b,c\n1,2,3\n1,2\n")
    fails("line 4 has 4 cells and not 3", "a,b,c\n1,2,3\n\n1,2,3,4\n")
    fails("line 3 never ends", "a,b\n1,2\n3,\"2\n")
    fails("line 2, column b: text follows a closing quote;", "a,b\n1,\"x\"y\n2,z\n")
    fails("line 5, column b: text follows a closing quote, of the quoted field that starts in line 3", Self.stray(3, 5))
    fails("is empty", "")
    fails("has no rows", "a,b\n", TableFormat(header: true))
    fails("two columns are called a", "a,b,a\n1,2,3\n")
    fails("no delimiter was found", "a\n1\n2\n")
    fails("is not one character", "a,b\n1,2\n", TableFormat(delimiter: "::"))
    #expect { try Table.read("/nowhere.csv") } throws: { "\($0)".contains("cannot be read") }
    #expect { try Table.read("/tmp") } throws: { "\($0)".contains("cannot be read") }
  }
}
