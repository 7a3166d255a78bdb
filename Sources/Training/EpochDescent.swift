import RunLogs

/// One descent from start to end, epoch by epoch, with checkpoints: interrupted anywhere, it goes on exactly.
public struct EpochDescent {
  /// What descends.
  public let trainer: Trainer
  /// Epochs in all, those before a resumption counted.
  public let epochs: Int
  /// Where states are saved; nil for nowhere.
  public let checkpoints: CheckpointStore?
  /// Epochs from one checkpoint to the next.
  public let checkpointInterval: Int

  public init(_ trainer: Trainer, epochs: Int, checkpoints: CheckpointStore? = nil, checkpointInterval: Int = 1) {
    self.trainer = trainer
    self.epochs = epochs
    self.checkpoints = checkpoints
    self.checkpointInterval = max(checkpointInterval, 1)
  }

  /// Runs the epochs that are left. States are saved while it goes on; when this returns or throws, the last one is.
  ///
  /// - Parameters:
  ///   - onStep: called after each update.
  ///   - onEpoch: called with the mean of each reading over the epoch's steps; what it records comes before the
  ///     epoch's checkpoint.
  ///   - memory: what is saved beside the state.
  ///   - isDone: asked before each epoch; whether the rest is left out.
  ///   - beforeEpoch: called before each epoch that is not left out.
  /// - Throws: `TrainingError` where the loss is not finite; `FileError` where a checkpoint could not be written, after the next step
  ///   or at the end; what the closures throw.
  public func run(
    onStep: (Trainer) throws -> Void, memory: () -> Tree<NDArray> = { Tree() },
    isDone: () -> Bool = { false }, beforeEpoch: (Trainer) throws -> Void = { _ in },
    onEpoch: (Trainer, [String: Double]) throws -> Void
  ) throws {
    try run(stepByStep: true, onStep, memory, isDone, beforeEpoch, onEpoch)
  }

  /// The same where nobody asks after each update: small ones are made within few calls, some dozens at once.
  ///
  /// - Throws: as above.
  public func run(
    memory: () -> Tree<NDArray> = { Tree() }, isDone: () -> Bool = { false },
    beforeEpoch: (Trainer) throws -> Void = { _ in }, onEpoch: (Trainer, [String: Double]) throws -> Void
  ) throws {
    try run(stepByStep: false, { _ in }, memory, isDone, beforeEpoch, onEpoch)
  }

  private func run(
    stepByStep: Bool, _ onStep: (Trainer) throws -> Void, _ memory: () -> Tree<NDArray>, _ isDone: () -> Bool,
    _ beforeEpoch: (Trainer) throws -> Void, _ onEpoch: (Trainer, [String: Double]) throws -> Void
  ) throws {
    let writer = checkpoints.map { CheckpointWriter($0) }
    do {
      let length = trainer.batches.batchesPerEpoch
      while trainer.step < epochs * length, !isDone() {
        try beforeEpoch(trainer)
        var sums = [Double](repeating: 0, count: trainer.readingTags.count)
        let end = trainer.step + length
        while trainer.step < end {
          try trainer.advance(atMost: stepByStep ? 1 : end - trainer.step, addingTo: &sums)
          try writer?.check()
          try onStep(trainer)
        }
        let means = Dictionary(uniqueKeysWithValues: zip(trainer.readingTags, sums.map { $0 / Double(length) }))
        try onEpoch(trainer, means)
        if let writer, trainer.epoch % checkpointInterval == 0 || trainer.epoch == epochs || isDone() {
          try writer.save(trainer.state, memory: memory())
        }
      }
    } catch {
      // What stopped the descent is said; the state before it is saved all the same.
      try? writer?.finish()
      throw error
    }
    try writer?.finish()
  }
}
