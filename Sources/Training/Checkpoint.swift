import Foundation

/// Training states on disk: one safetensors file each, written aside and renamed.
public struct CheckpointStore: Sendable {
  /// Made when the first state is saved.
  public let folder: String
  /// What the run is; a checkpoint of another run is refused.
  public let fingerprint: String
  /// Older checkpoints are removed.
  public let kept: Int

  public init(folder: String, fingerprint: String, kept: Int = 2) {
    self.folder = folder
    self.fingerprint = fingerprint
    self.kept = kept
  }

  private func path(_ step: Int) -> String { folder + "/step-" + String(format: "%08d", step) + ".safetensors" }

  /// - Parameter memory: what else is needed to go on, as of diagnostics that the descent carries.
  /// - Throws: `FileError` where the folder cannot be made, or the file cannot be written.
  public func save(_ state: TrainingState, memory: Tree<NDArray> = Tree()) throws {
    try Folder.make(folder)
    var arrays: [String: NDArray] = [:]
    for (prefix, tree) in [
      ("parameters", state.parameters), ("model", state.modelState), ("optimizer", state.optimizerState),
      ("memory", memory),
    ] {
      for (path, array) in tree { arrays[prefix + "/" + path] = array }
    }
    try Safetensors.write(
      arrays,
      metadata: [
        "step": "\(state.step)", "fingerprint": fingerprint, "format": "descent-training-1",
        "checksum": Tree(arrays).digest,
      ],
      to: path(state.step))
    for step in steps().dropLast(kept) { try? FileManager.default.removeItem(atPath: path(step)) }
  }

  /// Steps of the checkpoints that are there, rising.
  public func steps() -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix("step-") && $0.hasSuffix(".safetensors") }
      .compactMap { Int($0.dropFirst(5).dropLast(12)) }.sorted()
  }

  /// The last state that can be read; nil when there is none.
  ///
  /// - Throws: `TrainingError` when there are checkpoints and none can be read, or they are another run's.
  public func latest() throws -> TrainingState? { try latestWithMemory()?.state }

  /// The last state that can be read, with the memory that was saved beside it.
  ///
  /// - Throws: as `latest()`.
  public func latestWithMemory() throws -> (state: TrainingState, memory: Tree<NDArray>)? {
    let found = steps()
    var lastError: (any Error)?
    for step in found.reversed() {
      do { return try load(step) } catch let error as FileError { lastError = error }
    }
    if let lastError { throw TrainingError("no checkpoint can be read: \(lastError)") }
    return nil
  }

  private func load(_ step: Int) throws -> (state: TrainingState, memory: Tree<NDArray>) {
    let contents = try Safetensors.read(path(step))
    guard contents.metadata["format"] == "descent-training-1", contents.metadata["step"] == "\(step)" else {
      throw FileError(path: path(step), reason: "is no checkpoint of step \(step)")
    }
    guard contents.metadata["fingerprint"] == fingerprint else {
      throw TrainingError("\(path(step)) belongs to a run with another configuration")
    }
    let all = Tree(contents.arrays)
    if let checksum = contents.metadata["checksum"], checksum != all.digest {
      throw FileError(path: path(step), reason: "is damaged: its checksum is another")
    }
    let state = TrainingState(
      parameters: all.subtree("parameters"), modelState: all.subtree("model"), optimizerState: all.subtree("optimizer"),
      step: step)
    return (state, all.subtree("memory"))
  }

  /// Removes the folder with all states; silent where there is none.
  public func removeAll() { try? FileManager.default.removeItem(atPath: folder) }
}
