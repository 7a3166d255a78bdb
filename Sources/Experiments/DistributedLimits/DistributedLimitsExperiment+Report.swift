import Distributed
import Foundation
import Reports
import Theory

extension DistributedLimitsExperiment {
  public func frame(_ findings: Findings<DistributedLimitsArm>) throws -> ReportFrame {
    let search = try LimitsSearch(self)
    let p = configuration.problem
    var sections: [Report.Section] = [
      .heading("The best method by speed of links and number of workers"), try mapTable(findings),
      .plot(try familyMap(findings)), .heading("Time to the goal"), .plot(try ratioPlot(findings, search)),
      .plot(try equalPlot(findings, search)), .plot(try floorPlot(findings, search)), try bestTable(findings),
      .heading("Discovery"),
    ]
    sections += [
      .plot(try pacePlot(.race, findings)), .plot(try pacePlot(.process, findings)), try paceTable(findings),
    ]
    sections += [
      .heading("Exponents in d, S and ε"), try exponentTable(findings), .heading("The worst-case function"),
      try lemmaTable(findings), .heading("Methods beyond the bound, at their best"), try beyondTable(findings),
      .heading("Methods with the theory's parameters"), try methodTable(findings),
    ]
    if !realArms.isEmpty { sections += [.heading("On real processes"), try realTable(findings)] }
    return ReportFrame(
      title: "Limits of descent on many workers",
      subtitle: "quadratic of \(p.dimension) coordinates, S = \(Report.number(p.samples)), |∇f|² from 1/16 to "
        + "\(Report.number(p.accuracy)), \(configuration.seeds.count) seeds; a gradient takes one second",
      comparison:
        "Times are those of a virtual clock until the true |∇f|² is at most ε. Batches b, kept coordinates K and steps were "
        + "chosen on other seeds, each method's step among as many. Exponents and ratios are tested over seeds.",
      sections: sections,
      choices:
        "Published: the bounds, the random sum, the worst-case function and its constants. Ours: everything that is run, "
        + "for the paper has no experiments; Ψ_a is reconstructed; the tri-diagonal quadratic from 0, its noise, sizes, "
        + "speeds and margins; the process of the oracle and protocol; how M3 was filled in. Lines of theory have the "
        + "constants of the standard theorem, scaled as a whole to the measured ones.")
  }

  func arm(_ family: LimitsFamily, _ links: LinkSpeeds, _ n: Int) -> DistributedLimitsArm {
    family == .alone
      ? .best(.alone, configuration.problem, self.links(0), workers: 1)
      : .best(family, configuration.problem, links, workers: n)
  }

  /// The mean of a measure; nil where no seed has ended.
  private func mean(
    _ measure: Measure, _ arm: DistributedLimitsArm, _ findings: Findings<DistributedLimitsArm>
  ) throws -> Double? {
    let values = try findings.values(measure, of: arm)
    return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// A curve over n of arms that have ended.
  private func series(
    _ name: String, _ arms: [(x: Double, arm: DistributedLimitsArm)], _ findings: Findings<DistributedLimitsArm>,
    of measure: Measure = .time, color: Int? = nil
  ) throws -> Plot.Series {
    let known = arms.filter { !findings.finished($0.arm).isEmpty }
    var series = Plot.Series.mean(
      name, x: known.map(\.x), of: try known.map { try findings.values(measure, of: $0.arm).map { log($0) } }, exp)
    series.color = color
    return series
  }

  /// The theorem's curve, scaled as a whole to the measured one.
  private func theory(
    _ name: String, _ links: LinkSpeeds, _ measured: Plot.Series, _ problem: LimitsProblem, _ search: LimitsSearch,
    color: Int?
  ) -> Plot.Series {
    let times = measured.x.map { search.theoryTime(.sparse, problem, links, Int($0)) }
    let shift = zip(measured.y, times).map { log($0 / $1) }.reduce(0, +) / Double(max(1, times.count))
    return Plot.Series(name: name, x: measured.x, y: times.map { $0 * exp(shift) }, style: .points, color: color)
  }

  private static func logarithmic(
    _ name: String, _ title: String, _ xLabel: String, _ yLabel: String, _ series: [Plot.Series]
  ) -> Plot {
    var plot = Plot(name: name, title: title, xLabel: xLabel, yLabel: yLabel, series: series.filter { !$0.x.isEmpty })
    plot.isLogX = true
    plot.isLogY = true
    return plot
  }

  // MARK: Times

  private func ratioPlot(_ findings: Findings<DistributedLimitsArm>, _ search: LimitsSearch) throws -> Plot {
    let workers = configuration.links.workers.filter { $0 > 1 }
    var all: [Plot.Series] = []
    for (color, ratio) in configuration.links.ratios.enumerated() {
      let name = "τ_s = \(Report.number(ratio)) τ_w"
      let found = try series(name, workers.map { (Double($0), arm(.sparse, links(ratio), $0)) }, findings, color: color)
      all += [found, theory("", links(ratio), found, configuration.problem, search, color: color)]
    }
    for index in all.indices where all[index].name.isEmpty { all[index].name = "theory, \(all[index - 1].name)" }
    return Self.logarithmic(
      "times", "Best random sparsification (lines, 95 %) and the theorem's curve (points)", "workers n",
      "virtual seconds to the goal", all)
  }

  private func equalPlot(_ findings: Findings<DistributedLimitsArm>, _ search: LimitsSearch) throws -> Plot {
    let workers = configuration.links.workers.filter { $0 > 1 }
    func family(_ name: String, _ family: LimitsFamily) throws -> Plot.Series {
      try series(name, workers.map { (Double($0), arm(family, equalLinks, $0)) }, findings)
    }
    var all = [
      try family("random sparsification", .sparse), try family("whole vectors", .whole),
      try family("one worker", .alone),
    ]
    if let level = all[2].y.first {
      // The lower bound, through the time of one worker.
      let bounds = workers.map {
        LimitsSearch.setting(.whole, configuration.problem, equalLinks, $0).equalSpeedsBound
      }
      let single = LimitsSearch.setting(.whole, configuration.problem, equalLinks, 1).oneWorkerTime
      all.append(
        .init(
          name: "lower bound, scaled to one worker", x: workers.map(Double.init), y: bounds.map { $0 / single * level })
      )
    }
    return Self.logarithmic(
      "equal-speeds", "Equal speeds, τ_s = τ_w = \(Report.number(configuration.links.equal)) h", "workers n",
      "virtual seconds to the goal", all)
  }

  private func floorPlot(_ findings: Findings<DistributedLimitsArm>, _ search: LimitsSearch) throws -> Plot {
    let found = try series(
      "random sparsification",
      configuration.floor.workers.map { (Double($0), .best(.sparse, floorProblem, floorLinks, workers: $0)) }, findings)
    return Self.logarithmic(
      "floor", "τ_s = 0, a small problem with fast links: the floor", "workers n", "virtual seconds to the goal",
      [found, theory("theory", floorLinks, found, floorProblem, search, color: nil)])
  }

  private func bestTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let rows = try bestArms.compactMap { arm -> [String]? in
      guard case .best(let family, let problem, let links, let n) = arm, !findings.finished(arm).isEmpty else {
        return nil
      }
      let times = try findings.values(.time, of: arm)
      let values = try [Measure.batch, .kept, .stepScale, .rounds, .searchRoom].map {
        try mean($0, arm, findings) ?? .nan
      }
      return [
        family.rawValue, "\(problem)", "\(links)", "\(n)", Report.spread(times),
      ] + values.map(Report.number)
    }
    return .table(
      header: ["family", "problem", "links", "n", "seconds, 95 %", "b", "K", "step", "rounds", "room"], rows: rows)
  }

  // MARK: Maps

  /// Of all methods with the theory's parameters.
  private func mapTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let c = configuration.methods
    let rows = try c.ratios.map { ratio -> [String] in
      try ["\(Report.number(ratio))"]
        + c.workers.map { n in
          let times = try Self.mapMethods.compactMap { name -> (name: String, seconds: Double)? in
            let arm = DistributedLimitsArm.method(name, links(ratio), workers: n)
            guard try mean(.isReached, arm, findings) == 1 else { return nil }
            return try mean(.time, arm, findings).map { (name, $0) }
          }.sorted { $0.seconds < $1.seconds }
          let covered = times.first { !Self.uncovered.contains($0.name) }
          func text(_ time: (name: String, seconds: Double)?) -> String {
            time.map { "\($0.name) (\(Report.number($0.seconds)))" } ?? "none"
          }
          return text(covered) + "; of all: " + text(times.first)
        }
    }
    return .table(header: ["τ_s/τ_w"] + c.workers.map { "n = \($0)" }, rows: rows)
  }

  /// Of one worker, whole vectors and sparse ones, at their best b and K.
  private func familyMap(_ findings: Findings<DistributedLimitsArm>) throws -> Plot {
    let (ratios, workers) = (configuration.links.ratios, configuration.links.workers.filter { $0 > 1 })
    let rows = try ratios.map { ratio in
      try workers.map { n -> Double in
        let times = try [LimitsFamily.alone, .whole, .sparse].map {
          try mean(.time, arm($0, links(ratio), n), findings)
        }
        return Double(times.enumerated().min { $0.element ?? .infinity < $1.element ?? .infinity }!.offset)
      }
    }
    return .heatMap(
      name: "map", title: "Fastest: 0 one worker, 1 whole vectors, 2 random sparsification",
      xLabel: "workers: " + workers.map { "\($0)" }.joined(separator: ", "), yLabel: "τ_s/τ_w", valueLabel: "fastest",
      rows: rows, range: 0...2, rowNames: ratios.map { Report.number($0) })
  }

  private func methodTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let rows = try methodPlaces.compactMap { place -> [String]? in
      let arm = DistributedLimitsArm.method(place.name, place.links, workers: place.workers)
      guard !findings.finished(arm).isEmpty else { return nil }
      return [place.name, "\(place.links)", "\(place.workers)", Report.spread(try findings.values(.time, of: arm))]
        + (try [Measure.isReached, .rounds, .stepScale].map { Report.number(try mean($0, arm, findings) ?? .nan) })
    }
    return .table(header: ["method", "links", "n", "seconds, 95 %", "share reached", "rounds", "step"], rows: rows)
  }

  /// Beside what the bound covers, at the same links.
  private func beyondTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let search = try BeyondSearch(configuration)
    let rows = try BeyondRegime.allCases.flatMap { regime in
      try configuration.beyond.workers.flatMap { n -> [[String]] in
        let links = regime.links(configuration)
        let covered = [LimitsFamily.alone, .whole] + (regime == .equal ? [.sparse] : [])
        func row(_ name: String, _ arm: DistributedLimitsArm, _ hope: Double?) throws -> [String]? {
          guard !findings.finished(arm).isEmpty else { return nil }
          let rest = try [Measure.isReached, .rounds, .batch, .kept, .stepScale].map {
            Report.number(try mean($0, arm, findings) ?? .nan)
          }
          return [regime.rawValue, "\(n)", name, Report.spread(try findings.values(.time, of: arm))] + rest
            + [hope.map { Report.number($0) } ?? ""]
        }
        let exact = LimitsSearch.exactRounds(configuration.problem)
        return try covered.compactMap { try row($0.rawValue, arm($0, links, n), nil) }
          + regime.methods.compactMap {
            try row($0.rawValue, .beyond($0, links, workers: n), exact * search.leastRound($0, links, n))
          }
      }
    }
    return .table(
      header: [
        "links", "n", "method", "seconds, 95 %", "share reached", "rounds", "b", "K", "step", "seconds in exact rounds",
      ], rows: rows)
  }

  // MARK: Discovery, exponents, lemmas

  private static func words(_ window: Int) -> String { window == 0 ? "K = 2 ⌈log(n + 1)⌉" : "K = \(window)" }

  private func expectedExponent(_ model: DiscoveryScaling.Model, _ window: Int) -> Double {
    window == 0 ? 0 : model == .race ? expectedSlope(window) : -0.5
  }

  private func pacePlot(
    _ model: DiscoveryScaling.Model, _ findings: Findings<DistributedLimitsArm>
  ) throws -> Plot {
    var all: [Plot.Series] = []
    for (color, window) in chainWindows(model).enumerated() {
      let found = try series(
        Self.words(window),
        chainWorkers(model, window).map { (Double($0), .chain(model: model, window: window, workers: $0)) }, findings,
        of: .pace, color: color)
      all.append(found)
      guard let first = found.y.first else { continue }
      let exponent = expectedExponent(model, window)
      all.append(
        .init(
          name: "n^\(Report.number(exponent, digits: 2))", x: found.x,
          y: found.x.map { first * pow($0 / found.x[0], exponent) }, style: .points, color: color))
    }
    let title = model == .race ? "The random sum" : "The oracle and the protocol"
    return Self.logarithmic(
      "discovery-\(model.rawValue)", title + " (lines, 95 %) and powers of n (points)", "workers n",
      "seconds a coordinate", all)
  }

  private func paceTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let rows = try DiscoveryScaling.Model.allCases.flatMap { model in
      try chainWindows(model).compactMap { window -> [String]? in
        let workers = chainWorkers(model, window)
        let arms = workers.map { DistributedLimitsArm.chain(model: model, window: window, workers: $0) }
        let seeds = findings.seeds.filter { seed in arms.allSatisfy { findings.isFinished($0, seed) } }
        guard !seeds.isEmpty else { return nil }
        func slopes(_ measure: Measure) throws -> [Double] {
          try seeds.map { seed in
            LineFit.slope(workers.map { log(Double($0)) }, try arms.map { log(try findings[$0, seed, measure]) })
          }
        }
        let paces = try arms.map { Report.number(try mean(.pace, $0, findings) ?? .nan) }
        let expected = Report.number(expectedExponent(model, window))
        return [
          model.rawValue, Self.words(window), Report.spread(try slopes(.pace)), Report.spread(try slopes(.unitPace)),
          expected, workers.map { "\($0)" }.joined(separator: ", "), paces.joined(separator: ", "),
        ]
      }
    }
    return .table(
      header: [
        "model", "window", "exponent in n, 95 %", "in units of min{h/p_σ, τ_s/p_K}", "expected", "n",
        "seconds a coordinate",
      ], rows: rows)
  }

  private func exponentTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let c = configuration.exponents
    let rows = try Varied.allCases.flatMap { varied in
      try c.factors.compactMap { factor -> [String]? in
        let problem = varied.problem(configuration.problem, factor)
        let arm = DistributedLimitsArm.best(.formula, problem, links(0), workers: c.workers)
        guard !findings.finished(arm).isEmpty else { return nil }
        let exact = LimitsSearch.exactRounds(problem)
        return [
          varied.rawValue, "\(problem)", Report.number(exact),
          Report.spread(try findings.values(.time, of: arm).map { $0 / exact }),
        ]
      }
    }
    return .table(header: ["varied", "problem", "rounds of exact descent", "seconds for each, 95 %"], rows: rows)
  }

  private func lemmaTable(_ findings: Findings<DistributedLimitsArm>) throws -> Report.Section {
    let measures: [Measure] = [
      .leastGradient, .violations, .gapShare, .smoothnessShare, .slopeShare, .lemmaError,
    ]
    let rows = try lemmaArms.filter { !findings.finished($0).isEmpty }.map { arm in
      ["\(arm)"] + (try measures.map { Report.number(try mean($0, arm, findings) ?? .nan) })
    }
    return .table(
      header: ["function", "least |∇F|", "violations", "of Δ⁰ T", "of ℓ₁", "of γ_∞", "error of ∇F, of γ_∞"], rows: rows)
  }
}
