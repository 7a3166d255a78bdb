/// `name(argument, argument)` taken apart.
struct FunctionText {
  let name: String
  let arguments: [String]
  let text: String

  /// - Throws: `DescentError` where the text is not of that form, or has another number of arguments than its kind.
  init(_ text: String, expecting what: String, among kinds: [FunctionKind]) throws {
    let names = kinds.map(\.name)
    guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
      throw DescentError("\(text) is no \(what): a number, or one of \(names.joined(separator: ", ")) with arguments")
    }
    self.text = text
    name = String(text[..<open])
    guard let kind = kinds.first(where: { [name] in $0.name == name }) else {
      throw DescentError(
        "there is no \(what) \(name); \(ForeignName.answer(name) ?? NearestName.hint(name, among: names))")
    }
    arguments = try ChainParser.split(String(text[text.index(after: open)...].dropLast()), at: ",")
    let allowed = kind.counts
    guard allowed.contains(arguments.count) else {
      let range = allowed.count == 1 ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)"
      throw DescentError(
        "\(kind.form) takes \(range) \(range == "1" ? "argument" : "arguments"), and \(text) has \(arguments.count); "
          + "as in \(kind.example)")
    }
  }

  func number(_ index: Int) throws -> Double {
    guard let value = Double(arguments[index]), value.isFinite else {
      throw DescentError("\(arguments[index]) in \(text) is no number")
    }
    return value
  }

  func positive(_ index: Int) throws -> Double {
    let value = try number(index)
    guard value > 0 else { throw DescentError("\(arguments[index]) in \(text) must be positive") }
    return value
  }
}
