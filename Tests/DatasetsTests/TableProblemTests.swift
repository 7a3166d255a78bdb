import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct TableProblemTests {
  private func problem(_ text: String, _ options: TableOptions = TableOptions(), seed: Int = 1) throws -> TableProblem {
    try TableProblem(try Workspace().write("t.csv", text: text), options, key: RandomKey(seed: seed))
  }

  private func table(_ header: String, rows: Int, _ row: (Int) -> String) -> String {
    ([header] + (0..<rows).map(row)).joined(separator: "\n") + "\n"
  }

  private func fails(_ hint: String, _ text: String, _ options: TableOptions = TableOptions()) {
    #expect { try problem(text, options) } throws: { "\($0)".contains(hint) }
  }

  @Test func tasksAreDecidedOnce() throws {
    // Numbers with a missing cell stay numbers; the row is named.
    let missing = try problem(table("a,y", rows: 50) { "\($0),\($0 == 9 ? "" : "\(Double($0) * 1.5)")" })
    #expect(missing.encoding.classes.isEmpty && missing.account.contains("1 left out without a target: line 11"))
    #expect(missing.train.count + missing.validation.count == 49)
    // 1 and 1.0 are one class.
    let labels = try problem(table("a,y", rows: 60) { "\($0),\($0 % 2 == 0 ? "1" : $0 % 3 == 0 ? "1.0" : "2")" })
    #expect(labels.encoding.classes == ["1", "2"])
    // A few rows of whole numbers are numbers; many rows of few are classes.
    #expect(try problem(table("a,y", rows: 15) { "\($0),\(3 * $0)" }).encoding.classes.isEmpty)
    #expect(try problem(table("a,y", rows: 200) { "\($0),\($0 % 7)" }).encoding.classes.count == 7)
    #expect(
      try problem(table("a,y", rows: 200) { "\($0),\($0 % 7)" }, TableOptions(task: .numbers)).encoding.classes.isEmpty)
    // The target is the last column that can be predicted.
    let empty = try problem(table("a,y,", rows: 50) { "\($0),\($0 % 2)," })
    #expect(empty.encoding.targets == ["y"] && empty.account.contains("(empty)"))
    let several = try problem(
      table("a,b,c,d", rows: 50) { "\($0),1.5,\($0 * $0),\(-$0)" }, TableOptions(targets: ["c,d"]))
    #expect(several.encoding.targets == ["c", "d"] && several.train.targetArray(at: [0]).shape == [1, 2])
    #expect(
      try problem("x,\"the, target\"\n1,2\n3,5\n4,7\n5,9\n", TableOptions(targets: ["the, target"])).encoding.targets
        == ["the, target"])
  }

  /// With a key of its own the test part is the same for all seeds; validation is not.
  @Test func aTestPartCanBeTheSameForAllSeeds() throws {
    let text = table("a,g,y", rows: 200) { "\($0),\($0 / 5),\($0 % 3)" }
    for options in [TableOptions(test: 0.2), TableOptions(test: 0.2, group: "g")] {
      let problems = try [1, 2].map { seed in
        try TableProblem(
          try Workspace().write("t.csv", text: text), options, key: RandomKey(seed: seed), testKey: RandomKey(seed: 9))
      }
      #expect(problems[0].testLines == problems[1].testLines && problems[0].testLines.count >= 30)
      #expect(problems[0].validationLines != problems[1].validationLines)
      for problem in problems { #expect(Set(problem.testLines).isDisjoint(with: problem.validationLines)) }
    }
  }

  /// Test parts of a fifth are five folds, each class alike; behind them come five of another order.
  @Test func testPartsAreFolds() throws {
    func parts(_ text: String, _ options: TableOptions, _ count: Int) throws -> [TableProblem] {
      let path = try Workspace().write("t.csv", text: text)
      return try (0..<count).map {
        try TableProblem(path, options, key: RandomKey(seed: 1), testKey: RandomKey(seed: 9), testPart: $0)
      }
    }
    // Class c has seven rows, a number that a fifth does not divide.
    let text = table("a,g,y", rows: 203) { "\($0),\($0 / 4),\($0 < 7 ? "c" : $0 % 3 == 0 ? "d" : "e")" }
    for options in [TableOptions(test: 0.2), TableOptions(test: 0.2, group: "g")] {
      let folds = try parts(text, options, 10)
      for order in [folds[..<5], folds[5...]] {
        let lines = order.flatMap(\.testLines)
        #expect(Set(lines).count == 203 && lines.count == 203, "each row once")
        #expect(order.allSatisfy { (36...44).contains($0.testLines.count) }, "\(order.map(\.testLines.count))")
      }
      #expect(Set(folds.map { Set($0.testLines) }).count == 10)
      for fold in folds {
        #expect(Set(fold.testLines).isDisjoint(with: fold.validationLines))
        #expect(fold.train.count + fold.validation.count + fold.test!.count == 203)
        if options.group == nil { #expect((1...2).contains(fold.test!.labels!.count { $0 == 0 })) }
        if options.group != nil {
          let groups = Set(fold.testLines.map { ($0 - 2) / 4 })
          #expect(groups.isDisjoint(with: fold.validationLines.map { ($0 - 2) / 4 }))
        }
      }
      let one = try TableProblem(
        try Workspace().write("t.csv", text: text), options, key: RandomKey(seed: 1), testKey: RandomKey(seed: 9))
      #expect(one.testLines == folds[0].testLines && one.validationLines == folds[0].validationLines)
    }
    // Three of thirty percent are ninety.
    let three = try parts(text, TableOptions(test: 0.3), 3).flatMap(\.testLines)
    #expect(Set(three).count == three.count && abs(three.count - 183) <= 3)
    // The smallest shares leave one row, and no other part of them.
    for share in [1e-9, 1e-300, 5e-324] {
      #expect(try parts(text, TableOptions(test: share), 1).map(\.testLines.count) == [1])
      #expect { _ = try parts(text, TableOptions(test: share), 2) } throws: {
        "\($0)".contains("too few for 2 test parts")
      }
    }
    func fails(_ hint: String, _ options: TableOptions, _ text: String) {
      #expect { _ = try parts(text, options, 5) } throws: { "\($0)".contains(hint) }
    }
    fails("the last rows by a are one test part", TableOptions(test: 0.2, order: "a"), text)
    fails(
      "the groups of g are too large for", TableOptions(test: 0.2, group: "g"),
      table("a,g,y", rows: 60) { "\($0),\($0 < 50 ? $0 / 25 : $0 / 2),\($0 % 2)" })
  }

  @Test func whatCannotBeIsSaid() {
    let plain = table("a,b,y", rows: 40) { "\($0),\($0 % 3),\(Double($0) / 2)" }
    fails("has no column z; there are: a, b, y", plain, TableOptions(targets: ["z"]))
    fails("did you mean y?", plain, TableOptions(targets: ["Y"]))
    fails("always 1", table("a,y", rows: 20) { "\($0),1" }, TableOptions(targets: ["y"]))
    fails("too many to be classes", table("a,y", rows: 20) { "\($0),n\($0)" }, TableOptions(targets: ["y"]))
    fails("named twice", plain, TableOptions(targets: ["y", "y"]))
    fails("is the target and cannot be dropped", plain, TableOptions(targets: ["y"], dropped: ["y"]))
    fails("left out: a (asked), b (asked)", plain, TableOptions(dropped: ["a,b"]))
    fails(
      "several targets are numbers, and k is text",
      table("a,k,y", rows: 20) { "\($0),\($0 % 2 == 0 ? "u" : "v"),\($0)" },
      TableOptions(targets: ["k,y"]))
    fails(
      "line 7, column a: 1e39 is beyond float32", table("a,y", rows: 50) { "\($0 == 5 ? "1e39" : "\($0)"),\($0 % 2)" })
    fails(
      "line 7, column a is missing", table("a,y", rows: 50) { "\($0 == 5 ? "" : "\($0)"),\($0 % 2)" },
      TableOptions(missing: .refuse))
    fails(
      "line 7, column a: \"x\" is no number", table("a,y", rows: 50) { "\($0 == 5 ? "x" : "\($0)"),\($0 % 2)" },
      TableOptions(kinds: ["a": .number]))
    fails("has no rows, only names of columns", "x1,y\n")
    fails("has one row", "1,2\n")
    fails("all cells of x1, y are missing", table("x1,y", rows: 20) { _ in "nan,nan" })
    fails("could be predicted: a, b are constant", table("a,b", rows: 20) { _ in "1,2" })
    fails("all cells of a are missing; b is constant", table("a,b", rows: 20) { _ in ",2" })
    fails("too few to learn from", "a,y\n1,2\n2,3\n")
    fails("has no order", table("k,y", rows: 20) { "\($0 % 2 == 0 ? "u" : "v"),\($0)" }, TableOptions(order: "k"))
  }

  /// Features and targets of the training part have mean 0 and deviation 1, whatever their size.
  @Test(arguments: [1.0, 1e-10, 1e12, 1_700_000_000]) func numbersAreStandardized(_ offset: Double) throws {
    let scale = offset == 1e-10 ? 1e-10 : 1.0
    let made = try problem(
      table("x,y", rows: 400) { "\(offset + scale * Double($0 * 37 % 400)),\(1e9 + Double($0) / 2)" })
    for values in [made.train.featureArray(0..<320).doubles, made.train.targetArray(at: Array(0..<320)).doubles] {
      let mean = values.reduce(0, +) / 320
      let deviation = (values.reduce(0) { $0 + $1 * $1 } / 320 - mean * mean).squareRoot()
      // What float32 leaves of numbers below 4, summed.
      #expect(
        abs(mean) < rounding(.float32, terms: 320, scale: 4)
          && abs(deviation - 1) < rounding(.float32, terms: 320, scale: 4))
    }
  }

  /// A column that varies on validation only is left out; far outliers there are kept within bounds.
  @Test func trainingPartDecides() throws {
    for seed in 0..<5 {
      let made = try problem(
        table("a,r,y", rows: 50) { "\(Double($0) / 50),\($0 == 5 ? 1e30 : 0),\(Double($0) / 50)" }, seed: seed)
      let limit = made.encoding.inputs.flatMap(\.scales).map(\.limit).max()!
      #expect(made.validation.featureArray(0..<made.validation.count).floats.allSatisfy { Double(abs($0)) <= limit })
      #expect(made.encoding.inputs.count == 2 || made.account.contains("r (constant in training)"))
    }
  }

  @Test func kindsOfColumnsAreFound() throws {
    let words = ["red", "green", "blue"]
    let text = table("id,color,on,when,unix_time,note,code,same,y", rows: 300) { row in
      "\(row + 7),\(row % 11 == 0 ? "" : words[row % 3]),\(row % 2 == 0 ? "yes" : "no"),2024-\(String(format: "%02d", row % 12 + 1))-03,"
        + "\(1_700_000_000 + 3600 * row),\"some words of number \(row) here\",c\(row % 60),5,\(Double(row * row % 97))"
    }
    let made = try problem(text, TableOptions(task: .numbers))
    let inputs = Dictionary(uniqueKeysWithValues: made.encoding.inputs.map { ($0.column, $0) })
    #expect(inputs["id"] == nil && made.account.contains("id (identifier)") && made.account.contains("same (constant)"))
    #expect(inputs["color"]!.features == ["color=blue", "color=green", "color=red", "color missing"])
    #expect(inputs["on"]!.features == ["on=yes"])
    #expect(inputs["when"]!.kind == .date && inputs["when"]!.features.first == "when time")
    #expect(inputs["unix_time"]!.kind == .date && made.account.contains("Unix time: unix_time"))
    #expect(inputs["unix_time"]!.features.contains("unix_time day sine"))
    #expect(inputs["note"]!.features.count == 256)
    #expect(
      inputs["code"]!.features.suffix(2) == ["code other", "code frequency"]
        || inputs["code"]!.features.last == "code other")
    #expect(made.account.contains("boolean") && made.account.contains("missing cells filled"))
    let forced = try problem(
      text, TableOptions(task: .numbers, dropped: ["note"], kinds: ["id": .number, "same": .category]))
    #expect(forced.encoding.inputs.first?.column == "id" && !forced.encoding.inputs.contains { $0.column == "note" })
  }

  @Test func missingNumbersAreTheMedianAndSaid() throws {
    let made = try problem(table("a,y", rows: 101) { "\($0 % 10 == 3 ? "NA" : "\($0)"),\($0)" })
    let input = made.encoding.inputs[0]
    #expect(input.features == ["a", "a missing"] && made.account.contains("10 missing cells filled"))
    let rows = made.train.featureArray(0..<made.train.count).floats
    let filled = stride(from: 0, to: rows.count, by: 2).filter { rows[$0 + 1] == 1 }.map { rows[$0] }
    let expected = Float((input.fill - input.scales[0].mean) / input.scales[0].deviation)
    #expect(!filled.isEmpty && filled.allSatisfy { $0 == expected })
    #expect(
      try problem(table("a,y", rows: 101) { "\($0 % 10 == 3 ? "NA" : "\($0)"),\($0)" }, TableOptions(missing: .drop))
        .train.count == 73)
  }

  @Test func partsAreDrawnAsAsked() throws {
    // Each class alike.
    let strata = try problem(table("a,y", rows: 200) { "\($0),\($0 < 20 ? "rare" : "common")" })
    #expect(strata.validation.labels!.filter { $0 == 1 }.count == 4 && strata.validation.count == 40)
    // Whole groups.
    let text = table("g,a,y", rows: 200) { "g\($0 / 10),\($0),\(Double($0) / 3)" }
    let groups = try problem(text, TableOptions(group: "g"))
    let held = Dictionary(grouping: groups.validationLines) { ($0 - 2) / 10 }
    #expect(
      held.values.allSatisfy { $0.count == 10 } && held.count == 4
        && !groups.encoding.inputs.contains { $0.column == "g" })
    // The last in time validate, those after them test.
    let order = try problem(text, TableOptions(validation: 0.1, test: 0.05, order: "a"))
    #expect(order.validationLines == Array(172...191) && order.testLines == Array(192...201) && order.test?.count == 10)
    #expect(try problem(text, seed: 1).validationLines != problem(text, seed: 2).validationLines)
    #expect(try problem(text, seed: 1).validationLines == problem(text, seed: 1).validationLines)
  }

  /// Cells that are missing where the training part had none are counted, and said with the option that left rows out.
  @Test(arguments: TableOptions.Missing.allCases) func cellsThatTrainingNeverLackedAreCounted(
    _ missing: TableOptions.Missing
  ) throws {
    let space = try Workspace()
    let rows = (0..<60).map { "\($0),\(["u", "v", "w"][$0 % 3]),\(Double($0) / 7),\($0 % 2 == 0 ? "p" : "q")" }
    let path = try space.write("t.csv", text: "n,k,m,y\n" + rows.joined(separator: "\n"))
    let made = try TableProblem(path, TableOptions(missing: missing), key: RandomKey(seed: 3))
    let other = try space.write("o.csv", text: "n,k,m,y\n3,u,2,p\n,u,2,q\n,,2,p\n4,v,3,q\n")
    let (features, notes) = try made.encoding.features(of: try Table.read(other))
    let note = try #require(notes.first { $0.hasPrefix("2 of 4 rows lack cells") })
    #expect(features.shape[0] == 4 && note.contains("(n, k)") && note.contains("filled with the median"))
    #expect(note.contains("--missing") == (missing != .fill))
    let (all, none) = try made.encoding.features(of: try Table.read(path))
    #expect(all.shape[0] == 60 && none.isEmpty)
  }

  /// Kinds and tasks have the names that others give them too.
  @Test func wordsOfTheFieldAreKnown() {
    #expect(ColumnKind(named: "categorical") == .category && ColumnKind(named: "Numeric") == .number)
    #expect(ColumnKind(named: "datetime") == .date && ColumnKind(named: "text") == .text)
    #expect(ColumnKind(named: "cat") == nil)
    #expect(TableOptions.Task(named: "classification") == .classes)
    #expect(TableOptions.Task(named: "regression") == .numbers)
    for kind in ColumnKind.allCases { #expect(ColumnKind(named: kind.rawValue) == kind) }
    for task in TableOptions.Task.allCases { #expect(TableOptions.Task(named: task.rawValue) == task) }
  }

  /// Another table is encoded as the training table was, row by row; what is new is said.
  @Test func otherTablesAreEncodedTheSame() throws {
    let space = try Workspace()
    let rows = (0..<100).map {
      "\($0),\(["u", "v", "w"][$0 % 3]),\($0 % 9 == 0 ? "" : "\(Double($0) / 7)"),\($0 % 2 == 0 ? "p" : "q")"
    }
    let path = try space.write("t.csv", text: "n,k,m,y\n" + rows.joined(separator: "\n"))
    let made = try TableProblem(path, key: RandomKey(seed: 3))
    let (all, notes) = try made.encoding.features(of: try Table.read(path))
    #expect(
      notes.isEmpty
        && all.rows(at: made.validationLines.map { $0 - 2 }) == made.validation.featureArray(0..<made.validation.count))
    let other = try space.write("o.csv", text: "extra;m;k;n\n1;2,5;z;3\n1;;u;4\n")
    let (two, said) = try made.encoding.features(of: try Table.read(other))
    #expect(
      two.shape == [2, made.encoding.width] && said.contains { $0.contains("did not know (z)") }
        && said.contains("not used: extra"))
    for (text, hint) in [("n,k\n1,u\n2,v\n", "lacks the column m"), ("n,k,m\n1,u,x\n2,v,3\n", "\"x\" is no number")] {
      let bad = try space.write("b.csv", text: text)
      #expect { try made.encoding.features(of: try Table.read(bad)) } throws: { "\($0)".contains(hint) }
    }
    let wrong = try space.write("w.csv", text: "n,k,m,y\n1,u,2,p\n2,u,2,r\n")
    #expect { try made.encoding.dataset(of: try Table.read(wrong)) } throws: {
      "\($0)".contains("line 3: \"r\" is no class")
    }
  }
}
