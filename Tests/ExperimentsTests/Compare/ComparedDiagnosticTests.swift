import Experiments
import Foundation
import RunLogs
import Testing
import Training

@Suite(.serialized) struct ComparedDiagnosticTests {
  private let folder = NSTemporaryDirectory() + "descent-diagnostics-\(UUID().uuidString)"
  private static let arms = ["still: rate 0.0001", "moves: momentum 0.9 | rate 0.03"]

  private func comparison(_ watch: String?, _ arms: [String] = Self.arms) throws -> MethodComparison {
    try MadeUpTable.comparison(arms, on: [MadeUpTable.problem("numbers", table: 1)]) {
      ($0.trials, $0.seeds.count, $0.watch) = (2, 5, watch)
    }
  }

  private func results(_ path: String) throws -> [String: [String: Double]] {
    var found: [String: [String: Double]] = [:]
    for event in try RunFolder.open(path).events() where event.kind == "result" {
      found[event.task] = event.values.filter { $0.key != "seconds" }
    }
    return found
  }

  /// What moves is further from where it began; the runs that decide tell it, no other, and descend as if nobody looked.
  @Test func diagnosticsAreDecided() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let watched = try comparison("norms, sharpness, twins 1")
    let result = try watched.run(out: folder + "/watched")
    let decisions = result.outcome.verdicts.decisions
    let pair = "numbers/still/moves"
    let tags = ["norms/distance", "norms/gradient", "sharpness/largest", "twins/distance"]
    #expect(decisions.map(\.claim.id) == [pair] + tags.map { "\(pair)/\($0)" })
    let distance = try #require(decisions.first { $0.claim.id == pair + "/norms/distance" })
    #expect(distance.verdict == .upheld && distance.evidence.count == 5)
    #expect(try #require(distance.evidence.adjustedPValue) > distance.evidence.pValue, "all are corrected together")
    #expect(result.pairs.count == 1)
    #expect(result.text().contains("norms/distance") && result.text().contains("still is lower"))
    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    #expect(html.contains("twins: distance from twins"))

    let found = try results(folder + "/watched")
    let fresh = (0..<5).map { "/seed \($0)" }
    for (task, values) in found {
      let isFresh = fresh.contains { task.hasSuffix($0) }
      #expect(tags.allSatisfy { (values["watch/\($0)"] != nil) == isFresh }, "\(task)")
    }
    func mean(_ arm: String) -> Double {
      let own = found.filter { $0.key.contains("/\(arm)/") }.compactMap { $0.value["watch/norms/distance"] }
      return own.reduce(0, +) / Double(own.count)
    }
    #expect(abs(distance.evidence.estimate - (mean("still") - mean("moves"))) < 1e-9)

    _ = try comparison(nil).run(out: folder + "/alone")
    #expect(try results(folder + "/alone") == found.mapValues { $0.filter { !$0.key.hasPrefix("watch/") } })

    // Cut off: what is done again has the same numbers.
    let log = try RunFolder.open(folder + "/watched").logPath
    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
    try (lines.prefix(lines.count / 2).joined(separator: "\n") + "\n").write(
      toFile: log, atomically: true, encoding: .utf8)
    _ = try watched.resume(folder + "/watched")
    #expect(try results(folder + "/watched") == found)
  }

  /// One arm has no pair, and its numbers are told.
  @Test func aLoneArmIsTold() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let result = try comparison("norms", ["moves: rate {0.01...0.1}"]).run(out: folder)
    #expect(result.outcome.verdicts.decisions.isEmpty)
    let html = try String(contentsOfFile: result.outcome.reportPath, encoding: .utf8)
    #expect(html.contains("norms: distance from the start"))
  }

  /// Where descents have no number, those that have one are no fair choice of descents, and nothing is said of them.
  @Test func missingNumbersBarAVerdict() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let asked = try comparison("norms")
    _ = try asked.run(out: folder)
    let saved = try RunSession.settings(ComparisonExperiment.self, RunFolder.open(folder))
    let experiment = ComparisonExperiment(saved)
    let events = try RunFolder.open(folder).events().map { event in
      var own = event
      if event.task.contains("/moves/"), event.task.hasSuffix("/seed 3") { own.values["watch/norms/distance"] = nil }
      if event.task.contains("/still/"), event.task.hasSuffix("/seed 1") { own.values["watch/norms/distance"] = .nan }
      return own
    }
    let decisions = try experiment.decide(experiment.findings(events)).decisions
    let distance = try #require(decisions.first { $0.claim.id.hasSuffix("norms/distance") })
    #expect(distance.verdict == .notApplicable && distance.evidence.count == 3)
    let failed = distance.preconditions.filter { !$0.holds }
    #expect(failed.map(\.measured) == [0.2, 0.2] && failed.allSatisfy { $0.name.contains("without norms/distance") })
    let gradient = try #require(decisions.first { $0.claim.id.hasSuffix("norms/gradient") })
    #expect(gradient.verdict != .notApplicable && gradient.evidence.count == 5)
    try EditedLog.check(experiment, events)
  }

  /// Rows of which one, learned from, makes a rate too large by far that all others bear.
  private func outliers(_ count: Int, _ name: String, scale: Double) -> Dataset {
    let x = RandomKey(seed: 6).split(name).normal([count, 3])
    let rows = (0..<x.count).map { Float(scale * x[flat: $0]) }
    return Dataset(
      name: name, features: .numbers(NDArray(rows, shape: [count, 3])),
      targets: .numbers(NDArray((0..<count).map { rows[3 * $0] }, shape: [count, 1])), classNames: [])
  }

  /// A twin that diverges has no distance, whatever else is watched goes on, and a checkpoint knows.
  @Test func aLostTwinTakesNothingWithIt() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (train, validation) = (outliers(80, "train", scale: 1), outliers(20, "validation", scale: 9))
    let problem = MethodComparison.Problem("outliers") { _ in TrainingProblem(train: train, validation: validation) }
    let arms = ["fast: rate 0.5; hidden none; batch 80", "slow: rate 0.001; hidden none; batch 80"]
    let comparison = try MadeUpTable.comparison(arms, on: [problem]) {
      ($0.arms, $0.budget, $0.seeds.count, $0.watch) = (arms, "300updates", 3, "twins 1, norms")
    }
    let decisions = try comparison.run(out: folder).outcome.verdicts.decisions
    let reasons = try RunFolder.open(folder).events().filter { $0.kind == "lost" }.compactMap(\.text)
    #expect(!reasons.isEmpty && reasons.allSatisfy { $0.hasPrefix("twins: ") })
    let twins = try #require(decisions.first { $0.claim.id.hasSuffix("twins/distance") })
    #expect(twins.verdict == .notApplicable && twins.evidence.count < 3)
    let norms = try #require(decisions.first { $0.claim.id.hasSuffix("norms/distance") })
    #expect(norms.verdict != .notApplicable && norms.evidence.count == 3)

    let method = try DescentMethodKind.parse("rate 0.5")
    let batches = try BatchSequence(train, batchSize: 80, key: RandomKey(seed: 1))
    func descent() throws -> (trainer: Trainer, watches: ComparedWatches) {
      let trainer = try Trainer(
        model: Linear(3, 1), loss: .squaredError, method: method, batches: batches, key: RandomKey(seed: 2))
      let site = WatchSite(
        model: trainer.model, loss: .squaredError, train: train, validation: validation, normalization: nil,
        key: RandomKey(seed: 3))
      return (trainer, try ComparedWatches(try WatchConfiguration("twins 1, norms"), on: site) { 0 })
    }
    let (trainer, watches) = try descent()
    try watches.begin(trainer, memory: nil)
    for _ in 0..<300 {
      _ = try trainer.advance()
      watches.follow(trainer)
    }
    #expect(watches.lost.keys.sorted() == ["twins"] && watches.lost["twins"]!.contains("twin 0"))
    #expect(watches.look(trainer).map(\.name) == ["norms"])
    let resumed = try descent().watches
    try resumed.begin(trainer, memory: watches.memory)
    #expect(resumed.lost == watches.lost)
    #expect(resumed.look(trainer)[0].values["distance"] == watches.look(trainer)[0].values["distance"])
  }

  /// From a checkpoint before anything was remembered, and from one after, each kind goes on.
  @Test(arguments: [0, 7]) func everyKindGoesOn(after updates: Int) throws {
    let rows = outliers(40, "train", scale: 1)
    func descent(_ state: TrainingState? = nil) throws -> (trainer: Trainer, watches: ComparedWatches) {
      // All rows are one batch: an epoch has nothing to look at within it.
      let trainer = try Trainer(
        model: Linear(3, 1), loss: .squaredError, method: try DescentMethodKind.parse("rate 0.05"),
        batches: try BatchSequence(rows, batchSize: 40, key: RandomKey(seed: 1)), key: RandomKey(seed: 2), state: state)
      let site = WatchSite(
        model: trainer.model, loss: .squaredError, train: rows, validation: rows, normalization: nil,
        key: RandomKey(seed: 3))
      let kinds = WatchKind.all.map(\.name).filter { $0 != "calibration" }.joined(separator: ", ")
      return (trainer, try ComparedWatches(try WatchConfiguration(kinds), on: site) { 0 })
    }
    func go(_ trainer: Trainer, _ watches: ComparedWatches, _ updates: Int) throws {
      for _ in 0..<updates {
        _ = try trainer.advance()
        watches.follow(trainer)
      }
    }
    let (whole, watching) = try descent()
    try watching.begin(whole, memory: nil)
    try go(whole, watching, updates)
    let (state, memory) = (whole.state, watching.memory)
    try go(whole, watching, 5)
    let (resumed, again) = try descent(state)
    try again.begin(resumed, memory: memory)
    try go(resumed, again, 5)
    let (seen, same) = (watching.look(whole), again.look(resumed))
    #expect(watching.lost.isEmpty && again.lost.isEmpty, "\(watching.lost), \(again.lost)")
    #expect(seen.map(\.name) == same.map(\.name) && seen.count == WatchKind.all.count - 1)
    for (one, other) in zip(seen, same) {
      for quantity in WatchKind.all.first(where: { $0.name == one.name })!.quantities {
        #expect(one.values[quantity.tag] == other.values[quantity.tag], "\(one.name)/\(quantity.tag)")
      }
    }
  }

  @Test(arguments: [
    ("sharpnes", "sharpness"), ("norms every=2", "leave out every"), ("calibration", "still: "), ("norms,", "empty"),
    ("twins 0", "twins"),
  ])
  func mistakesAreNamed(_ watch: String, _ hint: String) throws {
    #expect {
      try comparison(watch).run(out: folder)
    } throws: {
      ($0 is SettingsError || $0 is DescentError) && "\($0)".contains(hint)
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  /// Losses that differ bend differently, whatever descends on them.
  @Test func oneLossIsComparedWithItself() throws {
    let arms = ["a: rate 0.01; loss squaredError", "b: rate 0.01; loss absoluteError"]
    #expect {
      try comparison("sharpness", arms).run(out: folder)
    } throws: {
      $0 is SettingsError && "\($0)".contains("different losses")
    }
    #expect(!FileManager.default.fileExists(atPath: folder))
  }
}
