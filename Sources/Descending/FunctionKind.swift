/// A function that text can name as a value: a schedule of the rate, or an exponent that depends on the loss.
///
/// Parser, errors and the command line's help follow from its arguments.
package struct FunctionKind: Sendable {
  /// As text names it, "cosine".
  package let name: String
  /// What it gives, in one line.
  package let summary: String
  /// In their order; one with a standard may be left out at the end.
  package let arguments: [NamedOption]
  /// A stage that uses it.
  package let example: String

  /// As help writes it: `cosine(FROM, OVER, TO)`.
  package var form: String { "\(name)(\(arguments.map(\.name).joined(separator: ", ")))" }

  /// How many arguments it takes.
  var counts: ClosedRange<Int> { arguments.count { $0.standard == nil }...arguments.count }

  private static let over = "a duration: 5epochs, 900updates or 50000samples"

  /// Schedules, which `rate` takes in place of a number.
  package static let schedules = [
    FunctionKind(
      name: "constant", summary: "the same value throughout; a number alone is the same",
      arguments: [NamedOption("VALUE", nil, "the value")], example: "rate constant(0.1)"),
    FunctionKind(
      name: "linear", summary: "straight from one value to another, then constant",
      arguments: [
        NamedOption("FROM", nil, "the first value"), NamedOption("TO", nil, "the last value"),
        NamedOption("OVER", nil, over),
      ], example: "rate linear(0.1, 0, 900updates)"),
    FunctionKind(
      name: "cosine", summary: "half a cosine from one value down to another, then constant",
      arguments: [
        NamedOption("FROM", nil, "the first value"), NamedOption("OVER", nil, over),
        NamedOption("TO", "0", "the last value"),
      ], example: "rate cosine(0.1, 5epochs)"),
    FunctionKind(
      name: "steps", summary: "times a factor after each stretch",
      arguments: [
        NamedOption("FROM", nil, "the first value"), NamedOption("FACTOR", nil, "a positive number"),
        NamedOption("EVERY", nil, over),
      ], example: "rate steps(0.1, 0.5, 10epochs)"),
    FunctionKind(
      name: "exponential", summary: "times a factor over each stretch, continuously",
      arguments: [
        NamedOption("FROM", nil, "the first value"), NamedOption("FACTOR", nil, "a positive number"),
        NamedOption("OVER", nil, over),
      ], example: "rate exponential(0.1, 0.9, 1epochs)"),
    FunctionKind(
      name: "power", summary: "falling as a power of time: FROM (1 + t / OVER)^-EXPONENT",
      arguments: [
        NamedOption("FROM", nil, "the first value"),
        NamedOption("EXPONENT", nil, "a positive number: 0.5 for one over the root of time, 1 for one over time"),
        NamedOption("OVER", nil, over),
      ], example: "rate power(0.1, 0.5, 100updates)"),
    FunctionKind(
      name: "warmup", summary: "a schedule times a factor that goes straight up from 0 to 1; both count from the start",
      arguments: [NamedOption("OVER", nil, over), NamedOption("THEN", nil, "a number or a schedule")],
      example: "rate warmup(100updates, cosine(0.1, 5epochs))"),
    FunctionKind(
      name: "join", summary: "a schedule for a stretch, then another, which counts from the stretch's end",
      arguments: [
        NamedOption("FIRST", nil, "a number or a schedule"), NamedOption("OVER", nil, over),
        NamedOption("THEN", nil, "a number or a schedule, perhaps another join"),
      ], example: "rate join(linear(0, 0.1, 100updates), 100updates, cosine(0.1, 900updates))"),
    FunctionKind(
      name: "repeat", summary: "a schedule that begins anew after each stretch: restarts and cycles",
      arguments: [
        NamedOption("SCHEDULE", nil, "a number or a schedule, which counts from the stretch's begin"),
        NamedOption("EVERY", nil, over),
      ], example: "rate repeat(cosine(0.1, 10epochs), 10epochs)"),
  ]

  /// Exponents, which `losspower` takes in place of a number.
  package static let exponents = [
    FunctionKind(
      name: "piecewise", summary: "one exponent where the loss is 1 or more, another below",
      arguments: [
        NamedOption("N_ABOVE", nil, "the exponent of losses of 1 or more"),
        NamedOption("N_BELOW", nil, "the exponent of losses below 1"),
      ], example: "losspower piecewise(0.8, 1.2) | rate 0.05"),
    FunctionKind(
      name: "sigmoid", summary: "smoothly from one exponent at small losses to another at large ones",
      arguments: [
        NamedOption("N_SMALL", nil, "the exponent of small losses"),
        NamedOption("N_LARGE", nil, "the exponent of large losses"),
        NamedOption("SLOPE", "4", "how sharp the change is"),
        NamedOption("CENTRE", "1", "the loss in the middle of the change"),
      ], example: "losspower sigmoid(1.2, 0.8) | rate 0.05"),
  ]

  /// All of them.
  package static var all: [FunctionKind] { schedules + exponents }
}
