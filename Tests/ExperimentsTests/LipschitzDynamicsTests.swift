import Diagnostics
import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

@Suite struct LipschitzDynamicsTests {
  private let configuration = LipschitzDynamicsExperiment.presets[0].configuration

  private func context(_ folder: RunFolder, _ earlier: [RunEvent] = [], sink: MemorySink) -> RunContext {
    RunContext(
      folder: folder, data: DataLocator(), fingerprint: "f", earlier: earlier, sinks: [sink], isQuiet: true,
      clock: { 0 })
  }

  private let temporary = TemporaryFolder()

  private func temporaryFolder() throws -> RunFolder { try RunFolder.create(temporary.path + "/run") }

  private func task(_ index: Int, seed: Int = 0) throws -> LipschitzTask {
    try LipschitzTask(
      configuration, configuration.variants[index], seed: seed, pool: LipschitzPool(configuration, DataLocator()))
  }

  /// The descent with all looks ends where the bare one does, bit for bit.
  @Test(arguments: [0, 11]) func looksLeaveTheDescentAsItIs(index: Int) throws {
    let bare = try task(index).trainer
    for _ in 0..<configuration.descent.steps { _ = try bare.advance() }
    let watched = try task(index)
    let outcome = try watched.run()
    #expect(watched.trainer.state == bare.state)
    #expect(outcome.text == "parameters \(bare.state.parameters.digest)")
  }

  /// Descents from one start scatter by their batches, and twice the same task finds the same.
  @Test func replicatesScatterByTheirBatches() throws {
    let index = configuration.variants.firstIndex { $0.isReplicated }!
    let (first, again, other) = (try task(index).run(), try task(index).run(), try task(index, seed: 1).run())
    let variance = first.values[.replicateVariance]!
    #expect(
      variance > 0 && variance == again.values[.replicateVariance] && variance != other.values[.replicateVariance])
  }

  /// With looks less often the steps after them are judged as well, and the descent stays what it is.
  @Test func looksMayBeFarApart() throws {
    var rare = configuration
    rare.looks.stride = 5
    let pool = try LipschitzPool(rare, DataLocator())
    let found = try LipschitzTask(rare, rare.variants[0], seed: 0, pool: pool).run()
    let dense = try task(0).run()
    #expect(found.text == dense.text)
    // 64 updates; looks at all drivers at 1 to 4, 6 and 8, 16 ... 64, at μ and λ at 5, 10 ... 60. All but the last are
    // followed by a step, and so is the start.
    let schedule = rare.schedule(rare.variants[0])
    let looks = Set([0] + schedule.looks + Array(stride(from: 5, through: 60, by: 5))).filter { $0 < 64 }
    #expect(found.values[.stepCount] == Double(looks.count) && dense.values[.stepCount] == 64)
    #expect(found.values[.lookStride] == 5 && dense.values[.lookStride] == 1)
  }

  @Test func scheduleCoversTheDescentInWholeEpochs() {
    let schedule = LipschitzSchedule(steps: 200, epoch: 12, interval: 20, recorded: 10)
    #expect(schedule.windows == [24, 48, 72, 96, 120, 144, 168, 192])
    #expect(schedule.looks.prefix(4) == [1, 2, 3, 4] && schedule.looks.last == 200)
    #expect(Set(schedule.windows).isSubset(of: schedule.looks))
    #expect(schedule.recorded.last == 200 && schedule.recorded.count <= 10)
  }

  /// The smoke preset ends with a decision for each claim, and a second session runs nothing again.
  @Test func smokeRunsAndResumes() throws {
    let folder = try temporaryFolder()
    let experiment = LipschitzDynamicsExperiment(configuration)
    let sink = MemorySink()
    try experiment.run(context(folder, sink: sink))
    #expect(sink.events.count == configuration.variants.count * configuration.seeds.count)
    let again = MemorySink()
    // One result is missing, as after a kill.
    try experiment.run(context(folder, Array(sink.events.dropLast()), sink: again))
    #expect(again.events.count == 1)
    #expect(again.events[0].task == sink.events.last!.task && again.events[0].text == sink.events.last!.text)

    let outcome = try experiment.report(
      sink.events, context: ReportContext(command: "c", environment: "e", configuration: "s"))
    let decisions = outcome.verdicts.decisions
    #expect(decisions.count { $0.evidence.test != "none" } >= decisions.count - 2)
    // Without results nothing is measured.
    let empty = try experiment.report([], context: ReportContext(command: "", environment: "", configuration: ""))
    #expect(empty.verdicts.decisions.allSatisfy { $0.verdict == .notMeasured })
    try EditedLog.check(experiment, sink.events)
  }

  /// A log whose paths obey known laws gives those numbers.
  @Test func decisionsFollowTheLog() throws {
    var settings = configuration
    settings.seeds.count = 8
    let experiment = LipschitzDynamicsExperiment(settings)
    var findings = Findings<LipschitzVariant>.madeUp(seeds: experiment.reportedSeeds)
    let bias = LipschitzPaths(findings, settings).spreadBias
    for variant in settings.variants {
      for seed in experiment.reportedSeeds {
        let wobble = 0.01 * Double(seed)
        let batch = Double(variant.batch)
        func set(_ measure: Measure, _ value: Double) { findings.set(measure, of: variant, seed, to: value) }
        for step in [0] + settings.schedule(variant).recorded {
          let growth =
            (0.3 + wobble) * log(1 + Double(step)) + (variant.labelNoise - variant.decay) * (1 + wobble) * Double(step)
          set(.at(step, .z), growth)
          set(.at(step, .predicted), (variant.initialization == "orthogonal" ? 9 + wobble : 1.02) * growth)
          // A third of the way from the prediction by steps to the band's end.
          set(.at(step, .stepped), growth - 2.0 / 3 * (1.4 * growth / batch).squareRoot())
          set(.at(step, .drift), growth)
          set(.at(step, .curvature), 2 * growth / batch)
          set(.at(step, .diffusion), growth / batch)
          set(.at(step, .joint), 1.4 * growth / batch)
        }
        set(.stepCount, 64)
        set(.stepDiffusion, 1 / batch)
        set(.stepSquares, (1 + wobble) * pow(variant.rate / settings.descent.rate, 0.1) / batch)
        set(.replicateVariance, 1.4 / batch * (0.3 + wobble) * log(65) * exp(wobble + bias))
        let length = { (epoch: Int) -> Double in Double((8 + epoch - 1) / epoch * epoch) }(64 / variant.batch)
        set(.windowCount, 64 / length)
        set(.windowDiffusion, 1 / batch)
        set(.windowSquares, (variant.order == .shuffled ? 0.3 + wobble : 1 + wobble) / batch)
      }
    }
    let decisions = Dictionary(
      uniqueKeysWithValues: try experiment.claims().map { test in
        (test.claim.id, try test.decide(findings, alpha: settings.decision.alpha))
      })
    let paths = LipschitzPaths(findings, settings)
    // Sums over 8 seeds and some twenty variants, of numbers up to 64.
    let exact = rounding(terms: 200, scale: 64)
    func expect(_ id: String, _ verdict: Verdict, _ estimate: Double, _ tolerance: Double? = nil) {
      let tolerance = tolerance ?? exact
      let decision = decisions[id]!
      #expect(decision.verdict == verdict, "\(id)")
      #expect(abs(decision.evidence.estimate - estimate) < tolerance, "\(id): \(decision.evidence.estimate)")
    }
    // The mean of logarithms of 9, 9.01 ... 9.07.
    expect("orthogonal-overshoots", .upheld, (0..<8).map { log(9 + 0.01 * Double($0)) }.reduce(0, +) / 8)
    expect("band-covers", .upheld, 1)
    // From the lowest to the highest rate.
    let rates = settings.factors.rates + [settings.descent.rate]
    expect("rate-limits", .upheld, 0.1 * log(rates.max()! / rates.min()!))
    // ∫|λ_Z|² of the base is 1.4 / M of the growth; wobble is 0.035 in the mean.
    expect("spread-over-orders", .upheld, 0.035)
    // The drift alone is right here, and the prediction 2 % off.
    #expect(decisions["noise-helps"]!.verdict == .refuted)
    expect("noise-size", .upheld, 1.035)
    expect("shuffling-cancels", .upheld, 0.335 - 1)
    expect("layers-independent", .refuted, 1.4)
    expect("batch-noise", .upheld, -1)
    expect("label-noise-growth", .upheld, 0.5 * 64 * 1.035)
    expect("decay-growth", .upheld, -0.01 * 64 * 1.035)
    // From a to b, log(1 + k) grows by 1 / L a step, L the logarithmic mean of 1 + a and 1 + b: their geometric mean but for
    // a factor of at most exp(log(r)² / 24), r = (1 + b) / (1 + a) below 4/3 here. In log √(ab), where it is seen, the
    // geometric mean's logarithm has the slope k / (1 + k), k from 32 to 64; the factors turn a line through points whose
    // deviation is 0.19 by half of their spread over that.
    let turn = log(4 / 3.0) * log(4 / 3.0) / 24 / 2 / 0.19
    let exponent = try paths.lateExponent(experiment.reportedSeeds)
    #expect(32 / 33.0 - turn < exponent && exponent < 64 / 65.0 + turn, "\(exponent)")
    expect("late-noise", .refuted, -0.335 * log(65 / 33.0) * (1 - 1.5 / 8))
    #expect(decisions["late-growth"]!.verdict == .upheld)
    #expect(decisions["late-log-law"]!.verdict == .upheld)
    #expect(abs(decisions["predicts-growth"]!.evidence.estimate - 1.02) < exact)
    #expect(decisions["predicts-growth"]!.verdict == .upheld)
  }

  /// The bias of a logarithm of a variance against ψ(f/2) - log(f/2) itself: ψ(3/2) = 2 - γ - 2 log 2, then by
  /// ψ(x + 1) = ψ(x) + 1/x.
  @Test(arguments: [4, 8, 16, 32]) func spreadBiasIsThatOfTheLogarithm(replicates: Int) {
    var settings = configuration
    settings.factors.replicates = replicates
    var (x, psi) = (1.5, 2 - 0.577_215_664_901_532_9 - 2 * log(2.0))
    while x < Double(replicates - 1) / 2 {
      psi += 1 / x
      x += 1
    }
    // The series' next term is -1 / (252 x⁶).
    let bias = LipschitzPaths(.madeUp(seeds: [0]), settings).spreadBias
    #expect(abs(bias - (psi - log(x))) < 1 / (252 * pow(x, 6)) + rounding(terms: 100))
  }

  /// Each preset can begin, and makes the claims of its own factors and ends alone.
  @Test(arguments: [
    ("quick", ["late-noise", "start-growth"], ["late-noise-unfit", "spread-over-orders"]),
    ("spread", ["spread-over-orders", "noise-size"], ["late-noise", "start-growth", "label-noise-growth"]),
    ("standard", ["late-noise-unfit", "label-noise-growth", "noise-size"], ["late-noise", "start-growth"]),
  ])
  func presetsMakeTheirClaims(_ name: String, _ made: [String], _ others: [String]) throws {
    let preset = try #require(LipschitzDynamicsExperiment.presets.first { $0.name == name }).configuration
    try preset.check()
    let ids = try LipschitzDynamicsExperiment(preset).claims().map(\.claim.id)
    #expect(Set(made).isSubset(of: ids) && Set(others).isDisjoint(with: ids))
  }

  @Test(arguments: [
    ("factors.replicates=1", "factors.replicates"), ("looks.stride=0", "looks.stride"),
    ("model.kinds=[mpl]", "mlp"), ("factors.orders=[shufled]", "shuffled"), ("factors.batchSizes=[8]", "repeat"),
    ("factors.labelNoise=[2]", "factors.labelNoise"), ("data.samples=4", "factors.batchSizes"),
    ("factors.initializations=[zeros]", "factors"), ("looks.gapFloor=0", "looks.gapFloor"),
    ("descent.ends=[fited]", "fitted"),
  ])
  func mistakesAreNamed(_ change: String, _ hint: String) throws {
    let changed = try Settings.applying([change], to: configuration)
    #expect { try changed.check() } throws: { "\($0)".contains(hint) || "\($0)".contains("initialization") }
  }

  @Test func everySettingIsDescribed() throws {
    let names = try Settings.list(configuration).map(\.name)
    #expect(Set(names) == Set(LipschitzDynamicsExperiment.settingDescriptions.keys))
  }
}
