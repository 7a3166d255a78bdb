/// `name(argument, argument)` taken apart.
struct FunctionText {
  let name: String
  let arguments: [String]
  let text: String

  /// - Throws: `DescentError` where the text is not of that form.
  init(_ text: String, expecting what: String, among names: [String]) throws {
    guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
      throw DescentError("\(text) is no \(what): a number, or one of \(names.joined(separator: ", ")) with arguments")
    }
    self.text = text
    name = String(text[..<open])
    guard names.contains(name) else {
      throw DescentError("there is no \(what) \(name); \(NearestName.hint(name, among: names))")
    }
    arguments = try ChainParser.split(String(text[text.index(after: open)...].dropLast()), at: ",")
  }

  func expectCount(_ allowed: ClosedRange<Int>) throws {
    guard allowed.contains(arguments.count) else {
      let range = allowed.count == 1 ? "\(allowed.lowerBound)" : "\(allowed.lowerBound) to \(allowed.upperBound)"
      throw DescentError("\(name) takes \(range) arguments, and \(text) has \(arguments.count)")
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
