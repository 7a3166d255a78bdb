/// A transformation that text can name. Its type declares once what it is called and what it takes; parsing, printing,
/// the command line's help and the conformance suite follow from that.
public protocol NamedTransformation: GradientTransformation {
  /// Name, options and examples; the options read their values from a transformation of this type.
  static var kind: TransformationKind { get }
}

extension NamedTransformation {
  /// Text that a chain reads again: the name, and the options that differ from their standard.
  public var description: String { Self.kind.description(of: self) }
}

/// One option of a transformation: how it is written, its standard, and where the transformation keeps it.
public struct TransformationOption<Owner, Value>: Sendable {
  let named: NamedOption
  let form: ValueForm<Value>
  let value: @Sendable (Owner) -> Value

  /// - Parameters:
  ///   - standard: its value when it is not given; nil where it must be.
  ///   - value: what a transformation has.
  init(
    _ name: String, _ form: ValueForm<Value>, standard: Value? = nil, _ summary: String,
    _ value: @escaping @Sendable (Owner) -> Value
  ) {
    self.form = form
    self.value = value
    named = NamedOption(name, form, standard, summary)
  }
}

/// What a transformation that text can name is called, what it takes, how it is made.
public struct TransformationKind: Sendable {
  /// As text names it, "momentum".
  public let name: String
  /// What it does, in one line.
  public let summary: String
  /// In the order in which text may give them without names.
  public let options: [NamedOption]
  /// Chains that use it: for readers, and for the conformance suite.
  public let examples: [String]
  let make: @Sendable (OptionValues) throws -> any GradientTransformation
  private let texts: @Sendable (any GradientTransformation) -> [String]

  /// - Parameters:
  ///   - option: in the order in which text may give them without their names.
  ///   - examples: chains that use it and converge on simple problems.
  ///   - make: the transformation of the options' values.
  init<T: NamedTransformation, each Value>(
    _ name: String, _ summary: String, _ option: repeat TransformationOption<T, each Value>, examples: [String],
    make: @escaping @Sendable (repeat each Value) throws -> T
  ) {
    self.name = name
    self.summary = summary
    self.examples = examples
    var options: [NamedOption] = []
    repeat options.append((each option).named)
    self.options = options
    let all = (repeat each option)
    self.make = { values in
      try make(repeat try values.value((each all).named.name, (each all).form))
    }
    texts = { transformation in
      let transformation = transformation as! T
      var texts: [String] = []
      repeat texts.append((each all).form.write((each all).value(transformation)))
      return texts
    }
  }

  func description(of transformation: any GradientTransformation) -> String {
    text(Dictionary(uniqueKeysWithValues: zip(options.map(\.name), texts(transformation))))
  }

  /// The name, and the options that differ from their standard.
  func text(_ values: [String: String]) -> String {
    ([name] + options.enumerated().compactMap { $1.text(values[$1.name], isFirst: $0 == 0) }).joined(separator: " ")
  }

  /// - Throws: `DescentError` naming the nearest known name.
  public static func named(_ name: String) throws -> TransformationKind {
    guard let kind = all.first(where: { $0.name == name }) else {
      throw DescentError("there is no transformation \(name); \(NearestName.hint(name, among: all.map(\.name)))")
    }
    return kind
  }

  /// All transformations that text can name.
  public static let all: [TransformationKind] = [
    // On gradients.
    OrthogonalProjection.kind,
    WeightDecay.kind,
    ClipByGlobalNorm.kind,
    ClipByValue.kind,
    Centralization.kind,
    GradientNoise.kind,
    Sign.kind,
    // Scalings.
    Momentum.kind,
    Adam.kind,
    RMSProp.kind,
    AdaGrad.kind,
    Scale.kind,
    LossScaled.kind,
    // Steps.
    LearningRate.kind,
    MovingAverage.kind,
    // Around others.
    ApplyIfFinite.kind,
    Accumulate.kind,
    Grouped.kind,
  ]
}
