import Foundation
import MultiObjective
import Reports
import RunLogs
import Statistics

extension MultiObjectiveExperiment {
  private func spread(_ values: [Double], _ transform: (Double) -> Double = { $0 }) -> String {
    let summary = Summary(values)
    let interval = summary.interval()
    return "\(Report.number(transform(summary.mean))) [\(Report.number(transform(interval.low))), "
      + "\(Report.number(transform(interval.high)))]"
  }

  private func methods(_ arena: MultiObjectiveArena) -> [MultiObjectiveArm] { configuration.arms(arena) }

  func linearTable(_ e: MultiObjectiveEvidence) -> Report.Section {
    let arena = configuration.largest("quadratic")
    return .table(
      header: [
        "method", "rate η", "slope of ln stationarity per step, 95 %", "in units of η μ",
        "ln RSS, exponential less power",
      ],
      rows: methods(arena).map { arm in
        let rate = e.finestRate(arena, arm)
        let slopes = e.statistic(arena, arm) { MultiObjectiveEvidence.exponentialLaw($0)?.slope }
        let ratios = e.statistic(arena, arm) { MultiObjectiveEvidence.exponentialLaw($0)?.ratio }
        let unit = (rate ?? .nan) / configuration.synthetic.condition
        return [
          "\(arm)", rate.map(Report.number) ?? "none", spread(slopes), spread(slopes.map { $0 / unit }), spread(ratios),
        ]
      })
  }

  func powerTable(_ e: MultiObjectiveEvidence) -> Report.Section {
    let arena = configuration.largest("logistic")
    return .table(
      header: ["method", "rate η", "exponent in T of the mean, 95 %", "of the least"],
      rows: methods(arena).map { arm in
        ["\(arm)", e.finestRate(arena, arm).map(Report.number) ?? "none"]
          + [true, false].map { ofMean in
            spread(e.statistic(arena, arm) { MultiObjectiveEvidence.powerLaw($0, ofMean: ofMean) })
          }
      })
  }

  // MARK: Samples over n and ε

  func exponentSections(_ e: MultiObjectiveEvidence) -> [Report.Section] {
    let arms = MultiObjectiveConfiguration.counted.filter { configuration.methods.contains($0.rawValue) }
      .map(configuration.arm)
    let levels = configuration.logistic.levels
    let arenas = e.logisticArenas
    let exponents: [[String]] = arms.map { arm in
      let shared = e.sharedLevel(arm)
      return ["\(arm)", shared.map { Report.number(levels[$0]) } ?? "none", spread(e.exponentInSamples(arm))]
        + [spread(e.exponentInLevels(arm))] + arenas.map { spread(e.exponentInLevels(arm, at: $0)) }
    }
    var regime: [[String]] = []
    for arena in arenas {
      for (index, level) in levels.enumerated() {
        regime.append(
          ["\(arena.samples)", Report.number(level)]
            + arms.map { arm in
              let logs = e.scores(arena, arm, level: index)
              let missed = logs.count { !$0.isFinite }
              return missed == 0 ? spread(logs) { exp($0) } : "\(missed) of \(logs.count) not reached"
            } + [stepRatio(e, arena, level: index)])
      }
    }
    func overSize() -> Plot {
      let series = arms.compactMap { arm -> Plot.Series? in
        guard let level = e.sharedLevel(arm) else { return nil }
        let summaries = arenas.map { Summary(e.scores($0, arm, level: level)) }
        let intervals = summaries.map { $0.interval() }
        return .init(
          name: "\(arm), ε \(Report.number(levels[level]))", x: arenas.map { Double($0.samples) },
          y: summaries.map { exp($0.mean) }, low: intervals.map { exp($0.low) }, high: intervals.map { exp($0.high) })
      }
      return logarithmic("samples-over-n", "Samples until ε (95 %)", "size n of the training set", series)
    }
    func overLevel() -> Plot {
      let arena = arenas.last!
      let series = arms.map { arm -> Plot.Series in
        let kept = levels.indices.filter { e.scores(arena, arm, level: $0).allSatisfy { $0.isFinite } }
        let summaries = kept.map { Summary(e.scores(arena, arm, level: $0)) }
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
          + "are slopes on logarithmic axes for each seed; in n at the finest ε that the method sees on all seeds and at all n. "
          + "√n/ε outweighs n only where the steps T(ε) that STIMULUS needs exceed √n many times (the last column tells "
          + "T/√n): before that the first full gradient dominates, and the exponent in n goes to 1. An O() of a worst case is "
          + "an upper bound; a problem that is kinder than the worst has smaller exponents in 1/ε."),
      .table(
        header: ["method", "finest ε", "exponent in n, 95 %", "in 1/ε, mean over n"]
          + arenas.map { "in 1/ε, n \($0.samples)" },
        rows: exponents),
    ] + drawn([overSize(), overLevel()]) + [
      .table(header: ["n", "ε"] + arms.map { "\($0)" } + ["STIMULUS: T/√n"], rows: regime)
    ]
  }

  private func logarithmic(_ name: String, _ title: String, _ x: String, _ series: [Plot.Series]) -> Plot {
    var plot = Plot(name: name, title: title, xLabel: x, yLabel: "samples", series: series.filter { !$0.x.isEmpty })
    (plot.isLogX, plot.isLogY) = (true, true)
    return plot
  }

  /// Steps of STIMULUS until a level over √n, geometric mean.
  private func stepRatio(_ e: MultiObjectiveEvidence, _ arena: MultiObjectiveArena, level: Int) -> String {
    let arm = configuration.arm(.stimulus)
    guard let rate = e.choice.rate(arena, arm, level: level) else { return "–" }
    let root = Double(arena.samples).squareRoot()
    let logs = zip(e.seeds, e.values(arena, arm, rate: rate, "level/\(level)")).map { seed, samples in
      e.curve(arena, arm, rate: rate, seed: seed).first { $0.samples >= samples }.map { log($0.step / root) } ?? .nan
    }
    return Report.number(exp(Summary(logs).mean))
  }

  // MARK: Methods

  func table(_ e: MultiObjectiveEvidence, _ problem: String) -> Report.Section {
    let arena = configuration.largest(problem)
    let levels = configuration[problem].levels
    return .table(
      header: [
        "method", "rate", "true stationarity at the end, 95 %", "own ‖d‖² over the true, end",
        "mean loss, first to last", "mean test loss", "failed",
      ]
        + levels.map { "samples/n until \(Report.number($0))" },
      rows: methods(arena).map { arm in
        guard let rate = e.finestRate(arena, arm) else {
          return ["\(arm)", "none", "no rate of the grid serves"] + [String](repeating: "", count: 4 + levels.count)
        }
        func values(_ key: String) -> [Double] { e.values(arena, arm, rate: rate, key) }
        let tests = e.seeds.indices.map { seed -> Double in
          let losses = (0..<64).map { values("test/\($0)")[seed] }.prefix { !$0.isNaN }
          return losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
        }
        let believed = zip(values("believed"), values("last")).map { log($0 / $1) }
        return [
          "\(arm)", Report.number(rate), spread(values("end").map { log($0) }) { exp($0) },
          spread(believed) { exp($0) },
          "\(Report.number(Summary(values("startLoss")).mean)) to \(Report.number(Summary(values("loss")).mean))",
          Report.number(Summary(tests).mean), "\(values("failed").count { $0 == 1 })",
        ]
          + levels.indices.map { level in
            guard let best = arena.countsSamples ? e.choice.rate(arena, arm, level: level) : rate else { return "–" }
            let found = e.values(arena, arm, rate: best, "level/\(level)").filter { $0.isFinite }
            guard !found.isEmpty else { return "–" }
            let mean = exp(Summary(found.map { log($0 / Double(arena.samples)) }).mean)
            return Report.number(mean) + (found.count < e.seeds.count ? " (\(found.count) of \(e.seeds.count))" : "")
          }
      })
  }

  func rateTable(_ e: MultiObjectiveEvidence, _ problems: [String]) -> Report.Section {
    let rows = configuration.arenas.filter { problems.contains($0.problem) }.flatMap { arena in
      configuration.arms(arena).map { arm -> [String] in
        let grid = configuration.rates(arena.problem)
        let chosen = configuration[arena.problem].levels.indices.map { level -> String in
          guard let rate = e.choice.rate(arena, arm, level: level) else { return "none" }
          return Report.number(rate) + (rate == grid.first || rate == grid.last ? " (edge)" : "")
        }
        return ["\(arena)", "\(arm)", arena.countsSamples ? chosen.joined(separator: ", ") : chosen[0]]
      }
    }
    return .table(header: ["problem", "method", "rate; on synthetic problems for each level"], rows: rows)
  }

  func costTable(_ events: [RunEvent]) -> Report.Section {
    let results = events.filter { $0.kind == "result" }
    let rows = configuration.arenas.map { arena -> [String] in
      let own = results.filter { $0.task.hasPrefix("\(arena)/") }
      return [
        "\(arena)", "\(own.count)", Report.number(own.reduce(0) { $0 + ($1.values["seconds"] ?? 0) }),
        Report.number(own.reduce(0) { $0 + ($1.values["samples"] ?? 0) }),
      ]
    }
    return .table(header: ["problem", "descents", "seconds of one core", "samples looked at"], rows: rows)
  }
}
