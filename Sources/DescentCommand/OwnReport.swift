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

  /// Runs what gives the report, and writes it with the settings, which are written last: what did not come to them, as on a full disk,
  /// leaves nothing in the way of the next.
  func write(settings: String, _ report: () throws -> Report) throws {
    let folder = claimed.folder
    do {
      try report().write(to: folder.reportPath, gnuplot: try Gnuplot())
      try AtomicFile.write(settings, to: folder.configurationPath)
    } catch {
      if !FileManager.default.fileExists(atPath: folder.configurationPath) { folder.discard() }
      throw error
    }
    withExtendedLifetime(claimed.lock) { print("report: \(folder.reportPath)") }
  }
}
