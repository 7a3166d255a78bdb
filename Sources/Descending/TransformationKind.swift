/// A transformation that text can name. Its type declares once what it is called and what it takes; parsing, printing,
/// the command line's help and the conformance suite follow from that.
public protocol NamedTransformation: GradientTransformation {
  /// Name, options and examples; the options read their values from a transformation of this type.
  static var kind: TransformationKind { get }
}

extension NamedTransformation {
  /// Text that a chain reads again: the name, and the options that differ from their standard; of a program's own kind all.
  public var description: String { Self.kind.description(of: self) }
}

/// One option of a transformation: how it is written, its standard, and where the transformation keeps it.
public struct TransformationOption<Owner, Value>: Sendable {
  let named: NamedOption
  let form: ValueForm<Value>
  let value: @Sendable (Owner) -> Value

  /// `TransformationOption("decay", .decay, standard: 0.9, "what remains") { (t: Momentum) in t.decay }`.
  ///
  /// - Parameters:
  ///   - name: as text gives it, in letters and digits.
  ///   - form: how its value is read and written.
  ///   - standard: its value when it is not given; nil where it must be.
  ///   - summary: what it means, in a few words.
  ///   - value: what a transformation has.
  public init(
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
  /// Names and values of options that must not be 0 in the parameters' type.
  let divisors: @Sendable (any GradientTransformation) -> [(name: String, value: Double)]

  /// What a type that text can name declares of itself. A type of your own is known to text once it is registered:
  /// `TransformationKind.register`.
  ///
  /// - Parameters:
  ///   - name: as text names it, in letters and digits.
  ///   - summary: what it does, in one line.
  ///   - option: in the order in which text may give them without their names.
  ///   - examples: chains that use it and converge on simple problems.
  ///   - make: the transformation of the options' values; it may throw where they do not go together.
  public init<T: NamedTransformation, each Value>(
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
    divisors = { transformation in
      let transformation = transformation as! T
      var found: [(name: String, value: Double)] = []
      for option in repeat each all {
        if option.form.isDivisor, let value = option.value(transformation) as? Double {
          found.append((option.named.name, value))
        }
      }
      return found
    }
  }

  func description(of transformation: any GradientTransformation) -> String {
    text(Dictionary(uniqueKeysWithValues: zip(options.map(\.name), texts(transformation))))
  }

  /// The name, and the options that differ from their standard; all options of a program's own kind, whose standards may be others tomorrow.
  func text(_ values: [String: String]) -> String {
    Self.all.contains { $0.name == name }
      ? NamedOption.text(of: name, options, values)
      : NamedOption.fullText(of: name, options, values, withStandards: true)
  }
}
