import Formulas
import Foundation
import RunLogs
import Training

/// The descents of one setting on one function, from the starts of several seeds at once.
///
/// What a seed finds does not depend on which others step beside it. All arms of a seed have the same start, the same rotation and
/// the same noise.
package struct FunctionTask {
  let configuration: ComparisonConfiguration
  let plan: ComparisonPlan
  let setting: ComparedSetting
  let function: TestFunction

  package init(
    configuration: ComparisonConfiguration, plan: ComparisonPlan, setting: ComparedSetting, function: TestFunction
  ) {
    (self.configuration, self.plan, self.setting, self.function) = (configuration, plan, setting, function)
  }

  /// The gap that counts as arrived.
  static let arrived = log10(TestFunction.precision)
  /// A descent that ends so many times as high above the minimum as it started has diverged as one that overflows has; our choice.
  private static let mostRise = 1e10

  /// Of all that a seed draws. Where functions are a sample that decides, each has draws of its own: shared ones would make their
  /// differences alike.
  static func key(_ seed: Int, draw: Int, on function: TestFunction, _ plan: ComparisonPlan) -> RandomKey {
    let key = ComparisonData.key(seed, testPart: 0, draw: draw)
    return plan.isOverall ? key.split("function").split(function.name) : key
  }

  private func keys(_ seeds: [Int]) -> (own: [RandomKey], shared: [RandomKey]) {
    func keys(draw: Int) -> [RandomKey] { seeds.map { Self.key($0, draw: draw, on: function, plan) } }
    return (keys(draw: setting.draw), keys(draw: 0))
  }

  /// - Throws: `SettingsError` naming the arm where its parts do not fit the function.
  func descents(_ seeds: [Int]) throws -> FunctionDescents {
    if let option = setting.optionOfNetworks {
      throw SettingsError("\(setting.name): \(option) is for networks, and \(function.name) is a function")
    }
    let keys = keys(seeds)
    func descents(atGradients gradients: Double) throws -> FunctionDescents {
      let method = try setting.method(budget: plan.budget, atGradients: gradients)
      guard !method.description.contains(/[0-9](?:epochs|samples)/) else {
        throw SettingsError(
          "\(setting.name), \(setting): a function has no epochs and no samples; write durations in updates, as 100updates"
        )
      }
      do {
        return try FunctionDescents(function, method, keys: keys.own, shared: keys.shared)
      } catch { throw SettingsError("\(setting.name), \(setting) on \(function.name): \(error)") }
    }
    let first = try descents(atGradients: 1)
    let asked = first.meanCalls.inGradients
    // As of a network: what an update asks for is known when it is traced.
    guard plan.budget.countsGradients, setting.namesBudget, asked != 1 else { return first }
    return try descents(atGradients: asked)
  }

  private func updates(_ descents: FunctionDescents) throws -> Int {
    try plan.budget.updates(each: descents.meanCalls, descents.calls)
  }

  /// Guesses the cost of one seed's descent among so many from a few updates.
  func cost(_ seeds: [Int], _ clock: () -> Double) throws -> TaskCost {
    let began = clock()
    let descents = try descents(seeds)
    let updates = try updates(descents)
    _ = try descents.advance(1)
    _ = try descents.look()
    let compiled = clock()
    _ = try descents.advance(20)
    let stepped = clock()
    _ = try descents.look()
    let looked = clock()
    let looks = ComparisonPlan.looks(configuration.looks, updates: updates).count
    let seconds = compiled - began + (stepped - compiled) / 20 * Double(updates) + (looked - stepped) * Double(looks)
    return TaskCost(seconds: seconds / Double(seeds.count))
  }

  /// What one descent has shown so far.
  private struct Course {
    var best: (step: Int, cost: Double, values: [String: Double], point: Tree<NDArray>)?
    /// Updates after which it was seen to diverge; nil where it was not.
    var divergence: Int?
    var isDiverged: Bool { divergence != nil }
    /// Updates after which the gap was the target.
    var arrival: Int?
    /// Updates after which it first was at each of the profile's heights, from the highest down.
    var reached: [Int] = []

    /// - Parameter limits: the highest values that have arrived, and that are at each of the profile's heights; nil where no minimum is
    ///   known.
    mutating func consider(_ value: Double, _ step: Int, _ limits: (arrived: Double, profile: [Double])?) {
      guard let limits, !isDiverged else { return }
      if arrival == nil, value <= limits.arrived { arrival = step }
      while reached.count < limits.profile.count, value <= limits.profile[reached.count] { reached.append(step) }
    }
  }

  /// The targets of a run-time profile, as the COCO benchmarks have them: decimal logarithms of heights above the minimum from 100 down to
  /// 1e-8.
  static let profileTargets = (0...50).map { 2 - 0.2 * Double($0) }

  /// Runs all to the end.
  ///
  /// - Parameters:
  ///   - record: notes what a seed, by its place, shows at a look.
  ///   - reached: notes after how many updates a seed was at each of `profileTargets`, so far as it came.
  package func run(
    _ seeds: [Int], _ clock: () -> Double,
    record: (_ index: Int, _ step: Int, [Measure: Double]) throws -> Void,
    reached: (_ index: Int, _ updates: [Int]) throws -> Void = { _, _ in }
  ) throws -> [TaskOutcome] {
    let descents = try descents(seeds)
    let updates = try updates(descents)
    let starts = try descents.look().values.map { try ComparedMeasure.values(of: $0, function) }
    let followed = plan.measure.followed
    for (seed, start) in zip(seeds, starts) where start[followed.tag]?.isFinite != true {
      throw SettingsError("\(function.name) has no finite value at the start of seed \(seed): choose other starts")
    }
    var courses = seeds.map { _ in Course() }
    var (seconds, step) = (0.0, 0)
    let asksForArrival = plan.measure != followed
    let target = asksForArrival ? configuration.target ?? Self.arrived : Self.arrived
    let limits = function.minimum.map { minimum in
      (arrived: minimum + pow(10, target), profile: Self.profileTargets.map { minimum + pow(10, $0) })
    }
    let floor = function.minimum ?? 0
    let highest = starts.map { abs($0[ComparedMeasure.value]! - floor) }.map { Self.mostRise * max($0, 1) }
    for look in ComparisonPlan.looks(configuration.looks, updates: updates) {
      let began = clock()
      while step < look, courses.contains(where: { !$0.isDiverged }) {
        // An update tells the place where it began, but for a mean of places.
        let looksAtMeans = asksForArrival && descents.keepsMean
        if looksAtMeans {
          for (index, value) in try descents.look().values.enumerated() { courses[index].consider(value, step, limits) }
        }
        let found = try descents.advance(looksAtMeans ? 1 : min(look - step, descents.updatesAtOnce))
        for (place, loss) in found.losses.enumerated() {
          let (index, before) = (place % seeds.count, step + place / seeds.count)
          if !descents.keepsMean { courses[index].consider(found.values[place], before, limits) }
          if !loss.isFinite, !courses[index].isDiverged { courses[index].divergence = before + 1 }
        }
        step += found.losses.count / seeds.count
      }
      // Of one core, and each descent's share of it.
      seconds += (clock() - began) / Double(seeds.count)
      guard courses.contains(where: { !$0.isDiverged }) else { break }
      let found = try descents.look()
      for index in seeds.indices where !courses[index].isDiverged {
        let (value, point) = (found.values[index], found.points.map { $0.part(index) })
        guard value.isFinite, point.isFinite, abs(value - floor) <= highest[index] else {
          courses[index].divergence = look
          continue
        }
        let values = try ComparedMeasure.values(of: value, function)
        courses[index].consider(value, look, limits)
        let own = values[followed.tag]!
        try record(index, look, [.choosing(followed): own, .seconds: seconds])
        let cost = followed.cost(own)
        if configuration.keep == .last || cost < courses[index].best?.cost ?? .infinity {
          courses[index].best = (look, cost, values, point)
        }
      }
    }
    let rates = RateCourse(descents.method, rows: 1, batch: 1)
    let steps = courses.map { $0.divergence ?? step }
    let idle = Dictionary(uniqueKeysWithValues: Set(steps).map { ($0, rates.idleShare(ofUpdates: $0)) })
    for (index, course) in courses.enumerated() where limits != nil { try reached(index, course.reached) }
    return courses.indices.map { index in
      var outcome = outcome(courses[index], starts[index], step: steps[index], descents)
      (outcome.values[.seconds], outcome.values[.comparedIdleShare]) = (seconds, idle[steps[index]])
      return outcome
    }
  }

  private func outcome(
    _ course: Course, _ start: [String: Double], step: Int, _ descents: FunctionDescents
  ) -> TaskOutcome {
    let calls = descents.calls(step)
    var values: [Measure: Double] = [
      .comparedDivergence: course.isDiverged ? 1 : 0, .comparedUpdates: Double(step),
      .comparedSamples: calls.samples, .comparedGradients: calls.gradients + 2 * calls.hessianProducts,
      .comparedLosses: calls.losses, .comparedParameters: Double(function.count),
    ]
    for (tag, value) in start { values[.constant(Measure(tag))] = value }
    let never = plan.budget.never
    if function.minimum != nil { values[.constant(Measure(ComparedMeasure.arrival))] = never }
    guard !course.isDiverged, let best = course.best else { return TaskOutcome(values, step: step) }
    for (tag, value) in best.values { values[Measure(tag)] = value }
    if function.minimum != nil {
      // One update may ask for more than ten budgets.
      values[Measure(ComparedMeasure.arrival)] =
        course.arrival.map { min(log10(max(descents.calls($0).inGradients, 1)), never - 1e-9) }
        ?? never
      values[.arrivalUpdates] = course.arrival.map(Double.init)
    }
    return TaskOutcome(values, step: step, text: best.point.digest)
  }
}
