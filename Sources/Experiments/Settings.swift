import Arrays
@_exported import Descending
import Foundation
import RunLogs
import Yams

/// A run's configuration cannot be what was asked for.
public struct SettingsError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// The settings of a run: a tree of named values with the defaults of a preset, each of which can be set by name.
///
/// Nothing is ignored: a name that does not exist is an error that names the nearest, a value of another type too.
package enum Settings {
  /// A configuration with some values set, each as "a.b=value".
  package static func applying<C: Codable>(_ changes: [String], to configuration: C) throws -> C {
    guard !changes.isEmpty else { return configuration }
    guard var tree = try Yams.compose(yaml: try yaml(configuration)) else { return configuration }
    for change in changes {
      let parts = change.split(separator: "=", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      guard parts.count == 2, !parts[0].isEmpty else {
        throw SettingsError("\(change) sets nothing: write --set name=value")
      }
      try set(parts[0], parts[1], in: &tree)
    }
    return try decode(
      C.self, from: Yams.serialize(node: tree, sortKeys: true), describing: changes.joined(separator: ", "))
  }

  private static func set(_ path: String, _ value: String, in tree: inout Yams.Node) throws {
    let known = paths(tree)
    guard known.contains(path) else {
      throw SettingsError("there is no setting \(path); \(NearestName.hint(path, among: known))")
    }
    var keys = path.split(separator: ".").map(String.init)
    let last = keys.removeLast()
    func update(_ node: inout Yams.Node, _ rest: ArraySlice<String>) throws {
      if let key = rest.first {
        var child = node[key]!
        try update(&child, rest.dropFirst())
        node[key] = child
        return
      }
      guard let parsed = try? Yams.compose(yaml: value) else {
        throw SettingsError("\(path): \(value) is no YAML value")
      }
      let (old, new) = (node[last]!, parsed)
      guard (old.sequence == nil) == (new.sequence == nil), new.mapping == nil else {
        throw SettingsError("\(path) is \(old.sequence == nil ? "one value" : "a list, as [a, b]"), not \(value)")
      }
      let most = largest(of: last)
      let (before, after) = (scalars(old), scalars(new))
      if before.contains(where: { $0.string.flatMap(Double.init) != nil }) {
        let areCounts = before.allSatisfy { $0.string.flatMap(Int.init) != nil }
        let limit = areCounts ? Double(most) : largestNumber
        for number in after.compactMap({ $0.int.map(Double.init) ?? $0.float }) where !(abs(number) <= limit) {
          throw SettingsError(
            areCounts
              ? "\(path) must be at most \(most), not \(value)"
              : "\(path) must be a finite number of at most 1e15, not \(value)")
        }
      }
      node[last] = parsed
    }
    try update(&tree, keys[...])
  }

  /// The values of a list and of the lists in it, or the one value.
  private static func scalars(_ node: Yams.Node) -> [Yams.Node] {
    node.sequence.map { $0.flatMap(scalars) } ?? [node]
  }

  /// Names of all values, as "a.b".
  static func paths(_ node: Yams.Node, _ prefix: String = "") -> [String] {
    guard let mapping = node.mapping else { return [prefix] }
    return mapping.flatMap { key, child -> [String] in
      let name = prefix.isEmpty ? key.string ?? "" : prefix + "." + (key.string ?? "")
      return paths(child, name)
    }
  }

  /// Names and values of all settings, as `applying` reads them.
  package static func list<C: Codable>(_ configuration: C) throws -> [(name: String, value: String)] {
    guard let tree = try Yams.compose(yaml: try yaml(configuration)) else { return [] }
    func text(_ node: Yams.Node) -> String {
      if let items = node.sequence { return "[" + items.map(text).joined(separator: ", ") + "]" }
      if let fields = node.mapping {
        return "{" + fields.map { "\(text($0.key)): \(text($0.value))" }.joined(separator: ", ") + "}"
      }
      return node.scalar?.string ?? ""
    }
    return paths(tree).map { path in (path, text(path.split(separator: ".").reduce(tree) { $0[String($1)]! })) }
  }

  /// The text of a file, whose numbers are read back to the bit.
  package static func yaml<C: Encodable>(_ configuration: C) throws -> String {
    try Yams.serialize(node: try YAMLTree.node(of: configuration), sortKeys: true)
  }

  /// The text by which checkpoints know their run. It must not change: those of all versions are compared with it.
  package static func canonicalText<C: Encodable>(_ configuration: C) throws -> String {
    let encoder = YAMLEncoder()
    encoder.options.sortKeys = true
    return try encoder.encode(configuration)
  }

  /// What a run folder was started with, as text.
  static func text(of folder: RunFolder) throws -> String {
    do { return try String(contentsOfFile: folder.configurationPath, encoding: .utf8) } catch {
      throw SettingsError("\(folder.configurationPath) cannot be read as text")
    }
  }

  /// Decoding that takes what it knows and leaves the rest.
  static func loose<C: Codable>(_ type: C.Type, from text: String, describing what: String) throws -> C {
    do { return try YAMLDecoder().decode(type, from: text) } catch let error as DecodingError {
      throw SettingsError("\(what): \(sentence(error))")
    }
  }

  /// Strict decoding: an unknown name is an error.
  package static func decode<C: Codable>(_ type: C.Type, from text: String, describing what: String) throws -> C {
    let value = try loose(type, from: text, describing: what)
    if let given = try Yams.compose(yaml: text), let known = try Yams.compose(yaml: try yaml(value)) {
      let names = paths(known)
      if let extra = paths(given).first(where: { !names.contains($0) }) {
        throw SettingsError("\(what): there is no setting \(extra); \(NearestName.hint(extra, among: names))")
      }
    }
    return value
  }

  private static func sentence(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
      context.codingPath.reduce("") { text, key in
        if let index = key.intValue { return "\(text), item \(index + 1)" }
        return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
      }
    }
    func subject(_ context: DecodingError.Context) -> String { place(context).isEmpty ? "it" : place(context) }
    switch error {
    case .typeMismatch(let type, let context): return "\(subject(context)) must be \(article(type))"
    case .valueNotFound(let type, let context): return "\(subject(context)) must be \(article(type)) and is empty"
    case .keyNotFound(let key, _): return "the setting \(key.stringValue) is missing"
    case .dataCorrupted(let context):
      switch context.underlyingError as? YamlError {
      case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _):
        return "line \(mark.line) is no YAML"
      default:
        // A case that an enumeration does not have, as the decoder says it.
        if let match = context.debugDescription.firstMatch(of: /Cannot initialize \w+ from invalid \w+ value (.*)/) {
          return "\(subject(context)) cannot be \(match.1)"
        }
        return [place(context), context.debugDescription].filter { !$0.isEmpty }.joined(separator: ": ")
      }
    @unknown default: return "\(error)"
    }
  }

  private static func article(_ type: Any.Type) -> String {
    if type is Int.Type { return "a whole number" }
    if type is Double.Type { return "a number" }
    if type is Bool.Type { return "true or false" }
    return "of the type \(type)"
  }

  /// A short name for exactly these settings: equal settings, equal fingerprints (FNV-1a of the canonical text).
  package static func fingerprint<C: Codable>(_ configuration: C) throws -> String {
    String(FNV.hash(try canonicalText(configuration)), radix: 16)
  }
}
