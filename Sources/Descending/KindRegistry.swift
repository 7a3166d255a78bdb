import Foundation

/// What text can name and a program can add to: a transformation, a method, a diagnostic, a loss, a network.
package protocol NamedKind: Sendable {
  var name: String { get }
  var options: [NamedOption] { get }
}

/// The kinds that a program added; any thread may ask while another adds.
package final class KindRegistry<Kind: NamedKind>: @unchecked Sendable {
  private let noun: String
  private let lock = NSLock()
  private var added: [Kind] = []

  /// - Parameter noun: what an error calls them.
  package init(_ noun: String) { self.noun = noun }

  package var kinds: [Kind] { lock.withLock { added } }

  /// - Parameter taken: the names that are used already, besides those that were added.
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have one
  ///   name.
  package func add(_ kind: Kind, taken: [String]) throws {
    for word in [kind.name] + kind.options.map(\.name) where !Self.isWord(word) {
      throw DescentError("\"\(word)\" cannot be a name in text: begin with a letter, go on with letters and digits")
    }
    let options = kind.options.map(\.name)
    if let twice = options.indices.first(where: { options[..<$0].contains(options[$0]) }) {
      throw DescentError("\(kind.name) has two options called \(options[twice])")
    }
    try lock.withLock {
      guard !(taken + added.map(\.name)).contains(kind.name) else {
        throw DescentError("the name \(kind.name) is taken by another \(noun)")
      }
      added.append(kind)
    }
  }

  private static func isWord(_ text: String) -> Bool {
    text.first?.isLetter == true && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
  }
}
