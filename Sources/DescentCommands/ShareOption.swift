import ArgumentParser
import Descent

/// The option `--share` of `run` and `compare`.
enum ShareOption {
  static let help: ArgumentHelp =
    "Do a part of the descents, as 2/4 for the second of four; \(ProgramName.text) merge brings the folders of all parts together. What depends on those, as the descents of settings that a search chooses, is done by --resume of the merged folder, again in shares if wanted."

  /// - Throws: `SettingsError` where it is no share.
  static func parse(_ text: String?) throws -> RunShare? { try text.map { try RunShare($0) } }

  /// - Throws: where there are ranks, which share all tasks among them.
  static func refuse(_ share: String?, on channel: MPIChannel) throws {
    guard share != nil else { return }
    if channel.rank > 0 { throw ExitCode.failure }
    throw SettingsError("the ranks of mpirun share the descents among them: leave out --share")
  }

  /// Of a run's folder that has no name of its own: shares that start in one place do not meet.
  static func suffix(_ share: String?) -> String { share.map { "-" + $0.replacing("/", with: "of") } ?? "" }

  /// Says what to do when a share is done, unless it was the last that was missing.
  static func explain(_ share: String?, _ outcome: RunSession.Outcome) {
    guard let share, outcome.missing > 0 else { return }
    print("\nshare \(share) is done; when all are: \(ProgramName.text) merge FOLDER FOLDER ... --out FOLDER")
  }
}
