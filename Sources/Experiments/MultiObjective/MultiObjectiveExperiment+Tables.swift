import Foundation
import MultiObjective
import Reports

extension MultiObjectiveExperiment {
  private func methods(_ arena: MultiObjectiveArena) -> [MultiObjectiveArm] { configuration.arms(arena) }

  /// A table of methods; those that have not ended have no row.
  private func rows(
    _ e: MultiObjectiveEvidence, _ arena: MultiObjectiveArena, _ row: (MultiObjectiveArm, Double?) throws -> [String]
  ) throws -> [[String]] {
    try methods(arena).compactMap { arm in
      try e.ifFinished { try row(arm, try e.choice.finestRate(arena, arm)) }
    }
  }

  func linearTable(_ e: MultiObjectiveEvidence) throws -> Report.Section {
    let arena = configuration.largest("quadratic")
    return .table(
      header: [
        "method", "rate η", "slope of ln stationarity per step, 95 %", "in units of η μ",
        "ln RSS, exponential less power",
      ],
      rows: try rows(e, arena) { arm, rate in
        guard let rate else { return ["\(arm)", "none", "–", "–", "–"] }
        let slopes = try e.statistics(arena, arm) { MultiObjectiveEvidence.exponentialLaw($0)?.slope }
        let ratios = try e.statistics(arena, arm) { MultiObjectiveEvidence.exponentialLaw($0)?.ratio }
        let unit = rate / configuration.synthetic.condition
        return [
          "\(arm)", Report.number(rate), Report.spread(slopes), Report.spread(slopes.map { $0 / unit }),
          Report.spread(ratios),
        ]
      })
  }

  func powerTable(_ e: MultiObjectiveEvidence) throws -> Report.Section {
    let arena = configuration.largest("logistic")
    return .table(
      header: ["method", "rate η", "exponent in T of the mean, 95 %", "of the least"],
      rows: try rows(e, arena) { arm, rate in
        try ["\(arm)", rate.map(Report.number) ?? "none"]
          + [true, false].map { ofMean in
            Report.spread(try e.statistics(arena, arm) { MultiObjectiveEvidence.powerLaw($0, ofMean: ofMean) })
          }
      })
  }

  // MARK: Samples over n and ε

  func exponentSections(_ e: MultiObjectiveEvidence) throws -> [Report.Section] {
    let arms = MultiObjectiveConfiguration.counted.filter { configuration.methods.contains($0.rawValue) }
      .map(configuration.arm)
    let levels = configuration.logistic.levels
    let arenas = e.logisticArenas
    func spread(_ value: (Int) throws -> Double) throws -> String { Report.spread(try e.seeds.map(value)) }
    let exponents: [[String]] = try arms.map { arm in
      let (shared, growth) = (try e.sharedLevel(arm), try e.growthLevel(arm))
      let rate = e.choice.growthRate("logistic", arm).map { ", rate \(Report.number($0))" } ?? ""
      return try [
        "\(arm)", growth.map { Report.number(levels[$0]) + rate } ?? "none",
        spread { try e.exponentInSamples(arm, $0) }, shared.map { Report.number(levels[$0]) } ?? "none",
        spread { try e.exponentInLevels(arm, $0) },
      ] + arenas.map { arena in try spread { try e.exponentInLevels(arm, at: arena, $0) } }
    }
    var regime: [[String]] = []
    for arena in arenas {
      for (index, level) in levels.enumerated() {
        regime.append(
          try ["\(arena.samples)", Report.number(level)]
            + arms.map { arm in
              let logs = try e.scores(arena, arm, level: index)
              let missed = logs.count { !$0.isFinite }
              return missed == 0 ? Report.spread(logs) { exp($0) } : "\(missed) of \(logs.count) not reached"
            } + [stepRatio(e, arena, level: index)])
      }
    }
    func overSize() throws -> Plot {
      let series = try arms.compactMap { arm -> Plot.Series? in
        guard let level = try e.growthLevel(arm) else { return nil }
        let summaries = try arenas.map { arena in
          let run = try e.growthRun(arena, arm, level: level)
          return Summary(try e.seeds.map { log(try e.value(.samples(untilLevel: level), of: run, $0)) })
        }
        let intervals = summaries.map { $0.interval() }
        return .init(
          name: "\(arm), ε \(Report.number(levels[level]))", x: arenas.map { Double($0.samples) },
          y: summaries.map { exp($0.mean) }, low: intervals.map { exp($0.low) }, high: intervals.map { exp($0.high) })
      }
      return logarithmic("samples-over-n", "Samples until ε (95 %)", "size n of the training set", series)
    }
    func overLevel() throws -> Plot {
      let arena = arenas.last!
      let series = try arms.map { arm -> Plot.Series in
        let kept = try levels.indices.filter { try e.scores(arena, arm, level: $0).allSatisfy { $0.isFinite } }
        let summaries = try kept.map { Summary(try e.scores(arena, arm, level: $0)) }
        let intervals = summaries.map { $0.interval() }
        return .init(
          name: "\(arm)", x: kept.map { 1 / levels[$0] }, y: summaries.map { exp($0.mean) },
          low: intervals.map { exp($0.low) }, high: intervals.map { exp($0.high) })
      }
      return logarithmic("samples-over-eps", "Samples until ε, \(arena) (95 %)", "1/ε", series)
    }
    return [
      .paragraph(
        "Samples until the true stationarity is first seen at or below ε, each with the rate that is best for this ε. Exponents "
          + "are slopes on logarithmic axes for each seed; in n at the finest ε that all tuning seeds see at all n, with the "
          + "same rate at all n where one is named. "
          + "√n/ε outweighs n only where the steps T(ε) that STIMULUS needs exceed √n many times (the last column tells "
          + "T/√n): before that the first full gradient dominates, and the exponent in n goes to 1. An O() of a worst case is "
          + "an upper bound; a problem that is kinder than the worst has smaller exponents in 1/ε."),
      .table(
        header: ["method", "ε for n", "exponent in n, 95 %", "finest ε", "in 1/ε, mean over n"]
          + arenas.map { "in 1/ε, n \($0.samples)" },
        rows: exponents),
    ] + drawn([try overSize(), try overLevel()]) + [
      .table(header: ["n", "ε"] + arms.map { "\($0)" } + ["STIMULUS: T/√n"], rows: regime)
    ]
  }

  private func logarithmic(_ name: String, _ title: String, _ x: String, _ series: [Plot.Series]) -> Plot {
    var plot = Plot(name: name, title: title, xLabel: x, yLabel: "samples", series: series.filter { !$0.x.isEmpty })
    (plot.isLogX, plot.isLogY) = (true, true)
    return plot
  }

  /// Steps of STIMULUS until a level over √n, geometric mean.
  private func stepRatio(_ e: MultiObjectiveEvidence, _ arena: MultiObjectiveArena, level: Int) throws -> String {
    guard let run = try e.run(arena, configuration.arm(.stimulus), level: level) else { return "–" }
    let root = Double(arena.samples).squareRoot()
    let logs = try e.seeds.map { seed -> Double in
      let samples = try e.value(.samples(untilLevel: level), of: run, seed)
      return try e.curve(run, seed).first { $0.samples >= samples }.map { log($0.step / root) } ?? .nan
    }
    return Report.number(exp(Summary(logs).mean))
  }

  // MARK: Methods

  func table(_ e: MultiObjectiveEvidence, _ problem: String) throws -> Report.Section {
    let arena = configuration.largest(problem)
    let levels = configuration[problem].levels
    return .table(
      header: [
        "method", "rate", "true stationarity at the end, 95 %", "own ‖d‖² over the true, end",
        "mean loss, first to last", "mean test loss", "failed",
      ]
        + levels.map { "samples/n until \(Report.number($0))" },
      rows: try rows(e, arena) { arm, rate in
        guard let rate else {
          return ["\(arm)", "none", "no rate of the grid serves"] + [String](repeating: "", count: 4 + levels.count)
        }
        func values(_ measure: Measure) throws -> [Double] { try e.values(arena, arm, rate: rate, measure) }
        let objectives = try (0..<64).map { try values(.testLoss($0)) }
        let tests = e.seeds.indices.map { seed -> Double in
          let losses = objectives.map { $0[seed] }.prefix { !$0.isNaN }
          return losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
        }
        let believed = zip(try values(.believedStationarity), try values(.lastStationarity)).map { log($0 / $1) }
        let (first, last) = (Summary(try values(.startLoss)).mean, Summary(try values(.finalLoss)).mean)
        return try [
          "\(arm)", Report.number(rate), Report.spread(values(.endStationarity).map { log($0) }) { exp($0) },
          Report.spread(believed) { exp($0) }, "\(Report.number(first)) to \(Report.number(last))",
          Report.number(Summary(tests).mean), "\(values(.failed).count { $0 == 1 })",
        ]
          + levels.indices.map { level in
            guard let best = arena.countsSamples ? try e.choice.rate(arena, arm, level: level) : rate else {
              return "–"
            }
            let found = try e.values(arena, arm, rate: best, .samples(untilLevel: level)).filter { $0.isFinite }
            guard !found.isEmpty else { return "–" }
            let mean = exp(Summary(found.map { log($0 / Double(arena.samples)) }).mean)
            return Report.number(mean) + (found.count < e.seeds.count ? " (\(found.count) of \(e.seeds.count))" : "")
          }
      })
  }

  func rateTable(_ e: MultiObjectiveEvidence, _ problems: [String]) throws -> Report.Section {
    let all = try configuration.arenas.filter { problems.contains($0.problem) }.flatMap { arena in
      try rows(e, arena) { arm, _ in
        let grid = configuration.rates(arena.problem)
        let chosen = try configuration[arena.problem].levels.indices.map { level -> String in
          guard let rate = try e.choice.rate(arena, arm, level: level) else { return "none" }
          return Report.number(rate) + (rate == grid.first || rate == grid.last ? " (edge)" : "")
        }
        return ["\(arena)", "\(arm)", arena.countsSamples ? chosen.joined(separator: ", ") : chosen[0]]
      }
    }
    return .table(header: ["problem", "method", "rate; on synthetic problems for each level"], rows: all)
  }

  func costTable(_ findings: Findings<MultiObjectiveRun>) throws -> Report.Section {
    let tasks = try sweep().tasks(findings).filter(findings.isFinished)
    let rows = try configuration.arenas.map { arena -> [String] in
      let own = tasks.filter { $0.arm.arena == arena }
      func total(_ measure: Measure) throws -> Double {
        try own.reduce(0) { $0 + (try findings[$1.arm, $1.seed, measure]) }
      }
      return [
        "\(arena)", "\(own.count)", Report.number(try total(.seconds)), Report.number(try total(.samplesTaken)),
      ]
    }
    return .table(header: ["problem", "descents", "seconds of one core", "samples looked at"], rows: rows)
  }
}
