import Descent
import Foundation

/// States of `lm train` while it goes on, so that the same command goes on where it was interrupted, in the same bits.
final class FineTuningStates {
  /// Beside the lock the only thing in the folder of an unfinished training.
  static let folderName = "checkpoints"

  private let store: CheckpointStore
  private let writer: CheckpointWriter
  private let seconds: Double
  private var last = Date()

  /// - Parameters:
  ///   - folder: that of what is trained.
  ///   - fingerprint: of all that the steps depend on.
  ///   - seconds: from one state that is saved to the next, at least.
  init(in folder: String, fingerprint: String, seconds: Double) {
    store = CheckpointStore(folder: folder + "/" + Self.folderName, fingerprint: fingerprint, kept: 1)
    writer = CheckpointWriter(store)
    self.seconds = seconds
  }

  /// Brings a step to where an interrupted training was.
  ///
  /// - Returns: whether there was one.
  /// - Throws: `SettingsError` where it was one with other settings; `TrainingError` where its state cannot be read.
  func restore(_ step: TrainingStep) throws -> Bool {
    do {
      guard let state = try store.latest() else { return false }
      try step.restore(state)
    } catch let error as TrainingError where "\(error)".contains("another configuration") {
      throw SettingsError(
        "\((store.folder as NSString).deletingLastPathComponent) holds an interrupted training of other weights, settings or text: start anew by "
          + "--replace, or name another folder by --out")
    }
    return true
  }

  /// Called after each update: saves a state where it is time for one.
  ///
  /// - Throws: `FileError` where the one before could not be saved.
  func look(_ step: TrainingStep) throws {
    try writer.check()
    guard Date().timeIntervalSince(last) >= seconds else { return }
    try writer.save(step.state)
    last = Date()
  }

  /// Waits for what is being written.
  func finish() throws { try writer.finish() }

  /// Removes all, once what was trained is written.
  func remove() { store.removeAll() }
}
