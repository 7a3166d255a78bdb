/// How an option's value is read from text and written: a number within bounds, a flag, a choice, a schedule, a chain.
public struct ValueForm<Value>: Sendable {
  /// Reads a text; `owner` and `name` are for the error's sentence.
  let read: @Sendable (_ text: String, _ owner: String, _ name: String) throws -> Value
  let write: @Sendable (Value) -> String
  /// Two texts or more that make sense, each of another value.
  let examples: [String]
  /// Whether the value stands alone where it is the first, as in `momentum 0.9`; flags say what they are.
  let standsAlone: Bool
  /// What was probably meant by a value that is all that a stage is given, without a name; nil where it is what it says.
  private(set) var meantAlone: @Sendable (Value) -> String? = { _ in nil }
  /// Whether the value keeps a division from being one by 0, and so must not be 0 in the parameters' type.
  private(set) var isDivisor = false

  /// A form of your own.
  ///
  /// - Parameters:
  ///   - read: the value of a text; transformation and option, which it is also told, are for the error's sentence.
  ///   - write: the one text of a value, which `read` reads again.
  ///   - examples: two texts or more that make sense, each of another value.
  ///   - standsAlone: whether the value stands without the option's name where it is the first, as in `momentum 0.9`.
  public init(
    read: @escaping @Sendable (_ text: String, _ owner: String, _ name: String) throws -> Value,
    write: @escaping @Sendable (Value) -> String, examples: [String], standsAlone: Bool = true
  ) {
    self.read = read
    self.write = write
    self.examples = examples
    self.standsAlone = standsAlone
  }

  /// The same form, where some values must be named if they stand alone: 0.001 behind `adam` is a rate in other
  /// libraries.
  ///
  /// - Parameter meaning: what was probably meant; nil for values that are what they say.
  func doubting(_ meaning: @escaping @Sendable (Value) -> String?) -> ValueForm {
    var copy = self
    copy.meantAlone = meaning
    return copy
  }
}

extension ValueForm where Value == Double {
  /// A number; `expectation` says which ones make sense.
  public static func number(
    _ expectation: String = "a number", examples: [String] = ["2", "3"],
    where isAllowed: @escaping @Sendable (Double) -> Bool = { _ in true }
  ) -> ValueForm {
    ValueForm(
      read: { text, owner, name in
        guard let value = Double(text), value.isFinite, isAllowed(value) else {
          throw DescentError("\(owner): \(name) must be \(expectation) and is \(text)")
        }
        return value
      }, write: { "\($0)" }, examples: examples)
  }

  /// Any number.
  public static let number = number()
  /// A number above 0.
  public static let positive = number("a positive number") { $0 > 0 }
  /// A positive number against division by 0. That the parameters' type holds it is seen when a chain meets them.
  public static let epsilon: ValueForm<Double> = {
    var form = number("a positive number, at least 1e-307", examples: ["1e-6", "1e-4"]) { $0 >= 1e-307 }
    form.isDivisor = true
    return form
  }()
  /// A number of 0 or more.
  public static let notNegative = number("0 or more") { $0 >= 0 }
  /// A share that remains from step to step.
  public static let decay = number("in 0..<1", examples: ["0.5", "0.25"]) { (0..<1).contains($0) }

  /// The same form, where a small number that stands alone behind a stage must be named: `adam 0.001` is a rate in other libraries.
  ///
  /// - Parameter stage: the stage's name, for the error's sentence.
  public func doubtingRate(of stage: String) -> ValueForm {
    doubting { $0 < 0.5 ? "a rate, which is a stage of its own: \(stage) | rate \($0)" : nil }
  }
}

extension ValueForm where Value == Int {
  /// A whole number above 0, at most ten million.
  public static let count = count(atMost: 10_000_000)

  /// A whole number above 0, or from 0 on, within a bound, beyond which it would be a slip of the hand and work without end.
  public static func count(from least: Int = 1, atMost most: Int) -> ValueForm {
    ValueForm(
      read: { text, owner, name in
        guard let value = Int(text), value >= least else {
          let expected = least == 1 ? "above 0" : "of \(least) or more"
          throw DescentError("\(owner): \(name) must be a whole number \(expected) and is \(text)")
        }
        guard value <= most else { throw DescentError("\(owner): \(name) must be at most \(most) and is \(text)") }
        return value
      }, write: { "\($0)" }, examples: ["2", "3"])
  }
}

extension ValueForm where Value == Bool {
  /// true or false, also written yes or no.
  public static let flag = ValueForm(
    read: { text, owner, name in
      switch text {
      case "true", "yes": return true
      case "false", "no": return false
      case name: throw DescentError("\(owner): write \(name)=true")
      default: throw DescentError("\(owner): \(name) must be true or false and is \(text)")
      }
    }, write: { "\($0)" }, examples: ["true", "false"], standsAlone: false)
}

extension ValueForm where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
  /// One of the cases of an enumeration.
  public static var choice: ValueForm {
    let cases = Array(Value.allCases)
    let known = cases.map(\.rawValue)
    return ValueForm(
      read: { text, owner, name in
        guard let value = cases.first(where: { $0.rawValue == text }) else {
          throw DescentError("\(owner): \(name) cannot be \(text); \(NearestName.hint(text, among: known))")
        }
        return value
      }, write: { $0.rawValue }, examples: known)
  }
}

extension ValueForm where Value == [String] {
  /// Path patterns joined by +; a word stands for none.
  public static func patterns(none word: String) -> ValueForm {
    ValueForm(
      read: { text, _, _ in
        text.isEmpty || text == "all" || text == "none" ? [] : text.split(separator: "+").map(String.init)
      }, write: { $0.isEmpty ? word : $0.joined(separator: "+") }, examples: ["a*", "b"], standsAlone: false)
  }
}

extension ValueForm where Value == Schedule {
  /// A number or a schedule, as "cosine(0.1, 20epochs)".
  public static let schedule = ValueForm(
    read: { text, _, _ in try ScheduleParser.parse(text) }, write: { "\($0)" }, examples: ["0.5", "0.25"])

  /// A schedule that is never below 0.
  public static let rate = ValueForm(
    read: { text, owner, name in
      let schedule = try ScheduleParser.parse(text)
      guard schedule.minimum >= 0 else {
        throw DescentError("\(owner): \(name) must not be below 0, where it climbs, and is \(text)")
      }
      return schedule
    }, write: { "\($0)" }, examples: ["0.5", "0.25"])
}

extension ValueForm where Value == LossExponent {
  /// A number or a function of the loss.
  public static let lossExponent = ValueForm(
    read: { text, _, _ in try LossExponent(text) }, write: { "\($0)" }, examples: ["2", "1.5"])
}

extension ValueForm where Value == Chain {
  /// Stages in parentheses.
  public static let chain = ValueForm(
    read: { text, _, _ in try ChainConfiguration(try ChainParser.unwrapped(text)).makeChain() },
    write: { "(\($0))" }, examples: ["()", "(sign)"])

  /// Stages in parentheses, with a rate among them.
  static let steppingChain = ValueForm(
    read: { text, owner, name in try chain.read(text, owner, name).holdingRate(in: owner) }, write: chain.write,
    examples: ["(rate 0.5)", "(rate 0.25)"])
}

extension ValueForm where Value == [Grouped.Rule] {
  /// `(pattern: chain; pattern: chain)`.
  static let rules = ValueForm(
    read: { text, owner, _ in
      try ChainParser.fields(try ChainParser.unwrapped(text), at: ";").map { rule in
        guard let colon = rule.firstIndex(of: ":") else {
          throw DescentError("\(owner): \"\(rule)\" must be a path pattern, a colon and a chain")
        }
        let chain = try ChainConfiguration(String(rule[rule.index(after: colon)...])).makeChain()
        return (pattern: String(rule[..<colon]), transformation: chain)
      }
    }, write: { rules in "(" + rules.map { "\($0.pattern): \($0.transformation)" }.joined(separator: "; ") + ")" },
    examples: ["(*: scale 2.0)", "(*: scale 3.0)"])
}
