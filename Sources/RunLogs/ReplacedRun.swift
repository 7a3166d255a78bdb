import Foundation
import SystemFiles

/// What a folder held before a run that replaces it: it lies aside until the new one has begun, and comes back where that does not begin.
///
/// All moves are renamings within the folder, which need no room on the disk. A folder's name says how far they came, so that whoever finds
/// it after a kill knows what to do: in `moving` lies a part of a run, the rest of which is still, or again, in its place; in `replaced` lies all
/// of it, and what is beside it is of a successor that has not begun; what is in `forgotten` is not wanted any more.
struct ReplacedRun {
  private static let (moving, replaced, forgotten) = (".replaced.part", ".replaced", ".forgotten")
  /// What is never moved: the lock stays, so that all lock the same file.
  private static let own: Set<String> = [RunFolder.lockName, moving, replaced, forgotten]
  private let folder: String
  private var manager: FileManager { .default }

  /// - Parameter folder: one that this process holds, but for looking.
  init(in folder: String) { self.folder = folder }

  /// Whether a file is none of the run's.
  static func isOwn(_ name: String) -> Bool { own.contains(name) && name != RunFolder.lockName }

  private func path(_ name: String) -> String { folder + "/" + name }
  private func exists(_ name: String) -> Bool { manager.fileExists(atPath: path(name)) }
  /// The configuration first: what is removed without it is no run to anybody.
  private func entries(_ path: String) -> [String] {
    let all = ((try? manager.contentsOfDirectory(atPath: path)) ?? []).filter { !Self.own.contains($0) }
    let first = (RunFolder(path: folder).configurationPath as NSString).lastPathComponent
    return all.filter { $0 == first } + all.filter { $0 != first }
  }

  /// Whether a whole run lies aside.
  var isThere: Bool { exists(Self.replaced) }
  /// Whether a process was killed while it moved one.
  var isInterrupted: Bool { exists(Self.moving) }

  /// Moves all there is aside. Where a run lies aside already, what there is besides is of a successor that never began, and is removed.
  ///
  /// - Throws: `RunLogError` where something cannot be moved; then all is back in its place.
  func setAside() throws {
    finish()
    guard !isThere else { return try entries(folder).forEach(remove) }
    do {
      try manager.createDirectory(atPath: path(Self.moving), withIntermediateDirectories: false)
      for name in entries(folder) { try manager.moveItem(atPath: path(name), toPath: path(Self.moving) + "/" + name) }
      try manager.moveItem(atPath: path(Self.moving), toPath: path(Self.replaced))
    } catch {
      finish()
      throw RunLogError("\(folder) cannot be replaced: \(error.plainReason)")
    }
  }

  private func remove(_ name: String) throws {
    do { try manager.removeItem(atPath: path(name)) } catch {
      throw RunLogError("\(path(name)) cannot be removed: \(error.plainReason)")
    }
  }

  /// Puts back what lies aside, in place of what a successor left that did not begin.
  func restore() {
    if isThere {
      for name in entries(folder) { try? manager.removeItem(atPath: path(name)) }
      guard entries(folder).isEmpty else { return }
      try? manager.moveItem(atPath: path(Self.replaced), toPath: path(Self.moving))
    }
    finish()
  }

  /// Ends a move that a killed process began: all that lies in its folder goes back. Nothing is removed.
  func finish() {
    guard isInterrupted else { return }
    for name in entries(path(Self.moving)) {
      // A folder that was just made, with nothing in it, does not stand in the way.
      if (try? manager.contentsOfDirectory(atPath: path(name)))?.isEmpty == true {
        try? manager.removeItem(atPath: path(name))
      }
      try? manager.moveItem(atPath: path(Self.moving) + "/" + name, toPath: path(name))
    }
    if entries(path(Self.moving)).isEmpty { try? manager.removeItem(atPath: path(Self.moving)) }
  }

  /// There is something new: nothing of the old is kept.
  ///
  /// - Throws: `RunLogError` where that cannot be noted. What cannot be removed then is in nobody's way.
  func forget() throws {
    if isThere {
      try? manager.removeItem(atPath: path(Self.forgotten))
      do { try manager.moveItem(atPath: path(Self.replaced), toPath: path(Self.forgotten)) } catch {
        throw RunLogError("\(path(Self.replaced)) cannot be given up: \(error.plainReason)")
      }
    }
    try? manager.removeItem(atPath: path(Self.forgotten))
  }
}
