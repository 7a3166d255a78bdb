/// Option values as text, read as what they mean.
public struct OptionValues: Sendable {
  let owner: String
  let values: [String: String]

  package init(owner: String, values: [String: String]) {
    self.owner = owner
    self.values = values
  }

  private func text(_ name: String) throws -> String {
    guard let value = values[name] else { throw DescentError("\(owner) needs \(name)") }
    return value
  }

  /// - Parameter isAllowed: holds for values that make sense; `expectation` says which.
  public func number(
    _ name: String, _ expectation: String = "a number", where isAllowed: (Double) -> Bool = { _ in true }
  ) throws -> Double {
    guard let value = Double(try text(name)), value.isFinite, isAllowed(value) else {
      throw DescentError("\(owner): \(name) must be \(expectation) and is \(try text(name))")
    }
    return value
  }

  public func positive(_ name: String) throws -> Double { try number(name, "a positive number") { $0 > 0 } }
  public func notNegative(_ name: String) throws -> Double { try number(name, "0 or more") { $0 >= 0 } }
  /// A share that remains from step to step: 0 or more and less than 1.
  public func decay(_ name: String) throws -> Double { try number(name, "in 0..<1") { (0..<1).contains($0) } }

  public func count(_ name: String) throws -> Int {
    guard let value = Int(try text(name)), value > 0 else {
      throw DescentError("\(owner): \(name) must be a whole number above 0 and is \(try text(name))")
    }
    return value
  }

  public func flag(_ name: String) throws -> Bool {
    switch try text(name) {
    case "true", "yes": return true
    case "false", "no": return false
    case let other: throw DescentError("\(owner): \(name) must be true or false and is \(other)")
    }
  }

  /// One of the cases of an enumeration.
  public func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, _ type: Choice.Type = Choice.self
  ) throws -> Choice where Choice.RawValue == String {
    let value = try text(name)
    guard let choice = Choice(rawValue: value) else {
      let known = Choice.allCases.map(\.rawValue)
      throw DescentError("\(owner): \(name) cannot be \(value); \(NearestName.hint(value, among: known))")
    }
    return choice
  }

  public func schedule(_ name: String) throws -> Schedule { try ScheduleParser.parse(try text(name)) }

  /// A schedule that is never below 0.
  public func rate(_ name: String) throws -> Schedule {
    let schedule = try schedule(name)
    guard schedule.minimum >= 0 else {
      throw DescentError("\(owner): \(name) must not be below 0, where it climbs, and is \(try text(name))")
    }
    return schedule
  }

  public func lossExponent(_ name: String) throws -> LossExponent { try LossExponent(try text(name)) }

  public func patterns(_ name: String) throws -> [String] {
    let value = try text(name)
    return value.isEmpty || value == "all" || value == "none" ? [] : value.split(separator: "+").map(String.init)
  }

  /// Stages in parentheses.
  public func chain(_ name: String) throws -> Chain {
    try ChainConfiguration(try ChainParser.unwrapped(try text(name))).makeChain()
  }

  /// `(pattern: chain; pattern: chain)`.
  public func rules(_ name: String) throws -> [(pattern: String, transformation: any GradientTransformation)] {
    try ChainParser.fields(try ChainParser.unwrapped(try text(name)), at: ";").map { rule in
      guard let colon = rule.firstIndex(of: ":") else {
        throw DescentError("\(owner): \"\(rule)\" must be a path pattern, a colon and a chain")
      }
      let chain = try ChainConfiguration(String(rule[rule.index(after: colon)...])).makeChain()
      return (pattern: String(rule[..<colon]), transformation: chain)
    }
  }
}
