import Foundation
import RunLogs
import Training

/// One descent of a comparison.
///
/// All arms of a seed have the same split, the same key of initial weights and the same order of examples.
struct ComparisonTask {
  let configuration: ComparisonConfiguration
  let plan: ComparisonPlan
  let setting: ComparedSetting
  let seed: Int
  let testPart: Int
  /// Whether it decides; then its curve is recorded, and the test part is read.
  let isReported: Bool
  let entry: ComparisonData.Entry

  private var key: RandomKey {
    ComparisonData.key(seed, testPart: testPart, draw: setting.draw)
  }

  /// - Throws: `SettingsError` naming the arm where its parts do not fit the data or each other.
  func trainer(_ state: TrainingState? = nil) throws -> Trainer {
    let trainer = try trainer(state, atGradients: 1)
    // What an update asks for is known when it is traced; only a schedule of that length depends on it.
    guard plan.budget.countsGradients, setting.namesBudget, trainer.calls.inGradients != 1 else { return trainer }
    return try self.trainer(state, atGradients: trainer.calls.inGradients)
  }

  private func trainer(_ state: TrainingState?, atGradients gradients: Double) throws -> Trainer {
    let problem = entry.problem
    let method = try setting.method(budget: plan.budget, atGradients: gradients)
    let (network, loss) = (try setting.network(problem), try setting.lossFunction(problem))
    let standard = TrainingDefaults(rows: problem.train.count, isTable: problem.train.exampleShape.rank == 1)
    do {
      try network.checkFits(batch: min(setting.batch ?? standard.batch, problem.train.count))
      let batches = try BatchSequence(
        problem.train, batchSize: min(setting.batch ?? standard.batch, problem.train.count), key: key.split("batches"),
        augmentation: setting.augmentation, normalization: problem.normalization)
      return try Trainer(
        model: try network.makeLayer(), loss: loss, method: method, batches: batches, key: key.split("training"),
        state: state)
    } catch { throw SettingsError("\(setting.name), \(setting): \(error)") }
  }

  private var isOfDescended: Bool { plan.measure.tag == ComparedMeasure.descended }

  /// Of a part. Arms are measured alike, whatever they descend: numbers by their squared error.
  private func evaluation(_ part: Dataset, _ trainer: Trainer) -> Evaluation {
    Evaluation(
      part, of: entry.problem, trainer.model, trainer.loss.takesClasses ? trainer.loss : .squaredError,
      descended: isOfDescended ? trainer.loss : nil)
  }

  /// The same of the constant prediction, by tag of part and measure.
  private func constant(_ loss: LossFunction) throws -> [String: Double] {
    isOfDescended ? try entry.constant(descending: loss) : entry.constant
  }

  /// Of the rows by which settings are chosen.
  private func evaluation(_ trainer: Trainer) -> Evaluation {
    evaluation(plan.measure.part == .train ? entry.problem.train : entry.problem.validation, trainer)
  }

  /// The diagnostics that were asked for; nil for none.
  ///
  /// - Throws: `SettingsError` naming the arm where one does not apply to the data.
  func watches(on trainer: Trainer, _ clock: @escaping () -> Double) throws -> ComparedWatches? {
    guard let watch = plan.watch else { return nil }
    let problem = entry.problem
    // The same examples and noise for all arms of a seed, whatever else they draw.
    let site = WatchSite(
      model: trainer.model, loss: trainer.loss, train: problem.train, validation: problem.validation,
      normalization: problem.normalization, key: ComparisonData.key(seed, testPart: testPart).split("watch"))
    do { return try ComparedWatches(watch, on: site, clock: clock) } catch {
      throw SettingsError("\(setting.name): \(error)")
    }
  }

  /// Guesses the cost from a few updates and one look.
  func cost(_ clock: () -> Double) throws -> TaskCost {
    _ = try trainer()
    let first = clock()
    let trainer = try trainer()
    // Short descents take as long to be compiled.
    let compiled = clock() - first
    let held = evaluation(trainer)
    let updates = plan.budget.updates(of: trainer)
    _ = try? trainer.advance()
    let began = clock()
    // As they are made: of small ones some within one call.
    let made = trainer.step
    _ = try? trainer.advance(to: made + max(5, 2 * trainer.updatesAtOnce))
    let step = (clock() - began) / Double(max(trainer.step - made, 1))
    _ = try held.measures(trainer.evaluatedState)
    let looked = clock()
    _ = try held.measures(trainer.evaluatedState)
    let look = clock() - looked
    let looks = ComparisonPlan.looks(configuration.looks, updates: updates).count
    var seconds = compiled + step * Double(updates) + look * Double(looks)
    if let watches = try watches(on: trainer, { ProcessInfo.processInfo.systemUptime }) {
      try watches.begin(trainer, memory: nil)
      let begun = watches.seconds
      for _ in 0..<5 where (try? trainer.advance()) != nil { watches.follow(trainer) }
      let followed = (watches.seconds - begun) / 5 * Double(updates)
      _ = watches.look(trainer)
      // Of the tasks of an arm those on fresh seeds carry them.
      let (fresh, tuning) = (Double(configuration.seeds.count), Double(configuration.seeds.tuningCount))
      let trials = Double(plan.arms.indices.map { plan.settings[$0].count }.max() ?? 1)
      seconds += (watches.seconds + followed) * fresh / (fresh + tuning * trials)
    }
    return TaskCost(seconds: seconds)
  }

  /// Runs to the end, or goes on from the task's last checkpoint.
  func run(_ log: TaskLog<ComparisonTrial>, _ clock: @escaping () -> Double) throws -> TaskOutcome {
    let store = log.checkpoints
    let saved = try store.latestWithMemory()
    let trainer = try trainer(saved?.state)
    let updates = plan.budget.updates(of: trainer)
    let held = evaluation(trainer)
    var best = BestEpoch(saved?.memory.subtree("best"))
    var seconds = saved?.memory["seconds"]?[flat: 0] ?? 0
    var (lastSave, last) = (clock(), Double.nan)
    let watches = isReported ? try watches(on: trainer, clock) : nil
    try watches?.begin(trainer, memory: saved?.memory.subtree("watch"))
    var isDiverged = false
    for look in ComparisonPlan.looks(configuration.looks, updates: updates) where look > trainer.step {
      let (began, watched) = (clock(), watches?.seconds ?? 0)
      var mean = 0.0
      do {
        mean = try descend(trainer, to: look, watches)
      } catch is TrainingError { isDiverged = true }
      seconds += clock() - began - ((watches?.seconds ?? 0) - watched)
      guard !isDiverged else { break }
      let weights = trainer.evaluatedState
      let found = try held.measures(weights).values
      last = try value(found, of: "\(plan.measure.part)")
      if isReported {
        try log.record(
          "look", step: look,
          [
            .choosing(plan.measure): last, .seconds: seconds,
            Measure("loss/train"): mean,
          ])
      }
      if configuration.keep == .last { best = BestEpoch() }
      best.consider(weights, epoch: look, loss: plan.measure.cost(last))
      if look < updates, clock() - lastSave > 20 {
        try store.save(
          trainer.state,
          memory: best.memory.prefixed("best").merging(Tree(["seconds": NDArray([seconds])]))
            .merging(watches?.memory.prefixed("watch") ?? Tree()))
        lastSave = clock()
      }
    }
    // No checkpoint is that of the last look, so that this session has seen it.
    isDiverged = isDiverged || !last.isFinite || best.epoch == 0
    var values = cost(of: trainer)
    values[.seconds] = seconds
    values[.comparedDivergence] = isDiverged ? 1 : 0
    // Of training rows only where they choose.
    for (tag, value) in try constant(trainer.loss) where plan.measure.part == .train || !tag.hasPrefix("train/") {
      values[.constant(Measure(tag))] = value
    }
    if !isDiverged, let watches {
      for (name, found) in watches.look(trainer) {
        for own in plan.diagnostics where own.watch == name {
          values[own.measure] = found[own.quantity.tag]
          values[own.error] = found[own.quantity.tag + "/error"]
        }
      }
      for (name, reason) in watches.lost.sorted(by: { $0.key < $1.key }) {
        try log.record("lost", step: trainer.step, [:], text: "\(name): \(reason)")
      }
    }
    if !isDiverged {
      for (tag, value) in try held.measures(best.weights).values {
        values[Measure("\(plan.measure.part)/\(tag)")] = value
      }
      if plan.measure.part == .train {
        let other = evaluation(entry.problem.validation, trainer)
        for (tag, value) in try other.measures(best.weights).values {
          values[Measure("validation/" + tag)] = value
        }
      }
      if isReported, let test = entry.problem.test {
        let found = try evaluation(test, trainer).measures(best.weights).values
        _ = try value(found, of: "test")
        for (tag, value) in found { values[Measure("test/" + tag)] = value }
      }
    }
    return TaskOutcome(
      values, step: trainer.step, text: isDiverged ? nil : best.weights.parameters.digest)
  }

  /// Updates until so many are made.
  ///
  /// - Returns: the mean of their training loss.
  private func descend(_ trainer: Trainer, to end: Int, _ watches: ComparedWatches?) throws -> Double {
    guard let watches else { return try trainer.advance(to: end)[0] }
    var sum = 0.0
    let count = end - trainer.step
    while trainer.step < end {
      sum += try trainer.advance()[0]
      watches.follow(trainer)
    }
    return sum / Double(count)
  }

  /// What it asked of its problem.
  private func cost(of trainer: Trainer) -> [Measure: Double] {
    let calls = trainer.calls(before: trainer.step)
    return [
      .comparedUpdates: Double(trainer.step), .comparedSamples: calls.samples,
      // A product with the Hessian costs about two gradients.
      .comparedGradients: calls.gradients + 2 * calls.hessianProducts,
      .comparedLosses: calls.losses,
      .comparedParameters: Double(trainer.state.parameters.elementCount),
      .comparedIdleShare: RateCourse(
        trainer.method, rows: entry.problem.train.count, batch: trainer.batches.batchSize
      ).idleShare(ofUpdates: trainer.step),
    ]
  }

  /// - Throws: `SettingsError` where a part has no such measure, as an AUC where one class is missing.
  private func value(_ found: [String: Double], of part: String) throws -> Double {
    if let value = found[plan.measure.tag] { return value }
    // What is not finite has no rank.
    if plan.measure.tag == "auc" || plan.measure.tag == "r2", !(found["loss"] ?? .nan).isFinite { return .nan }
    throw SettingsError(
      "\(plan.dataNames.joined(separator: ", ")): the \(part) part of seed \(seed) has no \(plan.measure.name); it is too small"
    )
  }
}
