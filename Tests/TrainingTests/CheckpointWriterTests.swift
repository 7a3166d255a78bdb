import Foundation
import Testing
import Training

/// States are saved while the descent goes on: as they were, in their order, and all of them when it has ended, however it ended.
@Suite struct CheckpointWriterTests {
  private let folder = NSTemporaryDirectory() + "descent-checkpoints-\(UUID().uuidString)"
  private struct Stop: Error {}

  /// Three steps an epoch, and a state of some megabytes: several steps are done while it is written.
  private func trainer() throws -> Trainer {
    let features = RandomKey(seed: 5).normal([60, 4])
    let labels = (0..<60).map { Int32(features[flat: 4 * $0] > 0 ? 1 : 0) }
    return try Trainer(
      model: MLP([4, 512, 512, 2]), loss: .crossEntropy, method: try DescentMethodKind.parse("adam | rate 0.001"),
      batches: try BatchSequence(
        Dataset(name: "x", features: .numbers(features), targets: .classes(labels), classNames: ["no", "yes"]),
        batchSize: 20, key: RandomKey(seed: 1)), key: RandomKey(seed: 2))
  }

  @Test func statesAreSavedAsTheyWere() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (trainer, store) = (try trainer(), CheckpointStore(folder: folder, fingerprint: "f", kept: 10))
    var states: [TrainingState] = []
    try EpochDescent(trainer, epochs: 6, checkpoints: store).run { trainer, _ in
      // A state that is kept here would have the next step move copies; numbers of their own would not.
      states.append(trainer.state.copied)
    }
    #expect(store.steps() == [3, 6, 9, 12, 15, 18])
    #expect(try store.latest() == trainer.state)
    for state in states {
      let file = try Safetensors.read(folder + "/step-" + String(format: "%08ld", state.step) + ".safetensors")
      let found = Tree(file.arrays)
      #expect(found.subtree("parameters") == state.parameters && found.subtree("optimizer") == state.optimizerState)
    }
    #expect(states.count == 6 && states[0].parameters != states[1].parameters)
  }

  /// What stops a descent does not take the last checkpoint with it, nor what is saved beside it.
  @Test func descentsThatStopLeaveTheLastState() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (trainer, store) = (try trainer(), CheckpointStore(folder: folder, fingerprint: "f"))
    #expect(throws: Stop.self) {
      try EpochDescent(trainer, epochs: 6, checkpoints: store).run(
        memory: { ["x": NDArray([Float(trainer.step)])] },
        onEpoch: { trainer, _ in if trainer.epoch == 3 { throw Stop() } })
    }
    let saved = try #require(try store.latestWithMemory())
    #expect(trainer.step == 9 && saved.state.step == 6 && saved.memory["x"]?.floats == [6])
  }

  /// At the second checkpoint it is known that the first could not be written; mostly, one step after it.
  @Test func whatCannotBeWrittenIsAnError() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "a file, and no folder".write(toFile: folder, atomically: true, encoding: .utf8)
    for epochs in [1, 50] {
      let trainer = try trainer()
      let store = CheckpointStore(folder: folder + "/checkpoints", fingerprint: "f")
      #expect(throws: (any Error).self) {
        try EpochDescent(trainer, epochs: epochs, checkpoints: store).run { _, _ in }
      }
      #expect(trainer.epoch <= 2 && store.steps().isEmpty)
    }
  }
}

extension TrainingState {
  /// The same numbers in memory of their own.
  fileprivate var copied: TrainingState {
    func copy(_ tree: Tree<NDArray>) -> Tree<NDArray> {
      tree.map { NDArray(shape: $0.shape, elementType: $0.elementType, storage: $0.storage.copy()) }
    }
    return TrainingState(
      parameters: copy(parameters), modelState: copy(modelState), optimizerState: copy(optimizerState), step: step)
  }
}
