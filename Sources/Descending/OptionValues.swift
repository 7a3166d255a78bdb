/// Option values as text, read as what they mean.
public struct OptionValues: Sendable {
  package let owner: String
  package let values: [String: String]

  package init(owner: String, values: [String: String]) {
    self.owner = owner
    self.values = values
  }

  func value<Value>(_ name: String, _ form: ValueForm<Value>) throws -> Value {
    guard let text = values[name] else {
      throw DescentError(
        name == "chain" ? "\(owner) holds a chain: write \(owner) (rate 0.1)" : "\(owner) needs \(name)")
    }
    return try form.read(text, owner, name)
  }

  /// - Parameter isAllowed: holds for values that make sense; `expectation` says which.
  /// - Throws: `DescentError` where the text is no number, or not allowed.
  public func number(
    _ name: String, _ expectation: String = "a number",
    where isAllowed: @escaping @Sendable (Double) -> Bool = { _ in true }
  ) throws -> Double { try value(name, .number(expectation, where: isAllowed)) }

  /// A number above 0.
  ///
  /// - Throws: `DescentError` where the text is none.
  public func positive(_ name: String) throws -> Double { try value(name, .positive) }
  /// A number of 0 or more.
  ///
  /// - Throws: `DescentError` where the text is none.
  public func notNegative(_ name: String) throws -> Double { try value(name, .notNegative) }
  /// A share that remains from step to step: 0 or more and less than 1.
  ///
  /// - Throws: `DescentError` where the text is none.
  public func decay(_ name: String) throws -> Double { try value(name, .decay) }
  /// A whole number of 1 or more.
  ///
  /// - Parameter most: the largest that makes sense.
  /// - Throws: `DescentError` where the text is none, or more than that.
  public func count(_ name: String, atMost most: Int = 10_000_000) throws -> Int {
    try value(name, .count(atMost: most))
  }
  /// true or false, also written yes or no.
  ///
  /// - Throws: `DescentError` for another text.
  public func flag(_ name: String) throws -> Bool { try value(name, .flag) }

  /// One of the cases of an enumeration.
  ///
  /// - Throws: `DescentError` naming the nearest case.
  public func choice<Choice: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ type: Choice.Type = Choice.self
  ) throws -> Choice where Choice.RawValue == String { try value(name, .choice) }

  /// A number or a schedule, as "cosine(0.1, 20epochs)".
  ///
  /// - Throws: `DescentError` where it cannot be read.
  public func schedule(_ name: String) throws -> Schedule { try value(name, .schedule) }
  /// A number or a function of the loss.
  ///
  /// - Throws: `DescentError` where it cannot be read.
  public func lossExponent(_ name: String) throws -> LossExponent { try value(name, .lossExponent) }
  /// Path patterns joined by +; none for "none".
  ///
  /// - Throws: `DescentError` where it cannot be read.
  public func patterns(_ name: String) throws -> [String] { try value(name, .patterns(none: "none")) }
  /// Stages in parentheses.
  ///
  /// - Throws: `DescentError` where a stage cannot be read.
  public func chain(_ name: String) throws -> Chain { try value(name, .chain) }
}
