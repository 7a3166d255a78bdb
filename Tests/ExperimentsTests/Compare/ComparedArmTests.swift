import Experiments
import Testing
import Training

@Suite struct ComparedArmTests {
  private func plan(_ arms: [String], trials: Int = 6, budget: String = "100updates") throws -> ComparisonPlan {
    try ComparisonPlan(ComparisonConfiguration(data: ["a.csv"], arms: arms, trials: trials, budget: budget))
  }

  @Test func anArmChangesMoreThanItsChain() throws {
    let arm =
      "wide: momentum 0.9 | rate {0.01...1}; hidden 128x64; batch {16, 32}; loss stableMax; draw 2; augment crop 4, flip"
    let setting = try plan([arm, "b: rate 1; model cnn"]).settings[0][3]
    #expect(setting.name == "wide" && setting.hidden == [128, 64] && setting.loss == .stableMax && setting.draw == 2)
    #expect(setting.chain == "momentum 0.9 | rate \(setting.values["rate"]!)")
    #expect(setting.batch == Int(setting.values["batch"]!))
    #expect(setting.augmentation == Augmentation(cropPadding: 4, flips: true))
    let apart = try plan(["a: rate 1; augment {none, flip, crop 2 flip}", "b: rate 1"]).settings
    #expect(apart[0].map(\.augmentation.text) == ["none", "flip", "crop 2, flip"] && apart[1][0].augmentation == .none)
  }

  /// Every arm gets as many different trials; one that has no more settings gets each of them once.
  @Test func trialsAreEqualInNumber() throws {
    let plan = try plan(
      ["a: rate {0.01...1}", "b: rate 0.1", "c: rate 0.1; batch {16, 32, 64}", "d: rate {1...40}; batch {16, 32}"])
    #expect(plan.settings.map(\.count) == [6, 1, 3, 6])
    #expect(plan.settings.allSatisfy { Set($0.map(\.description)).count == $0.count })
    #expect(plan.settings[2].map(\.batch) == [16, 32, 64])
  }

  /// What is called alike is tried at the same places, whatever else an arm has.
  @Test func rangesOfOneNameShareTheirTrials() throws {
    let plan = try plan(["a: adam {0.8...0.95} | rate {0.01...1}", "b: rate {0.01...1}; batch {16...64}"])
    let rates = plan.settings.map { $0.map { $0.values["rate"]! } }
    #expect(rates[0] == rates[1] && Set(rates[0]).count == 6)
  }

  /// The word stands for the length of the descent, in a chain and nowhere else.
  @Test func budgetHasItsWord() throws {
    let arms = ["a: rate cosine({0.01...1}, budget)", "b: rate 1"]
    #expect(try plan(arms, budget: "20epochs").settings[0].count == 6)
    #expect(throws: SettingsError.self) { try plan(["a: rate budget", "b: rate 1"]) }
  }

  @Test(arguments: [
    ("rate 0.1", "an arm is a name"), (": rate 0.1", "an arm's name"), ("a/b: rate 1", "an arm's name"),
    ("a:", "has no chain"), ("a: ; batch 4", "has no chain"), ("a: rate 1; bach 4", "did you mean batch?"),
    ("a: rate 1; epochs 4", "has no option epochs"), ("a: rate 1; batch", "needs a value"),
    ("a: rate 1; batch 4; batch 5", "given twice"), ("a: rate 1; batch {0, 4}", "whole number from 1"),
    ("a: rate 1; hidden 8x", "hidden is a list"), ("a: rate 1; hidden 8xx8", "hidden is a list"),
    ("a: rate 1; loss crossentropy", "did you mean crossEntropy?"), ("a: rate 1; model mpl", "did you mean mlp?"),
    ("a: rate 1; model cnn; hidden 8", "hidden is for an mlp"), ("a: adm | rate 1", "did you mean adam?"),
    ("a: momentum 0.9", "never steps"), ("a: momentum {0.9...1.5} | rate 1", "must be in 0..<1"),
    ("a: rate {0.1}", "is no range"), ("a: rate {0.1...1", "do not match"), ("a: rate 1;", "is empty"),
    ("b: rate 1", "two arms have the name b"), ("a: rate 1; augment crop", "how many zeros"),
    ("a: rate 1; augment flop", "did you mean flip?"),
  ])
  func mistakesAreNamed(_ arm: String, _ hint: String) {
    #expect { try plan([arm, "b: rate 0.1"]) } throws: { "\($0)".contains(hint) }
  }

  @Test func namesOfDataAreNamesOfFiles() throws {
    let plan = try ComparisonPlan(
      ComparisonConfiguration(
        data: ["x/iris.csv.gz", "y/iris.csv", "fashion-mnist", "é?.csv"], arms: ["a: rate 1", "b: rate 2"]))
    #expect(plan.dataNames == ["iris", "iris-2", "fashion-mnist", "--"])
  }

  @Test func looksEndWithTheDescent() {
    #expect(ComparisonPlan.looks(4, updates: 10) == [2, 5, 7, 10])
    #expect(ComparisonPlan.looks(40, updates: 3) == [1, 2, 3])
  }

  @Test func settingsAreRefused() {
    func refuses(_ hint: String, _ change: (inout ComparisonConfiguration) -> Void) {
      var c = ComparisonConfiguration(data: ["a.csv"], arms: ["a: rate 1", "b: rate {0.1...2.0}"])
      change(&c)
      #expect { try c.check() } throws: { "\($0)".contains(hint) }
    }
    refuses("one arm without a range") { $0.arms.removeLast() }
    refuses("two arms or more") { $0.arms = [] }
    refuses("seeds must be at least 2") { $0.seeds.count = 1 }
    refuses("tuningCount must be positive") { $0.seeds.tuningCount = 0 }
    refuses("overlap") { $0.seeds.tuningFirst = 5 }
    refuses("trials must be") { $0.trials = 0 }
    refuses("looks must be") { $0.looks = 0 }
    refuses("is no budget") { $0.budget = "2000" }
    refuses("is no budget") { $0.budget = "-5updates" }
    refuses("beyond reason") { $0.budget = "1e300updates" }
    refuses("did you mean validation/loss?") { $0.measure = "validation/lss" }
    refuses("the test part is read once") { $0.measure = "test/loss" }
    refuses("margin must be positive") { $0.decision.margin = 0 }
    refuses("alpha") { $0.decision.alpha = 0.9 }
    refuses("named twice") { $0.data = ["a.csv", "a.csv"] }
    refuses("name data") { $0.data = [] }
    refuses("a target value belongs to one data set") { ($0.data, $0.target) = (["a", "b"], 1) }
    refuses("a test file belongs to one table") { ($0.data, $0.testFile) = (["a", "b"], "c") }
  }
}
