/// One option of something that text can name.
public struct NamedOption: Sendable {
  /// As text gives it, "nesterov".
  public var name: String
  /// Its value when it is not given; nil where it must be.
  public var standard: String?
  /// What it means, in a few words.
  public var summary: String
  /// Texts that make sense, each of another value; empty where the option's form is not known.
  public var examples: [String]
  private let canonical: @Sendable (_ text: String, _ owner: String) throws -> String
  private let standsAlone: Bool
  /// What was probably meant by a value that is all that is given, without a name; nil where it is what it says.
  private let meantAlone: @Sendable (_ text: String) -> String?

  /// An option whose form only its reader knows; numbers are compared as numbers.
  public init(_ name: String, _ standard: String?, _ summary: String) {
    self.name = name
    self.summary = summary
    examples = []
    canonical = { text, _ in Double(text).map { "\($0)" } ?? text }
    standsAlone = false
    meantAlone = { _ in nil }
    self.standard = standard
  }

  /// An option of a known form.
  init<Value>(_ name: String, _ form: ValueForm<Value>, _ standard: Value?, _ summary: String) {
    self.name = name
    self.summary = summary
    examples = form.examples
    canonical = { text, owner in form.write(try form.read(text, owner, name)) }
    standsAlone = form.standsAlone
    meantAlone = { text in (try? form.read(text, name, name)).flatMap(form.meantAlone) }
    self.standard = standard.map(form.write)
  }

  /// The one text of a value, however it was written: 1e-8 and 1e-08 are the same.
  /// - Throws: `DescentError` where it is not of the option's form.
  func canonicalText(_ text: String, of owner: String) throws -> String { try canonical(text, owner) }

  /// What stands for a value in text: nothing where it is the standard.
  package func text(_ value: String?, isFirst: Bool = false) -> String? {
    guard let value, (try? canonical(value, name)) != standard.flatMap({ try? canonical($0, name) }) else { return nil }
    return value.hasPrefix("(") || (isFirst && standsAlone) ? value : "\(name)=\(value)"
  }

  /// A stage in text: its name, and the values that differ from their standard.
  static func text(of owner: String, _ options: [NamedOption], _ values: [String: String]) -> String {
    var words = options.enumerated().compactMap { $1.text(values[$1.name], isFirst: $0 == 0) }
    // A lone value that would be doubted has its name.
    if words.count == 1, let first = options.first, words[0] == values[first.name], first.meantAlone(words[0]) != nil {
      words[0] = "\(first.name)=\(words[0])"
    }
    return ([owner] + words).joined(separator: " ")
  }

  /// A kind in text: its name, and its options by name, numbers as people write them.
  ///
  /// - Parameter withStandards: whether those that have their standard are written, too.
  package static func fullText(
    of owner: String, _ options: [NamedOption], _ values: [String: String], withStandards: Bool
  ) -> String {
    let words = options.compactMap { option -> String? in
      guard let text = values[option.name] else { return nil }
      // What is a number by its standard has one form; another text may look like one.
      let isNumber = option.standard.map { Double($0) != nil } ?? false
      let value = !isNumber ? text : Double(text) == 0 ? "0" : PlainNumber.text(text)
      // What is empty or has blanks could not be read again by its name.
      return withStandards && !value.isEmpty && !value.contains(" ") && !value.hasPrefix("(")
        ? "\(option.name)=\(value)" : option.text(value)
    }
    return ([owner] + words).joined(separator: " ")
  }

  /// The value of each option in `owner 1 other=2`: by position or by name, else the standard.
  /// - Throws: `DescentError` for one that is missing, unknown, out of place or given twice.
  package static func values(of owner: String, options: [NamedOption], in text: String) throws -> [String: String] {
    var values: [String: String] = [:]
    let free = { options.first { values[$0.name] == nil && !$0.isChain }?.name }
    let words = try ChainParser.split(text, at: " ").dropFirst()
    if words.count == 1, let word = words.first, let option = options.first, let meaning = option.meantAlone(word) {
      throw DescentError(
        "\(owner) \(word) sets \(option.name), and \(word) looks like \(meaning); "
          + "if it is meant, name it: \(owner) \(option.name)=\(word)")
    }
    for (place, word) in words.enumerated() {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      let option: String
      let value: String
      if word.hasPrefix("("), let chain = options.first(where: \.isChain) {
        (option, value) = (chain.name, word)
      } else if parts.count == 2, !parts[0].contains("(") {
        (option, value) = (parts[0], parts[1])
      } else {
        // "huber delta 0.5", "huber delta = 0.5": what follows has no place.
        if let value = words.dropFirst(place + 1).first(where: { $0 != "=" }),
          options.contains(where: { $0.name == word && !$0.isChain })
        {
          throw DescentError(
            "\(owner): a value stands behind its option and =, without blanks: \(owner) \(word)=\(value.drop { $0 == "=" })"
          )
        }
        guard let next = free() else {
          let hint = options.contains(where: \.isChain) ? ": stages go into parentheses, as in \(owner) (rate 0.1)" : ""
          throw DescentError("\(owner) has no place for \(word)\(hint)")
        }
        (option, value) = (next, word)
      }
      let known = options.map(\.name)
      guard known.contains(option) else {
        throw DescentError(
          "\(owner) has no option \(option); "
            + (ForeignName.answer(option: option, value, of: owner, known)
              ?? (known.isEmpty ? "it has none" : NearestName.hint(option, among: known))))
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
