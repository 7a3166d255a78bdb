import Foundation
import SystemFiles

/// What a folder held before a run that replaces it: it lies aside until there is something new, and comes back where nothing begins.
///
/// All moves are renamings within the folder, which need no room on the disk, and which a killed process leaves such that the next finds
/// everything.
struct ReplacedRun {
  static let name = ".replaced"
  private let folder: String
  private var path: String { folder + "/" + Self.name }
  private var manager: FileManager { .default }

  /// - Parameter folder: one that this process holds.
  init(in folder: String) { self.folder = folder }

  var isThere: Bool { manager.fileExists(atPath: path) }

  private func entries(_ path: String) -> [String] {
    ((try? manager.contentsOfDirectory(atPath: path)) ?? []).filter { $0 != RunFolder.lockName && $0 != Self.name }
  }

  /// Moves all there is aside; the lock stays, so that all lock the same file. Where a run lies aside already, whose successor never
  /// began, what there is of that one is removed.
  ///
  /// - Throws: `RunLogError` where something cannot be moved; then all is back in its place.
  func setAside() throws {
    guard !isThere else { return try entries(folder).forEach(remove) }
    do {
      try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
      for name in entries(folder) { try manager.moveItem(atPath: folder + "/" + name, toPath: path + "/" + name) }
    } catch {
      giveBack()
      throw RunLogError("\(folder) cannot be replaced: \(error.localizedDescription)")
    }
  }

  private func remove(_ name: String) throws {
    do { try manager.removeItem(atPath: folder + "/" + name) } catch {
      throw RunLogError("\(folder)/\(name) cannot be removed: \(error.localizedDescription)")
    }
  }

  /// Puts back what lies aside, in place of what is there.
  func restore() {
    guard isThere else { return }
    for name in entries(folder) { try? manager.removeItem(atPath: folder + "/" + name) }
    giveBack()
  }

  private func giveBack() {
    for name in entries(path) { try? manager.moveItem(atPath: path + "/" + name, toPath: folder + "/" + name) }
    // Not where something could not be moved: removing is of all that is inside.
    if entries(path).isEmpty { try? manager.removeItem(atPath: path) }
  }

  /// There is something new: nothing of the old is kept.
  func forget() { try? manager.removeItem(atPath: path) }
}
