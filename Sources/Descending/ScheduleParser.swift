import Foundation

/// Reads a schedule from text: a number, or `cosine(0.1, 5epochs)` and its like.
enum ScheduleParser {
  /// - Throws: `DescentError` saying what is wrong.
  static func parse(_ text: String) throws -> Schedule {
    let text = text.trimmingCharacters(in: .whitespaces)
    if let value = Double(text), value.isFinite { return .constant(value) }
    let function = try FunctionText(text, expecting: "schedule", among: FunctionKind.schedules)
    let arguments = function.arguments
    switch function.name {
    case "constant":
      return .constant(try function.number(0))
    case "linear":
      return .linear(from: try function.number(0), to: try function.number(1), over: try duration(arguments[2]))
    case "cosine":
      return .cosine(
        from: try function.number(0), to: arguments.count == 3 ? try function.number(2) : 0,
        over: try duration(arguments[1]))
    case "steps":
      return .steps(try function.number(0), factor: try function.positive(1), every: try duration(arguments[2]))
    case "exponential":
      return .exponential(try function.number(0), factor: try function.positive(1), over: try duration(arguments[2]))
    case "power":
      let exponent = try function.positive(1)
      guard exponent <= 100 else { throw DescentError("\(arguments[1]) in \(text) must be at most 100") }
      return .power(try function.number(0), exponent: exponent, over: try duration(arguments[2]))
    case "join":
      return .join(try parse(arguments[0]), over: try duration(arguments[1]), then: try parse(arguments[2]))
    case "repeat":
      return .repeated(try parse(arguments[0]), every: try duration(arguments[1]))
    default:
      return .warmUp(try duration(arguments[0]), then: try parse(arguments[1]))
    }
  }

  /// A number with its unit: 5epochs, 900updates, 50000samples; of at least one update or sample, or a billionth of an
  /// epoch.
  static func duration(_ text: String) throws -> Duration {
    for (unit, make) in [
      ("epochs", Duration.epochs), ("epoch", Duration.epochs), ("updates", Duration.updates),
      ("samples", Duration.samples),
    ] where text.hasSuffix(unit) {
      let amount = Double(text.dropLast(unit.count).trimmingCharacters(in: .whitespaces))
      if let amount, amount > 0, amount.isFinite {
        guard amount >= (unit.hasPrefix("epoch") ? 1e-9 : 1) else {
          throw DescentError("\(text) is shorter than one update; take a longer duration")
        }
        return make(amount)
      }
    }
    throw DescentError("\(text) is no duration: write a positive number and epochs, updates or samples")
  }
}

extension Schedule {
  /// Reads a number, or a schedule as chains have them: `cosine(0.1, 5epochs)`.
  /// - Throws: `DescentError` saying what is wrong.
  public init(_ text: String) throws { self = try ScheduleParser.parse(text) }
}

extension Duration {
  /// Reads a number with its unit: 5epochs, 900updates, 50000samples.
  /// - Throws: `DescentError` saying what is wrong.
  public init(_ text: String) throws { self = try ScheduleParser.duration(text) }
}

extension LossExponent {
  /// Reads a number or one of `FunctionKind.exponents`.
  /// - Throws: `DescentError` saying what is wrong.
  init(_ text: String) throws {
    if let value = Double(text), value.isFinite {
      self = .constant(value)
      return
    }
    let function = try FunctionText(text, expecting: "exponent of the loss", among: FunctionKind.exponents)
    if function.name == "piecewise" {
      self = .piecewise(above: try function.number(0), below: try function.number(1))
    } else {
      let count = function.arguments.count
      self = .sigmoid(
        from: try function.number(0), to: try function.number(1), slope: count > 2 ? try function.number(2) : 4,
        centre: count > 3 ? try function.number(3) : 1)
    }
  }
}
