import Foundation
import Reports
import Statistics

/// How soon arms arrive, over all data sets or functions.
extension ComparisonExperiment {
  /// How often an arm is within a factor of the fastest, over all data sets and seeds.
  func profiles(_ findings: Findings<ComparisonTrial>) throws -> [Report.Section] {
    let plan = try plan()
    guard plan.sourceNames.count > 1, plan.arms.count > 1 else { return [] }
    func profile(_ value: (Arrival) -> Double) throws -> PerformanceProfile {
      let costs = try plan.dataNames.indices.flatMap { data -> [[Double]] in
        try findings.ifFinished { () -> [[Double]] in
          let (target, trials) = (
            try target(data, findings), try plan.arms.indices.map { try chosen(data, $0, findings) }
          )
          let seeds = findings.seeds.filter { seed in
            trials.allSatisfy { $0.map { findings.isFinished($0, seed) } ?? true }
          }
          // An arm that diverges never arrives.
          return try seeds.map { seed in
            try trials.map { trial in
              try trial.flatMap { try arrival($0, seed, at: target, findings).map(value) } ?? .infinity
            }
          }
        } ?? []
      }
      // A clock may not have ticked.
      return PerformanceProfile(costs: costs.map { $0.map { max($0, 1e-9) } })
    }
    let plots = [
      ("gradients", "gradients (a loss alone as a third)", try profile(\.cost)),
      ("seconds", "seconds", try profile(\.seconds)),
    ].compactMap { name, label, profile -> Plot? in
      guard !profile.ratios.isEmpty else { return nil }
      let places = profile.steps + [profile.largestRatio * 1.3]
      let series = plan.arms.indices.map { arm -> Plot.Series in
        // Stairs: each value holds until the next factor.
        let points = zip(places, places.dropFirst()).flatMap { from, to in
          [from, to].map { (x: $0, y: profile.share(of: arm, within: from)) }
        }
        return .init(name: plan.arms[arm].name, x: points.map(\.x), y: points.map(\.y))
      }
      var plot = Plot(
        name: "profile-\(name)",
        title:
          "Share of \(profile.ratios.count) problems (\(plan.isOfFunctions ? "functions" : "data sets") x \(plan.testParts > 1 ? "test parts x " : "")seeds) within a factor of the fastest",
        xLabel: "factor of the fastest arm's \(label) to the target", yLabel: "share of problems", series: series)
      (plot.yRange, plot.isLogX) = (0...1.05, true)
      return plot
    }
    return [
      .heading("Performance profile"),
      .paragraph(
        "Dolan and Moré 2002: at 1 the share of problems on which an arm is the fastest to the target, on the right the share "
          + "that it reaches at all."),
    ] + plots.map { .plot($0) }
  }

  /// Over several functions whose minima are known: the share of targets that each arm has reached by so many gradients.
  func runTimes(_ findings: Findings<ComparisonTrial>) throws -> [Report.Section] {
    let plan = try plan()
    guard plan.isOfFunctions, plan.sourceNames.count > 1, plan.measure.followed.tag == ComparedMeasure.gap else {
      return []
    }
    let costs = try findings.ifFinished { try plan.arms.indices.map { try runTimes(of: $0, findings) } } ?? []
    let known = costs.joined().filter(\.isFinite)
    guard let first = known.min(), let last = known.max(), first < last else { return [] }
    // Some hundred places tell the course.
    let places = (0...200).map { first * pow(last / first, Double($0) / 200) }
    let series = costs.enumerated().filter { !$1.isEmpty }.map { arm, costs -> Plot.Series in
      let reached = costs.filter(\.isFinite).sorted()
      var passed = 0
      let shares = places.map { place -> Double in
        while passed < reached.count, reached[passed] <= place * (1 + 1e-12) { passed += 1 }
        return Double(passed) / Double(costs.count)
      }
      return .init(name: plan.arms[arm].name, x: places, y: shares, color: arm)
    }
    var plot = Plot(
      name: "run-times",
      title:
        "Share of targets reached (\(plan.sourceNames.count) functions x \(reportedSeeds.count) seeds x \(FunctionTask.profileTargets.count) targets)",
      xLabel: "gradients (a loss alone as a third)", yLabel: "share of targets", series: series)
    (plot.yRange, plot.isLogX) = (0...1.05, true)
    return [
      .heading("Run-time profile"),
      .paragraph(
        "Of the heights 100, 63, 40, ... 1e-8 above the minimum, on all functions from all fresh starts, the share that an arm has been below by so "
          + "many gradients, as in the COCO benchmarks (arXiv 1603.08785). Each arm has one setting on each "
          + "function, the best at the end of the budget: what would be soonest with less is not shown. Of an arm that keeps a mean of its "
          + "points that mean counts, at the looks."),
      .plot(plot),
    ]
  }

  /// The gradients until an arm was first seen below each target, on all functions from all fresh starts; infinite where it never was.
  ///
  /// - Throws: `FindingsError.unfinished` while a descent has not ended, or where an older log does not say.
  private func runTimes(of arm: Int, _ findings: Findings<ComparisonTrial>) throws -> [Double] {
    try plan().dataNames.indices.flatMap { data -> [Double] in
      guard let trial = try chosen(data, arm, findings) else {
        return findings.seeds.flatMap { _ in FunctionTask.profileTargets.map { _ in .infinity } }
      }
      let cost = try gradientsOfUpdate(data, arm, findings) ?? 1
      return try findings.seeds.flatMap { seed -> [Double] in
        guard let text = findings.records(Self.reachedKind, of: trial, seed).last?.text else {
          throw FindingsError.unfinished(task: SweepTask(trial, seed: seed).name)
        }
        let reached = text.split(separator: " ").compactMap { Double($0) }
        return FunctionTask.profileTargets.indices.map {
          $0 < reached.count ? max(reached[$0] * cost, 1) : .infinity
        }
      }
    }
  }
}
