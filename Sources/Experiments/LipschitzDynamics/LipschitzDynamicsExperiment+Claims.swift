import Foundation
import RunLogs
import Statistics

extension LipschitzDynamicsExperiment {
  private static let source = "Luo et al., arXiv 2506.18588"
  private static let derived = "derived by us from the equations of arXiv 2506.18588"

  public static let claims: [Claim] = [
    Claim(
      id: "predicts-growth",
      statement: "Drift by the gradient and drift by noise predict the growth of Z: predicted over observed is 1.",
      source: source),
    Claim(
      id: "noise-helps",
      statement: "The noise terms lower the error of the prediction of Z at the end, against ∫μ_Z alone.",
      source: derived),
    Claim(
      id: "orthogonal-overshoots",
      statement:
        "From an orthogonal start, whose singular values are equal, the prediction overshoots: the logarithm of "
        + "predicted over observed growth is positive.",
      source: "ours; the equations need a simple largest singular value"
    ),
    Claim(
      id: "band-covers", statement: "The band of two standard deviations holds Z at the end in 95.4 % of descents.",
      source: derived),
    Claim(
      id: "noise-size",
      statement: "With independent batches squared residuals of Z over windows are what |λ_Z|² says: their ratio is 1.",
      source: derived),
    Claim(
      id: "rate-limits",
      statement: "The equation is one of small rates: the logarithm of that ratio is higher at a larger rate.",
      source: "ours"),
    Claim(
      id: "shuffling-cancels",
      statement: "With a new order each epoch residuals over whole epochs are smaller than that.",
      source: "ours"),
    Claim(
      id: "spread-over-orders",
      statement: "From one start the variance of Z over sampling seeds is ∫|λ_Z|²: the logarithm of their ratio is 0.",
      source: derived),
    Claim(
      id: "layers-independent",
      statement: "Gradient noise is independent between layers: the joint |λ_Z|² over the sum of the layers' is 1.",
      source: source + ", assumption 3"),
    Claim(
      id: "batch-noise", statement: "The noise of Z falls with the batch size as 1/M at a fixed rate.", source: derived),
    Claim(
      id: "batch-growth", statement: "Larger batches make Z grow less over the same number of updates.", source: derived
    ),
    Claim(
      id: "noise-grows", statement: "Gradient noise makes Z grow: ∫(κ_Z - ½ |λ_Z|²) is positive.", source: derived),
    Claim(
      id: "start-growth", statement: "From a larger start Z grows less.", source: source + " (starts shape the growth)"),
    Claim(
      id: "label-noise-drives", statement: "Random labels raise the drift by noise, ∫κ_Z.",
      source: source + " (label noise shapes the growth)"),
    Claim(
      id: "label-noise-growth", statement: "Random labels make Z grow more.",
      source: source + " (label noise shapes the growth)"),
    Claim(id: "decay-growth", statement: "Weight decay makes Z grow less.", source: derived),
    Claim(
      id: "late-growth", statement: "Near convergence Z goes on growing: it rises with log k over the second half.",
      source: source),
    Claim(
      id: "late-unbounded",
      statement: "This growth is unbounded: dZ/dk falls as k^(-p) with p of at most 1, so that its sum diverges.",
      source: source + "; the exponent is ours"),
    Claim(
      id: "late-noise",
      statement: "Near convergence noise does it: over the second half ∫(κ_Z - ½ |λ_Z|²) exceeds ∫μ_Z.",
      source: source + ", as we read it"),
  ]

  /// One decision for each claim.
  package func decide(_ e: LipschitzEvidence) -> [Decision] {
    let rule = configuration.decision
    func end(_ tag: String) -> (LipschitzVariant, Int) -> Double { { e.last($0, $1, tag) } }
    func rise(
      _ factor: LipschitzVariant.Factor, _ level: @escaping (LipschitzVariant) -> Double,
      _ quantity: @escaping (LipschitzVariant, Int) -> Double
    ) -> [Double] {
      e.perSeed { e.difference(factor, by: level, $0, quantity) }
    }
    func noise(_ variant: LipschitzVariant, _ seed: Int, _ value: (String) -> Double) -> Double {
      value("curvature") - value("diffusion") / 2
    }
    return [
      decideValue("predicts-growth", 1, rule.changeMargin, e) { e.perSeed { e.predictedShare(e.independent, $0) } },
      decideSign("noise-helps", .lower, e) { e.perSeed { e.errorChange($0) } },
      decideSign("orthogonal-overshoots", .higher, e) { e.perSeed { log(e.predictedShare(e.orthogonal, $0)) } },
      decideCoverage(e),
      decideValue("noise-size", 1, rule.noiseMargin, e) { e.perSeed { e.windowRatio(e.independent, $0) } },
      decideSign("rate-limits", .higher, e) {
        rise(.rate, { $0.rate }) { log(e.windowRatio([$0], $1)) }
      },
      decideSign("shuffling-cancels", .lower, from: 1, e) {
        e.perSeed { e.windowRatio(e.variants(.order).filter { $0.order == .shuffled }, $0) }
      },
      // A variance is right within a factor of e^(2 margins).
      decideValue("spread-over-orders", 0, 2 * rule.noiseMargin, e) {
        try jackknifePseudovalues(count: e.seeds.count) { units in e.spreadLogRatio(units.map { e.seeds[$0] }) }
      },
      decideValue("layers-independent", 1, rule.noiseMargin, e) { e.perSeed { e.jointRatio($0) } },
      decideValue("batch-noise", -1, rule.exponentMargin, e) { e.perSeed { e.batchExponent($0) } },
      decideSign("batch-growth", .lower, e) { rise(.batch, { Double($0.batch) }, e.growth) },
      decideSign("noise-grows", .higher, e) {
        e.perSeed { seed in
          e.mean(e.independent.map { variant in noise(variant, seed) { e.last(variant, seed, $0) } })
        }
      },
      decideSign("start-growth", .lower, e) { rise(.gain, { $0.gain }, e.growth) },
      decideSign("label-noise-drives", .higher, e) { rise(.labelNoise, { $0.labelNoise }, end("curvature")) },
      decideSign("label-noise-growth", .higher, e) { rise(.labelNoise, { $0.labelNoise }, e.growth) },
      decideSign("decay-growth", .lower, e) { rise(.decay, { $0.decay }, e.growth) },
      decideSign("late-growth", .higher, e) { e.perSeed { e.lateSlope($0) } },
      decideSign("late-unbounded", .lower, from: 1, e) {
        try jackknifePseudovalues(count: e.seeds.count) { units in e.lateExponent(units.map { e.seeds[$0] }) }
      },
      decideSign("late-noise", .higher, e) {
        e.perSeed { seed in
          e.mean(
            e.variants(.base).map { variant in
              noise(variant, seed) { e.late(variant, seed, $0) } - e.late(variant, seed, "drift")
            })
        }
      },
    ]
  }

  /// Descents of all variants with independent batches; those of one seed share data, so the interval is a rough one.
  private func decideCoverage(_ e: LipschitzEvidence) -> Decision {
    let id = "band-covers"
    let runs = e.independent.flatMap { variant in e.seeds.map { (variant, $0) } }
    guard !runs.isEmpty else {
      return claim(id).undecided(
        count: e.seeds.count, StatisticsError.tooFewValues(what: "A share", needed: 1, found: 0))
    }
    let inside = runs.count { variant, seed in
      abs(e.last(variant, seed, "z") - e.last(variant, seed, "predicted")) <= 2 * e.last(variant, seed, "deviation")
    }
    return claim(id).decideValue(
      0.954, within: configuration.decision.coverageMargin, estimate: Double(inside) / Double(runs.count),
      interval: proportionInterval(
        successes: inside, trials: runs.count, level: 1 - 2 * configuration.decision.alpha, method: .clopperPearson),
      count: runs.count, test: "Clopper-Pearson interval, equivalence")
  }

  private func decideValue(
    _ id: String, _ expected: Double, _ margin: Double, _ e: LipschitzEvidence, _ values: () throws -> [Double]
  ) -> Decision {
    do {
      let values = try values()
      guard values.count >= 2 else {
        throw StatisticsError.tooFewValues(what: "An interval", needed: 2, found: values.count)
      }
      let summary = Summary(values)
      return claim(id).decideValue(
        expected, within: margin, estimate: summary.mean,
        interval: summary.interval(level: 1 - 2 * configuration.decision.alpha), count: summary.count,
        test: "t-interval over seeds, equivalence")
    } catch {
      return claim(id).undecided(count: e.seeds.count, error)
    }
  }

  private func decideSign(
    _ id: String, _ direction: Claim.Direction, from reference: Double = 0, _ e: LipschitzEvidence,
    _ values: () throws -> [Double]
  ) -> Decision {
    do {
      return claim(id).decideDifference(
        direction, from: reference, to: try values(), alpha: configuration.decision.alpha)
    } catch {
      return claim(id).undecided(count: e.seeds.count, error)
    }
  }
}
