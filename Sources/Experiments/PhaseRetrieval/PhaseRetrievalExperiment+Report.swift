import Foundation
import Reports
import RunLogs
import SignalRecovery
import Statistics
import Theory

extension PhaseRetrievalExperiment {
  public func report(
    _ events: [RunEvent], context: ReportContext
  ) throws -> (decisions: [Decision], report: Report) {
    let evidence = try PhaseRetrievalEvidence(events, self)
    let decisions = decide(evidence)
    let p = configuration.problem
    var sections: [Report.Section] = [
      .heading("Claims"),
      .paragraph(
        "Success is a distance below \(p.tolerance), up to sign or phase. 50 % points are interpolated; their intervals come "
          + "from a parametric bootstrap. Methods are compared in pairs over seeds, on the same instances. "
          + "\(decisions.count) claims, each at its own level; no correction for their number is made."),
      .decisions(decisions), .heading("Simulation and theory"), halfTable(evidence), .plot(theoryPlot(evidence)),
    ]
    for n in p.dimensions {
      for ensemble in p.ensembles { sections.append(.plot(successPlot(evidence, ensemble, n))) }
    }
    sections += [
      table(evidence), .heading("Theory"), theoryTable(evidence), .plot(manifoldPlot()),
      .heading("The choice of the schedule"), tuningTable(events),
    ]
    sections += [
      .heading("Cost"), costTable(events), .heading("How it was made"),
      .paragraph(
        "Published: the amplitude program, the plain transition of rank 1, that a barrier descent in alternation with a plain "
          + "one meets the theory. Ours: all formulas for rank d, the annealed lifted bound, the slack barrier with its "
          + "preconditioner and schedule, step sizes, starting points, dimensions and the criterion of success."),
      .code(context.command), .code(context.configuration), .code(context.environment),
    ]
    let report = Report(
      title: "Transitions of descending phase retrieval",
      subtitle: "n = \(p.dimensions.map(String.init).joined(separator: ", ")), "
        + "\(configuration.seeds.count * configuration.seeds.trials) trials at each point", sections: sections)
    return (decisions, report)
  }

  private func theoryTable(_ e: PhaseRetrievalEvidence) -> Report.Section {
    .table(
      header: ["rank", "plain, |x| ≤ 1", "lifted, |x| ≤ 1", "plain, free length"],
      rows: configuration.theory.ranks.map { rank in
        let found = e.transitions(rank)
        return ["\(rank)"]
          + [found.plain, found.lifted, PhaseRetrievalDuality(rank: rank).freeTransition].map(Report.number)
      })
  }

  /// Where the hybrid descent finds half, beside the theory.
  private func halfTable(_ e: PhaseRetrievalEvidence) -> Report.Section {
    let p = configuration.problem
    let rows = p.ensembles.flatMap { ensemble in
      p.dimensions.map { n -> [String] in
        let found = e.transitions(PhaseRetrievalConfiguration.ensembleRank(ensemble))
        let half = e.halfPoint("hybrid", ensemble, n)
        return [
          ensemble, "\(n)", Report.number(found.lifted), Self.text(half), Report.number(found.plain),
          Report.number((half.estimate - 1) / (found.plain - 1)), "\(half.trials)",
        ]
      }
    }
    return .table(
      header: ["ensemble", "n", "lifted", "50 % point, 95 %", "plain", "(point - 1) / (plain - 1)", "trials"],
      rows: rows)
  }

  private static func text(_ half: HalfPoint) -> String {
    let interval = half.interval(level: 0.95)
    return "\(Report.number(half.estimate)) [\(Report.number(interval.low)), \(Report.number(interval.high))]"
  }

  /// The transitions by rank with all 50 % points of the hybrid descent, set a little apart.
  private func theoryPlot(_ e: PhaseRetrievalEvidence) -> Plot {
    let ranks = configuration.theory.ranks
    let (x, found) = (ranks.map(Double.init), ranks.map(e.transitions))
    var series: [Plot.Series] = [
      .init(name: "theory, plain", x: x, y: found.map(\.plain)),
      .init(name: "theory, lifted (annealed)", x: x, y: found.map(\.lifted)),
    ]
    for (index, n) in configuration.problem.dimensions.enumerated() {
      for isComplex in [false, true] {
        let points = configuration.problem.ensembles.filter { ($0 == "complex") == isComplex }.compactMap {
          ensemble -> (x: Double, half: HalfPoint)? in
          let half = e.halfPoint("hybrid", ensemble, n)
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

  private func successPlot(_ e: PhaseRetrievalEvidence, _ ensemble: String, _ n: Int) -> Plot {
    let found = e.transitions(PhaseRetrievalConfiguration.ensembleRank(ensemble))
    var series = configuration.descent.methods.map { method -> Plot.Series in
      let curve = e.curve(method, ensemble, n)
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

  private func table(_ e: PhaseRetrievalEvidence) -> Report.Section {
    let p = configuration.problem
    let rows = p.dimensions.flatMap { n in
      p.ensembles.flatMap { ensemble in
        configuration.descent.methods.map { method -> [String] in
          let curve = e.curve(method, ensemble, n)
          return ["\(ensemble), n \(n)", method, Self.text(e.halfPoint(method, ensemble, n))]
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

  private func tuningTable(_ events: [RunEvent]) -> Report.Section {
    let results = events.results
    return .table(
      header: ["ensemble", "stages", "first push", "found on tuning seeds", "chosen"],
      rows: configuration.problem.ensembles.flatMap { ensemble in
        let best = chosen(results, ensemble)
        return candidates.map { candidate -> [String] in
          let found = tuningSeeds.compactMap { results[candidate.name(ensemble, $0)] }
          func total(_ key: String) -> Int { Int(found.reduce(0) { $0 + ($1[key] ?? 0) }) }
          return [
            ensemble, "\(candidate.stages)", Report.number(candidate.firstPush),
            "\(total("successes"))/\(total("trials"))", candidate == best ? "yes" : "",
          ]
        }
      })
  }

  private func costTable(_ events: [RunEvent]) -> Report.Section {
    let results = events.filter { $0.kind == "result" && $0.values["seconds"] != nil }
    func perTrial(_ method: String) -> (seconds: Double, steps: Double) {
      let own = results.filter { $0.task.hasPrefix(method + " ") }
      let trials = own.reduce(0) { $0 + ($1.values["trials"] ?? 0) }
      return (
        own.reduce(0) { $0 + ($1.values["seconds"] ?? 0) } / trials,
        own.reduce(0) { $0 + ($1.values["steps"] ?? 0) } / Double(own.count)
      )
    }
    let base = perTrial(configuration.descent.methods.contains("amplitude") ? "amplitude" : "hybrid").seconds
    return .table(
      header: ["method", "steps, at most", "seconds of one core per trial", "times the first plain descent"],
      rows: descending.map { method in
        let cost = perTrial(method)
        return [method] + [cost.steps, cost.seconds, cost.seconds / base].map(Report.number)
      })
  }
}
