import Yams

/// A value as a YAML tree whose numbers every reader takes for numbers, and which is read back to the bit.
///
/// Yams writes 0.2 as `2e-1`, which YAML 1.1 (PyYAML among others) takes for text, and keeps 15 digits only.
final class YAMLTree: Encoder {
  private enum Content {
    case scalar(Yams.Node)
    case mapping([(key: String, tree: YAMLTree)])
    case sequence([YAMLTree])
  }

  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  private var content = Content.mapping([])

  private init(_ path: [any CodingKey]) { codingPath = path }

  /// - Throws: what the value throws when it is encoded.
  static func node<C: Encodable>(of value: C) throws -> Yams.Node {
    let tree = YAMLTree([])
    try tree.encode(value)
    return tree.node
  }

  /// As `0.2`, `1.0e-12`, `.inf`: with a dot and a signed exponent, so that YAML 1.1 and 1.2 both read a number.
  static func text<Number: BinaryFloatingPoint & LosslessStringConvertible>(of value: Number) -> String {
    guard value.isFinite else { return value.isNaN ? ".nan" : value < 0 ? "-.inf" : ".inf" }
    let shortest = "\(value)"
    guard !shortest.contains("."), let exponent = shortest.firstIndex(of: "e") else { return shortest }
    return shortest[..<exponent] + ".0" + shortest[exponent...]
  }

  private var node: Yams.Node {
    switch content {
    case .scalar(let node): node
    case .mapping(let pairs): Yams.Node(pairs.map { (Yams.Node($0.key), $0.tree.node) })
    case .sequence(let trees): Yams.Node(trees.map(\.node))
    }
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    // What encodes itself in two parts asks twice for the same mapping.
    if case .mapping = content {} else { content = .mapping([]) }
    return KeyedEncodingContainer(Mapping<Key>(tree: self))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if case .sequence = content {} else { content = .sequence([]) }
    return Sequence(tree: self)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  private func child(_ key: any CodingKey) -> YAMLTree {
    let tree = YAMLTree(codingPath + [key])
    if case .mapping(let pairs) = content {
      content = .mapping(pairs.filter { $0.key != key.stringValue } + [(key.stringValue, tree)])
    }
    return tree
  }

  private func next() -> YAMLTree {
    guard case .sequence(let trees) = content else { return self }
    let tree = YAMLTree(codingPath + [Index(intValue: trees.count)!])
    content = .sequence(trees + [tree])
    return tree
  }

  private struct Index: CodingKey {
    let intValue: Int?
    var stringValue: String { "\(intValue!)" }
    init?(intValue: Int) { self.intValue = intValue }
    init?(stringValue: String) { nil }
  }

  private struct Mapping<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let tree: YAMLTree
    var codingPath: [any CodingKey] { tree.codingPath }

    func encodeNil(forKey key: Key) throws { try tree.child(key).encodeNil() }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try tree.child(key).encode(value) }
    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { tree.child(key).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { tree.child(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { tree }
    func superEncoder(forKey key: Key) -> any Encoder { tree.child(key) }
  }

  private struct Sequence: UnkeyedEncodingContainer {
    let tree: YAMLTree
    var codingPath: [any CodingKey] { tree.codingPath }
    var count: Int { if case .sequence(let trees) = tree.content { trees.count } else { 0 } }

    func encodeNil() throws { try tree.next().encodeNil() }
    func encode<T: Encodable>(_ value: T) throws { try tree.next().encode(value) }
    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
      tree.next().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { tree.next().unkeyedContainer() }
    func superEncoder() -> any Encoder { tree.next() }
  }
}

extension YAMLTree: SingleValueEncodingContainer {
  func encodeNil() throws { content = .scalar(Yams.Node("null", Tag(.null))) }

  func encode<T: Encodable>(_ value: T) throws {
    switch value {
    case let number as Double: content = .scalar(Yams.Node(Self.text(of: number), Tag(.float)))
    case let number as Float: content = .scalar(Yams.Node(Self.text(of: number), Tag(.float)))
    case let plain as any YAMLEncodable: content = .scalar(plain.box())
    default: try value.encode(to: self)
    }
  }
}
