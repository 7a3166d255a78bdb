import Foundation
import Reinforcement
import Reports

extension AntifragileControlExperiment {
  public func frame(_ findings: Findings<AntifragileArm>) throws -> ReportFrame {
    let arms = try configuration.resolved(configuration.arms)
    let best = try findings.ifFinished {
      (robust: try chosen(.robust, findings), antifragile: try chosen(.antifragile, findings))
    }
    // Two or three arms that are looked at closely.
    let shown = [AntifragileArm.standard] + (best.map { [$0.robust, $0.antifragile] } ?? [])
    var sections: [Report.Section] = [.heading("Choice"), .paragraph(try choice(findings, best))]
    sections += [
      .heading("Flights"),
      .paragraph(
        "Means over seeds of \(configuration.episodes) flights, return / conflicts a flight / share that arrives. \"Worst\" "
          + "is the projected gradient of ten steps through the policy's own critic or that of an independent expert, the "
          + "worse of both for each number by itself. Fewer conflicts with fewer arrivals are partly time-outs."),
      try outcomes(arms, findings), .paragraph("What needs no learning, on the same flights:"), try rules(findings),
      .plot(try curve(arms, findings, .conflicts, "conflicts a flight")),
      .plot(try curve(arms, findings, .total, "return")), try attackers(arms, findings),
    ]
    sections += [
      .heading("Values under attack"),
      .paragraph(
        "The shift of values is W1 between the critic's values of \(configuration.states) states of the clean expert as they are "
          + "and as attacked through the own critic. It misleads alone: a policy that does nothing well has a small one. So "
          + "the shift of returns stands beside it."), try shifts(arms, findings),
      .plot(try shiftPlot(arms, findings)), .plot(try valueLaws(shown, findings)),
    ]
    sections.append(.heading("Both attacks at once"))
    for arm in shown { sections.append(.plot(try map(arm, findings))) }
    sections += try tracks(shown, findings)
    sections += [.heading("Training"), .plot(learning(arms, findings))]
    return ReportFrame(
      title: "Antifragile control",
      subtitle: "deconfliction of a drone and two intruders; expert \(configuration.learning.expertSteps) steps, then "
        + "\(configuration.learning.tuningSteps) in each of \(arms.count) ways; n = "
        + "\(findings.finished(.standard).count) seeds",
      comparison:
        "Each claim is decided by a t-test over training seeds, paired: all arms of a seed go on from the same expert and are "
        + "flown in the same episodes."
        + (isSearching
          ? " The antifragile method and the robust baseline that claims name are the best of "
            + "\(configuration.robust.count) forms each, chosen on other seeds." : ""),
      sections: sections,
      choices:
        "The algorithm is not published: curriculum, alignment by sorted values, anchor at the clean expert, weight "
        + "λ and the scene are our choices, as is T, a critic that learns on the true state while the actor sees the attacked "
        + "one. The plain reconstruction, \"curriculum + W 1\", is among the arms of the preset standard.")
  }

  // MARK: Tables

  private func choice(
    _ findings: Findings<AntifragileArm>, _ best: (robust: AntifragileArm, antifragile: AntifragileArm)?
  ) throws -> String {
    guard let best else { return "The search on tuning seeds has not ended." }
    guard isSearching else {
      return
        "One form of each side, so that nothing is chosen here: the robust baseline is \(best.robust), the antifragile "
        + "method \(best.antifragile)."
    }
    let search = try search()
    let scores = try (configuration.robust + configuration.antifragile).map { name -> String in
      let arm = try configuration.arm(name)
      let score = try search.best(among: [arm], findings)?.score ?? .nan
      return "\(arm) \(Report.number(-score))"
    }
    return
      "Mean return under attack (half gradient of strength \(Report.number(configuration.attack.largest)), half spoofing) on "
      + "\(tuningSeeds.count) tuning seed\(tuningSeeds.count == 1 ? "" : "s"): \(scores.joined(separator: "; ")). So the robust baseline "
      + "is \(best.robust), the antifragile method \(best.antifragile)."
  }

  private func flown() throws -> [ControlCondition] {
    [.clean] + configuration.attack.strengths.map { .worst($0) }
      + (try configuration.spoofings().map { .spoofed($0.description) })
  }

  private func outcomes(_ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>) throws -> Report.Section {
    let conditions = try flown()
    let rows = try ([AntifragileArm.expert] + arms).filter { !findings.finished($0).isEmpty }.map { arm in
      try ["\(arm) (n = \(findings.finished(arm).count))"]
        + conditions.map { condition in
          let numbers = try [ControlOutcome.total, .conflicts, .arrival].map { outcome -> String in
            let values = try findings.valuesIfMeasured(.outcome(outcome, condition), of: arm)
            return values.map { String(format: "%.2f", Summary($0).mean) } ?? "–"
          }
          return numbers.joined(separator: " / ")
        }
    }
    return .table(header: ["arm"] + conditions.map(\.description), rows: rows)
  }

  private func rules(_ findings: Findings<AntifragileArm>) throws -> Report.Section {
    let conditions: [ControlCondition] =
      [.clean] + (try configuration.spoofings().map { .spoofed($0.description) })
    return .table(
      header: ["rule"] + conditions.map(\.description),
      rows: try ControlRule.allCases.map { rule in
        try [rule.rawValue]
          + conditions.map { condition in
            let numbers = try [ControlOutcome.total, .conflicts, .arrival].map { outcome -> String in
              let values = try findings.valuesIfMeasured(.rule(rule, outcome, condition), of: .expert)
              return values.map { $0.isEmpty ? "–" : String(format: "%.2f", Summary($0).mean) } ?? "–"
            }
            return numbers.joined(separator: " / ")
          }
      })
  }

  /// Own against independent critic: a large gap to the own one's side is a masked gradient.
  private func attackers(_ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>) throws -> Report.Section {
    let strengths = configuration.attack.strengths
    return .table(
      header: ["return under the gradient: own / independent critic"] + strengths.map { Report.number($0) },
      rows: try arms.filter { !findings.finished($0).isEmpty }.map { arm in
        try ["\(arm)"]
          + strengths.map { strength in
            try ControlAttacker.allCases.map { attacker in
              let values = try findings.values(.outcome(.total, .gradient(strength, attacker)), of: arm)
              return String(format: "%.2f", Summary(values).mean)
            }.joined(separator: " / ")
          }
      })
  }

  private func shifts(_ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>) throws -> Report.Section {
    let strengths = configuration.attack.strengths
    return .table(
      header: ["arm"] + strengths.map { "values, \(Report.number($0))" }
        + strengths.map { "returns, \(Report.number($0))" },
      rows: try arms.filter { !findings.finished($0).isEmpty }.map { arm in
        try ["\(arm)"]
          + (strengths.map { Measure.valueShift($0) } + strengths.map { Measure.returnShift($0) }).map {
            Report.deviation(try findings.values($0, of: arm))
          }
      })
  }

  // MARK: Plots

  private func curve(
    _ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>, _ outcome: ControlOutcome, _ label: String
  ) throws -> Plot {
    let strengths = configuration.attack.strengths
    let series = try arms.filter { !findings.finished($0).isEmpty }.map { arm in
      let samples =
        try [findings.values(.outcome(outcome, .clean), of: arm)]
        + strengths.map { try findings.values(.outcome(outcome, .worst($0)), of: arm) }
      return Plot.Series(name: "\(arm)", x: [0] + strengths, y: samples.map { Summary($0).mean })
    }
    return Plot(
      name: "strength-\(outcome.rawValue)", title: "\(label) under the worse attacker, mean over seeds",
      xLabel: "strength (standard deviations of each observation)", yLabel: label, series: series)
  }

  private func shiftPlot(_ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>) throws -> Plot {
    let strengths = configuration.attack.strengths
    let series = try arms.filter { !findings.finished($0).isEmpty }.map { arm in
      Plot.Series(
        name: "\(arm)", x: [0] + strengths,
        y: [0] + (try strengths.map { Summary(try findings.values(.valueShift($0), of: arm)).mean }))
    }
    return Plot(
      name: "value-shift", title: "Shift of values, W1 to the clean law, mean over seeds",
      xLabel: "strength (standard deviations of each observation)", yLabel: "W1", series: series)
  }

  private func valueLaws(_ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>) throws -> Plot {
    let strengths = [0] + configuration.attack.strengths
    let series = try arms.filter { !findings.finished($0).isEmpty }.map { arm in
      let deciles = try [1, 5, 9].map { index in
        try strengths.map { Summary(try findings.values(.decile(index, $0), of: arm)).mean }
      }
      return Plot.Series(name: "\(arm)", x: strengths, y: deciles[1], low: deciles[0], high: deciles[2])
    }
    return Plot(
      name: "value-laws", title: "Values of the own critic on attacked states: median, first to last decile",
      xLabel: "strength (standard deviations of each observation)", yLabel: "value", series: series)
  }

  private func map(_ arm: AntifragileArm, _ findings: Findings<AntifragileArm>) throws -> Plot {
    let (strengths, magnitudes) = (configuration.attack.mapStrengths, configuration.attack.mapMagnitudes)
    let seed = configuration.seeds.first
    let isThere = findings.isFinished(arm, seed)
    let rows = try strengths.map { strength in
      try magnitudes.map { isThere ? try findings[arm, seed, .map(strength, $0)] : .nan }
    }
    return .heatMap(
      name: "map-" + "\(arm)".lowercased().filter { $0.isLetter || $0.isNumber },
      title: "Conflicts a flight: \(arm), own gradient and spoofing sp4, seed \(seed)",
      xLabel: "magnitude of spoofing: " + magnitudes.map { Report.number($0) }.joined(separator: ", "),
      yLabel: "strength of the gradient", valueLabel: "conflicts", rows: rows, range: 0...3,
      rowNames: strengths.map { Report.number($0) })
  }

  private func learning(_ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>) -> Plot {
    let series = ([AntifragileArm.expert] + arms).compactMap { arm -> Plot.Series? in
      var byStep: [Int: [Double]] = [:]
      for seed in findings.seeds {
        for (step, value) in findings.series(.trainingReturn, of: arm, seed, kind: "look") {
          byStep[step, default: []].append(value)
        }
      }
      let steps = byStep.keys.sorted()
      let offset = arm == .expert ? 0 : configuration.learning.expertSteps
      return steps.isEmpty
        ? nil
        : Plot.Series(
          name: "\(arm)", x: steps.map { Double($0 + offset) / 1000 }, y: steps.map { Summary(byStep[$0]!).mean })
    }
    return Plot(
      name: "training", title: "Return of flights in training, with its exploration, mean over seeds",
      xLabel: "thousand environment steps", yLabel: "return", series: series)
  }

  // MARK: One flight

  private func tracks(_ arms: [AntifragileArm], _ findings: Findings<AntifragileArm>) throws -> [Report.Section] {
    guard let seed = findings.seeds.first else { return [] }
    let flights = try arms.compactMap { arm -> Flight? in
      guard findings.isFinished(arm, seed) else { return nil }
      return try Flight(arm, seed, findings)
    }
    guard let first = flights.first, !first[.x].isEmpty else { return [] }
    let strength = Report.number(configuration.attack.largest)
    var sections: [Report.Section] = [
      .heading("One flight"),
      .paragraph(
        "Of seed \(seed) the episode in which its expert, attacked, has most conflicts; all arms under the gradient of "
          + "strength \(strength) through their own critic. Dots are the intruders that standard training meets, each 0.2 s."
      ),
    ]
    for (name, a, b) in [
      ("above", TrackField.x, TrackField.y), ("the side", .x, .z), ("behind", .y, .z),
    ] {
      var series = flights.map { Plot.Series(name: "\($0.arm)", x: $0[a], y: $0[b]) }
      let intruders = Flight.intruders(a, b)
      series.append(
        Plot.Series(
          name: "intruders of \(first.arm)", x: first[intruders.0.0] + first[intruders.1.0],
          y: first[intruders.0.1] + first[intruders.1.1], style: .points, color: 6))
      var plot = Plot(
        name: "track-\(a.rawValue)\(b.rawValue)", title: "Tracks seen from \(name)", xLabel: a.rawValue,
        yLabel: b.rawValue, series: series)
      plot.xRange = a == .x ? -2...12 : -5...5
      plot.yRange = b == .y ? -5...5 : -3...3
      sections.append(.plot(plot))
    }
    var series: [Plot.Series] = []
    for (index, flight) in flights.enumerated() {
      let distances = flight.distances
      let times = distances.indices.map { 0.2 * Double($0) }
      series.append(.init(name: "\(flight.arm)", x: times, y: distances, color: index))
      let near = distances.indices.filter { distances[$0] <= 1 }
      series.append(
        .init(
          name: "\(flight.arm), in conflict", x: near.map { times[$0] }, y: near.map { distances[$0] }, style: .points,
          color: index))
    }
    let end = 0.2 * Double(flights.map { $0[.x].count }.max() ?? 1)
    series.append(.init(name: "conflict distance", x: [0, end], y: [1, 1], color: 6))
    var plot = Plot(
      name: "distances", title: "Distance to the nearer intruder", xLabel: "time (s)", yLabel: "distance",
      series: series)
    plot.yRange = 0...6
    sections.append(.plot(plot))
    return sections
  }
}

/// A flight as a result holds it.
private struct Flight {
  let arm: AntifragileArm
  private var numbers: [TrackField: [Double]] = [:]

  init(_ arm: AntifragileArm, _ seed: Int, _ findings: Findings<AntifragileArm>) throws {
    self.arm = arm
    let steps = try findings.indices(of: TrackField.x.family, of: arm, seed)
    for field in TrackField.allCases {
      numbers[field] = try steps.map { try findings[arm, seed, field.family[$0]] }
    }
  }

  subscript(field: TrackField) -> [Double] { numbers[field] ?? [] }

  /// The same two axes of both intruders.
  static func intruders(
    _ a: TrackField, _ b: TrackField
  ) -> (first: (TrackField, TrackField), second: (TrackField, TrackField)) {
    func of(_ prefix: String, _ field: TrackField) -> TrackField { TrackField(rawValue: prefix + field.rawValue)! }
    return ((of("o1", a), of("o1", b)), (of("o2", a), of("o2", b)))
  }

  var distances: [Double] {
    self[.x].indices.map { i in
      [(TrackField.firstX, TrackField.firstY, TrackField.firstZ), (.secondX, .secondY, .secondZ)].map { a, b, c in
        let (x, y, z) = (self[a][i] - self[.x][i], self[b][i] - self[.y][i], self[c][i] - self[.z][i])
        return (x * x + y * y + z * z).squareRoot()
      }.min()!
    }
  }
}
