import Parameters

/// Reads a formula: sums of products of powers, calls, elements and slices of lists.
struct FormulaParser {
  /// Deeper parentheses, and more operations, are not a formula that somebody wrote.
  private static let (deepest, longest) = (100, 1000)

  private let text: [Character]
  private var at = 0
  private var (depth, operations) = (0, 0)
  private(set) var variables: Set<String> = []

  init(_ text: String) { self.text = Array(text) }

  /// - Throws: `FormulaError` saying where it cannot be read.
  mutating func whole() throws -> Expression {
    let expression = try sum()
    if let next = peek() { throw unexpected(next) }
    return expression
  }

  private mutating func sum() throws -> Expression {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else {
      throw FormulaError("parentheses stand in one another at most \(Self.deepest) deep")
    }
    var result = try product()
    while let sign = peek(), sign == "+" || sign == "-" {
      at += 1
      result = try operation(sign, result, try product())
    }
    return result
  }

  private mutating func product() throws -> Expression {
    var result = try signed()
    while let sign = peek(), sign == "*" || sign == "/" {
      at += 1
      if sign == "*", at < text.count, text[at] == "*" { throw FormulaError("a power is written x^2, and not x**2") }
      result = try operation(sign, result, try signed())
    }
    return result
  }

  /// A sign binds less than a power: -x^2 is -(x^2).
  private mutating func signed() throws -> Expression {
    guard let sign = peek(), sign == "-" || sign == "+" else { return try power() }
    at += 1
    try count()
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw FormulaError("more than \(Self.deepest) signs stand in a row") }
    let value = try signed()
    return sign == "-" ? .negative(value) : value
  }

  private mutating func power() throws -> Expression {
    let base = try indexed()
    guard peek() == "^" else { return base }
    at += 1
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw FormulaError("more than \(Self.deepest) powers stand in a row") }
    return try operation("^", base, try signed())
  }

  private mutating func indexed() throws -> Expression {
    var result = try primary()
    var brackets = 0
    while peek() == "[" {
      at += 1
      brackets += 1
      guard brackets <= Self.deepest else { throw FormulaError("more than \(Self.deepest) brackets stand in a row") }
      let first = try integer()
      if peek() == ":" {
        at += 1
        result = .slice(result, from: first, to: try integer())
      } else {
        guard let first else {
          throw FormulaError("brackets hold the number of an element, as x[0], or a slice, as x[1:]")
        }
        result = .element(result, first)
      }
      try expect("]")
    }
    return result
  }

  private mutating func primary() throws -> Expression {
    guard let next = peek() else { throw FormulaError("the formula ends where a number, a name or ( should follow") }
    if next == "(" {
      at += 1
      let inner = try sum()
      try expect(")")
      return inner
    }
    if next.isASCII, next.isNumber || next == "." { return .number(try number()) }
    guard next.isLetter || next == "_" else { throw unexpected(next) }
    let name = word()
    if peek() == "(" { return try call(name) }
    if let value = FormulaFunction.constants[name] { return .number(value) }
    variables.insert(name)
    return .variable(name)
  }

  private mutating func call(_ name: String) throws -> Expression {
    let known = FormulaFunction.all
    guard let function = known.first(where: { $0.name == name }) else {
      let hint =
        FormulaFunction.elsewhere[name.lowercased()].map { "here it is \($0)" }
        ?? NearestName.hint(name, among: known.map(\.name))
      throw FormulaError("there is no function \(name); \(hint)")
    }
    at += 1
    try count()
    var arguments = [try sum()]
    while peek() == "," {
      at += 1
      arguments.append(try sum())
    }
    try expect(")")
    guard arguments.count == function.argumentCount else {
      throw FormulaError(
        "\(name) takes \(function.argumentCount == 1 ? "one argument" : "two arguments"), not \(arguments.count)")
    }
    return .call(function, arguments)
  }

  private mutating func operation(_ sign: Character, _ a: Expression, _ b: Expression) throws -> Expression {
    try count()
    return .binary(Expression.Operator(rawValue: sign)!, a, b)
  }

  private mutating func count() throws {
    operations += 1
    guard operations <= Self.longest else { throw FormulaError("a formula has at most \(Self.longest) operations") }
  }

  // MARK: Characters

  private mutating func peek() -> Character? {
    while at < text.count, text[at].isWhitespace { at += 1 }
    return at < text.count ? text[at] : nil
  }

  private mutating func expect(_ sign: Character) throws {
    guard let next = peek() else { throw FormulaError("the formula ends where \(sign) should follow") }
    guard next == sign else { throw unexpected(next) }
    at += 1
  }

  private mutating func word() -> String {
    let start = at
    while at < text.count, text[at].isLetter || text[at].isNumber || text[at] == "_" { at += 1 }
    return String(text[start..<at])
  }

  private mutating func number() throws -> Double {
    let start = at
    func isDigit(_ index: Int) -> Bool { index < text.count && ("0"..."9").contains(text[index]) }
    while isDigit(at) || (at < text.count && text[at] == ".") { at += 1 }
    if at < text.count, text[at] == "e" || text[at] == "E" {
      let sign = at + 1 < text.count && (text[at + 1] == "-" || text[at + 1] == "+") ? 1 : 0
      if isDigit(at + 1 + sign) {
        at += 1 + sign
        while isDigit(at) { at += 1 }
      }
    }
    let written = String(text[start..<at])
    guard let value = Double(written), value.isFinite else { throw FormulaError("\(written) is no number") }
    if let next = peek(), next.isLetter || next == "(" {
      throw FormulaError("write a product with *: \(written) * \(next)")
    }
    return value
  }

  /// A whole number, perhaps below 0; nil where none stands.
  private mutating func integer() throws -> Int? {
    var sign = 1
    if peek() == "-" { (sign, at) = (-1, at + 1) }
    let start = at
    while at < text.count, ("0"..."9").contains(text[at]) { at += 1 }
    guard start < at else {
      if sign < 0 { throw FormulaError("a minus sign in brackets needs a number behind it") }
      return nil
    }
    guard let value = Int(String(text[start..<at])) else { throw FormulaError("no list has so many elements") }
    return sign * value
  }

  private func unexpected(_ next: Character) -> FormulaError {
    let before = String(text[max(0, at - 12)..<at])
    return FormulaError("\"\(next)\" is not expected behind \"\(before)\", at character \(at + 1)")
  }
}
