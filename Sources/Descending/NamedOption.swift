/// One option of something that text can name.
public struct NamedOption: Sendable, Hashable {
  public var name: String
  /// Its value when it is not given; nil where it must be.
  public var standard: String?
  public var summary: String

  public init(_ name: String, _ standard: String?, _ summary: String) {
    self.name = name
    self.standard = standard
    self.summary = summary
  }

  /// `name=value`, or nil where it is the standard.
  package func text(_ value: String?) -> String? {
    guard let value, value != standard else { return nil }
    return value.hasPrefix("(") ? value : "\(name)=\(value)"
  }

  /// The value of each option in `owner 1 other=2`: by position or by name, else the standard.
  /// - Throws: `DescentError` for one that is missing, unknown, out of place or given twice.
  package static func values(of owner: String, options: [NamedOption], in text: String) throws -> [String: String] {
    var values: [String: String] = [:]
    let free = { options.first { values[$0.name] == nil && !$0.isChain }?.name }
    for word in try ChainParser.split(text, at: " ").dropFirst() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      let option: String
      let value: String
      if word.hasPrefix("("), let chain = options.first(where: \.isChain) {
        (option, value) = (chain.name, word)
      } else if parts.count == 2, !parts[0].contains("(") {
        (option, value) = (parts[0], parts[1])
      } else {
        guard let next = free() else { throw DescentError("\(owner) has no place for \(word)") }
        (option, value) = (next, word)
      }
      let known = options.map(\.name)
      guard known.contains(option) else {
        throw DescentError("\(owner) has no option \(option); \(NearestName.hint(option, among: known))")
      }
      guard values[option] == nil else { throw DescentError("\(owner): \(option) is given twice") }
      values[option] = value
    }
    for option in options where values[option.name] == nil {
      guard let standard = option.standard else { throw DescentError("\(owner) needs \(option.name)") }
      values[option.name] = standard
    }
    return values
  }

  /// Whether its value stands in parentheses: stages within a stage.
  var isChain: Bool { name == "chain" || name == "rules" }
}
