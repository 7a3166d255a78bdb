import Experiments
import Formulas
import Foundation
import Reports
import RunLogs
import TestSupport
import Testing
import Training

/// Comparisons on functions, whose seeds are starts.
@Suite struct ComparedFunctionsTests {
  private let folder = TemporaryFolder()

  /// The cells of trials.csv of the seeds that judge, by arm and seed.
  private func rows(_ path: String) throws -> [String: [[String: String]]] {
    let lines = try String(contentsOfFile: path + "/trials.csv", encoding: .utf8).split(separator: "\n")
    let header = lines[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    var rows: [String: [[String: String]]] = [:]
    for line in lines.dropFirst() where line.contains("judging") {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      rows[cells[1], default: []].append(
        Dictionary(zip(header.reversed(), cells.reversed()), uniquingKeysWith: { first, _ in first }))
    }
    return rows
  }

  @discardableResult
  private func run(_ c: ComparisonConfiguration, _ name: String = "run") throws -> ComparisonOutcome {
    try MethodComparison(c).run(out: folder.path + "/" + name)
  }

  /// The faster rate of a quadratic wins; arms of one seed start at one place and see the same noise.
  @Test func theBetterOneIsFound() throws {
    let outcome = try run(
      try SmallComparison.configuration(
        ["sphere size=3; noise 0.01", "bowl: x^2 + 4*y^2; from x={-2...2}, y={-2...2}; minimum 0"],
        ["fast: rate 0.1", "slow: rate 0.01", "again: rate 0.1"]
      ) { $0.reference = "fast" })
    #expect(outcome.pairs.map(\.data) == ["sphere-3-noise0.01", "sphere-3-noise0.01", "bowl", "bowl"])
    #expect(outcome.pairs[0].winner == "fast" && outcome.pairs[2].winner == "fast")
    #expect(outcome.pairs[1].outcome == .noDifference && outcome.pairs[1].evidence.estimate == 0)
    #expect(outcome.pairs[0].measure == "gap (log10)")
    let report = try String(contentsOfFile: folder.path + "/run/report.html", encoding: .utf8)
    for text in [
      "COCO", "functions x seeds", "starts in x={-2...2}, y={-2...2}", "It is 1e-8 of height", "evaluations",
    ] { #expect(report.contains(text), "\(text)") }
    for text in ["constant prediction", "validation loss", "validation/", "test loss", "data sets", "training rows"] {
      #expect(!report.contains(text), "\(text)")
    }
    #expect(outcome.text().contains("fast is better than slow on sphere-3-noise0.01"))
  }

  /// By the gradients to a target: an arm whose updates ask for two pays for them, and where none arrives nothing is judged.
  @Test func speedIsCompared() throws {
    let outcome = try run(
      try SmallComparison.configuration(
        ["sphere size=3"], ["plain: rate 0.1", "sam: sam 0.000001 (rate 0.1)", "slow: rate 0.001"]
      ) {
        ($0.measure, $0.target, $0.seeds.count) = ("arrival", -1, 8)
      })
    let pair = outcome.pairs.first { $0.first == "plain" && $0.second == "sam" }!
    #expect(pair.winner == "plain" && abs(pair.evidence.estimate + log10(2)) < 0.02)
    #expect(outcome.pairs.first { $0.second == "slow" }!.winner == "plain")
    #expect(try rows(folder.path + "/run")["slow"]!.allSatisfy { $0["arrival"] == PlainNumber.text(log10(400)) })
    let none = try run(
      try SmallComparison.configuration(["sphere size=3"], ["a: rate 0.001", "b: rate 0.0001"]) {
        $0.measure = "arrival"
      }, "none")
    #expect(none.pairs[0].outcome == .nothingLearned)
    #expect(none.pairs[0].sentence == "on sphere-3 no arm arrives at the target")
  }

  /// Expected running times are what all spend for each that arrives; an arm's draw has starts of its own on the same instance.
  @Test func runningTimesAndDraws() throws {
    let arms = ["a: rate 0.2", "b: rate 0.011", "c: rate 0.2; draw 1"]
    try run(
      try SmallComparison.configuration(["bowl: x^2 + 4*y^2; from x={0...9}, y={0...9}; minimum 0; shifted"], arms) {
        ($0.measure, $0.target, $0.budget, $0.seeds.count) = ("arrival", -0.5, "60gradients", 8)
      })
    let rows = try rows(folder.path + "/run")
    let report = try String(contentsOfFile: folder.path + "/run/report.html", encoding: .utf8)
    for arm in ["a", "b"] {
      let costs = rows[arm]!.map { row in row["arrival/updates"].flatMap(Double.init) }
      let arrived = costs.compactMap(\.self)
      let spent = arrived.reduce(0) { $0 + max($1, 1) } + 60 * Double(costs.count - arrived.count)
      #expect(arm == "a" ? arrived.count == 8 : (1..<8).contains(arrived.count))
      #expect(report.contains("<td>\(Report.number(spent / Double(arrived.count), digits: 4))</td>"))
    }
    func starts(_ arm: String) -> [String] { rows[arm]!.map { $0["constant/gap"]! } }
    #expect(starts("a") == starts("b") && zip(starts("a"), starts("c")).allSatisfy { $0 != $1 })
  }

  /// Of settings that all arrive the soonest is taken, and of those that never do the nearest; both are said.
  @Test func tiesAreBroken() throws {
    // Plain descent on squares: every rate from 0.2 to 0.8 arrives; at 0.5 at once.
    let arms = ["a: rate {0.2, 0.3, 0.5, 0.7}", "b: rate {0.2, 0.3, 0.45, 0.8}"]
    let outcome = try run(try SmallComparison.configuration(["sphere size=3"], arms))
    #expect(outcome.settings["sphere-3"] == ["a": "rate 0.5", "b": "rate 0.45"])
    #expect(outcome.pairs[0].outcome == .noDifference)
    #expect(outcome.text().replacing("\n", with: " ").contains("On sphere-3 all descents of a, b arrive"))
    let slow = ["a: rate {0.001, 0.002, 0.004, 0.003}", "b: rate 0.5"]
    let missed = try run(
      try SmallComparison.configuration(["sphere size=3"], slow) { $0.measure = "arrival" }, "missed")
    #expect(missed.settings["sphere-3"] == ["a": "rate 0.004", "b": "rate 0.5"])
    #expect(missed.text().replacing("\n", with: " ").contains("5 of 5 fresh descents of a on sphere-3 do not arrive"))
  }

  /// What follows the gradient alone feels neither rotation nor shift; Adam feels the one, decay the other, and that is said.
  @Test func rotationAndShiftAreFelt() throws {
    let functions = ["", "; rotated", "; shifted"].map { "ellipsoid size=4 condition=100\($0)" }
    let arms = ["plain: rate 0.004", "adam: adam | rate 0.1", "decayed: decay 10 | rate 0.004"]
    let outcome = try run(try SmallComparison.configuration(functions, arms))
    var gaps: [String: [[Double]]] = [:]
    let lines = try String(contentsOfFile: folder.path + "/run/trials.csv", encoding: .utf8).split(separator: "\n")
    let header = lines[0].split(separator: ",", omittingEmptySubsequences: false)
    for line in lines where line.contains("judging") {
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      gaps[String(cells[1]), default: []].append([
        Double(cells[header.firstIndex(of: "gap")!])!, Double(cells[header.firstIndex(of: "constant/gap")!])!,
      ])
    }
    func differences(_ arm: String, _ function: Int, _ measure: Int) -> [Double] {
      (0..<5).map { abs(gaps[arm]![$0][measure] - gaps[arm]![5 * function + $0][measure]) }
    }
    for function in 1...2 {
      #expect(differences("plain", function, 0).allSatisfy { $0 < 1e-8 })
      #expect(["plain", "adam", "decayed"].allSatisfy { differences($0, function, 1).allSatisfy { $0 < 1e-8 } })
    }
    #expect(differences("adam", 1, 0).allSatisfy { $0 > 1e-3 } && differences("adam", 2, 0).allSatisfy { $0 < 1e-6 })
    #expect(
      differences("decayed", 2, 0).allSatisfy { $0 > 1e-3 } && differences("decayed", 1, 0).allSatisfy { $0 < 1e-8 })
    let text = outcome.text().replacing("\n", with: " ")
    #expect(
      text.contains("decayed pulls numbers to 0") && text.contains("the minimum of ellipsoid-4-condition100 lies"))
    #expect(!text.contains("the minimum of ellipsoid-4-condition100-shifted lies"))
  }

  /// What is drawn of a mean, of plain descent and of many gradients an update is the same arrival.
  @Test func arrivalIsThatOfAnUpdate() throws {
    let arms = ["plain: rate 0.3", "mean: rate 0.3 | average 0.0001", "newton: newton (rate 1)"]
    let outcome = try run(
      try SmallComparison.configuration(["sphere size=3"], arms) {
        ($0.measure, $0.budget, $0.reference) = ("arrival", "2000gradients", "plain")
      })
    #expect(abs(outcome.pairs[0].evidence.estimate) < 0.05)
    let rows = try rows(folder.path + "/run")
    for arm in ["plain", "mean", "newton"] {
      for row in rows[arm]! {
        let (arrival, updates) = (pow(10, Double(row["arrival"]!)!), Double(row["arrival/updates"]!)!)
        let each = (Double(row["gradients"]!)! + Double(row["losses"]!)! / 3) / Double(row["updates"]!)!
        #expect(abs(arrival - max(updates * each, 1)) < 1e-5 * arrival)
      }
    }
    // Medians in the terminal are those of the measure.
    let updates = rows["plain"]!.map { Double($0["arrival/updates"]!)! }.sorted()[2]
    #expect(outcome.text().contains(" \(Int(updates)) "))
  }

  /// A target at the floor is reached by settings that a tie-breaker tells apart; values of any unit have no ties.
  @Test func tiesTakeNothingElse() throws {
    let floor = try run(
      try SmallComparison.configuration(["sphere size=3"], ["a: rate {0.2, 0.3, 0.45, 0.6}", "b: rate 0.4"]) {
        $0.target = -8
      }, "floor"
    )
    #expect(floor.text().contains("4 of 4"))
    // What breaks ties is not shown.
    let lone = try run(
      try SmallComparison.configuration(["bowl: x^2; from x={-1...1}; minimum -1"], ["a: rate {0.2, 0.3, 0.4, 0.45}"]),
      "lone")
    #expect(lone.text().contains(" 0 ") && !lone.text().contains("e-05") && lone.text().contains("0 of 5"))
    let small = try run(
      try SmallComparison.configuration(
        ["t: 1e-6*x^2; from x={-2...2}"], ["a: rate {1...1000}", "b: rate {10...10000}"]
      ) {
        $0.trials = 6
      }, "small")
    #expect(small.pairs[0].outcome == .notApplicable && small.pairs[0].obstacles.contains("widen a's rate upwards"))
  }

  /// Seeds that diverge before the first look take nothing from the curve of the others, which begins at the start.
  @Test func curvesOutliveDivergence() throws {
    let steep = "steep: x^4; from x={0.5...1.3}; minimum 0"
    let outcome = try run(
      try SmallComparison.configuration([steep], ["wild: rate 0.4", "tame: rate 0.05"]) { $0.seeds.count = 12 })
    let rows = try rows(folder.path + "/run")
    #expect(Set((rows["wild"] ?? []).map { $0["diverged"]! }) == ["0", "1"])
    let curve = try String(contentsOfFile: folder.path + "/run/report-data/cost-steep.csv", encoding: .utf8)
    for arm in ["wild", "tame"] {
      let points = curve.split(separator: "\n").filter { $0.hasPrefix("\"\(arm)\",") }
      #expect(points.count == 9 && points.first?.hasPrefix("\"\(arm)\",0.0,") == true)
    }
    #expect(outcome.pairs.count == 1)
  }

  @Test func namesAreTold() throws {
    func names(_ functions: [String]) throws -> [String] {
      try ComparisonPlan(try SmallComparison.configuration(functions, ["a: rate 0.1", "b: rate 0.2"])).sourceNames
    }
    #expect(
      try names([
        "rosenbrock size=2", "rosenbrock: x^2; from x={-1...1}; minimum 0",
        "rosenbrock-2: x^4; from x={-1...1}; minimum 0",
      ])
        == ["rosenbrock-2", "rosenbrock", "rosenbrock-2-2"])
    #expect(
      try names([
        "sphere size=3; rotated", "sphere size=3", "a: x^2; from x={-1...1}; minimum 0",
        "a: x^4; from x={-1...1}; minimum 0",
      ])
        == ["sphere-3-rotated", "sphere-3", "a", "a-2"])
  }

  /// An option that is called as a stage that pulls does not; one's own formula may be least at 0, too.
  @Test func anOptionIsNoStage() throws {
    let own = "v: x^2 + y^2; from x={-1...1}, y={-1...1}; minimum 0"
    let pulled = try run(try SmallComparison.configuration([own], ["a: decay 0.1 | rate 0.1", "b: rate 0.1"]), "own")
    #expect(pulled.text().contains("a pulls numbers to 0"))
    let outcome = try run(
      try SmallComparison.configuration(["sphere size=3"], ["a: rmsprop decay=0.9 | rate 0.1", "b: rate 0.1"]))
    #expect(!outcome.text().contains("pulls"))
  }

  /// Equal gradients, and the word budget, as on data.
  @Test func budgetsAreOfGradientsToo() throws {
    try run(
      try SmallComparison.configuration(
        ["sphere size=3"],
        [
          "plain: rate 0.1", "sam: sam (rate 0.1)", "named: sam (rate cosine(0.1, budget))",
          "written: sam (rate cosine(0.1, 20updates))",
          // One product with the Hessian, two gradients, each tenth update: 1.2 in the mean, and 32 updates ask for 40.
          "rare: sophia | rate cosine(0.1, budget)", "told: sophia | rate cosine(0.1, 33updates)",
        ]
      ) {
        $0.budget = "40gradients"
      })
    let rows = try rows(folder.path + "/run")
    #expect(rows["plain"]!.allSatisfy { $0["updates"] == "40" } && rows["sam"]!.allSatisfy { $0["updates"] == "20" })
    #expect(rows["named"]!.map { $0["gap"] } == rows["written"]!.map { $0["gap"] })
    #expect(rows["rare"]!.map { $0["gap"] } == rows["told"]!.map { $0["gap"] })
    #expect(rows["rare"]!.allSatisfy { $0["updates"] == "32" && $0["gradients"] == "40" })
    #expect(rows["plain"]!.allSatisfy { $0["losses"] == "0" && $0["parameters"] == "3" })
  }

  /// A run in two shares, and one that was cut off, come to the bits of the whole, however many step together.
  @Test func goesOnAndIsShared() throws {
    let c = try SmallComparison.configuration(
      ["rosenbrock size=3; rotated", "sphere size=2; noise 0.1"],
      ["adam: adam | rate {0.01...1}", "momentum: momentum 0.9 | rate {0.0001...0.01}"])
    func numbers(_ name: String) throws -> [String] {
      let lines = try String(contentsOfFile: folder.path + "/\(name)/trials.csv", encoding: .utf8).split(
        separator: "\n")
      let seconds = lines[0].split(separator: ",").firstIndex(of: "seconds")!
      return lines.map { line in
        line.split(separator: ",", omittingEmptySubsequences: false).enumerated().filter { $0.offset != seconds }
          .map { String($0.element) }.joined(separator: ",")
      }
    }
    try run(c, "whole")
    // Every other result is lost.
    try FileManager.default.copyItem(atPath: folder.path + "/whole", toPath: folder.path + "/cut")
    let log = folder.path + "/cut/log.jsonl"
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
    let kept = lines.enumerated().filter { index, line in
      !line.contains("\"result\"") || index.isMultiple(of: 3)
    }.map(\.element)
    #expect(kept.count < lines.count - 20)
    try (kept.joined(separator: "\n") + "\n").write(toFile: log, atomically: true, encoding: .utf8)
    _ = try MethodComparison(c).resume(folder.path + "/cut")
    #expect(try numbers("cut") == numbers("whole"))
    for curve in ["cost-rosenbrock-3-rotated", "cost-sphere-2-noise0.1"] {
      func text(_ name: String) throws -> String {
        try String(contentsOfFile: folder.path + "/\(name)/report-data/\(curve).csv", encoding: .utf8)
      }
      #expect(try text("cut") == text("whole"))
      #expect(try text("whole").split(separator: "\n").contains { $0.contains(",0.0,") })
    }
    var one = try MethodComparison(c)
    one.workplace = LocalWorkplace(share: try RunShare("1/2"))
    _ = try one.run(out: folder.path + "/one")
    var two = try MethodComparison(c)
    two.workplace = LocalWorkplace(share: try RunShare("2/2"))
    _ = try two.run(out: folder.path + "/two")
    _ = try RunMerge([folder.path + "/one", folder.path + "/two"]).write(
      ComparisonExperiment.self, to: folder.path + "/merged", replacing: false, commandLine: ["merge"])
    _ = try MethodComparison(c).resume(folder.path + "/merged")
    #expect(try numbers("merged") == numbers("whole"))
  }

  @Test func functionsInCode() throws {
    let bowl = try TestFunction("dish", in: StartBox("x={-2...2}*2"), minimum: 1) { $0["x"]!.squared.sum() + 1 }
    let c = try SmallComparison.configuration([], ["a: rate 0.1", "b: rate 0.01"])
    let outcome = try MethodComparison(c, on: [bowl]).run(out: folder.path + "/code")
    #expect(outcome.pairs[0].winner == "a" && outcome.pairs[0].data == "dish")
    // Its report can be drawn again without it; it goes on only with it.
    _ = try RunSession.report(ComparisonExperiment.self, folder: try RunFolder.open(folder.path + "/code"))
    #expect(throws: SettingsError.self) {
      try MethodComparison(c, on: [try TestFunction("sphere", in: bowl.box) { $0["x"]!.sum() }])
    }
    let low = try TestFunction("low", in: bowl.box, minimum: 1) { $0["x"]!.squared.sum() }
    #expect { try MethodComparison(c, on: [low]).run(out: folder.path + "/low") } throws: {
      "\($0)".contains("below the minimum that was given")
    }
  }

  /// What is for data is refused, and what cannot be descended, before anything is written.
  @Test(arguments: [
    ("batch", ["a: rate 0.1; batch 3", "b: rate 0.1"], "sphere"),
    ("hidden", ["a: rate 0.1; hidden 3", "b: rate 0.1"], "sphere"),
    ("loss", ["a: rate 0.1; loss huber", "b: rate 0.1"], "sphere"),
    ("augment", ["a: rate 0.1; augment flip", "b: rate 0.1"], "sphere"),
    ("no epochs", ["a: rate cosine(0.1, 3epochs)", "b: rate 0.1"], "sphere"),
    ("would start at one point", ["a: rate 0.1", "b: rate 0.2"], "bowl: x^2; from x=1; minimum 0"),
    ("no finite value", ["a: rate 0.1", "b: rate 0.2"], "bowl: log(x); from x={-2...-1}; minimum 0"),
    (
      "no finite value at the start of seed", ["a: rate 0.1", "b: rate 0.2"],
      "bowl: log(x)^2; from x={-0.3...1}; minimum 0"
    ),
    ("would start at one point", ["a: rate 0.1", "b: rate 0.2"], "sphere size=3; from x=[1,2,3]; rotated"),
    ("polar", ["a: {rate 0.1, polar | rate 0.1}", "b: rate 0.1"], "sphere"),
    ("below the minimum", ["a: rate 0.1", "b: rate 0.1"], "bowl: x^2; from x={-1...1}; minimum 0.9"),
    ("no test function", ["a: rate 0.1", "b: rate 0.2"], "bowl size=3"),
    ("\"bowl: x^2", ["a: rate 0.1", "b: rate 0.2"], "x^2"),
  ]) func errors(_ part: String, _ arms: [String], _ function: String) throws {
    #expect { try run(try SmallComparison.configuration([function], arms)) } throws: { "\($0)".contains(part) }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/run"))
  }

  @Test func settingsThatCannotBe() throws {
    let arms = ["a: rate 0.1", "b: rate 0.2"]
    let changes: [(String, (inout ComparisonConfiguration) -> Void)] = [
      ("compared apart", { $0.data = ["x.csv"] }), ("name gap", { $0.measure = "validation/loss" }),
      ("diagnostics", { $0.watch = "sharpness" }), ("test parts", { $0.testParts = 3 }),
      ("named twice", { $0.functions = ["sphere", "sphere"] }),
      ("at least one", { $0.functions = [] }), ("is of functions", { ($0.functions, $0.data) = (nil, ["x.csv"]) }),
      ("one function", { ($0.functions, $0.measure, $0.target) = (["sphere", "beale"], "value", 1) }),
      ("one function", { ($0.functions, $0.measure, $0.decision.margin) = (["sphere", "beale"], "value", 1) }),
      ("samples", { $0.budget = "3epochs" }),
      ("counts gradients", { ($0.measure, $0.budget) = ("arrival", "40updates") }),
      ("are one function", { $0.functions = ["sphere", "sphere size=10"] }), ("never reached", { $0.target = -9 }),
      ("never reached", { ($0.measure, $0.target) = ("value", -1) }),
      ("the function sphere is named twice", { $0.functions = ["sphere", "beale", "sphere"] }),
      ("not known", { $0.functions = ["bowl: x^2; from x={-1...1}"] }),
    ]
    for (index, (part, change)) in changes.enumerated() {
      #expect { try run(try SmallComparison.configuration(["sphere"], arms, change), "\(index)") } throws: {
        "\($0)".contains(part)
      }
    }
    #expect(
      try ComparisonConfiguration(functions: ["bowl: x^2; from x={-1...1}", "sphere"], arms: arms).measure == "value")
    #expect(try ComparisonConfiguration(functions: ["sphere"], arms: arms).measure == "gap")
  }

  /// All are read, and no two descend alike.
  @Test(arguments: ComparedPanel.allCases) func panels(_ panel: ComparedPanel) throws {
    let c = try SmallComparison.configuration(["rosenbrock size=3; shifted"], try panel.joining([], onFunctions: true))
    {
      $0.trials = 2
    }
    let outcome = try run(c)
    #expect(outcome.settings.values.first!.count == panel.armsOfFunctions.count)
    let gaps = try rows(folder.path + "/run").values.map { $0.map { $0["gap"]! }.joined(separator: " ") }
    #expect(Set(gaps).count == panel.armsOfFunctions.count)
  }
}
