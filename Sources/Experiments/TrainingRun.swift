import Foundation
import RunLogs
import Training

/// A descent on a user's own data, recorded in a run folder.
public struct TrainingRun {
  public struct Settings: Codable, Sendable, Equatable {
    public var source: String
    public var target: String?
    public var task: String
    public var model: String
    public var chain: String
    public var epochs: Int
    public var batch: Int
    public var validation: Double
    public var seed: Int
    /// Diagnostics that the descent carries, as text; nil for none.
    public var watch: String?

    public init(
      source: String, target: String?, task: String, model: String, chain: String, epochs: Int, batch: Int,
      validation: Double, seed: Int, watch: String? = nil
    ) {
      self.source = source
      self.target = target
      self.task = task
      self.model = model
      self.chain = chain
      self.epochs = epochs
      self.batch = batch
      self.validation = validation
      self.seed = seed
      self.watch = watch
    }
  }

  let settings: Settings
  let train: Dataset
  let validation: Dataset
  let model: any Layer
  let loss: LossFunction
  let method: any DescentMethod

  public init(
    settings: Settings, train: Dataset, validation: Dataset, model: any Layer, loss: LossFunction,
    method: any DescentMethod
  ) {
    self.settings = settings
    self.train = train
    self.validation = validation
    self.model = model
    self.loss = loss
    self.method = method
  }

  /// Runs, and returns a summary for the terminal.
  ///
  /// - Throws: `RunLogError` where the folder holds another run; `DescentError` for a diagnostic that does not exist or
  ///   does not apply, before anything is written; `TrainingError` where the loss is not finite. The last checkpoint is
  ///   then still there.
  public func run(
    out: String, resuming: Bool, replacing: Bool, isQuiet: Bool, announce: (String) -> Void
  ) throws -> String {
    let fingerprint = try Experiments.Settings.fingerprint(settings)
    let clock = { ProcessInfo.processInfo.systemUptime }
    let watches = try makeWatches(clock)
    let folder: RunFolder
    if resuming {
      folder = try RunFolder.open(out)
      let saved = try Experiments.Settings.decode(
        Settings.self, from: String(contentsOfFile: folder.configurationPath, encoding: .utf8),
        describing: folder.configurationPath)
      guard saved == settings else {
        throw SettingsError("\(out) was started with other options; repeat those to go on")
      }
    } else {
      folder = try RunFolder.create(out, replacing: replacing)
      try AtomicFile.write(try Experiments.Settings.yaml(settings), to: folder.configurationPath)
      try AtomicFile.write(
        RunEnvironment.json(
          libraries: RunSession.libraries, commandLine: CommandLine.arguments, date: Date().formatted(.iso8601)),
        to: folder.environmentPath)
    }
    let store = CheckpointStore(folder: folder.checkpointFolder, fingerprint: fingerprint)
    let saved = resuming ? try store.latestWithMemory() : nil
    // Without a checkpoint all is done again, the looks at the start too.
    if resuming { try folder.truncateLog { $0.step <= saved?.state.step ?? -1 } }
    let earlier = try folder.events()
    let context = RunContext(
      folder: folder, data: DataLocator(), fingerprint: fingerprint, earlier: earlier,
      sinks: [
        try JSONLinesSink(path: folder.logPath), try CSVSink(path: folder.metricsPath),
        try TensorBoardSink(
          folder: folder.path, startTime: Date().timeIntervalSince1970 - (earlier.map(\.time).max() ?? 0),
          earlier: earlier),
      ], isQuiet: isQuiet, clock: clock)
    let outcome = try descend(context, store, saved, watches, announce)
    return try outcome + "\n" + Self.accounts(of: folder)
  }

  private var normalization: Normalization {
    let statistics = train.channelStatistics()
    return Normalization(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
  }

  private func makeWatches(_ clock: @escaping () -> Double) throws -> Watches? {
    guard let text = settings.watch else { return nil }
    let site = WatchSite(
      model: model, loss: loss, train: train, validation: validation, normalization: normalization,
      key: RandomKey(seed: settings.seed).split("watch"))
    return try Watches(try WatchConfiguration(text), on: site, clock: clock)
  }

  private func descend(
    _ context: RunContext, _ store: CheckpointStore, _ saved: (state: TrainingState, memory: Tree<NDArray>)?,
    _ watches: Watches?, _ announce: (String) -> Void
  ) throws -> String {
    let normalization = normalization
    let key = RandomKey(seed: settings.seed)
    let batches = try BatchSequence(
      train, batchSize: min(settings.batch, train.count), key: key.split("batches"), normalization: normalization)
    let trainer = try Trainer(
      model: model, loss: loss, method: method, batches: batches, key: key.split("training"), state: saved?.state)
    announce(
      "\(train.count) examples to train, \(validation.count) to validate; \(settings.model), "
        + "\(trainer.state.parameters.elementCount) parameters; \(method.description)")
    let predictor = Predictor(model)
    var held = validation.featureArray(0..<validation.count)
    normalization.apply(to: &held)
    let targets = validation.targetArray(at: Array(0..<validation.count))
    let bar = context.makeProgress(total: settings.epochs)
    let first = trainer.epoch
    var last: [String: Double] = [:]
    let watching = try watches.map { try Watching($0, context, trainer, memory: saved?.memory) }
    func endEpoch(_ trainer: Trainer, _ means: [String: Double]) throws {
      var values = means
      let state = trainer.state
      let output = try predictor.predict(held, parameters: state.parameters, modelState: state.modelState)
      for (tag, value) in try measures(output, targets) { values["validation/" + tag] = value }
      try context.record("epoch", step: trainer.step, values)
      try watching?.look()
      last = values
      bar?.show(trainer.epoch, of: "epoch", summary(values), since: first)
    }
    try EpochDescent(trainer, epochs: settings.epochs, checkpoints: store).run(
      onStep: { try watches?.follow($0) }, memory: { watches?.memory ?? Tree() }, onEpoch: endEpoch)
    bar?.finish()
    let modelPath = context.folder.path + "/model.safetensors"
    let state = trainer.state
    var arrays: [String: NDArray] = [:]
    for (path, array) in state.parameters.prefixed("parameters") { arrays[path] = array }
    for (path, array) in state.modelState.prefixed("state") { arrays[path] = array }
    arrays["normalization/mean"] = NDArray(normalization.mean)
    arrays["normalization/standardDeviation"] = NDArray(normalization.standardDeviation)
    try Safetensors.write(
      arrays, metadata: ["model": settings.model, "classes": train.classNames.joined(separator: "\n")], to: modelPath)
    try context.flush()
    return "\(summary(last))\nmodel: \(modelPath)\nlog: \(context.folder.logPath)"
  }

  private func summary(_ values: [String: Double]) -> String {
    ["loss/train", "validation/loss", "validation/accuracy"].compactMap { tag in
      values[tag].map { "\(tag) \(String(format: "%.4g", $0))" }
    }.joined(separator: ", ")
  }

  private func measures(_ output: NDArray, _ targets: NDArray) throws -> [String: Double] {
    let loss = loss
    let program = try Program(inputs: [TensorType(of: output), TensorType(of: targets)]) { _, x in
      [loss(x[0], x[1])] + (loss.takesClasses ? [accuracy(x[0], labels: x[1]) * 100] : [])
    }
    let results = try program.run([output, targets]).map(\.item)
    return loss.takesClasses ? ["loss": results[0], "accuracy": results[1]] : ["loss": results[0]]
  }
}
