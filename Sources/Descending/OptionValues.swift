/// Option values as text, read as what they mean.
public struct OptionValues: Sendable {
  let owner: String
  let values: [String: String]

  package init(owner: String, values: [String: String]) {
    self.owner = owner
    self.values = values
  }

  func value<Value>(_ name: String, _ form: ValueForm<Value>) throws -> Value {
    guard let text = values[name] else { throw DescentError("\(owner) needs \(name)") }
    return try form.read(text, owner, name)
  }

  /// - Parameter isAllowed: holds for values that make sense; `expectation` says which.
  public func number(
    _ name: String, _ expectation: String = "a number",
    where isAllowed: @escaping @Sendable (Double) -> Bool = { _ in true }
  ) throws -> Double { try value(name, .number(expectation, where: isAllowed)) }

  public func positive(_ name: String) throws -> Double { try value(name, .positive) }
  public func notNegative(_ name: String) throws -> Double { try value(name, .notNegative) }
  /// A share that remains from step to step: 0 or more and less than 1.
  public func decay(_ name: String) throws -> Double { try value(name, .decay) }
  public func count(_ name: String) throws -> Int { try value(name, .count) }
  public func flag(_ name: String) throws -> Bool { try value(name, .flag) }

  /// One of the cases of an enumeration.
  public func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ type: Choice.Type = Choice.self
  ) throws -> Choice where Choice.RawValue == String { try value(name, .choice) }

  public func schedule(_ name: String) throws -> Schedule { try value(name, .schedule) }
  public func lossExponent(_ name: String) throws -> LossExponent { try value(name, .lossExponent) }
  public func patterns(_ name: String) throws -> [String] { try value(name, .patterns(none: "none")) }
  /// Stages in parentheses.
  public func chain(_ name: String) throws -> Chain { try value(name, .chain) }
}
