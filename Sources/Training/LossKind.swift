import Foundation

/// A loss that text can name: `crossEntropy smoothing=0.1`, `huber 0.5`.
public struct LossKind: Sendable {
  /// As text names it, "huber".
  public let name: String
  /// What it is, in one line.
  public let summary: String
  /// In the order in which text may give them without names.
  public let options: [NamedOption]
  private let make: @Sendable (OptionValues) throws -> LossFunction

  /// A loss of your own is known to text once it is registered: `LossKind.register`.
  ///
  /// ```swift
  /// let biweight = LossKind(
  ///   name: "biweight", summary: "Tukey's: outliers beyond c count all the same", options: [.init("c", "4.685", "where it is flat")]
  /// ) { values in
  ///   let c = try values.number("c", "0.01 to 1000") { 0.01...1000 ~= $0 }
  ///   return LossFunction("biweight") { output, target in
  ///     let u = min((output - target).squared * (1 / (c * c)), 1)
  ///     return (c * c / 6) * (u * (3 - 3 * u + u.squared)).mean([1])
  ///   }
  /// }
  /// try LossKind.register(biweight)
  /// ```
  /// - Parameters:
  ///   - name: as text names it, in letters and digits; the loss is called so, whatever name `make` gives it, with its options.
  ///   - summary: what it is, in one line.
  ///   - options: in the order in which text may give them without names.
  ///   - make: the loss of the options' values; it may throw where they make no sense.
  public init(
    name: String, summary: String, options: [NamedOption] = [],
    make: @escaping @Sendable (OptionValues) throws -> LossFunction
  ) { (self.name, self.summary, self.options, self.make) = (name, summary, options, make) }

  /// A loss without options, under its own name.
  public init(_ loss: LossFunction, summary: String) {
    self.init(name: loss.name, summary: summary) { _ in loss }
  }

  private static let registered = KindRegistry<LossKind>("loss")

  /// Those of the library, then those that were registered, in that order.
  public static var known: [LossKind] { all + registered.kinds }

  /// Makes a loss of your own known to text: to `LossFunction(named:)`, to arms and commands, and to saved models that were trained on it.
  ///
  /// Call it once, before a text that names it is read.
  ///
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have
  ///   one name.
  public static func register(_ kind: LossKind) throws { try registered.add(kind, taken: all.map(\.name)) }

  /// All losses that text can name without a registration.
  public static let all: [LossKind] = [
    .init(
      name: "crossEntropy", summary: "of classes: minus the logarithm of the right one's probability by a softmax",
      options: [
        .init("smoothing", "0", "share of each row that counts as all classes alike (label smoothing), below 1")
      ], make: { .crossEntropy(smoothing: try $0.decay("smoothing")) }),
    .init(
      name: "focal", summary: "of classes: cross-entropy in which rows count the less the surer they are",
      options: [.init("gamma", "2", "exponent of 1 - p, with p of the right class, at most 100")],
      make: { .focal(gamma: try $0.number("gamma", "0 to 100") { 0...100 ~= $0 }) }),
    .init(
      .stableMax,
      summary: "of classes: cross-entropy whose probabilities grow as the outputs, not as their exponentials"),
    .init(.squaredError, summary: "of numbers: squares of differences; its best constant is the mean"),
    .init(.absoluteError, summary: "of numbers: sizes of differences; its best constant is the median"),
    .init(
      name: "huber", summary: "of numbers: half the squares of small differences, delta times the sizes of large ones",
      options: [.init("delta", "1", "where it bends, in deviations of the target; 1e-6 to 1e6")],
      make: { .huber(delta: try $0.number("delta", "1e-6 to 1e6") { 1e-6...1e6 ~= $0 }) }),
    .init(
      name: "quantile",
      summary: "of numbers: sizes of differences, weighed by their sign (pinball); its best constant is a quantile",
      options: [.init("share", "0.5", "of the targets that lie below the prediction, between 0 and 1")],
      make: { .quantile(share: try $0.number("share", "between 0 and 1 (1e-6 to 0.999999)") { 1e-6...0.999999 ~= $0 }) }
    ),
  ]

  /// The loss of options in text, with its name.
  ///
  /// - Throws: `DescentError` naming the option, or what `make` throws.
  func loss(_ text: String) throws -> LossFunction {
    let values = try NamedOption.values(of: name, options: options, in: text)
    let loss: LossFunction
    do { loss = try make(OptionValues(owner: name, values: values)) } catch {
      throw error is DescentError || error is ModelError ? error : DescentError("the loss \(text): \(error)")
    }
    // The standard options of a program's own kind may be others tomorrow.
    let isOwn = !Self.all.contains { $0.name == name }
    return loss.named(NamedOption.fullText(of: name, options, values, withStandards: isOwn))
  }

  /// Whether it takes classes; nil where it has no standard options, which would tell.
  package var takesClasses: Bool? { (try? loss(name))?.takesClasses }

  /// Names for a command's help: those of classes, then those of numbers.
  package static var lists: String {
    func names(_ takesClasses: Bool?) -> String {
      known.filter { $0.takesClasses == takesClasses }.map(\.name).joined(separator: ", ")
    }
    let others = names(nil)
    return "\(names(true)) of classes; \(names(false)) of numbers" + (others.isEmpty ? "" : "; \(others)")
  }

  /// What other libraries call some of them, without signs and in small letters.
  private static let elsewhere = [
    "mse": "squaredError", "mseloss": "squaredError", "l2": "squaredError", "l2loss": "squaredError",
    "mae": "absoluteError", "l1": "absoluteError", "l1loss": "absoluteError", "huberloss": "huber",
    "smoothl1": "huber", "smoothl1loss": "huber", "ce": "crossEntropy", "crossentropyloss": "crossEntropy",
    "nll": "crossEntropy", "nllloss": "crossEntropy", "logloss": "crossEntropy",
    "softmaxcrossentropy": "crossEntropy", "labelsmoothing": "crossEntropy smoothing=0.1",
    "focalloss": "focal", "categoricalfocalcrossentropy": "focal", "pinball": "quantile", "pinballloss": "quantile",
    "quantileloss": "quantile",
  ]

  /// - Throws: `ModelError` naming the nearest known name.
  static func named(_ name: String) throws -> LossKind {
    if let known = known.first(where: { $0.name == name }) { return known }
    let plain = name.lowercased().filter { $0.isLetter || $0.isNumber }
    let hint = elsewhere[plain].map { "here it is \($0)" } ?? NearestName.hint(name, among: known.map(\.name))
    throw ModelError("there is no loss \(name); \(hint)\(ForeignName.ownHint(hint, "losses"))")
  }
}

extension LossKind: NamedKind {}

extension LossFunction {
  /// The loss that a text names, with its options: `huber delta=0.5`.
  ///
  /// - Throws: `ModelError` naming the nearest known name; `DescentError` for an option that there is not, or a value that makes no
  ///   sense.
  public init(named text: String) throws {
    let text = text.trimmingCharacters(in: .whitespaces)
    self = try LossKind.named(String(text.prefix { $0 != " " })).loss(text)
  }
}

/// Encoded by its name; only losses that text knows can be read back.
extension LossFunction: Codable {
  public init(from decoder: any Decoder) throws {
    try self.init(named: try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
