import Foundation
import Training

/// A setting of an arm on a data set: what a comparison's tasks are named by.
public struct ComparisonTrial: SweepArm {
  let data: Int
  let arm: Int
  let trial: Int
  public let description: String
}

/// What a comparison's settings mean: arms, their trials, names of data, budget, measure.
package struct ComparisonPlan: Sendable {
  package let arms: [ComparedArm]
  /// The arm that each of the others is compared with; nil for each with each.
  package let reference: Int?
  /// By arm and trial.
  package let settings: [[ComparedSetting]]
  /// By arm: the ends of its ranges that could be further out.
  let ends: [[RangeEnd]]
  package let sourceNames: [String]
  /// What is searched and descended on: each data set with each of its test parts, those of one data set one after another. *Data* without
  /// more is one of these.
  package let dataNames: [String]
  /// Whether these are functions.
  let isOfFunctions: Bool
  /// Of each data set.
  package let testParts: Int
  /// Whether each pair is judged once, over all of them.
  let isOverall: Bool
  let budget: Budget
  let measure: ComparedMeasure
  /// What the descents that decide carry.
  let watch: WatchConfiguration?
  /// What is decided of it.
  let diagnostics: [ComparedDiagnostic]

  /// - Throws: `SettingsError` naming the arm and what is wrong with it.
  package init(_ c: ComparisonConfiguration) throws {
    guard (1...10_000).contains(c.trials) else { throw SettingsError("trials must be 1 to 10000, not \(c.trials)") }
    arms = try c.arms.map { try ComparedArm($0) }
    guard !arms.isEmpty else {
      throw SettingsError(
        "name what is compared: two arms or more, each by --arm \"NAME: CHAIN\"; or one arm with a range to tune, as "
          + "--arm \"sgd: rate {0.001...1}\"")
    }
    guard arms.count > 1 || !arms[0].body.places.isEmpty else {
      throw SettingsError(
        "one arm without a range leaves nothing to compare and nothing to tune; give another by --arm \"NAME: CHAIN\", or "
          + "a range in braces, as \"\(arms[0].name): rate {0.001...1}\"")
    }
    if let twice = Dictionary(grouping: arms, by: { $0.name.lowercased() }).first(where: { $0.value.count > 1 }) {
      throw SettingsError("two arms have the name \(twice.value[0].name)")
    }
    reference = try c.reference.map { [arms] name in
      guard arms.count > 1 else { throw SettingsError("one arm alone is compared with none: leave the reference out") }
      guard let index = arms.firstIndex(where: { $0.name == name }) else {
        throw SettingsError(
          "the reference \(name) is no arm; \(NearestName.hint(name, among: arms.map(\.name)))")
      }
      return index
    }
    (budget, measure) = (try Budget(c.budget), try ComparedMeasure(c.measure))
    do { watch = try c.watch.map { try WatchConfiguration($0) } } catch let error as DescentError {
      throw SettingsError("\(error)")
    }
    diagnostics = try watch.map { try ComparedDiagnostic.all(of: $0) } ?? []
    // A range of one name has one dimension in all arms.
    var dimensions: [String: Int] = [:]
    for place in arms.flatMap(\.body.places) where dimensions[place.name] == nil {
      dimensions[place.name] = dimensions.count
    }
    guard dimensions.count <= TrialSequence.mostDimensions else {
      throw SettingsError(
        "the arms have \(dimensions.count) ranges of different names; \(TrialSequence.mostDimensions) can be filled evenly"
      )
    }
    let sequence = TrialSequence(key: RandomKey(seed: c.seeds.tuningFirst).split("trials"))
    settings = try arms.map { try $0.trials(c.trials, sequence, dimensions) }
    // What text alone can tell is told before any data are read.
    for setting in settings.joined() { _ = try setting.method(budget: budget) }
    ends = zip(arms, settings).enumerated().map { [budget] in RangeEnd.all(of: $0, $1.0, $1.1, budget) }
    var names: [String] = []
    for base in try c.functions?.map({ try ComparisonFunctions.name(of: $0) }) ?? c.data.map(Self.shortName) {
      let same = names.count { $0 == base || (c.functions == nil && $0.hasPrefix(base + "-")) }
      var number = same + 1
      while number > 1, names.contains("\(base)-\(number)") { number += 1 }
      names.append(number == 1 ? base : "\(base)-\(number)")
    }
    (sourceNames, isOfFunctions, isOverall) = (names, c.functions != nil, c.overall == true)
    let parts = c.testParts ?? 1
    guard (1...100).contains(parts) else { throw SettingsError("test parts must be 1 to 100, not \(parts)") }
    testParts = parts
    dataNames = parts == 1 ? names : names.flatMap { name in (1...parts).map { "\(name)-test\($0)" } }
  }

  /// What a column of their names is called.
  var noun: String { isOfFunctions ? "function" : "data" }
  var nouns: String { isOfFunctions ? "functions" : "data sets" }
  /// What an arm is to do.
  var gain: String {
    guard isOfFunctions else { return "beats the constant prediction" }
    return measure == measure.followed ? "ends lower than it starts" : "arrives at the target"
  }
  /// What an arm is to beat.
  var baseline: String {
    guard isOfFunctions else { return "constant prediction" }
    return measure == measure.followed ? "start" : "ten budgets"
  }

  /// The data of a data set: it with each of its test parts.
  package func data(ofSource source: Int) -> Range<Int> { source * testParts..<(source + 1) * testParts }

  /// Which test part data have, from 0.
  func testPart(of data: Int) -> Int { data % testParts }

  /// The first of each data set's, of which plots are drawn.
  var firstParts: [Int] { sourceNames.indices.map { $0 * testParts } }

  /// A file's name without folders and endings, in letters that names of files have.
  package static func shortName(_ source: String) -> String {
    var name = (source as NSString).lastPathComponent
    for ending in [".gz", ".csv", ".tsv", ".txt", ".arff", ".npy", ".data"] where name.lowercased().hasSuffix(ending) {
      name.removeLast(ending.count)
    }
    let plain = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "-" })
    return plain.isEmpty || plain.hasPrefix(".") ? "data" + plain : plain
  }

  /// The trials of an arm on a data set.
  package func trials(_ data: Int, _ arm: Int) -> [ComparisonTrial] {
    settings[arm].indices.map { trial in
      ComparisonTrial(
        data: data, arm: arm, trial: trial, description: "\(dataNames[data])/\(arms[arm].name)/trial \(trial + 1)")
    }
  }

  /// Arms of one setting beside others that were tuned, in a sentence; nil where all were searched alike.
  package var caution: String? {
    let untuned = arms.indices.filter { settings[$0].count == 1 }
    guard !untuned.isEmpty, untuned.count < arms.count else { return nil }
    return untuned.map { "\(arms[$0].name) was not tuned (1 trial)" }.joined(separator: "; ")
      + ": a difference may be that of the search."
  }

  /// Arms of more ranges than others, whose equal trials lie further apart, in a sentence; nil where all have as many.
  package var searchCaution: String? {
    let counts = arms.map { Set($0.body.places.map(\.name)).count }
    guard let most = counts.max(), let least = counts.filter({ $0 > 0 }).min(), least < most else { return nil }
    let wide = arms.indices.filter { counts[$0] == most }.map { arms[$0].name }
    let next = counts.filter { $0 < most }.max()!
    let others = least == next ? "\(least)" : "\(least) to \(next)"
    return
      "\(Self.list(wide)) \(wide.count == 1 ? "has" : "have") \(most) ranges and others \(others): as many trials lie further apart "
      + "there, and an end is sooner the best."
  }

  private static func list(_ names: [String]) -> String {
    names.count < 2 ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + names.last!
  }

  /// The measure in words. A loss of numbers is that of standardised targets, whatever their unit.
  func measureName(_ problems: [ComparedProblem]) -> String {
    let isOfNumbers = !problems.isEmpty && problems.allSatisfy { $0.classes == 0 }
    return measure.tag == "loss" && isOfNumbers ? measure.name + " (standardised)" : measure.name
  }

  func setting(_ trial: ComparisonTrial) -> ComparedSetting { settings[trial.arm][trial.trial] }

  /// Each arm with each that stands behind it, or the reference with each of the others.
  package var pairs: [(first: Int, second: Int)] {
    if let reference { return arms.indices.filter { $0 != reference }.map { (reference, $0) } }
    return arms.indices.flatMap { first in (first + 1..<arms.count).map { (first, $0) } }
  }

  /// The updates after which a descent is looked at, rising; the last is its end.
  package static func looks(_ count: Int, updates: Int) -> [Int] {
    guard updates > count else { return Array(1...max(updates, 1)) }
    return (1...count).map { $0 * updates / count }
  }
}
