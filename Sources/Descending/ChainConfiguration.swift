/// A chain as data: names and option values, as text has them. It is encoded as that text.
public struct ChainConfiguration: Hashable, Codable, Sendable, CustomStringConvertible {
  /// One stage; every option has its value in one form of text, those not given their standard.
  public struct Stage: Hashable, Sendable, CustomStringConvertible {
    /// The transformation's, as "momentum".
    public var name: String
    /// By option, as canonical text.
    public var values: [String: String]

    /// Reads `momentum 0.9 nesterov=true`.
    /// - Throws: `DescentError` naming the nearest known name.
    public init(_ text: String) throws {
      // A name ends at a parenthesis too, as of a schedule or of options in the manner of a call.
      let kind = try TransformationKind.named(String(text.prefix { $0 != " " && $0 != "(" }))
      name = kind.name
      guard text.dropFirst(name.count).first != "(" else {
        throw DescentError(
          "\(text): a blank parts \(name) from what it is given, as in "
            + (kind.options.contains(where: \.isChain) ? "\(name) (...)" : kind.examples[0]))
      }
      // Values in the one text that each has, so that equal chains are equal however they were written.
      let texts = try NamedOption.values(of: kind.name, options: kind.options, in: text)
      values = try Dictionary(
        uniqueKeysWithValues: kind.options.map {
          ($0.name, try $0.canonicalText(texts[$0.name]!, of: kind.name))
        })
    }

    /// The name, and the options that differ from their standard.
    public var description: String {
      TransformationKind.known.first { $0.name == name }?.text(values) ?? name
    }

    /// - Throws: `DescentError` naming the stage and the option that is wrong.
    public func makeTransformation() throws -> any GradientTransformation {
      try TransformationKind.named(name).make(OptionValues(owner: name, values: values))
    }
  }

  /// In their order.
  public var stages: [Stage]

  /// Reads a chain's text.
  /// - Throws: `DescentError` naming the nearest known name.
  public init(_ text: String) throws {
    if text.allSatisfy(\.isWhitespace) {
      stages = []
      return
    }
    stages = try ChainParser.fields(text, at: "|").map {
      guard !$0.isEmpty else { throw DescentError("a stage of the chain \"\(text)\" is empty") }
      return try Stage($0)
    }
  }

  public var description: String { stages.map(\.description).joined(separator: " | ") }

  /// - Throws: `DescentError` naming the stage and the option that is wrong.
  public func makeChain() throws -> Chain { Chain(try stages.map { try $0.makeTransformation() }) }

  public init(from decoder: any Decoder) throws {
    try self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Chain {
  /// What the chain can be made of again.
  /// - Throws: `DescentError` where a stage is of no known kind.
  public func configuration() throws -> ChainConfiguration { try ChainConfiguration(description) }
}
