import Datasets
import Foundation
import TestSupport
import Testing

/// Whole numbers beyond 2^53, which doubles do not tell apart: each is what is written.
@Suite struct LongNumberTests {
  private let labels = ["1089234567890123457", "1089234567890123458", "1089234567890124999"]

  private func path(_ text: String, _ name: String = "t.csv") throws -> String {
    try Workspace().write(name, text: text)
  }

  private func problem(_ text: String, _ options: TableOptions = TableOptions()) throws -> TableProblem {
    try TableProblem(try path(text), options, key: RandomKey(seed: 1))
  }

  private func rows(_ count: Int, _ row: (Int) -> String) -> String { (0..<count).map { row($0) + "\n" }.joined() }

  @Test func cellsKeepTheirDigits() throws {
    let cells = [
      ("9007199254740992", "9007199254740992"), ("9007199254740993", "9007199254740993"),
      ("-9007199254740993", "-9007199254740993"), ("+09007199254740993.00", "9007199254740993"),
      ("\"9,007,199,254,740,993\"", "9007199254740993"), ("9007199254740994", "9007199254740994"),
      ("1089234567890123", "1089234567890123"), ("9223372036854775807", "9223372036854775807"),
      ("18446744073709551615", "18446744073709551615"),
      ("123456789012345678901234567890", "123456789012345678901234567890"),
      ("9.007199254740993e15", "9007199254740992"), ("2.50", "2.5"),
      // A percent sign is taken off, as of all numbers.
      ("1234567890123456789%", "1234567890123456789"),
    ]
    let text = "n,m\n" + cells.map { "\($0.0),1\n" }.joined()
    let table = try Table.read(try path(text))
    #expect(!table.columns[0].isText)
    #expect(cells.indices.map { table.columns[0].text($0) } == cells.map(\.1))
    // A text that comes late changes none of them; nor do pieces.
    let long = text + rows(70_000) { "\(labels[$0 % 3]),\($0)" }
    for (text, isText) in [(long, false), (long + "x,1\n" + text.dropFirst(4), true)] {
      let column = try Table.read(try path(text)).columns[0]
      #expect(column.isText == isText && column.text(1) == cells[1].1)
      #expect((0..<70_000).allSatisfy { column.text(cells.count + $0) == labels[$0 % 3] })
      if isText { #expect(column.text(70_000 + cells.count + 2) == cells[1].1) }
    }
    let arff = try path("@relation r\n@attribute n numeric\n@data\n" + labels.joined(separator: "\n"), "t.arff")
    #expect(try (0..<3).map(Table.read(arff).columns[0].text) == labels)
  }

  /// Classes are their texts, in the order of the numbers; other tables have the same.
  @Test func classesAreTold() throws {
    let space = try Workspace()
    let file = try space.write("t.csv", text: "x,customer\n" + rows(90) { "\($0 % 3).5,\(labels[$0 % 3])" })
    let made = try TableProblem(file, key: RandomKey(seed: 1))
    #expect(made.encoding.classes == labels && made.account.contains("3 classes"))
    let (dataset, notes) = try made.encoding.dataset(of: try made.encoding.read(file))
    #expect(dataset.labels == (0..<90).map { Int32($0 % 3) } && notes.isEmpty)
    let other = try space.write("o.csv", text: "x,customer\n1,\(labels[0])\n2,1089234567890123459\n")
    #expect { try made.encoding.dataset(of: try made.encoding.read(other)) } throws: {
      "\($0)".contains("line 3: \"1089234567890123459\" is no class")
    }
    for pair in [["9007199254740992", "9007199254740993"], ["90071992547409920", "90071992547409921"]] {
      #expect(try problem("x,y\n" + rows(60) { "\($0),\(pair[$0 * $0 % 3 % 2])" }).encoding.classes == pair)
    }
    let negative = ["-90071992547409922", "-90071992547409921", "-90071992547409920"]
    #expect(try problem("x,y\n" + rows(60) { "\($0),\(negative[$0 % 3])" }).encoding.classes == negative)
    let numbers = TableOptions(targets: ["y"], task: .numbers)
    #expect { try problem("x,y\n" + rows(60) { "\($0),\(negative[$0 % 3])" }, numbers) } throws: {
      "\($0)".contains("--task classes")
    }
  }

  /// Columns whose cells become one double are no constants: they are names, or identifiers.
  @Test func columnsAreNoConstants() throws {
    let groups = try problem("customer,x,y\n" + rows(90) { "\(labels[$0 % 3]),\($0),\($0 % 7).5" })
    let input = try #require(groups.encoding.inputs.first { $0.column == "customer" })
    #expect(input.kind == .category && input.values == labels)
    for name in ["customer", "id"] {
      let unique = try problem("\(name),x,y\n" + rows(90) { "90071992547409\(100 + $0),\($0),\($0 % 7).5" })
      #expect(unique.account.contains("left out: \(name) (identifier)"))
    }
    let same = try problem("a,x,y\n" + rows(90) { "9007199254740993,\($0),\($0 % 7).5" })
    #expect(same.account.contains("a (constant)"))
    // Far apart they are numbers, as time in nanoseconds is.
    let far = try problem("t,y\n" + rows(90) { "\(1_700_000_000_000_000_001 + 1_000_000_000 * $0),\($0 % 7).5" })
    #expect(far.encoding.inputs.map(\.kind) == [.number])
  }

  /// The last rows by an identifier are those with the largest digits, though its doubles are all alike.
  @Test func orderIsThatOfTheDigits() throws {
    let text =
      "k,x,y\n"
      + rows(100) { row in
        let place = row * 37 % 100
        return "1089234567890123\(400 + place),\(place),\(place % 7)"
      }
    let found = try problem(text, TableOptions(targets: ["y"], task: .numbers, order: "k"))
    // The header is line 1.
    #expect(Set(found.validationLines.map { ($0 - 2) * 37 % 100 }) == Set(80..<100))
  }
}
