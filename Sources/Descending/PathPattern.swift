/// A pattern over parameter paths: `*` stands for any characters, `?` for one; all else is itself.
public struct PathPattern: Hashable, Sendable {
  /// As it was written.
  public let text: String
  public init(_ text: String) { self.text = text }

  /// Whether it stands for the whole path.
  public func matches(_ path: String) -> Bool {
    let (pattern, text) = (Array(text), Array(path))
    var (at, place) = (0, 0)
    // The last star, and how far what it stands for reaches: only that one is ever tried again, so that many take no longer.
    var star: (at: Int, end: Int)?
    while place < text.count {
      if at < pattern.count, pattern[at] == "*" {
        star = (at, place)
        at += 1
      } else if at < pattern.count, pattern[at] == "?" || pattern[at] == text[place] {
        (at, place) = (at + 1, place + 1)
      } else if let last = star {
        star = (last.at, last.end + 1)
        (at, place) = (last.at + 1, last.end + 1)
      } else {
        return false
      }
    }
    return pattern[at...].allSatisfy { $0 == "*" }
  }
}

/// Parameters that a transformation is for, by patterns of their paths; all where there are none.
struct ChosenPaths {
  let patterns: [String]

  func contains(_ path: String) -> Bool {
    patterns.isEmpty || patterns.contains { PathPattern($0).matches(path) }
  }

  /// - Throws: `DescentError` in the name of a transformation, for a pattern that matches nothing.
  func check(among paths: [String], for owner: String) throws {
    for pattern in patterns where !paths.contains(where: { PathPattern(pattern).matches($0) }) {
      throw DescentError("\(owner): no parameter matches \(pattern)")
    }
  }
}

/// Parameters that a transformation leaves alone, by patterns of their paths.
struct ExcludedPaths {
  let patterns: [String]

  func contains(_ path: String) -> Bool { patterns.contains { PathPattern($0).matches(path) } }

  /// One of several patterns may be for other networks; where none matches, a word is wrong.
  ///
  /// - Throws: `DescentError` in the name of a transformation.
  func check(among paths: [String], for owner: String) throws {
    guard patterns.isEmpty || paths.contains(where: contains) else {
      throw DescentError("\(owner): no parameter matches \(patterns.joined(separator: "+"))")
    }
  }
}
