import Formulas
import Foundation
import Training

/// Level and margin of a comparison's tests.
public struct ComparisonRules: DecisionRules {
  public var alpha: Double
  /// Differences within ± this count as none, in the measure's unit: an arm is better where it is better by more than this, and
  /// two are the same where their difference is within. Nil for tests of any difference.
  public var margin: Double?

  public init(alpha: Double = 0.05, margin: Double? = nil) { (self.alpha, self.margin) = (alpha, margin) }
}

/// All settings of a comparison, as its run folder holds them.
public struct ComparisonConfiguration: SeededConfiguration {
  /// Which weights of a descent are measured.
  public enum Kept: String, Codable, Sendable, CaseIterable {
    /// Those of the look at which the measure was best on validation.
    case best
    /// The last.
    case last
  }

  /// Tables, folders of images or known data sets.
  public var data: [String]
  /// Functions in the place of data, as `TestFunction` reads them; nil for none.
  public var functions: [String]?
  /// How tables are read and parted; the share for validation is that of images too.
  public var table: TableOptions
  /// How folders of image files are read; nil for as they are.
  public var images: ImageOptions?
  /// A table of rows that nothing is chosen by, for a single table.
  public var testFile: String?
  /// Ways to part a table's rows into those for the test and others, each with a search of its own; nil for one.
  ///
  /// With several a pair is judged by its mean differences on them (`resampledTTest`): by whatever rows are for the test. The first ones
  /// share no row, as many as the test's share fits into the table: five of a fifth each are a nested cross-validation.
  public var testParts: Int?
  /// Each as `ComparedArm` reads it.
  public var arms: [String]
  /// The name of the arm that each of the others is compared with; nil for each with each.
  public var reference: String?
  /// Whether each pair is judged once, over all data sets or functions, in place of once on each; nil for no.
  public var overall: Bool?
  /// Settings that are tried of each arm.
  public var trials: Int
  /// Length of each descent, as `Budget` reads it.
  public var budget: String
  /// By which settings are chosen, as "validation/loss" or "train/loss".
  public var measure: String
  /// Looks at the part by which settings are chosen, in a descent, evenly spaced.
  public var looks: Int
  /// Which weights of a descent are measured.
  public var keep: Kept
  /// Diagnostics of the descents that decide, looked at after the last update, as `WatchConfiguration` reads them; nil for none.
  public var watch: String?
  /// The value of the measure at which a descent has arrived; nil for one by rule (`ComparisonExperiment.target`).
  public var target: Double?
  public var seeds: TunedSeeds
  /// Of the search; nil for none.
  public var finalists: Finalists?
  public var decision: ComparisonRules
  /// What the data were when the run began; filled in then.
  public var problems: [ComparedProblem]

  public init(
    data: [String], table: TableOptions = TableOptions(test: 0.2), testFile: String? = nil, arms: [String],
    trials: Int = 12, budget: String = "2000updates", measure: String = "validation/loss", looks: Int = 40,
    keep: Kept = .best, target: Double? = nil, seeds: TunedSeeds = TunedSeeds(count: 10, tuningCount: 3),
    decision: ComparisonRules = ComparisonRules(), images: ImageOptions? = nil, watch: String? = nil,
    reference: String? = nil, finalists: Finalists? = Finalists(), testParts: Int? = nil, functions: [String]? = nil,
    overall: Bool? = nil
  ) {
    (self.data, self.table, self.testFile, self.arms, self.trials) = (data, table, testFile, arms, trials)
    (self.budget, self.measure, self.looks, self.keep, self.target) = (budget, measure, looks, keep, target)
    (self.seeds, self.decision, self.images, self.watch, problems) = (seeds, decision, images, watch, [])
    (self.reference, self.finalists, self.testParts, self.functions) = (reference, finalists, testParts, functions)
    self.overall = overall
  }

  /// A comparison on functions, from a start for each seed: by the gap to the minimum where all are known, else by the value; 40 trials
  /// of each arm, 2000 gradients each, and the last point counts.
  ///
  /// ```swift
  /// try ComparisonConfiguration(
  ///   functions: ["rosenbrock size=10", "bowl: x^2 + 10*y^2; from x={-2...2}, y={-2...2}; minimum 0"],
  ///   arms: ["momentum: momentum 0.9 | rate {0.00001...1}", "adam: adam | rate {0.0001...1}"])
  /// ```
  /// - Parameters:
  ///   - functions: as `TestFunction` reads them; none where they are given in code (`MethodComparison.init(_:on:)`), whose measure is to be
  ///     `value` where a minimum is not known.
  ///   - arms: as `ComparedArm` reads them.
  /// - Throws: `SettingsError` where a function cannot be read.
  public init(functions: [String], arms: [String]) throws {
    // Descents on functions are short.
    self.init(data: [], arms: arms, trials: 40, budget: "2000gradients", keep: .last, functions: functions)
    measure = try ComparisonFunctions(self).measure
  }

  public func check() throws {
    for (name, count) in [
      ("seeds", seeds.count), ("tuning seeds", seeds.tuningCount), ("the seeds of finalists", finalists?.seeds ?? 1),
    ] where count > 1000 {
      throw SettingsError("\(name) must be at most 1000, not \(count)")
    }
    try checkLevelAndSeeds()
    guard seeds.count >= 2 else { throw SettingsError("seeds must be at least 2: pairs of one seed have no spread") }
    if let finalists {
      guard finalists.count > 0, finalists.seeds > 0 else {
        throw SettingsError(
          "finalists and their seeds must be at least 1, not \(finalists.count) and \(finalists.seeds)")
      }
      let last = seeds.tuningFirst + seeds.tuningCount + finalists.furtherCount(beyond: seeds.tuningCount)
      try seeds.checkApart(from: seeds.tuningFirst..<last, "seeds.tuningFirst")
    }
    guard (1...10_000).contains(looks) else { throw SettingsError("looks must be 1 to 10000, not \(looks)") }
    if let margin = decision.margin, !(margin > 0 && margin.isFinite) {
      throw SettingsError("the margin must be positive, not \(margin)")
    }
    if let target, !target.isFinite { throw SettingsError("the target value must be a number, not \(target)") }
    try checkFunctions()
    guard !data.isEmpty || functions != nil else {
      throw SettingsError("name data: a table, a folder of images or a known data set; or a function")
    }
    guard Set(data).count == data.count else { throw SettingsError("a data set is named twice") }
    if target != nil, data.count > 1 {
      throw SettingsError("a target value belongs to one data set, and there are \(data.count)")
    }
    if testFile != nil, data.count > 1 {
      throw SettingsError("a test file belongs to one table, and there are \(data.count) data sets")
    }
    try checkTestParts()
    if decision.margin != nil, data.count > 1, ["rmse", "mae"].contains(try ComparedMeasure(measure).tag) {
      throw SettingsError("a margin in the targets' units belongs to one data set, and there are \(data.count)")
    }
    let plan = try ComparisonPlan(self)
    guard plan.arms.count > 1 || decision.margin == nil else {
      throw SettingsError("one arm alone is compared with none: leave the margin out")
    }
    try checkOverall(plan)
  }

  private func checkOverall(_ plan: ComparisonPlan) throws {
    guard plan.isOverall else { return }
    guard plan.arms.count > 1 else {
      throw SettingsError("one arm alone is compared with none: leave overall verdicts out")
    }
    let (count, pairs) = (plan.sourceNames.count, plan.pairs.count)
    let claims = ComparisonExperiment.claimCount(plan)
    let least = ComparisonExperiment.fewestSources(claims: claims, alpha: decision.alpha)
    guard count >= least else {
      throw SettingsError(
        "overall verdicts on \(pairs == 1 ? "one pair" : "\(pairs) pairs")\(claims > pairs ? " and their diagnostics" : "") need \(least) \(plan.nouns) or more, and there "
          + (count == 1 ? "is 1" : "are \(count)")
          + ": of fewer the signed-rank test could show nothing at a level of \(decision.alpha), even if all had one side"
      )
    }
    guard decision.margin == nil else {
      throw SettingsError("overall verdicts are of differences, and not of sameness: leave the margin out")
    }
  }

  private func checkFunctions() throws {
    let measure = try ComparedMeasure(measure)
    guard let functions else {
      guard measure.part != .function else {
        throw SettingsError(
          "\(measure) is of functions, and there are data: name validation/loss, or another of theirs")
      }
      return
    }
    guard !functions.isEmpty else { throw SettingsError("name at least one function") }
    if let twice = Dictionary(grouping: functions, by: { $0 }).first(where: { $0.value.count > 1 }) {
      throw SettingsError("the function \(twice.key) is named twice")
    }
    guard data.isEmpty else {
      throw SettingsError("functions and data are compared apart: they have no measure in common")
    }
    guard measure.part == .function else {
      throw SettingsError("\(measure) is of data, and there are functions: name gap, value or arrival")
    }
    if measure.tag == ComparedMeasure.arrival, !(try Budget(budget).countsGradients) {
      throw SettingsError("arrival counts gradients: write the budget in them, as 2000gradients, and not \(budget)")
    }
    let given = [
      ("a test file", testFile != nil), ("test parts", testParts ?? 1 > 1), ("sizes of images", images != nil),
      ("diagnostics", watch != nil),
    ]
    if let (what, _) = given.first(where: \.1) { throw SettingsError("\(what) are for data, and there are functions") }
    if target != nil, measure.tag == ComparedMeasure.value, functions.count > 1 {
      throw SettingsError("a target value belongs to one function, and there are \(functions.count)")
    }
    if let target, measure.tag != ComparedMeasure.value, target < FunctionTask.arrived {
      throw SettingsError(
        "a gap of \(target) is never reached: what is within \(PlainNumber.text(TestFunction.precision)) of the minimum counts as "
          + "\(PlainNumber.text(FunctionTask.arrived))")
    }
    if decision.margin != nil, measure.tag == ComparedMeasure.value, functions.count > 1 {
      throw SettingsError("a margin of values belongs to one function, and there are \(functions.count)")
    }
  }

  private func checkTestParts() throws {
    guard let testParts, testParts > 1 else { return }
    guard testFile == nil, table.test > 0 else {
      throw SettingsError("several test parts are drawn of the table's own rows: give the test a share of them")
    }
    if let column = table.order {
      throw SettingsError("the last rows by \(column) are one test part; others cannot be drawn")
    }
    guard try ComparedMeasure(measure).part == .validation else {
      throw SettingsError("\(measure) is of training rows, and several test parts are for what the test part decides")
    }
  }
}
