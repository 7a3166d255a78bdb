import Foundation
import TestSupport
import Testing
import Training

@Suite struct TrainerTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/training" }

  private func dataset(nan: Bool = false) -> Dataset {
    let key = RandomKey(seed: 5)
    var features = key.normal([60, 4])
    if nan { features.withUnsafeMutableElements(of: Float.self) { $0[41] = .nan } }
    let labels = (0..<60).map { Int32(features[flat: 4 * $0] > 0 ? 1 : 0) }
    return Dataset(name: "x", features: .numbers(features), targets: .classes(labels), classNames: ["no", "yes"])
  }

  private func trainer(
    _ chain: String = "noise 0.01 | adam | rate 0.01", nan: Bool = false, state: TrainingState? = nil
  ) throws -> Trainer {
    try Trainer(
      model: MLP([4, 16, 2]), loss: .crossEntropy, method: try DescentMethodKind.parse(chain),
      batches: try BatchSequence(dataset(nan: nan), batchSize: 20, key: RandomKey(seed: 1)), key: RandomKey(seed: 2),
      state: state)
  }

  /// Aims at a third of the loss in 300 steps, which a wrong sign or a missing gradient cannot reach.
  @Test func learns() throws {
    let trainer = try trainer()
    let first = try trainer.advance()[0]
    for _ in 0..<300 { _ = try trainer.advance() }
    #expect(try trainer.advance()[0] < 0.3 * first)
    #expect(trainer.readingTags == ["loss/train", "optimizer/learningRate"])
  }

  /// A method that looks at two points asks for two gradients of each batch, and learns: to the same aim.
  @Test func runsMethodsThatLookElsewhere() throws {
    let trainer = try trainer("sam 0.05 (momentum 0.9 | rate 0.05)")
    #expect(trainer.calls.gradients == 2 && trainer.calls.samples == 40)
    let first = try trainer.advance()[0]
    for _ in 0..<300 { _ = try trainer.advance() }
    #expect(try trainer.advance()[0] < 0.3 * first)
    #expect(trainer.readingTags == ["loss/train", "optimizer/learningRate", "optimizer/sharpness"])
  }

  /// 2n steps equal n, a checkpoint, and n, bit for bit.
  @Test func resumesExactly() throws {
    let whole = try trainer()
    for _ in 0..<20 { _ = try whole.advance() }
    let part = try trainer()
    for _ in 0..<10 { _ = try part.advance() }
    let store = CheckpointStore(folder: folder, fingerprint: "f")
    try store.save(part.state)
    let resumed = try trainer(state: try store.latest())
    #expect(resumed.step == 10)
    for _ in 0..<10 { _ = try resumed.advance() }
    #expect(resumed.state == whole.state)
    #expect(resumed.state.parameters.digest == whole.state.parameters.digest)
  }

  @Test func damagedCheckpointsFallBackAndForeignOnesAreRefused() throws {
    let trainer = try trainer()
    let store = CheckpointStore(folder: folder, fingerprint: "f")
    #expect(try store.latest() == nil)
    try store.save(trainer.state)
    _ = try trainer.advance()
    try store.save(trainer.state)
    _ = try trainer.advance()
    try store.save(trainer.state)
    #expect(store.steps() == [1, 2])
    let last = folder + "/step-00000002.safetensors"
    try Data(try Data(contentsOf: URL(fileURLWithPath: last)).dropLast(7)).write(to: URL(fileURLWithPath: last))
    #expect(try store.latest()?.step == 1)
    #expect { try CheckpointStore(folder: folder, fingerprint: "g").latest() } throws: {
      "\($0)".contains("another configuration")
    }
    try FileManager.default.removeItem(atPath: folder + "/step-00000001.safetensors")
    #expect { try store.latest() } throws: { "\($0)".contains("no checkpoint can be read") }
  }

  @Test func divergenceNamesStepAndCulprit() throws {
    let wild = try trainer("rate 1e30")
    #expect { for _ in 0..<20 { _ = try wild.advance() } } throws: {
      let text = "\($0)"
      return text.contains("at step") && text.contains("arrays of parameters are not finite")
        && text.contains("linear0/")
    }
    let poisoned = try trainer(nan: true)
    #expect { for _ in 0..<3 { _ = try poisoned.advance() } } throws: { "\($0)".contains("the batch holds nan") }
  }

  @Test func statesOfAnotherOptimizerAreRefused() throws {
    let state = try trainer("adam | rate 0.01").state
    #expect(throws: TrainingError.self) { try trainer("momentum 0.9 | rate 0.01", state: state) }
  }

  @Test func predictionsDoNotDependOnBatches() throws {
    let state = try trainer().state
    let x = RandomKey(seed: 9).normal([23, 4])
    let (a, b) = (Predictor(MLP([4, 16, 2]), batchSize: 23), Predictor(MLP([4, 16, 2]), batchSize: 5))
    let (y, z) = (
      try a.predict(x, parameters: state.parameters, modelState: Tree()),
      try b.predict(x, parameters: state.parameters, modelState: Tree())
    )
    // Sums of 4 and 16 products.
    let tolerance = Float(rounding(.float32, terms: 20, scale: 3))
    for (p, q) in zip(y.floats, z.floats) { #expect(abs(p - q) < tolerance) }
  }
}
