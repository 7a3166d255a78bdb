import Foundation

/// What the program at hand is called where sentences name its commands, as in "go on with descent train --resume".
package enum ProgramName {
  private static let lock = NSLock()
  // Read and written under the lock.
  nonisolated(unsafe) private static var name = "descent"

  /// "descent" where nothing else was set.
  package static var text: String { lock.withLock { name } }

  /// Names a program of one's own; done once, before anything is said.
  package static func set(_ text: String) { lock.withLock { name = text } }
}
