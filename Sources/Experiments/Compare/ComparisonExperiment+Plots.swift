import Foundation
import Reports
import Statistics

extension ComparisonExperiment {
  /// The measure by updates, mean over seeds; where updates of the arms ask for unlike much, by gradients too, and by these alone where
  /// they are the budget.
  func curves(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> [Plot] {
    let plan = try plan()
    let costs = try plan.arms.indices.map { try gradientsOfUpdate(data, $0, findings) }
    let known = costs.compactMap(\.self)
    let byUpdate = try plan.budget.countsGradients ? nil : curve(data, findings, atGradients: nil)
    // Thirds are rounded.
    let isEqual = (known.max() ?? 1) <= (known.min() ?? 1) * (1 + 1e-9)
    let byGradient = try isEqual && byUpdate != nil ? nil : curve(data, findings, atGradients: costs)
    return [byUpdate, byGradient].compactMap(\.self)
  }

  /// - Parameter costs: gradients of an update of each arm that has a setting, which the curves are over; nil for over updates.
  private func curve(
    _ data: Int, _ findings: Findings<ComparisonTrial>, atGradients costs: [Double?]?
  ) throws -> Plot {
    let plan = try plan()
    var series = try plan.arms.indices.map { arm -> Plot.Series in
      let trial = try findings.ifFinished { try chosen(data, arm, findings) } ?? nil
      var byStep: [Int: [Double]] = [:]
      for seed in trial == nil ? [] : findings.seeds {
        let looks = findings.series(.choosing(plan.measure.followed), of: trial!, seed, kind: "look")
        // One that diverged before the first look has no course.
        if plan.isOfFunctions, !looks.isEmpty,
          let start = try findings.ifFinished({
            try findings.ifMeasured(.constant(.choosing(plan.measure.followed)), of: trial!, seed)
          }) ?? nil
        {
          byStep[0, default: []].append(start)
        }
        for (step, value) in looks { byStep[step, default: []].append(value) }
      }
      // Where some seeds have diverged, the mean of the others would flatter.
      let most = byStep.values.map(\.count).max() ?? 0
      let steps = byStep.keys.filter { byStep[$0]!.count == most }.sorted()
      return .mean(
        plan.arms[arm].name, x: steps.map { Double($0) * (costs.map { $0[arm] ?? .nan } ?? 1) },
        of: steps.map { byStep[$0]! })
    }
    if let target = try targetIfKnown(data, findings),
      let last = series.flatMap(\.x).max(), let first = series.flatMap(\.x).min()
    {
      series.append(.init(name: "target", x: [first, last], y: [target, target], color: 27))
    }
    var plot = Plot(
      name: (costs == nil ? "curve" : "cost") + "-\(plan.dataNames[data])",
      title:
        "\(plan.dataNames[data]): \(try followedName(data)) over \(costs == nil ? "updates" : "gradients"), mean and 95 % interval of seeds",
      xLabel: costs == nil ? "update" : "gradients", yLabel: try followedName(data), series: series)
    plot.isLogY = Self.isWide(series.flatMap(\.y))
    return plot
  }

  /// What each arm came to on fresh seeds, from the least down; nil where fewer than two arms have numbers.
  func ranking(_ source: Int, _ findings: Findings<ComparisonTrial>) throws -> Plot? {
    let plan = try plan()
    guard plan.testParts == 1 else { return try partRanking(source, findings) }
    let data = source
    var (rows, reference): ([(name: String, value: Double, low: Double, high: Double)], String?) = ([], nil)
    for arm in plan.arms.indices {
      let values = try resultValues(data, arm, findings)
      guard !values.isEmpty else { continue }
      let (summary, interval) = (Summary(values), Summary(values).interval())
      // Where some seeds diverged, the mean of the others flatters.
      let seeds = values.count < reportedSeeds.count ? " (\(values.count) of \(reportedSeeds.count))" : ""
      rows.append((plan.arms[arm].name + seeds, summary.mean, interval.low, interval.high))
      if arm == plan.reference { reference = rows.last?.name }
    }
    guard rows.count > 1 else { return nil }
    let label = try decidingName(data)
    var plot = Plot.ranking(
      name: "ranking-\(plan.dataNames[data])",
      title: "\(plan.dataNames[data]): \(label), mean and 95 % interval over \(reportedSeeds.count) seeds",
      xLabel: label,
      rows: rows, highlighted: reference)
    plot.isLogX = Self.isWide(rows.flatMap { [$0.value, $0.low] })
    return plot
  }

  /// The score of each trial by the value of each range of numbers.
  func tuningCurves(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> [Plot] {
    let plan = try plan()
    var names: [String] = []
    for place in plan.arms.flatMap(\.body.places) where !names.contains(place.name) {
      if case .choices(let choices) = place.range, choices.contains(where: { Double($0) == nil }) { continue }
      names.append(place.name)
    }
    return try names.enumerated().compactMap { index, name -> Plot? in
      var (series, diverged, isLog) = ([Plot.Series](), 0, false)
      var finalists: [(x: Double, y: Double)] = []
      for (number, arm) in plan.arms.enumerated() {
        guard let place = arm.body.places.first(where: { $0.name == name }) else { continue }
        let worst = try worstShown(data, findings)
        let points = try scoredYet(data, number, findings).compactMap { trial -> (x: Double, scores: [Double])? in
          guard let x = plan.setting(trial.trial).values[name].flatMap(Double.init) else { return nil }
          if trial.seeds.count > tuningSeeds.count, trial.mean.isFinite {
            let mean = min(trial.mean, worst)
            finalists.append((x, plan.measure.isLower ? mean : -mean))
          }
          let scores = trial.scores.prefix(tuningSeeds.count)
          guard scores.allSatisfy(\.isFinite) else {
            diverged += 1
            return nil
          }
          return (x, scores.map { min($0, worst) }.map { plan.measure.isLower ? $0 : -$0 })
        }.sorted { $0.x < $1.x }
        isLog = isLog || place.range.isLogarithmic
        let y = points.map { $0.scores.reduce(0, +) / Double($0.scores.count) }
        // Beside other ranges a line would join what does not belong together.
        let isAlone = arm.body.places.count == 1
        series.append(
          .init(name: arm.name, x: points.map(\.x), y: y, style: isAlone ? .line : .points, color: number))
        if isAlone {
          series.append(
            .init(
              name: "", x: points.map(\.x), y: y, low: points.map { $0.scores.min()! },
              high: points.map { $0.scores.max()! }, style: .points, color: number))
        }
      }
      guard series.contains(where: { !$0.x.isEmpty }) else { return nil }
      if !finalists.isEmpty {
        series.append(
          .init(
            name: "finalists, \(tuningSeeds.count + furtherSeeds.count) seeds", x: finalists.map(\.x),
            y: finalists.map(\.y),
            style: .points, color: plan.arms.count))
      }
      var plot = Plot(
        name: "tuning-\(plan.dataNames[data])-\(index + 1)",
        title: "\(plan.dataNames[data]): \(try measureName(data)) on tuning seeds by \(name)"
          + (diverged > 0 ? " (\(diverged) trials diverged)" : ""),
        xLabel: name, yLabel: "\(try choosingName(data)), mean and range", series: series)
      (plot.isLogX, plot.isLogY) = (isLog, Self.isWide(series.flatMap(\.y)))
      // Points at the ends of a range are not to lie on the frame.
      if let low = series.flatMap(\.x).min(), let high = series.flatMap(\.x).max(), low < high {
        let rim = (high - low) / 20
        plot.xRange = isLog && low > 0 ? low / 1.3...high * 1.3 : low - rim...high + rim
      }
      return plot
    }
  }

  /// The cost above which a trial on a function is drawn as if it were that of the start, which some exceed by hundreds of orders; none
  /// on data.
  private func worstShown(_ data: Int, _ findings: Findings<ComparisonTrial>) throws -> Double {
    let plan = try plan()
    guard plan.isOfFunctions else { return .infinity }
    let starts = try tuningSeeds.compactMap { seed in
      try findings.ifFinished {
        try findings.ifMeasured(.constant(.choosing(plan.measure)), of: plan.trials(data, 0)[0], seed)
      } ?? nil
    }
    return starts.max() ?? .infinity
  }

  /// Whether numbers are positive and far enough apart for a logarithmic axis.
  static func isWide(_ values: [Double]) -> Bool {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return false }
    return low > 0 && high / low > 20
  }
}
