import ArgumentParser
import Descent

/// Bounds of options that are whole numbers: within them sums and products of several fit an Int.
enum CountOption {
  /// Threads beyond which a number is a slip of the hand.
  static let mostThreads = 1024

  /// Checks options before any work starts; those that are not given are left out.
  ///
  /// - Parameters:
  ///   - options: by name, as "--steps".
  ///   - least: the smallest that makes sense.
  ///   - most: the largest.
  /// - Throws: `ValidationError` naming the first option that is out of bounds, and the bounds.
  static func check(
    _ options: KeyValuePairs<String, Int?>, least: Int = 1, most: Int = Settings.largestCount
  ) throws {
    for case (let name, let value?) in options where !(least...most ~= value) {
      throw ValidationError("\(name) must be between \(least) and \(most) and is \(value)")
    }
  }
}
