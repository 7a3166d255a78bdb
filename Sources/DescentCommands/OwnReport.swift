import Descent
import Foundation

/// A report in a folder of its own, of a command that records no events.
struct OwnReport {
  private let claimed: (folder: RunFolder, lock: FolderLock)

  /// Takes the folder; another process cannot meanwhile.
  ///
  /// - Throws: `SettingsError` where it is not empty and nothing may be replaced; `RunLogError` where it cannot be taken.
  init(in path: String, replacing: Bool) throws {
    let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    guard replacing || contents.isEmpty else {
      throw SettingsError("\(path) is not empty: replace its run by --replace, or name another folder by --out")
    }
    claimed = try RunFolder.claim(path, replacing: replacing, goingOnBy: "--replace")
  }

  /// Whether a folder holds such a report, as of `minimize`: a run that records events has an environment, too.
  static func isIn(_ folder: RunFolder) -> Bool {
    let isThere = { (path: String) in FileManager.default.fileExists(atPath: path) }
    return isThere(folder.reportPath) && !isThere(folder.environmentPath)
  }

  /// Runs what gives the report, and writes it. The settings are there first, so that what a killed process leaves can be replaced; any
  /// error, as of a full disk, leaves nothing in the way of the next.
  ///
  /// - Parameter data: further files of `report-data/`, by name, once the report is made.
  func write(settings: String, _ report: () throws -> Report, data: () -> [String: String] = { [:] }) throws {
    let folder = claimed.folder
    do {
      try AtomicFile.write(settings, to: folder.configurationPath)
      try report().write(to: folder.reportPath, gnuplot: try Gnuplot())
      for (name, text) in data() { try AtomicFile.write(text, to: folder.path + "/report-data/" + name) }
      try folder.forgetReplaced()
    } catch {
      folder.discard()
      throw error
    }
    withExtendedLifetime(claimed.lock) { print("report: \(folder.reportPath)") }
  }
}
