import Reports
import Testing

@Suite struct TextTableTests {
  @Test func columnsAreAligned() {
    let table = TextTable(header: ["a", "b"], rows: [["long cell", "1"], ["x", "22"]])
    #expect(table.text() == "a          b\nlong cell  1\nx          22")
  }

  @Test func theWidestColumnGivesWay() {
    let table = TextTable(header: ["claim", "n"], rows: [["one two three four", "10"], ["five", "7"]])
    #expect(table.text(width: 13) == "claim      n\none two    10\nthree\nfour\nfive       7")
  }

  @Test(arguments: [20, 37, 100, 1000])
  func noLineIsWider(width: Int) {
    let long = String(repeating: "word ", count: 60) + String(repeating: "x", count: 300)
    let table = TextTable(
      header: ["claim", "estimate", "interval"],
      rows: [[long, "-0.1234", "short"], ["", long, long], ["a", "b", "c"]])
    let text = table.text(width: width)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= width })
    // Nothing is lost.
    #expect(text.count { $0 == "x" } == 900)
  }

  @Test func wrapping() {
    #expect(TextTable.wrapped("", width: 5) == [""])
    #expect(TextTable.wrapped("ab cd efghijkl m", width: 5) == ["ab cd", "efghi", "jkl m"])
    #expect(TextTable.wrapped("abcdefg", width: 3) == ["abc", "def", "g"])
  }
}
