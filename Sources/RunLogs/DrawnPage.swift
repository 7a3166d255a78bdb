import Foundation
import SystemFiles

/// A page that a command draws into a run's folder, of what the folder holds then: it goes before that becomes something else.
package struct DrawnPage: Sendable {
  private let name: String
  /// Of files beside it, and of data that its plots leave; a name that ends with a star stands for all that begin so.
  private let others: [String]
  /// What draws it again, but for the folder's name at its end.
  private let command: String

  package init(_ name: String, beside others: [String] = [], drawnBy command: String) {
    (self.name, self.others, self.command) = (name, others, command)
  }

  /// Removes the page and what is beside it.
  ///
  /// - Parameter past: what it showed, in words.
  /// - Returns: what to say of it; nil where it was not there.
  /// - Throws: `RunLogError` where it cannot be removed.
  package func remove(from folder: String, past: String) throws -> String? {
    // What is beside the page may be there without it, where it could not be drawn.
    let files = (others + [name]).flatMap { matches($0, in: folder) }
    guard let shown = files.last else { return nil }
    for file in files {
      do { try FileManager.default.removeItem(atPath: file) } catch {
        throw RunLogError("\(file) shows \(past), and cannot be removed: \(error.plainReason)")
      }
    }
    return "\(shown) showed \(past) and is removed; \(command) \(folder) draws it again"
  }

  private func matches(_ pattern: String, in folder: String) -> [String] {
    let path = folder + "/" + pattern
    guard pattern.hasSuffix("*") else { return FileManager.default.fileExists(atPath: path) ? [path] : [] }
    let (place, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent.dropLast())
    return ((try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []).filter { $0.hasPrefix(name) }
      .map { place + "/" + $0 }
  }
}
