import Datasets
import Testing

@Suite struct ARFFTests {
  private let head = "% a comment\n@relation flows\n@ATTRIBUTE a numeric\n@attribute 'b c' real\n\n@data\n"

  @Test func tablesAreRead() throws {
    let table = try ARFFTable(text: head + "1,2.5\n?, -3e2\n", source: "x")
    #expect(table.attributes == ["a", "b c"])
    #expect(table.rows == [[1, 2.5], [nil, -300]])
    #expect(table.complete.rows == [[1, 2.5]] && table.complete.dropped == 1)
  }

  @Test(arguments: ["1\n", "1,x\n", "{0 1}\n", "1,inf\n"]) func whatIsNoRowIsNamed(_ row: String) {
    let error = #expect(throws: DatasetError.self) { try ARFFTable(text: head + row, source: "x") }
    #expect(error?.source == "x" && error?.reason.contains("line 7") == true)
  }
}
