import Foundation
import Reports

extension LipschitzDynamicsExperiment {
  public func frame(_ findings: Findings<LipschitzVariant>) throws -> ReportFrame {
    let e = LipschitzPaths(findings, configuration)
    var sections: [Report.Section] = [.heading("Predicted and observed")]
    for kind in configuration.model.kinds {
      guard let base = e.base(kind) else { continue }
      sections += [.plot(try pathPlot(e, base)), .plot(try layerPlot(e, base)), .plot(try driverPlot(e, base))]
    }
    sections += [
      .paragraph(
        "Changes of Z from start to end, means over seeds with 95 % intervals. Predicted: the stochastic differential "
          + "equation; stepped: with the second order of a discrete step. Step ratio: squared residuals of single steps "
          + "over what |λ_Z|² says, the layers' noises together; window ratio: the same over windows of whole epochs. Misses: "
          + "(Z at the end - stepped) in deviations, mean and root mean square."),
      try table(e), .heading("Factors"),
    ]
    for kind in configuration.model.kinds where e.base(kind) != nil {
      // Two plots: more lines than colours cannot be told apart.
      sections.append(.plot(try factorPlot(e, kind, "start", [.labelNoise, .gain, .initialization, .decay])))
      sections.append(.plot(try factorPlot(e, kind, "batches", [.batch, .order, .rate])))
    }
    sections += [
      .heading("Layers of the base"), try layers(e), .heading("Near convergence"), try lateTable(e),
    ]
    for kind in configuration.model.kinds {
      guard let base = e.base(kind) else { continue }
      let points = try e.latePoints(base, e.seeds)
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
      try convolutions(e),
    ]
    sections += try replicates(e)
    sections += [.heading("Cost"), try cost(findings)]
    return ReportFrame(
      title: "Dynamics of Lipschitz continuity",
      subtitle: "\(configuration.data.name), \(configuration.data.samples) examples, \(configuration.descent.steps) "
        + "updates, n = \(e.seeds.count) seeds",
      comparison:
        "Z = Σ log K, K the operator norm of each weight: the logarithm of the product bound on the network's "
        + "Lipschitz constant. Units of the tests are seeds: what is said of several variants is averaged over them "
        + "first.", sections: sections,
      choices: "Published: the equations, the three drivers, the assumption of independent layers. Ours: the discrete "
        + "step's second order, networks, rates, sizes, the reshaped convolution, all tests. Gradients and noise are "
        + "those of all training examples of a descent. The mean gradient and its noise along J are looked at every "
        + "\(configuration.looks.stride == 1 ? "update" : "\(configuration.looks.stride) updates") and stand for the time "
        + "until the next look (Itô's integral); noise on the curved norm, and what discrete steps add, come from a look "
        + "every \(configuration.looks.interval) updates or a little more.")
  }

  // MARK: Plots

  /// The first seed: observed, predicted, band.
  private func pathPlot(_ e: LipschitzPaths, _ variant: LipschitzVariant) throws -> Plot {
    let (seed, steps) = (e.seeds[0], e.steps(variant))
    func series(_ reading: LipschitzReading) throws -> [Double] {
      try steps.map { try e.value(variant, seed, reading, at: $0) }
    }
    let (predicted, stepped) = (try series(.predicted), try series(.stepped))
    let deviation = try series(.joint).map { $0.squareRoot() }
    let x = steps.map(Double.init)
    return Plot(
      name: "path-\(variant.kind)", title: "Bound of the \(variant.kind), one descent", xLabel: "update k", yLabel: "Z",
      series: [
        .init(
          name: "predicted ± 2 deviations", x: x, y: stepped, low: zip(stepped, deviation).map { $0 - 2 * $1 },
          high: zip(stepped, deviation).map { $0 + 2 * $1 }),
        .init(name: "without discrete steps", x: x, y: predicted),
        .init(name: "observed", x: x, y: try series(.z), style: .points),
      ])
  }

  /// The first seed: observed and predicted growth of each layer's norm.
  private func layerPlot(_ e: LipschitzPaths, _ variant: LipschitzVariant) throws -> Plot {
    let (seed, steps) = (e.seeds[0], e.steps(variant))
    let x = steps.map(Double.init)
    let series = try e.names(variant, layerPaths).enumerated().flatMap { index, path -> [Plot.Series] in
      func values(_ reading: LipschitzReading) throws -> [Double] {
        try steps.map { try e.value(variant, seed, .at($0, layer: path, reading)) }
      }
      let (observed, predicted, deviation) = (try values(.z), try values(.predicted), try values(.deviation))
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

  private func driverPlot(_ e: LipschitzPaths, _ variant: LipschitzVariant) throws -> Plot {
    let steps = e.steps(variant)
    let drivers: [(LipschitzReading, String, Double)] = [
      (.drift, "∫ μ_Z: mean gradient", 1.0), (.curvature, "∫ κ_Z: noise on the curved norm", 1),
      (.diffusion, "-½ ∫ |λ_Z|²: noise along J", -0.5),
    ]
    return Plot(
      name: "drivers-\(variant.kind)", title: "Drivers of the \(variant.kind)'s bound, mean over seeds",
      xLabel: "update k", yLabel: "contribution to Z",
      series: try drivers.map { reading, label, factor in
        .init(
          name: label, x: steps.map(Double.init),
          y: try steps.map { step in
            factor * e.mean(try e.seeds.map { try e.value(variant, $0, reading, at: step) })
          })
      })
  }

  private func factorPlot(
    _ e: LipschitzPaths, _ kind: String, _ group: String, _ factors: [LipschitzVariant.Factor]
  ) throws -> Plot {
    Plot(
      name: "factors-\(kind)-\(group)", title: "Growth of the \(kind)'s bound, mean over seeds", xLabel: "update k",
      yLabel: "Z less Z at the start",
      series: try e.watched.filter { $0.kind == kind && ([.base] + factors).contains($0.factor) }.map { variant in
        let steps = e.steps(variant)
        return .init(
          name: variant.factor == .base ? "base" : "\(variant.factor.rawValue) \(variant.level)",
          x: steps.map(Double.init),
          y: try steps.map { step in
            e.mean(
              try e.seeds.map {
                try e.value(variant, $0, .z, at: step) - e.value(variant, $0, .z, at: 0)
              })
          })
      })
  }

  // MARK: Tables

  private func table(_ e: LipschitzPaths) throws -> Report.Section {
    let rows = try e.watched.map { variant -> [String] in
      func change(_ reading: LipschitzReading) throws -> String {
        Report.spread(try e.perSeed { try e.last(variant, $0, reading) - e.value(variant, $0, .z, at: 0) })
      }
      func last(_ reading: LipschitzReading, _ factor: Double = 1) throws -> String {
        Report.spread(try e.perSeed { factor * (try e.last(variant, $0, reading)) })
      }
      func misses(_ variant: LipschitzVariant) throws -> String {
        let misses = try e.perSeed { seed in
          (try e.last(variant, seed, .z) - e.last(variant, seed, .stepped))
            / (try e.last(variant, seed, .joint)).squareRoot()
        }
        let square = misses.reduce(0) { $0 + $1 * $1 } / Double(misses.count)
        return "\(Report.number(e.mean(misses))), \(Report.number(square.squareRoot()))"
      }
      return [
        "\(variant)", try change(.z), try change(.predicted), try change(.stepped), try last(.drift),
        try last(.curvature), try last(.diffusion, -0.5),
        Report.spread(try e.perSeed { try e.stepRatio([variant], $0) }),
        Report.spread(try e.perSeed { try e.windowRatio([variant], $0) }), try misses(variant),
        try last(.accuracy, 100),
        Report.number(try e.perSeed { try e.value(variant, $0, .leastGap) }.min() ?? .nan),
        Report.number(try e.perSeed { try e.value(variant, $0, .flooredPairs) }.reduce(0, +)),
      ]
    }
    return .table(
      header: [
        "variant", "observed change", "predicted", "stepped", "∫μ", "∫κ", "-½∫|λ|²", "step ratio", "window ratio",
        "misses",
        "accuracy, %",
        "least gap", "pairs at the floor",
      ], rows: rows)
  }

  private func layers(_ e: LipschitzPaths) throws -> Report.Section {
    let rows = try e.variants(.base).flatMap { variant in
      try e.names(variant, layerPaths).map { path -> [String] in
        func value(_ reading: LipschitzReading, _ factor: Double = 1) throws -> String {
          Report.spread(try e.perSeed { factor * (try e.value(variant, $0, .layer(path, reading))) })
        }
        func change(_ reading: LipschitzReading) throws -> String {
          Report.spread(
            try e.perSeed {
              try e.value(variant, $0, .layer(path, reading)) - e.value(variant, $0, .layer(path, .start))
            })
        }
        return [
          "\(variant.kind) \(path)", try change(.z), try change(.predicted), try value(.drift), try value(.curvature),
          try value(.diffusion, -0.5), try value(.deviation),
        ]
      }
    }
    return .table(
      header: ["weight", "observed Δ log K", "predicted", "∫μ", "∫κ", "-½∫|λ|²", "deviation"], rows: rows)
  }

  /// Laws of the second half, of means over seeds: Z by log k and by k.
  private func lateTable(_ e: LipschitzPaths) throws -> Report.Section {
    let rows = try e.watched.map { variant -> [String] in
      let steps = e.lateSteps(variant)
      let x = steps.map(Double.init)
      let z = try steps.map { step in e.mean(try e.seeds.map { try e.value(variant, $0, .z, at: step) }) }
      let byLog = try? LineFit(x.map { log($0) }, z)
      let byStep = try? LineFit(x, z)
      let points = try e.latePoints(variant, e.seeds)
      let rate = try? LineFit(points.x, points.y)
      func line(_ fit: LineFit?, sign: Double = 1) -> String {
        guard let fit else { return "–" }
        let interval = fit.slopeInterval()
        let ends = [sign * interval.low, sign * interval.high].sorted()
        return "\(Report.number(sign * fit.slope)) [\(Report.number(ends[0])), \(Report.number(ends[1]))]"
      }
      let first = steps.first ?? 0
      return [
        "\(variant)", Report.spread(try e.perSeed { 100 * (try e.value(variant, $0, .accuracy, at: first)) }),
        line(byLog),
        Report.number(byLog?.determination ?? .nan), Report.number(byStep?.determination ?? .nan), line(rate, sign: -1),
        Report.spread(try e.perSeed { try e.late(variant, $0, .drift) }),
        Report.spread(
          try e.perSeed { try e.late(variant, $0, .curvature) - e.late(variant, $0, .diffusion) / 2 }),
      ]
    }
    return .table(
      header: [
        "variant", "accuracy at half, %", "slope of Z by log k", "R²", "R² by k", "p of dZ/dk ∝ k^(-p)",
        "∫μ, second half",
        "∫(κ - ½|λ|²)",
      ], rows: rows)
  }

  private func convolutions(_ e: LipschitzPaths) throws -> Report.Section {
    let rows = try e.variants(.base).flatMap { variant in
      try e.names(variant, convolutionNames).map { name -> [String] in
        func value(_ reading: ConvolutionNormReading) throws -> String {
          Report.spread(try e.perSeed { try e.value(variant, $0, .norm(name, reading)) })
        }
        return [
          name.replacing("/weight/", with: ", "), try value(.matrix), try value(.bound), try value(.circular),
          try value(.padded),
        ]
      }
    }
    return .table(header: ["convolution", "matrix", "its bound", "on a torus", "with zero padding"], rows: rows)
  }

  /// How far descents from one start scatter.
  private func replicates(_ e: LipschitzPaths) throws -> [Report.Section] {
    let rows = try e.variants(.replicates).map { variant -> [String] in
      let deviations = try e.perSeed { try e.value(variant, $0, .replicateVariance).squareRoot() }
      let predicted = try e.base(variant.kind).map { base in
        Report.spread(try e.perSeed { try e.last(base, $0, .joint).squareRoot() })
      }
      return [variant.kind, "\(configuration.factors.replicates)", Report.spread(deviations), predicted ?? "–"]
    }
    guard !rows.isEmpty else { return [] }
    return [
      .heading("From one start"),
      .paragraph("Standard deviation of Z at the end over descents of a seed that differ in their batches alone."),
      .table(header: ["network", "descents of a seed", "deviation of Z", "√∫|λ_Z|² of the base"], rows: rows),
    ]
  }

  private func cost(_ findings: Findings<LipschitzVariant>) throws -> Report.Section {
    let watched = configuration.variants.filter { !$0.isReplicated }
    func total(_ measure: Measure) throws -> Double {
      try watched.flatMap { try findings.values(measure, of: $0) }.reduce(0, +)
    }
    let count = watched.reduce(0) { $0 + findings.finished($1).count }
    let (descent, looks, glances) = (
      try total(.descentSeconds), try total(.lookSeconds), try total(.glanceSeconds)
    )
    let perUpdate = descent / Double(count * configuration.descent.steps)
    let perLook = looks / (try total(.lookCount)) / perUpdate
    let perGlance = glances / (try total(.glanceCount)) / perUpdate
    let norms = try total(.normSeconds)
    let replicates = try configuration.variants.filter(\.isReplicated)
      .flatMap { try findings.values(.descentSeconds, of: $0) }.reduce(0, +)
    return .table(
      header: ["what", "seconds of one core", "times the descents"],
      rows: [
        ["the descents themselves", Report.number(descent), "1"],
        [
          "looks at μ and λ (one costs \(Report.number(perGlance)) updates)", Report.number(glances),
          Report.number(glances / descent),
        ],
        [
          "looks at all drivers (one costs \(Report.number(perLook)) updates)", Report.number(looks),
          Report.number(looks / descent),
        ],
        ["exact norms of convolutions", Report.number(norms), Report.number(norms / descent)],
        ["descents from one start", Report.number(replicates), Report.number(replicates / descent)],
      ])
  }
}
