import Foundation
import RunLogs
import Training

/// A descent on a user's own data, recorded in a run folder.
package struct TrainingRun {
  package struct Settings: Codable, Sendable, Equatable {
    package enum Kept: String, Codable, Sendable, CaseIterable { case best, last }

    package var source: String
    /// How a table is read; nil for images.
    package var table: TableOptions?
    /// How a folder of image files is read; nil for all else.
    package var images: ImageOptions?
    /// The share of examples that validates where they bring a test part; nil of tables, and where that part validates.
    package var heldOut: Double?
    /// What classes count, as text; nil where all count the same.
    package var classWeights: String?
    /// A file of rows that nothing is chosen by.
    package var test: String?
    package var model: String
    /// All that makes the network again; nil for one that text cannot name, which is not saved for predictions.
    package var network: ModelDescription?
    package var chain: String
    package var epochs: Int
    package var batch: Int
    package var seed: Int
    /// Diagnostics that the descent carries, as text; nil for none.
    package var watch: String?
    /// Which weights are saved in the end: those of the best epoch on validation, or the last.
    package var keep: Kept
    /// Epochs without a better one after which the descent ends; 0 for never.
    package var patience: Int
    /// The data's fingerprint.
    package var data: String?
    /// What is descended, by name; nil for cross-entropy of classes and the squared error of numbers.
    package var loss: String?
    /// What is done to images each time that they are drawn, as text; nil for nothing.
    package var augment: String?
    /// Equal parts in which each batch is computed, on as many ranks or fewer; nil for whole batches.
    package var shards: Int?
    /// What parts send of their gradients, as text; nil for all.
    package var compress: String?
    /// The folder from which data were named when the run was started; nil where no path was relative.
    package var directory: String?
    /// What checkpoints know the run by, where it goes on with another chain, patience or choice of weights than it was
    /// started with; nil else.
    package var startedAs: String?

    package init(
      source: String, table: TableOptions? = nil, test: String? = nil, model: String, network: ModelDescription? = nil,
      chain: String, epochs: Int, batch: Int, seed: Int, watch: String? = nil, keep: Kept = .best, patience: Int = 0,
      data: String? = nil, images: ImageOptions? = nil, classWeights: String? = nil, shards: Int? = nil,
      compress: String? = nil, directory: String? = nil, loss: String? = nil, augment: String? = nil,
      heldOut: Double? = nil
    ) {
      (self.source, self.table, self.test, self.model, self.network) = (source, table, test, model, network)
      (self.chain, self.epochs, self.batch, self.seed) = (chain, epochs, batch, seed)
      (self.watch, self.keep, self.patience, self.data) = (watch, keep, patience, data)
      (self.images, self.classWeights) = (images, classWeights)
      (self.shards, self.compress, self.directory) = (shards, compress, directory)
      (self.loss, self.augment, self.heldOut) = (loss, augment, heldOut)
    }

    /// Whether numbers are such as a run was started with; a file may have been edited.
    ///
    /// - Throws: `SettingsError` naming the setting.
    func check() throws {
      try Experiments.Settings.checkSizes(self)
      for (name, count) in [("epochs", epochs), ("batch", batch)] where count < 1 {
        throw SettingsError("\(name) must be at least 1, not \(count)")
      }
      guard patience >= 0, shards ?? 1 >= 1 else {
        throw SettingsError("patience must not be negative, nor shards below 1")
      }
      let shares = [("validation", table?.validation ?? heldOut ?? 0), ("test", table?.test ?? 0)]
      for (name, share) in shares where !(0..<1 ~= share) {
        throw SettingsError("the share for \(name) must be at least 0 and below 1, not \(share)")
      }
    }
  }

  package let settings: Settings
  let problem: TrainingProblem
  let model: any Layer
  let loss: LossFunction
  let method: any DescentMethod

  package init(
    settings: Settings, problem: TrainingProblem, model: any Layer, loss: LossFunction, method: any DescentMethod
  ) {
    self.settings = settings
    self.problem = problem
    self.model = model
    self.loss = loss
    self.method = method
  }

  /// Runs, and returns a summary for the terminal.
  ///
  /// - Parameter team: the ranks that compute parts of each batch, of which this is the first; nil for this process alone.
  /// - Throws: `UndrawnReport` where all is done but for the report; `RunLogError` where the folder holds another run
  ///   or another process writes to it; `DescentError` for a diagnostic that does not exist or does not apply, before
  ///   anything is written; `TrainingError` where the loss is not finite; `RankError` where ranks disagree, or one is
  ///   lost. The last checkpoint is then still there.
  package func run(
    out: String, resuming: Bool, replacing: Bool, isQuiet: Bool, team: RankTeam? = nil, announce: (String) -> Void
  ) throws -> String {
    try meet(team)
    let clock = { ProcessInfo.processInfo.systemUptime }
    let watches = try makeWatches(clock)
    let (folder, lock) =
      resuming
      ? try { (folder: $0, lock: try FolderLock($0)) }(try RunFolder.open(out))
      : try RunFolder.claim(out, replacing: replacing)
    defer { withExtendedLifetime(lock) {} }
    let before = resuming ? try Self.settings(of: folder) : nil
    if let before { try check(against: before, out) }
    let settings = try before.map { try self.settings.continuing($0) } ?? self.settings
    let fingerprint = try settings.fingerprint
    let store = CheckpointStore(folder: folder.checkpointFolder, fingerprint: fingerprint)
    let saved = resuming ? try store.latestWithMemory() : nil
    let oldChain = before.flatMap { $0.chain == settings.chain ? nil : $0.chain }
    if let before, let saved, oldChain != nil { try checkThatChainFits(saved.state, of: before, out) }
    do {
      try AtomicFile.write(try Experiments.Settings.yaml(settings), to: folder.configurationPath)
      if !resuming {
        try AtomicFile.write(
          RunEnvironment.json(
            libraries: RunSession.libraries, commandLine: [ProgramName.text] + CommandLine.arguments.dropFirst(),
            date: Date().formatted(.iso8601),
            threads: Engine.threadCount),
          to: folder.environmentPath)
      }
    } catch {
      if !resuming { folder.discard() }
      throw error
    }
    if resuming, let threads = RunEnvironment.threads(in: folder.environmentPath), threads != Engine.threadCount {
      announce(
        "the run was started with \(counted(threads, "thread")) and goes on with \(Engine.threadCount): sums are added in another order, so "
          + "that it does not end on the same bits")
    }
    // Without a checkpoint all is done again, the looks at the start too.
    // What was said of the end is said again.
    if resuming {
      try folder.truncateLog {
        $0.step <= saved?.state.step ?? -1 && !Self.endKinds.contains($0.kind)
          && !($0.kind == "watch" && $0.text == Watching.endText)
      }
    }
    let earlier = try folder.events()
    let context = RunContext(
      folder: folder, data: DataLocator(), fingerprint: fingerprint, earlier: earlier,
      sinks: [
        try JSONLinesSink(path: folder.logPath), try CSVSink(path: folder.metricsPath),
        try TensorBoardSink(
          folder: folder.path, startTime: Date().timeIntervalSince1970 - (earlier.map(\.time).max() ?? 0),
          earlier: earlier),
      ], isQuiet: isQuiet, clock: clock)
    if let oldChain, let saved {
      try context.record(Self.chainKind, step: saved.state.step, text: "\(settings.chain) in place of \(oldChain)")
    }
    let outcome: String
    do {
      outcome = try PartingWord.during([ProgramName.text, "train", "--resume", out].shellCommand) {
        try computing(team) { try descend(context, store, saved, watches, team, announce) }
      }
    } catch let error as RankError where team?.hasLost == true {
      try? context.flush()
      throw RankError("\(error); go on with \(ProgramName.text) train --resume \(out)")
    } catch {
      // A run that did not begin, as with a chain that cannot be, leaves nothing in the way of the next.
      if !resuming, folder.holdsReplaced || (try? folder.events())?.isEmpty == true {
        folder.discard()
      } else {
        // Who opens the report later shall see what the terminal said; that it cannot be drawn is not worth an error of its own.
        let last = (try? folder.events())?.map(\.step).max() ?? 0
        try? context.record(Self.failureKind, step: last, text: "\(error)")
        try? context.flush()
        _ = try? Self.report(folder)
      }
      throw error
    }
    return try Self.account(of: folder, after: outcome)
  }

  /// The kind of event that tells why a descent ended before its time.
  static let failureKind = RunEvent.failureKind
  /// The kind of event that tells that no epoch was better for too long.
  static let stopKind = "stop"
  /// The kind of event that tells that a run went on with another chain.
  static let chainKind = "chain"
  /// What a run says when it ends, and says again when it goes on.
  private static let endKinds: Set<String> = ["final", "test", ClassAccount.kind, stopKind, failureKind]

  /// What a folder's run was started with.
  ///
  /// - Throws: `SettingsError` where it is no run of this kind.
  package static func settings(of folder: RunFolder) throws -> Settings {
    try RunSession.checkThatNoExperiment(folder)
    let settings = try Experiments.Settings.decode(
      Settings.self, from: Experiments.Settings.text(of: folder), describing: folder.configurationPath)
    do { try settings.check() } catch { throw SettingsError("\(folder.configurationPath): \(error)") }
    return settings
  }

  /// The data of a folder's run, read again.
  ///
  /// - Throws: `SettingsError` where they are others now; `DatasetError` where they cannot be read.
  package static func problem(of folder: RunFolder, _ name: String, _ data: DataLocator) throws -> TrainingProblem {
    let settings = try settings(of: folder)
    var problem = try TrainingSource(try settings.located(settings.source)).problem(
      settings.table, images: settings.images, heldOut: settings.heldOut,
      test: try settings.test.map { try settings.located($0) },
      seed: settings.seed, data: data)
    guard settings.data == nil || settings.data == problem.fingerprint else {
      throw SettingsError("\(settings.source) has changed since \(name) was trained")
    }
    problem.classWeights = try settings.classWeights.map { try ClassWeights($0).values(for: problem.train) }
    return problem
  }

  /// The loss with the classes' weights, where they have some.
  var descended: LossFunction { problem.classWeights.map { loss.weighted($0) } ?? loss }

  private func makeWatches(_ clock: @escaping () -> Double) throws -> Watches? {
    guard let text = settings.watch else { return nil }
    let site = WatchSite(
      model: model, loss: descended, train: problem.train, validation: problem.validation,
      normalization: problem.normalization, key: RandomKey(seed: settings.seed).split("watch"))
    return try Watches(try WatchConfiguration(text), on: site, clock: clock)
  }

  private func descend(
    _ context: RunContext, _ store: CheckpointStore, _ saved: (state: TrainingState, memory: Tree<NDArray>)?,
    _ watches: Watches?, _ team: RankTeam?, _ announce: (String) -> Void
  ) throws -> String {
    let trainer = try makeTrainer(saved?.state, team)
    announce(account(trainer, team))
    let held = Evaluation(problem.validation, of: problem, model, loss)
    let baselines = try TrainingBaselines(problem, on: problem.validation, loss: loss)
    if saved == nil { try record(baselines, context) }
    let bar = context.makeProgress(total: settings.epochs)
    let first = trainer.epoch
    let watching = try watches.map { try Watching($0, context, trainer, memory: saved?.memory.subtree("watch")) }
    var best = BestEpoch(saved?.memory.subtree("best"))
    let patience = settings.patience
    try context.folder.forgetReplaced()
    func endEpoch(_ trainer: Trainer, _ means: [String: Double]) throws {
      var values = means
      let weights = trainer.evaluatedState
      let found = try held.measures(weights).values
      for (tag, value) in found { values["validation/" + tag] = value }
      values["epoch"] = Double(trainer.epoch)
      try context.record("epoch", step: trainer.step, values)
      try watching?.look()
      best.consider(weights, epoch: trainer.epoch, loss: Measures.decisive(found)!)
      bar?.show(trainer.epoch, of: "epoch", Measures.text(found), since: first)
    }
    let descent = EpochDescent(
      trainer, epochs: settings.epochs, checkpoints: store, checkpointInterval: max(1, settings.epochs / 50))
    func memory() -> Tree<NDArray> {
      (watches?.memory ?? Tree()).prefixed("watch").merging(best.memory.prefixed("best"))
    }
    func isDone() -> Bool { patience > 0 && best.epoch > 0 && trainer.epoch - best.epoch >= patience }
    func beforeEpoch(_ trainer: Trainer) throws { _ = try team?.agree(trainer.state, goesOn: true) }
    if let watching {
      try descent.run(
        onStep: {
          try watches?.follow($0)
          try watching.lookBetween()
        }, memory: memory, isDone: isDone, beforeEpoch: beforeEpoch, onEpoch: endEpoch)
    } else {
      try descent.run(memory: memory, isDone: isDone, beforeEpoch: beforeEpoch, onEpoch: endEpoch)
    }
    _ = try team?.agree(trainer.state, goesOn: false)
    bar?.finish()
    try watching?.lookAtEnd()
    guard best.epoch > 0 else {
      throw TrainingError("the loss on validation was never finite; a smaller rate or a clip may help")
    }
    let weights = settings.keep == .best ? best.weights : trainer.evaluatedState
    let epoch = settings.keep == .best ? best.epoch : trainer.epoch
    try save(weights, held, context, announce)
    let outcome = try outcome(of: weights, held, baselines)
    // Those of the kept weights, under tags of their own: the last epoch, at the same step, has others.
    try context.record(
      "final", step: trainer.step,
      outcome.values.prefixed("final/validation/").merging(["final/epoch": Double(epoch)]) { $1 })
    try outcome.recordClasses(context, step: trainer.step, prefix: "final/validation/")
    var lines: [String] = []
    if trainer.epoch < settings.epochs {
      let waited = trainer.epoch - best.epoch
      let text = "stopped at epoch \(trainer.epoch) of \(settings.epochs): no better for \(counted(waited, "epoch"))"
      try context.record(Self.stopKind, step: trainer.step, text: text)
      lines.append("\(text); it goes on by --resume \(context.folder.path) --patience \(2 * waited)")
    }
    lines += outcome.lines(
      "validation after epoch \(epoch) of \(trainer.epoch)" + (settings.keep == .best ? ", the best" : ""))
    var last = outcome
    if let test = problem.test {
      last = try self.outcome(
        of: weights, Evaluation(test, of: problem, model, loss), try TrainingBaselines(problem, on: test, loss: loss))
      try context.record("test", step: trainer.step, last.values.prefixed("test/"))
      try last.recordClasses(context, step: trainer.step, prefix: "test/")
      lines += last.lines("test")
    }
    if let verdict = last.verdict(trainRows: problem.train.count) { lines.append(verdict) }
    try context.flush()
    return lines.joined(separator: "\n")
      + "\nmodel: \(context.folder.path)/model.safetensors\nlog: \(context.folder.logPath)"
  }

  private func account(_ trainer: Trainer, _ team: RankTeam?) -> String {
    let batches = trainer.batches
    let rest = problem.train.count - batches.batchesPerEpoch * batches.batchSize
    let updates = "\(batches.batchesPerEpoch) update\(batches.batchesPerEpoch == 1 ? "" : "s") of \(batches.batchSize)"
    return "\(problem.summary); \(updates) an epoch"
      + (rest > 0 ? ", another \(rest) left out of each" : "") + problem.doubts.map { "\n  " + $0 }.joined()
      + "\n\(settings.model), \(trainer.state.parameters.elementCount) parameters; \(method.description); "
      + (settings.loss.map { "on \($0); " } ?? "") + (settings.augment.map { "images by \($0); " } ?? "")
      + counted(settings.epochs, "epoch")
      + (settings.patience > 0 ? ", fewer after \(settings.patience) without a better one" : "") + partition(team)
  }

  private func record(_ baselines: TrainingBaselines, _ context: RunContext) throws {
    for (name, values) in baselines.all {
      try context.record("baseline", task: name, values.prefixed("validation/"))
    }
  }

  private func outcome(
    of weights: EvaluatedState, _ held: Evaluation, _ baselines: TrainingBaselines
  ) throws -> TrainingOutcome {
    TrainingOutcome(
      try held.measures(weights, isThorough: true), baselines,
      classes: TrainedModel.Manifest.outputNames(problem.train.classNames))
  }

  private func save(
    _ weights: EvaluatedState, _ held: Evaluation, _ context: RunContext, _ announce: (String) -> Void
  ) throws {
    let folder = context.folder.path
    guard let network = settings.network else {
      var arrays: [String: NDArray] = [:]
      for (path, array) in weights.parameters.prefixed("parameters") { arrays[path] = array }
      for (path, array) in weights.modelState.prefixed("state") { arrays[path] = array }
      return try Safetensors.write(arrays, metadata: ["model": settings.model], to: folder + "/model.safetensors")
    }
    let manifest = TrainedModel.Manifest(
      model: network, loss: loss, encoding: problem.encoding, normalization: problem.normalization,
      classes: problem.train.classNames, targetScale: problem.targetScale, classWeights: problem.classWeights)
    let model = TrainedModel(manifest: manifest, parameters: weights.parameters, modelState: weights.modelState)
    let before = try? TrainedModel(folder: folder)
    if before?.parameters != model.parameters || before?.modelState != model.modelState {
      for page in [LandscapeReport.page, ExplanationReport.page] {
        if let sentence = try page.remove(from: folder, past: "the weights before") { announce(sentence) }
      }
    }
    try model.save(to: folder)
    guard problem.encoding != nil else { return }
    let predictions = Predictions(try held.outputs(weights), manifest)
    let rows = zip(problem.validationLines, predictions.rows).map { ["\($0)"] + $1 }
    try AtomicFile.write(
      ([["line"] + predictions.header] + rows).map { $0.map(Predictions.field).joined(separator: ",") + "\n" }.joined(),
      to: folder + "/validation.csv")
  }
}

extension [String: Double] {
  func prefixed(_ prefix: String) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: map { (prefix + $0.key, $0.value) })
  }
}
