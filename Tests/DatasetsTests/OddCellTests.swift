import Datasets
import Foundation
import TestSupport
import Testing

/// A slip of a hand in a column of numbers or dates is said, or refused, by line and value; what is meant as words is neither.
@Suite struct OddCellTests {
  private let space: Workspace

  init() throws { space = try Workspace() }

  private func problem(_ text: String, _ options: TableOptions = TableOptions()) throws -> TableProblem {
    try TableProblem(try space.write("t.csv", text: text), options, key: RandomKey(seed: 1))
  }

  /// Rows 0, 1, ... stand in lines 2, 3, ...
  private func table(_ header: String, rows: Int, _ row: (Int) -> String) -> String {
    ([header] + (0..<rows).map(row)).joined(separator: "\n") + "\n"
  }

  private func fails(_ hint: String, _ text: String, _ options: TableOptions = TableOptions()) {
    #expect { try problem(text, options) } throws: { "\($0)".contains(hint) }
  }

  private func decimal(_ row: Int) -> String { "\(Double(row) + 0.5)" }

  /// Whole numbers may be codes: the column is one of words, and that is said with a way out.
  @Test func wholeNumbersWithASlipAreDoubted() throws {
    let text = table("a,b,y", rows: 200) { "\($0 == 77 ? "14O" : "\($0 % 40)"),\($0 % 7),\(3 * $0)" }
    let made = try problem(text)
    #expect(made.doubts.count == 1)
    let doubt = made.doubts.first ?? ""
    #expect(
      doubt.contains("column a: 199 of 200 cells are numbers, line 79 holds \"14O\"; it is taken as a category")
        && doubt.contains("--as a=category") && doubt.contains("--as a=number"), "\(doubt)")
    #expect(made.account.contains("\n  column a: 199 of 200"))
    #expect(try problem(text, TableOptions(kinds: ["a": .category])).doubts.isEmpty)
    fails(
      "line 79, column a: \"14O\" is no number, and 199 of 200 cells there are numbers; mend it", text,
      TableOptions(kinds: ["a": .number]))
    // Left out as an identifier, and without anything else.
    let unique = table("a,b,y", rows: 200) { "\($0 == 77 ? "14O" : "\($0)"),\($0 % 7),\(3 * $0)" }
    #expect(try problem(unique).doubts.first?.contains("taken as an identifier, and left out") == true)
    fails(
      "predicted; left out: a (identifier; 199 of 200 cells are numbers, line 79 holds \"14O\")",
      table("a,y", rows: 200) { "\($0 == 77 ? "14O" : "\($0)"),\(3 * $0)" })
  }

  /// Where most numbers have decimals nobody means words.
  @Test func measuredNumbersWithASlipAreRefused() throws {
    for slip in ["oops", "12.3.4", "\"95,60\"", "<0.01"] {
      let text = table("b,c,y", rows: 300) { "\($0 == 10 ? slip : decimal($0)),\($0 % 5),\($0)" }
      let shown = slip.replacing("\"", with: "")
      fails(
        "line 12, column b: \"\(shown)\" is no number, and 299 of 300 cells there are numbers; mend it or leave the cell "
          + "empty, or say --as b=category", text)
      let meant = try problem(text, TableOptions(kinds: ["b": .category]))
      #expect(meant.doubts.isEmpty && meant.encoding.inputs[0].kind == .category)
      #expect(try problem(text, TableOptions(dropped: ["b"])).encoding.inputs.map(\.column) == ["c"])
    }
    fails(
      "line 12, column b: \"u\" is no number, and 297 of 300 cells there are numbers; mend these 3",
      table("b,y", rows: 300) { "\($0 % 100 == 10 ? "u" : decimal($0)),\($0)" })
  }

  /// Other cells that come more often mean something: they are said, and refuse nothing.
  @Test(arguments: ["<0.5", "unrated", "V2.5", "0.1.3", "10.5W", "(26.92)", "Free"])
  func whatComesOftenIsMeant(_ word: String) throws {
    let made = try problem(table("b,c,y", rows: 300) { "\($0 % 20 == 3 ? word : decimal($0)),\($0 % 5),\($0)" })
    #expect(
      made.doubts.count == 1 && made.doubts[0].contains("line 5 holds \"\(word)\", the first of 15 others"),
      "\(made.doubts)")
    // Groups are no numbers.
    let grouped = try problem(
      table("b,c,y", rows: 300) { "\($0 == 3 ? word : decimal($0 / 10)),\($0 % 5),\($0)" }, TableOptions(group: "b"))
    #expect(grouped.encoding.inputs.map(\.column) == ["c"])
  }

  /// A mark beside nothing is a flag, and a mark may be a column's name.
  @Test(arguments: ["*", "-", "nd", "missing"]) func aMarkAloneIsAWord(_ mark: String) throws {
    let flagged = try problem(table("flag,a,y", rows: 200) { "\($0 % 3 == 0 ? mark : ""),\($0 % 7),\($0)" })
    #expect(flagged.encoding.inputs.map(\.column).contains("flag"), "\(flagged.account)")
  }

  @Test func marksMayBeNames() throws {
    for header in ["sample,Na", "Na,nd", "missing,Mg"] {
      let made = try problem(table(header, rows: 60) { "\($0 % 7),\(decimal($0))" })
      #expect(made.encoding.targets == [String(header.split(separator: ",")[1])], "\(made.account)")
    }
  }

  @Test func slipsInTheTargetAreNamed() throws {
    fails(
      "line 52, column y: \"oops\" is no number, and 299 of 300",
      table("a,y", rows: 300) { "\($0),\($0 == 50 ? "oops" : decimal($0))" })
    let whole = table("a,y", rows: 300) { "\($0),\($0 == 50 ? "5O" : "\($0)")" }
    fails(
      "too many to be classes (299 of 300 cells are numbers, line 52 holds \"5O\")", whole,
      TableOptions(targets: ["y"]))
    fails("numbers were asked for", whole, TableOptions(targets: ["y"], task: .numbers))
    fails("line 52 holds \"5O\"", whole, TableOptions(targets: ["y"], task: .numbers))
    let classes = try problem(table("a,y", rows: 300) { "\($0),\($0 < 3 ? "5O" : "\($0 % 3)")" })
    #expect(classes.encoding.classes.count == 4 && classes.doubts.first?.contains("taken as classes") == true)
  }

  /// One date that is none made an identifier of all.
  @Test func datesWithASlipAreRefused() throws {
    func day(_ row: Int) -> String { "2024-\(String(format: "%02d-%02d", row % 12 + 1, row % 28 + 1))" }
    fails(
      "line 9, column d: \"2024-13-45\" is no date, and 59 of 60 cells there are dates",
      table("d,y", rows: 60) { "\($0 == 7 ? "2024-13-45" : day($0)),\($0)" })
    fails(
      "line 9, column d: \"soon\" is no date", table("d,y", rows: 60) { "\($0 == 7 ? "soon" : day($0)),\($0)" },
      TableOptions(kinds: ["d": .date]))
    // A dash among dates is a missing one.
    let marked = try problem(table("d,y", rows: 60) { "\($0 % 20 == 7 ? "-" : day($0)),\($0)" })
    #expect(marked.encoding.inputs.first?.kind == .date && marked.encoding.inputs.first?.hasIndicator == true)
    #expect(
      marked.account.contains("taken as missing: \"-\" in 3 cells of d, the first in line 9"), "\(marked.account)")
  }

  /// Codes, numbers of houses and grades are words, whatever most of them look like.
  @Test func wordsAreNoErrors() throws {
    let codes = ["12A", "13B", "14", "7", "C3"]
    let made = try problem(
      table("code,house,grade,y", rows: 200) { row in
        "\(codes[row % 5]),\(row % 40 == 3 ? "\(row % 30)b" : "\(row % 30)"),\(row % 11 == 0 ? "3+" : "\(row % 3)"),\(3 * row)"
      })
    #expect(made.encoding.inputs.map(\.kind) == [.category, .category, .category])
    #expect(made.doubts.count == 2 && !made.account.contains("column code"), "\(made.doubts)")
    // A strand is + or -, and a dash beside one number says as much as the number.
    let signs = try problem(
      table("strand,flag,y", rows: 60) { "\($0 % 2 == 0 ? "-" : "+"),\($0 % 3 == 0 ? "-" : "1"),\($0)" })
    #expect(signs.encoding.inputs.map(\.values) == [["+", "-"], ["-", "1"]])
    #expect(signs.encoding.inputs.allSatisfy { $0.kind == .category } && signs.doubts.isEmpty)
  }

  /// The usual marks are missing cells where all else are numbers: in training, in the target, and in other tables.
  @Test(arguments: ["-", "--", "n.a.", "..", "nd", "\u{2013}", "#DIV/0!"]) func marksAmongNumbersAreMissing(
    _ mark: String
  ) throws {
    let text = table("a,y", rows: 200) { "\($0 % 50 == 9 ? mark : "\($0)"),\($0 == 20 ? mark : "\(3 * $0)")" }
    let made = try problem(text)
    let input = try #require(made.encoding.inputs.first)
    #expect(input.kind == .number && input.features == ["a", "a missing"] && made.doubts.isEmpty)
    #expect(made.account.contains("\"\(mark)\" in 4 cells of a, the first in line 11"), "\(made.account)")
    #expect(made.account.contains("1 left out without a target: line 22"))
    let rows = try made.encoding.dataset(of: try made.encoding.read(try space.write("o.csv", text: text)))
    #expect(rows.dataset.count == 199)
    // Asked for as words the mark is one of them.
    let words = try problem(
      table("a,y", rows: 60) { "\($0 % 4 == 0 ? mark : "\($0 % 4)"),\($0)" }, TableOptions(kinds: ["a": .category]))
    #expect(words.encoding.inputs[0].values.contains(mark) && !words.encoding.inputs[0].countsMissing)
  }

  /// A category that knows a dash finds it in a table whose other cells are numbers.
  @Test func marksOfACategoryAreKept() throws {
    let words = ["-", "2", "3", "x"]
    let encoding = try problem(table("a,y", rows: 80) { "\(words[$0 % 4]),\($0)" }).encoding
    let other = try encoding.read(try space.write("o.csv", text: table("a,z", rows: 12) { "\(words[$0 % 3]),\($0)" }))
    #expect(try encoding.features(of: other).notes == ["not used: z"])
  }

  @Test func slipsInOtherTablesAreNamedByLine() throws {
    func day(_ row: Int) -> String { "2024-01-\(10 + row % 20)" }
    let encoding = try problem(table("d,y", rows: 60) { "\(day($0)),\($0 * $0 % 11).5" }).encoding
    let other = try encoding.read(
      try space.write("o.csv", text: table("d,z", rows: 9) { "\($0 == 4 ? "soon" : day($0)),1" }))
    #expect { try encoding.features(of: other) } throws: { "\($0)".contains("line 6, column d: \"soon\" is no date") }
  }

  /// The last column is constant and another was chosen: both are said.
  @Test func aChosenTargetIsNamed() throws {
    let text = table("a,y", rows: 60) { "\($0),5" }
    fails("no column that could predict a, the last column that can be predicted; left out: y (constant)", text)
    fails("the target y is always 5", text, TableOptions(targets: ["y"]))
  }
}

/// Cells that spoil a column are said, and tails are let be.
@Suite struct FarCellTests {
  private func doubts(_ columns: [[Double]]) throws -> [String] {
    let names = columns.indices.map { "c\($0)" }.joined(separator: ",")
    let rows = columns[0].indices.map { row in columns.map { "\($0[row])" }.joined(separator: ",") }
    let text = ([names] + rows).joined(separator: "\n") + "\n"
    return try TableProblem(
      try Workspace().write("t.csv", text: text), TableOptions(targets: ["c0"], task: .numbers), key: RandomKey(seed: 1)
    ).doubts
  }

  private func normal(_ seed: Int, _ count: Int) -> [Double] { RandomKey(seed: seed).normal(count: count) }

  @Test func absurdCellsAreSaid() throws {
    var (a, b, zeros) = (normal(1, 600), normal(2, 600), normal(3, 600).map { $0 > 1 ? (100 * $0).rounded() : 0 })
    #expect(try doubts([a, b, zeros]).isEmpty)
    for row in [55, 300, 301] { a[row] = 1e30 }
    (b[17], zeros[30]) = (-99999, 1e9)
    let found = try doubts([a, b, zeros])
    #expect(found.count == 3)
    #expect(
      found[0].hasPrefix("column c0: 3 of 600 cells lie far from all others (half of all lie between -0.")
        && found[0].contains("the first in line 57 with 1e+30"), "\(found)")
    #expect(found[1].contains("c1: 1 of 600 cells lies far") && found[1].contains("in line 19 with -99999"), "\(found)")
    #expect(found[2].contains("in line 32 with 1000000000"), "\(found)")
  }

  /// Lognormal columns with a deviation of 2 are never doubted; of Cauchy's, whose tail has no mean, one in a hundred may be.
  @Test func tailsAreLetBe() throws {
    let lognormal = (0..<60).map { normal(100 + $0, 4000).map { exp(2 * $0) } }
    #expect(try doubts(lognormal).isEmpty)
    let cauchy = (0..<60).map { seed in zip(normal(200 + seed, 4000), normal(300 + seed, 4000)).map { $0 / $1 } }
    let found = try doubts(cauchy)
    #expect(found.count <= 3, "\(found)")
    // A sentinel that many cells hold is no slip of a hand, but a value.
    #expect(try doubts([normal(5, 600), normal(6, 600).enumerated().map { $0 % 5 == 0 ? -1e9 : $1 }]).isEmpty)
  }
}
