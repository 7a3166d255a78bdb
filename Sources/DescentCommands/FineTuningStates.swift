import Descent
import Foundation

/// States of `lm train` while it goes on, so that the same command goes on where it was interrupted, in the same bits.
final class FineTuningStates {
  /// Of no other command: whatever else a folder holds is not touched.
  static let folderName = "lm-states"

  private let store: CheckpointStore
  private let writer: CheckpointWriter
  private let seconds: Double
  private var last: Date

  /// - Parameters:
  ///   - folder: that of what is trained.
  ///   - fingerprint: of all that the steps depend on.
  ///   - seconds: from one state that is saved to the next, at least.
  init(in folder: String, fingerprint: String, seconds: Double) {
    store = CheckpointStore(folder: folder + "/" + Self.folderName, fingerprint: fingerprint, kept: 2)
    writer = CheckpointWriter(store)
    self.seconds = seconds
    // The first one sooner: what is interrupted early has one, too.
    last = Date() - max(seconds - 10, 0)
  }

  /// Brings a step to where an interrupted training was.
  ///
  /// - Returns: whether there was one.
  /// - Throws: `SettingsError` where it was one with other settings, or none of its states can be read.
  func restore(_ step: TrainingStep) throws -> Bool {
    do {
      guard let state = try store.latest() else { return false }
      try step.restore(state)
    } catch let error as TrainingError {
      throw SettingsError(
        "the interrupted training in \((store.folder as NSString).deletingLastPathComponent) cannot be gone on with by these weights, settings and text: "
          + "\(error); start anew by --replace, or name another folder by --out")
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
