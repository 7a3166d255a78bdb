import Foundation
import Reports
import Theory

extension PhaseRetrievalExperiment {
  public func frame(_ findings: Findings<PhaseRetrievalArm>) throws -> ReportFrame {
    let p = configuration.problem
    let ranks = Set(configuration.theory.ranks + p.ensembles.map(PhaseRetrievalConfiguration.ensembleRank))
    try PhaseTransitions.prepare(ranks: ranks, nodes: configuration.theory.nodes)
    let curves = SuccessCurves(findings, self)
    var sections: [Report.Section] = [
      .heading("Simulation and theory"), try halfTable(curves), .plot(try theoryPlot(curves)),
    ]
    for n in p.dimensions {
      for ensemble in p.ensembles { sections.append(.plot(try successPlot(curves, ensemble, n))) }
    }
    sections += [
      try table(curves), .heading("Theory"), theoryTable(), .plot(manifoldPlot()),
      .heading("The choice of the schedule"), try tuningTable(findings), .heading("Cost"), try costTable(findings),
    ]
    return ReportFrame(
      title: "Transitions of descending phase retrieval",
      subtitle: "n = \(p.dimensions.map(String.init).joined(separator: ", ")), "
        + "\(configuration.seeds.count * configuration.seeds.trials) trials at each point",
      comparison:
        "Success is a distance below \(p.tolerance), up to sign or phase. 50 % points are interpolated; their "
        + "intervals and p-values come from a parametric bootstrap. Each ratio has signals and measurements of its own, so "
        + "that all trials of a 50 % point are independent. Methods are compared in pairs over seeds, on the same "
        + "instances.", sections: sections,
      choices:
        "Published: the amplitude program, the plain transition of rank 1, that a barrier descent in alternation "
        + "with a plain one meets the theory. Ours: all formulas for rank d, the annealed lifted bound, the slack barrier "
        + "with its preconditioner and schedule, step sizes, starting points, rounds, dimensions and the "
        + "criterion of success.")
  }

  private func theoryTable() -> Report.Section {
    .table(
      header: ["rank", "plain, |x| ≤ 1", "lifted, |x| ≤ 1", "plain, free length"],
      rows: configuration.theory.ranks.map { rank in
        let found = PhaseTransitions.of(rank: rank, nodes: configuration.theory.nodes)
        return ["\(rank)"]
          + [found.plain, found.lifted, PhaseRetrievalDuality(rank: rank).freeTransition].map(Report.number)
      })
  }

  /// Where the hybrid descent finds half, beside the theory.
  private func halfTable(_ curves: SuccessCurves) throws -> Report.Section {
    let p = configuration.problem
    let rows = try p.ensembles.flatMap { ensemble in
      try p.dimensions.map { n -> [String] in
        let found = transitions(ensemble)
        let half = try curves.halfPoint("hybrid", ensemble, n)
        return [
          ensemble, "\(n)", Report.number(found.lifted), Self.text(half), Report.number(found.plain),
          Report.number((half.estimate - 1) / (found.lifted - 1)),
          Report.number((half.estimate - 1) / (found.plain - 1)), "\(half.trials)",
        ]
      }
    }
    return .table(
      header: [
        "ensemble", "n", "lifted", "50 % point, 95 %", "plain", "(point - 1) / (lifted - 1)",
        "(point - 1) / (plain - 1)", "trials",
      ],
      rows: rows)
  }

  private static func text(_ half: HalfPoint) -> String { Report.text(half.estimate, half.interval(level: 0.95)) }

  /// The transitions by rank with all 50 % points of the hybrid descent, set a little apart.
  private func theoryPlot(_ curves: SuccessCurves) throws -> Plot {
    let ranks = configuration.theory.ranks
    let (x, found) = (
      ranks.map(Double.init), ranks.map { PhaseTransitions.of(rank: $0, nodes: configuration.theory.nodes) }
    )
    var series: [Plot.Series] = [
      .init(name: "theory, plain", x: x, y: found.map(\.plain)),
      .init(name: "theory, lifted (annealed)", x: x, y: found.map(\.lifted)),
    ]
    for (index, n) in configuration.problem.dimensions.enumerated() {
      for isComplex in [false, true] {
        let points = try configuration.problem.ensembles.filter { ($0 == "complex") == isComplex }.compactMap {
          ensemble -> (x: Double, half: HalfPoint)? in
          let half = try curves.halfPoint("hybrid", ensemble, n)
          let rank = Double(PhaseRetrievalConfiguration.ensembleRank(ensemble))
          return half.estimate.isFinite ? (rank + 0.1 * Double(index) + (isComplex ? 0.25 : 0), half) : nil
        }
        let intervals = points.map { $0.half.interval(level: 0.95) }.map { interval in
          // An end beyond the ratios that were tried is drawn at the plot's own.
          (low: max(interval.low, 1), high: min(interval.high, 3))
        }
        guard !points.isEmpty else { continue }
        series.append(
          .init(
            name: (isComplex ? "complex" : "simulated") + ", n = \(n)", x: points.map(\.x),
            y: points.map(\.half.estimate), low: intervals.map(\.low), high: intervals.map(\.high), style: .points))
      }
    }
    var plot = Plot(
      name: "transitions", title: "Transitions by rank, and where the hybrid descent finds half (95 %)",
      xLabel: "rank d of a measurement", yLabel: "sampling ratio α = m/n", series: series)
    plot.xRange = x.min()! - 0.5...x.max()! + 0.5
    return plot
  }

  private func manifoldPlot() -> Plot {
    let law = PhaseRetrievalDuality(rank: 1)
    let overlaps = (0...100).map { Double($0) / 100 }
    return Plot(
      name: "manifold", title: "Root of the plain manifold, rank 1, |x| = 1", xLabel: "overlap with the signal",
      yLabel: "√(α f) - √(1 - x²)",
      series: [0.8, 1, 1.2].map { factor in
        let alpha = law.transition * factor
        return .init(
          name: "α = \(Report.number(alpha))", x: overlaps,
          y: overlaps.map { law.signedManifold(ratio: alpha, squaredNorm: 1, overlap: $0) })
      })
  }

  private func successPlot(_ curves: SuccessCurves, _ ensemble: String, _ n: Int) throws -> Plot {
    let found = transitions(ensemble)
    var series = try configuration.descent.methods.map { method -> Plot.Series in
      let curve = try curves.curve(method, ensemble, n)
      return .init(
        name: method, x: curve.map(\.ratio), y: curve.map { Double($0.successes) / Double($0.trials) },
        low: curve.map(\.interval.low), high: curve.map(\.interval.high))
    }
    series.append(.init(name: "theory, plain", x: [found.plain, found.plain], y: [0, 1]))
    series.append(.init(name: "theory, lifted", x: [found.lifted, found.lifted], y: [0, 1]))
    return Plot(
      name: "success-\(ensemble)-n\(n)", title: "Signals found, \(ensemble), n = \(n) (95 % Clopper-Pearson)",
      xLabel: "sampling ratio α = m/n", yLabel: "share found", series: series)
  }

  private func table(_ curves: SuccessCurves) throws -> Report.Section {
    let p = configuration.problem
    let rows = try p.dimensions.flatMap { n in
      try p.ensembles.flatMap { ensemble in
        try configuration.descent.methods.map { method -> [String] in
          let curve = try curves.curve(method, ensemble, n)
          return ["\(ensemble), n \(n)", method, Self.text(try curves.halfPoint(method, ensemble, n))]
            + [
              curve.map {
                "\(Report.number($0.ratio)): \($0.successes)/\($0.trials) "
                  + String(format: "[%.2f, %.2f]", $0.interval.low, $0.interval.high)
              }.joined(separator: "; ")
            ]
        }
      }
    }
    return .table(header: ["point", "method", "50 % point, 95 %", "ratio: found"], rows: rows)
  }

  private func tuningTable(_ findings: Findings<PhaseRetrievalArm>) throws -> Report.Section {
    let grid = try grid()
    var rows: [[String]] = []
    for ensemble in configuration.problem.ensembles {
      let all = candidates(ensemble)
      guard all.tasks(on: tuningSeeds).allSatisfy(findings.isFinished) else { continue }
      let best = try grid.best(of: ensemble, findings)
      for candidate in all {
        guard case .candidate(let stages, let push, _) = candidate else { continue }
        let share = try findings.share(.successes, of: candidate, on: tuningSeeds)
        rows.append([
          ensemble, "\(stages)", Report.number(push), "\(share.found)/\(share.trials)",
          candidate == best?.arm ? "yes" : "",
        ])
      }
    }
    return .table(header: ["ensemble", "stages", "first push", "found on tuning seeds", "chosen"], rows: rows)
  }

  private func costTable(_ findings: Findings<PhaseRetrievalArm>) throws -> Report.Section {
    func perTrial(_ method: String) throws -> (seconds: Double, steps: Double) {
      let own = batches.filter { if case .batch(method, _, _, _) = $0 { true } else { false } }
      func all(_ measure: Measure) throws -> [Double] { try own.flatMap { try findings.values(measure, of: $0) } }
      let (seconds, steps) = (try all(.seconds), try all(.steps))
      return (
        seconds.reduce(0, +) / (try all(.trials).reduce(0, +)), steps.reduce(0, +) / Double(steps.count)
      )
    }
    let base = try perTrial(configuration.descent.methods.contains("amplitude") ? "amplitude" : "hybrid").seconds
    return .table(
      header: ["method", "steps, at most", "seconds of one core per trial", "times the first plain descent"],
      rows: try descending.map { method in
        let cost = try perTrial(method)
        return [method] + [cost.steps, cost.seconds, cost.seconds / base].map(Report.number)
      })
  }
}
