import Foundation

/// What a network is made for: the shape of one example and how many numbers it gives for it.
public struct ModelSite: Sendable {
  /// Of one example: [features], or [height, width, channels].
  public let input: Shape
  /// Classes, or numbers to predict.
  public let outputs: Int

  public init(input: Shape, outputs: Int) { (self.input, self.outputs) = (input, outputs) }
}

/// A network of your own that text can name: `model gated width=32` of an arm, `--model "gated width=32"`.
public struct ModelKind: Sendable {
  /// As text names it, "gated".
  public let name: String
  /// What it is, in one line.
  public let summary: String
  /// In the order in which text may give them without names.
  public let options: [NamedOption]
  private let make: @Sendable (OptionValues, ModelSite) throws -> any Layer

  /// A network is known to text once it is registered: `ModelKind.register`.
  ///
  /// ```swift
  /// let bottle = ModelKind(
  ///   name: "bottle", summary: "a perceptron with a narrow waist", options: [.init("waist", "4", "width of its middle layer")]
  /// ) { values, site in
  ///   MLP([site.input.count, 64, try values.count("waist"), 64, site.outputs])
  /// }
  /// try ModelKind.register(bottle)
  /// ```
  /// - Parameters:
  ///   - name: as text names it, in letters and digits.
  ///   - summary: what it is, in one line.
  ///   - options: in the order in which text may give them without names.
  ///   - make: the network of the options' values, from [batch] + `input` to [batch, `outputs`]; it may throw where they make no sense, or
  ///     where it takes no such examples.
  public init(
    name: String, summary: String, options: [NamedOption] = [],
    make: @escaping @Sendable (OptionValues, ModelSite) throws -> any Layer
  ) { (self.name, self.summary, self.options, self.make) = (name, summary, options, make) }

  private static let registered = KindRegistry<ModelKind>("model")

  /// Those that were registered, in that order.
  public static var known: [ModelKind] { registered.kinds }

  /// Makes a network of your own known to text: to arms and commands, and to the models that they save.
  ///
  /// Call it once, before a text that names it is read.
  ///
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have
  ///   one name.
  public static func register(_ kind: ModelKind) throws {
    try registered.add(kind, taken: ModelDescription.Kind.allCases.map(\.rawValue))
  }

  /// Names of the library's networks, then of those that were registered.
  package static var names: [String] { ModelDescription.Kind.ofLibrary.map(\.rawValue) + known.map(\.name) }

  /// The kind that a text names, and the text with all options.
  ///
  /// - Throws: `ModelError` naming the nearest known name; `DescentError` for an option.
  static func read(_ text: String) throws -> (kind: ModelKind, values: OptionValues, text: String) {
    let name = String(text.prefix { $0 != " " })
    guard let kind = known.first(where: { $0.name == name }) else {
      guard !ModelDescription.Kind.ofLibrary.contains(where: { $0.rawValue == name }) else {
        throw ModelError(
          "\(name) has no options behind its name; widths of an mlp are hidden, and activation what stands between")
      }
      let hint = NearestName.hint(name, among: names)
      throw ModelError("there is no model \(name); \(hint)\(ForeignName.ownHint(hint, "networks"))")
    }
    let values = try NamedOption.values(of: name, options: kind.options, in: text)
    // The standard options may be others tomorrow: all are written.
    let full = NamedOption.fullText(of: name, kind.options, values, withStandards: true)
    return (kind, OptionValues(owner: name, values: values), full)
  }

  /// The network that a text names, for a site.
  ///
  /// - Throws: `ModelError` where it does not give one number for each output; what `make` throws.
  static func layer(_ text: String, _ site: ModelSite) throws -> any Layer {
    let (kind, values, text) = try read(text)
    let layer: any Layer
    do { layer = try kind.make(values, site) } catch {
      throw error is DescentError || error is ModelError ? error : ModelError("the model \(text): \(error)")
    }
    let given = try layer.outputShape(of: Shape([2] + site.input.dimensions))
    guard layer.layout.entries.contains(where: { !$1.isState }) else {
      throw ModelError("\(text) has no parameters: there is nothing to descend on")
    }
    guard given == [2, site.outputs] else {
      throw ModelError(
        "\(text) makes \(given) of two examples \(site.input), and \(Shape([2, site.outputs])) is needed")
    }
    return layer
  }
}

extension ModelKind: NamedKind {}
