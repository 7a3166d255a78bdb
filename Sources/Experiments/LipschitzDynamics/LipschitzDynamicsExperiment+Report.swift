import Foundation
import Reports
import RunLogs
import Statistics

extension LipschitzDynamicsExperiment {
  public func report(
    _ events: [RunEvent], context: ReportContext
  ) throws -> (decisions: [Decision], report: Report) {
    let e = LipschitzEvidence(events, self)
    let decisions = decide(e)
    var sections: [Report.Section] = [
      .heading("Claims"),
      .paragraph(
        "Z = Σ log K, K the operator norm of each weight: the logarithm of the product bound on the network's Lipschitz "
          + "constant. Units of the tests are seeds: what is said of several variants is averaged over them first. "
          + "\(decisions.count) claims, each at its own level; no correction for their number is made."),
      .decisions(decisions), .heading("Predicted and observed"),
    ]
    for kind in configuration.model.kinds {
      guard let base = e.base(kind) else { continue }
      sections += [.plot(pathPlot(e, base)), .plot(layerPlot(e, base)), .plot(driverPlot(e, base))]
    }
    sections += [
      .paragraph(
        "Changes of Z from start to end, means over seeds with 95 % intervals. Predicted: the stochastic differential "
          + "equation; stepped: with the second order of a discrete step. Residual ratio: squared residuals over windows "
          + "of whole epochs, over what |λ_Z|² says."),
      table(e), .heading("Factors"),
    ]
    for kind in configuration.model.kinds where e.base(kind) != nil {
      // Two plots: more lines than colours cannot be told apart.
      sections.append(.plot(factorPlot(e, kind, "start", [.labelNoise, .gain, .initialization, .decay])))
      sections.append(.plot(factorPlot(e, kind, "batches", [.batch, .order, .rate])))
    }
    sections += [.heading("Layers of the base"), layers(e), .heading("Near convergence"), lateTable(e)]
    for kind in configuration.model.kinds {
      guard let base = e.base(kind), !e.seeds.isEmpty else { continue }
      let points = e.latePoints(base, e.seeds)
      sections.append(
        .plot(
          .powerLaw(
            name: "rate-\(kind)", title: "Growth near convergence, \(kind)", xLabel: "update k", yLabel: "dZ/dk",
            series: "mean over seeds", x: points.x.map { exp($0) }, y: points.y.map { exp($0) })))
    }
    sections += [
      .heading("Norms of convolutions"),
      .paragraph(
        "Dynamics are those of the weights as matrices. The convolution's own norm is at most √(height · width) of the "
          + "window times that; on a torus it is exact by Fourier blocks, with the model's padding by power iteration."),
      convolutions(e), .heading("Cost"), cost(events), .heading("How it was made"),
      .paragraph(
        "Published: the equations, the three drivers, the assumption of independent layers. Ours: the discrete step's "
          + "second order, networks, rates, sizes, the reshaped convolution, all tests. Gradients and noise are those of "
          + "all training examples of a descent; drivers are integrated between looks by the trapezoid rule."),
      .code(context.command), .code(context.configuration), .code(context.environment),
    ]
    let report = Report(
      title: "Dynamics of Lipschitz continuity",
      subtitle: "\(configuration.data.name), \(configuration.data.samples) examples, \(configuration.descent.steps) "
        + "updates, n = \(e.seeds.count) seeds", sections: sections)
    return (decisions, report)
  }

  // MARK: Plots

  /// The first seed: observed, predicted, band.
  private func pathPlot(_ e: LipschitzEvidence, _ variant: LipschitzVariant) -> Plot {
    let (seed, steps) = (e.seeds[0], e.steps(variant))
    func series(_ tag: String) -> [Double] { steps.map { e.value(variant, seed, tag, at: $0) } }
    let (predicted, deviation) = (series("predicted"), series("deviation"))
    let x = steps.map(Double.init)
    return Plot(
      name: "path-\(variant.kind)", title: "Bound of the \(variant.kind), one descent", xLabel: "update k", yLabel: "Z",
      series: [
        .init(
          name: "predicted ± 2 deviations", x: x, y: predicted, low: zip(predicted, deviation).map { $0 - 2 * $1 },
          high: zip(predicted, deviation).map { $0 + 2 * $1 }),
        .init(name: "with discrete steps", x: x, y: series("stepped")),
        .init(name: "observed", x: x, y: series("z"), style: .points),
      ])
  }

  /// The first seed: observed and predicted growth of each layer's norm.
  private func layerPlot(_ e: LipschitzEvidence, _ variant: LipschitzVariant) -> Plot {
    let (seed, steps) = (e.seeds[0], e.steps(variant))
    let x = steps.map(Double.init)
    let series = e.names(variant, from: "layer/", to: "/z").enumerated().flatMap { index, path -> [Plot.Series] in
      func values(_ tag: String) -> [Double] { steps.map { e.value(variant, seed, "layer/\(path)/\(tag)", at: $0) } }
      let (observed, predicted, deviation) = (values("z"), values("predicted"), values("deviation"))
      let start = observed.first ?? 0
      return [
        .init(
          name: "\(path), predicted", x: x, y: predicted.map { $0 - start },
          low: zip(predicted, deviation).map { $0 - start - 2 * $1 },
          high: zip(predicted, deviation).map { $0 - start + 2 * $1 }, color: index),
        .init(name: "\(path)", x: x, y: observed.map { $0 - start }, style: .points, color: index),
      ]
    }
    return Plot(
      name: "layers-\(variant.kind)", title: "Norms of the \(variant.kind)'s weights, one descent", xLabel: "update k",
      yLabel: "log K less that at the start", series: series)
  }

  private func driverPlot(_ e: LipschitzEvidence, _ variant: LipschitzVariant) -> Plot {
    let steps = e.steps(variant)
    let drivers = [
      ("drift", "∫ μ_Z: mean gradient", 1.0), ("curvature", "∫ κ_Z: noise on the curved norm", 1),
      ("diffusion", "-½ ∫ |λ_Z|²: noise along J", -0.5),
    ]
    return Plot(
      name: "drivers-\(variant.kind)", title: "Drivers of the \(variant.kind)'s bound, mean over seeds",
      xLabel: "update k", yLabel: "contribution to Z",
      series: drivers.map { tag, label, factor in
        .init(
          name: label, x: steps.map(Double.init),
          y: steps.map { step in factor * e.mean(e.seeds.map { e.value(variant, $0, tag, at: step) }) })
      })
  }

  private func factorPlot(
    _ e: LipschitzEvidence, _ kind: String, _ group: String, _ factors: [LipschitzVariant.Factor]
  ) -> Plot {
    Plot(
      name: "factors-\(kind)-\(group)", title: "Growth of the \(kind)'s bound, mean over seeds", xLabel: "update k",
      yLabel: "Z less Z at the start",
      series: e.variants.filter { $0.kind == kind && ([.base] + factors).contains($0.factor) }.map { variant in
        let steps = e.steps(variant)
        return .init(
          name: variant.factor == .base ? "base" : "\(variant.factor.rawValue) \(variant.level)",
          x: steps.map(Double.init),
          y: steps.map { step in
            e.mean(e.seeds.map { e.value(variant, $0, "z", at: step) - e.value(variant, $0, "z", at: 0) })
          })
      })
  }

  // MARK: Tables

  private func estimate(_ values: [Double]) -> String {
    guard values.count >= 2 else { return Report.number(values.first ?? .nan) }
    let summary = Summary(values)
    let interval = summary.interval()
    return "\(Report.number(summary.mean)) [\(Report.number(interval.low)), \(Report.number(interval.high))]"
  }

  private func table(_ e: LipschitzEvidence) -> Report.Section {
    let rows = e.variants.map { variant -> [String] in
      func change(_ tag: String) -> [Double] {
        e.perSeed { e.last(variant, $0, tag) - e.value(variant, $0, "z", at: 0) }
      }
      func last(_ tag: String) -> [Double] { e.perSeed { e.last(variant, $0, tag) } }
      return [
        "\(variant)", estimate(change("z")), estimate(change("predicted")), estimate(change("stepped")),
        estimate(last("drift")), estimate(last("curvature")), estimate(last("diffusion").map { -$0 / 2 }),
        estimate(e.perSeed { e.windowRatio([variant], $0) }), estimate(last("accuracy").map { 100 * $0 }),
        Report.number(e.seeds.map { e.value(variant, $0, "gap") }.min() ?? .nan),
        Report.number(e.seeds.reduce(0) { $0 + e.value(variant, $1, "floored") }),
      ]
    }
    return .table(
      header: [
        "variant", "observed change", "predicted", "stepped", "∫μ", "∫κ", "-½∫|λ|²", "residual ratio", "accuracy, %",
        "least gap", "pairs at the floor",
      ], rows: rows)
  }

  private func layers(_ e: LipschitzEvidence) -> Report.Section {
    let rows = e.variants(.base).flatMap { variant in
      e.names(variant, from: "layer/", to: "/z").map { path -> [String] in
        func change(_ tag: String) -> [Double] {
          e.perSeed { e.value(variant, $0, "layer/\(path)/\(tag)") - e.value(variant, $0, "layer/\(path)/start") }
        }
        func value(_ tag: String) -> [Double] { e.perSeed { e.value(variant, $0, "layer/\(path)/\(tag)") } }
        return [
          "\(variant.kind) \(path)", estimate(change("z")), estimate(change("predicted")), estimate(value("drift")),
          estimate(value("curvature")), estimate(value("diffusion").map { -$0 / 2 }), estimate(value("deviation")),
        ]
      }
    }
    return .table(
      header: ["weight", "observed Δ log K", "predicted", "∫μ", "∫κ", "-½∫|λ|²", "deviation"], rows: rows)
  }

  /// Laws of the second half, of means over seeds: Z by log k and by k.
  private func lateTable(_ e: LipschitzEvidence) -> Report.Section {
    let rows = e.variants.map { variant -> [String] in
      let steps = e.lateSteps(variant)
      let x = steps.map(Double.init)
      let z = steps.map { step in e.mean(e.seeds.map { e.value(variant, $0, "z", at: step) }) }
      let byLog = try? LineFit(x.map { log($0) }, z)
      let byStep = try? LineFit(x, z)
      let points = e.latePoints(variant, e.seeds)
      let rate = try? LineFit(points.x, points.y)
      func line(_ fit: LineFit?, sign: Double = 1) -> String {
        guard let fit else { return "–" }
        let interval = fit.slopeInterval()
        let ends = [sign * interval.low, sign * interval.high].sorted()
        return "\(Report.number(sign * fit.slope)) [\(Report.number(ends[0])), \(Report.number(ends[1]))]"
      }
      let first = steps.first ?? 0
      return [
        "\(variant)", estimate(e.perSeed { 100 * e.value(variant, $0, "accuracy", at: first) }), line(byLog),
        Report.number(byLog?.determination ?? .nan), Report.number(byStep?.determination ?? .nan), line(rate, sign: -1),
        estimate(e.perSeed { e.late(variant, $0, "drift") }),
        estimate(e.perSeed { e.late(variant, $0, "curvature") - e.late(variant, $0, "diffusion") / 2 }),
      ]
    }
    return .table(
      header: [
        "variant", "accuracy at half, %", "slope of Z by log k", "R²", "R² by k", "p of dZ/dk ∝ k^(-p)",
        "∫μ, second half",
        "∫(κ - ½|λ|²)",
      ], rows: rows)
  }

  private func convolutions(_ e: LipschitzEvidence) -> Report.Section {
    let rows = e.variants(.base).flatMap { variant in
      e.names(variant, from: "norm/", to: "/matrix").map { name -> [String] in
        func value(_ tag: String) -> [Double] { e.perSeed { e.value(variant, $0, "norm/\(name)/\(tag)") } }
        return [
          name.replacing("/weight/", with: ", "), estimate(value("matrix")), estimate(value("bound")),
          estimate(value("circular")), estimate(value("padded")),
        ]
      }
    }
    return .table(header: ["convolution", "matrix", "its bound", "on a torus", "with zero padding"], rows: rows)
  }

  private func cost(_ events: [RunEvent]) -> Report.Section {
    let results = events.filter { $0.kind == "result" }
    func total(_ part: String) -> Double { results.reduce(0) { $0 + ($1.values["seconds/\(part)"] ?? 0) } }
    let (descent, looks) = (total("descent"), results.reduce(0) { $0 + ($1.values["looks"] ?? 0) })
    let steps = Double(results.count * configuration.descent.steps)
    let perLook = total("diagnostic") / looks / (descent / steps)
    return .table(
      header: ["what", "seconds of one core", "times the descents"],
      rows: [
        ["the descents themselves", Report.number(descent), "1"],
        [
          "looks (one costs \(Report.number(perLook)) updates)", Report.number(total("diagnostic")),
          Report.number(total("diagnostic") / descent),
        ],
        ["exact norms of convolutions", Report.number(total("norms")), Report.number(total("norms") / descent)],
      ])
  }
}
