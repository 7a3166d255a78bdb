import Diagnostics
import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

@Suite struct GeneralizationBoundsTests {
  private let configuration = GeneralizationBoundsExperiment.presets[0].configuration
  private var spot: BoundsSpot { BoundsSpot(data: "gaussians", samples: 64, batch: 8, steps: 64) }

  private func pool() throws -> BoundsPool { try BoundsPool("gaussians", configuration, DataLocator()) }

  private func context(_ folder: RunFolder, _ earlier: [RunEvent] = [], sink: MemorySink) -> RunContext {
    RunContext(
      folder: folder, data: DataLocator(), fingerprint: "f", earlier: earlier, sinks: [sink], isQuiet: true,
      clock: { 0 })
  }

  private let temporary = TemporaryFolder()

  private func temporaryFolder() throws -> RunFolder { try RunFolder.create(temporary.path + "/run") }

  /// A term that passes through zero has a share below zero, whichever sign is the larger.
  @Test func aTermThatChangesItsSignIsSeen() {
    #expect(BoundsEvidence.leastShare([1, 3]) == 1.0 / 3 && BoundsEvidence.leastShare([-3, -1]) == 1.0 / 3)
    #expect(BoundsEvidence.leastShare([-0.5, 1]) == -0.5 && BoundsEvidence.leastShare([-2, 0.5, 1]) == -0.5)
    #expect(BoundsEvidence.leastShare([0, 2]) == 0)
    #expect(BoundsEvidence.leastShare([0, 0]).isNaN && BoundsEvidence.leastShare([]).isNaN)
  }

  /// Twins are one, bit for bit, until the replaced sample is met, and apart from then on.
  @Test func twinsAreOneUntilTheReplacedSampleIsMet() throws {
    let pool = try pool()
    var met = 0
    for seed in 0..<4 {
      let task = try BoundsTask(configuration, spot, seed: seed, pool: pool)
      let original = task.trainer.batches.dataset
      let changed = task.twins[0].batches.dataset
      let width = original.exampleShape.count
      let (a, b) = (original.featureArray(0..<64).floats, changed.featureArray(0..<64).floats)
      let rows = (0..<64).filter { row in
        (0..<width).contains { a[row * width + $0] != b[row * width + $0] }
      }
      #expect(rows.count == 1)
      let order = task.trainer.batches.order(epoch: 0)
      let position = order.firstIndex(of: rows[0])!
      // The batch of the first epoch that holds it.
      let first = position / 8
      let watch = try TwinDistance(task.trainer.state.parameters.types)
      for step in 0..<8 {
        _ = try task.trainer.advance()
        _ = try task.twins[0].advance()
        try watch.observe(task.trainer.state.parameters, task.twins[0].state.parameters)
        if step < first {
          #expect(watch.distance == 0 && watch.pathSquare == 0)
          #expect(task.trainer.state.parameters == task.twins[0].state.parameters)
        } else {
          #expect(watch.distance > 0)
          // The triangle inequality over the updates, which makes type I the larger.
          let slack = 1 + rounding(.float32, terms: 8)
          #expect(watch.distance <= (Double(step + 1 - first) * watch.pathSquare).squareRoot() * slack)
        }
      }
      met += first < 7 ? 1 : 0
    }
    #expect(met > 0)
  }

  /// In one pass twins differ in samples that are visited; what is measured of them counts by their share.
  @Test func onePassIsJudgedByWhatItVisits() throws {
    let pool = try pool()
    let spot = configuration.spots.filter { $0.regime == .single }.max { $0.samples < $1.samples }!
    let task = try BoundsTask(configuration, spot, seed: 1, pool: pool)
    #expect(task.visited.count == spot.steps * spot.batch && spot.steps * spot.batch < spot.samples)
    let order = task.trainer.batches.order(epoch: 0)
    #expect(Set(task.visited) == Set(order.prefix(task.visited.count)))
    let width = task.trainer.batches.dataset.exampleShape.count
    let original = task.trainer.batches.dataset.featureArray(0..<spot.samples).floats
    for twin in task.twins {
      let changed = twin.batches.dataset.featureArray(0..<spot.samples).floats
      let rows = (0..<spot.samples).filter { row in
        (0..<width).contains { original[row * width + $0] != changed[row * width + $0] }
      }
      #expect(rows.count == 1 && task.visited.contains(rows[0]))
    }
    let found = try task.run().values
    #expect(found[.visitedShare] == Double(task.visited.count) / Double(spot.samples))
    #expect(found[.passes]! <= 1 && (0..<task.twins.count).allSatisfy { found[.twinDistance($0, at: spot.steps)]! > 0 })
  }

  /// Over several passes all samples are visited; seeds draw their own test examples.
  @Test func seedsDrawTheirOwnExamples() throws {
    let pool = try pool()
    #expect(try BoundsTask(configuration, spot, seed: 0, pool: pool).visited == Array(0..<64))
    let drawn = try (0..<2).map { try pool.unseen(40, replacements: 2, seed: $0).test.featureArray(0..<40).floats }
    #expect(drawn[0] != drawn[1])
  }

  /// Twins on visited samples alone, times their share, are twins on all.
  @Test func visitedSamplesCountByTheirShare() {
    let all = [0.0, 0, 0, 0.4, 0, 0.2, 0, 0]
    let visited = all.filter { $0 > 0 }
    let (whole, part) = (
      GeneralizationBound.typeTwo(range: 2, distances: all, deviation: 0.1, flatness: 0.5),
      GeneralizationBound.typeTwo(range: 2, distances: visited, visited: 0.25, deviation: 0.1, flatness: 0.5)
    )
    #expect(abs(whole.total - part.total) < rounding(terms: 20, scale: 2))
    // Where the visit is known the root is taken of less.
    let loose = GeneralizationBound.typeTwoSubGaussian(parameter: 1, distances: all, deviation: 0.1, flatness: 0)
    let tight = GeneralizationBound.typeTwoSubGaussian(
      parameter: 1, distances: visited, visited: 0.25, deviation: 0.1, flatness: 0)
    #expect(abs(tight.total - loose.total / 2) < rounding(terms: 20, scale: 4))
  }

  /// The descent with all diagnostics ends where the bare one does, bit for bit.
  @Test func diagnosticsLeaveTheDescentAsItIs() throws {
    let pool = try pool()
    let bare = try BoundsTask(configuration, spot, seed: 3, pool: pool).trainer
    for _ in 0..<configuration.descent.steps { _ = try bare.advance() }
    let watched = try BoundsTask(configuration, spot, seed: 3, pool: pool)
    let outcome = try watched.run()
    #expect(watched.trainer.state == bare.state)
    #expect(outcome.text == "parameters \(bare.state.parameters.digest)")
  }

  /// The smoke preset ends with a decision for each claim, and a second session runs nothing again.
  @Test func smokeRunsAndResumes() throws {
    let folder = try temporaryFolder()
    let experiment = GeneralizationBoundsExperiment(configuration)
    let sink = MemorySink()
    try experiment.run(context(folder, sink: sink))
    let count = configuration.spots.count * (configuration.seeds.count + configuration.seeds.tuningCount)
    #expect(sink.events.count == count)
    let again = MemorySink()
    // One result is missing, as after a kill.
    try experiment.run(context(folder, Array(sink.events.dropLast()), sink: again))
    #expect(again.events.count == 1)
    let last = sink.events.last!
    #expect(again.events[0].task == last.task && again.events[0].text == last.text)

    let outcome = try experiment.report(
      sink.events, context: ReportContext(command: "c", environment: "e", configuration: "s"))
    // Tiny curvatures may have no logarithm here; all else is decided.
    #expect(outcome.verdicts.decisions.count { $0.evidence.estimate.isFinite } >= outcome.verdicts.decisions.count - 1)
    // Without results nothing is measured.
    let empty = try experiment.report([], context: ReportContext(command: "", environment: "", configuration: ""))
    #expect(empty.verdicts.decisions.allSatisfy { $0.verdict == .notMeasured })
    try EditedLog.check(experiment, sink.events)
  }

  /// A log whose quantities obey known laws gives those exponents, and its gaps decide the claim about the bound.
  @Test(arguments: [(0.5, Verdict.upheld), (40.0, Verdict.refuted)])
  func decisionsFollowTheLog(gapFactor: Double, expected: Verdict) throws {
    var settings = configuration
    settings.decision.exponentMargin = 0.2
    let experiment = GeneralizationBoundsExperiment(settings)
    var findings = Findings<BoundsSpot>.madeUp(seeds: experiment.reportedSeeds)
    for spot in experiment.spots {
      for (index, seed) in (experiment.reportedSeeds + experiment.tuningSeeds).enumerated() {
        let factor = 1 + 0.02 * Double(index)
        func set(_ measure: Measure, _ value: Double) { findings.set(measure, of: spot, seed, to: value) }
        set(.parameterCount, 100)
        for step in settings.probes(spot) {
          for twin in 0..<2 { set(.twinDistance(twin, at: step), factor / Double(spot.samples)) }
          set(.flatness(.two, at: step), factor * 1e-6)
          set(.flatness(.one, at: step), factor * 1e-6 * pow(Double(step), 0.8 + 0.1 * Double(index)))
        }
        for step in [0] + settings.probes(spot) {
          set(.gradientVariance(at: step), factor / Double(spot.batch))
          for i in settings.deviations.indices { set(.gradientShift(underNoise: i, at: step), 0) }
        }
        for twin in 0..<2 { set(.twinPath(twin), factor / Double(spot.samples)) }
        for (i, deviation) in settings.deviations.enumerated() {
          set(.flatness(underNoise: i), factor * factor * deviation * deviation)
        }
        set(.riskGap, -gapFactor * factor * 0.02)
      }
    }
    let evidence = try BoundsEvidence(findings, experiment)
    let decisions = Dictionary(
      uniqueKeysWithValues: try experiment.claims().map { test in
        (test.claim.id, try test.decide(findings, alpha: settings.decision.alpha))
      })
    // Lines through logarithms of a few numbers.
    let tolerance = rounding(terms: 100, condition: 10)
    #expect(decisions["bound-holds"]!.verdict == expected)
    #expect(abs(decisions["trajectory-rate"]!.evidence.estimate + 1) < tolerance)
    #expect(abs(decisions["trajectory-rate-over-passes"]!.evidence.estimate + 1) < tolerance)
    #expect(abs(decisions["trajectory-batch"]!.evidence.estimate) < tolerance)
    #expect(abs(decisions["flatness-stable"]!.evidence.estimate) < tolerance)
    #expect(decisions["bound-rate"]!.claim.isIdentity && !decisions["bound-rate-over-passes"]!.claim.isIdentity)
    // Exponents 0.8, 0.9 and 1 of the three reported seeds: that of their mean lies among them, and beyond their middle,
    // as the mean weighs each by its size and the steps exceed 1.
    #expect(decisions["flatness-accumulates"]!.verdict == .upheld)
    let growth = decisions["flatness-accumulates"]!.evidence.estimate
    #expect(0.9 < growth && growth < 1, "\(growth)")
    // Gradient variance 1 / b: the earlier trajectory falls as (n b)^(-1/2).
    let neu = { (spot: BoundsSpot) in try evidence.bound(.neu, spot, noise: 0).trajectory }
    #expect(abs(try evidence.exponentInSamples(.single, neu) + 0.5) < tolerance)
    #expect(abs(try evidence.exponentInBatch(.single, neu) + 0.5) < tolerance)
    // The noise comes from the tuning seeds, and is the best of the grid there.
    let spot = experiment.spots[0]
    let totals = try settings.deviations.indices.map {
      try evidence.bound(.typeTwo, spot, seeds: experiment.tuningSeeds, noise: $0).total
    }
    #expect(try totals[evidence.noiseIndex(.typeTwo, spot)] == totals.min())
    // σ* of type II: memory E D (half the range is 1), curvature 1e-6 over the square of the step's deviation.
    let best = cbrt(1 / Double(spot.samples) / (2 * 1e-6) * pow(settings.noise.stepDeviation, 2))
    let nearest = settings.deviations.min { abs(log($0) - log(best)) < abs(log($1) - log(best)) }
    #expect(try settings.deviations[evidence.noiseIndex(.typeTwo, spot, by: .formula)] == nearest)
    // The flatness of this log rises without end.
    #expect(decisions["noise-finite"]!.verdict == .upheld)
  }

  @Test(arguments: [
    ("data.sampleCounts=[4, 64, 128]", "descent.batchSizes"), ("loss.kind=zero", "zero-one"),
    ("seeds.tuningFirst=1", "overlap"), ("noise.high=0.001", "noise.high"), ("data.test=401", "data.test"),
    ("descent.twins=0", "descent.twins"), ("single.batchSizes=[]", "single.batchSizes"),
    ("plateau.batchSize=65", "plateau.batchSize"), ("decision.plateauFall=0", "decision.plateauFall"),
  ])
  func mistakesAreNamed(_ change: String, _ hint: String) throws {
    let changed = try Settings.applying([change], to: configuration)
    #expect { try changed.check() } throws: { "\($0)".contains(hint) }
  }

  /// Type I starts where type II is, and its noise grows as the root of the updates: over these looks by a factor of 2.
  @Test func accumulatedNoiseStartsSmall() throws {
    let spot = configuration.spots.first { $0.regime == .plateau }!
    let found = try BoundsTask(configuration, spot, seed: 0, pool: pool()).run().values
    let steps = configuration.probes(spot)
    #expect(found[.flatness(.one, at: steps[0])] == found[.flatness(.two, at: steps[0])])
    #expect(found[.flatness(.one, at: spot.steps)] != found[.flatness(.two, at: spot.steps)])
    // Far from what a random network loses.
    #expect(found[.noisyRisk]! - found[.testRisk]! < 0.5 * (configuration.loss.limit - found[.testRisk]!))
  }

  @Test func everySettingIsDescribed() throws {
    let names = try Settings.list(configuration).map(\.name)
    #expect(Set(names) == Set(GeneralizationBoundsExperiment.settingDescriptions.keys))
  }
}
