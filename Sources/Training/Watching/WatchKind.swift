import Diagnostics

/// A diagnostic that text can name: `flatness 0.1 pairs=8`.
public struct WatchKind: Sendable {
  /// As text names it, "flatness".
  public var name: String
  /// What it looks at, in one line.
  public var summary: String
  /// In the order in which text may give them without names; the last is `every`.
  public var options: [NamedOption]
  /// Numbers of every look by which descents are compared. Of a kind that names none, nothing can be decided, and runs side by side
  /// show all that it measures.
  public var quantities: [Quantity]
  let make: @Sendable (OptionValues, WatchSite) throws -> any Watch

  /// A number of each look.
  public struct Quantity: Hashable, Sendable {
    /// As looks have it, "largest".
    public var tag: String
    /// In words, with its unit, "largest eigenvalue of the Hessian".
    public var name: String

    public init(_ tag: String, _ name: String) { (self.tag, self.name) = (tag, name) }
  }

  /// A diagnostic of your own is known to text once it is registered: `WatchKind.register`.
  ///
  /// - Parameters:
  ///   - name: as text names it, in letters and digits.
  ///   - summary: what it looks at, in one line.
  ///   - options: in the order in which text may give them without names. Each diagnostic has one more, `every`: the epochs
  ///     or updates from one look to the next.
  ///   - quantities: by which descents are compared.
  ///   - make: the diagnostic of the options' values on a site; it may throw where it does not apply there.
  public init(
    name: String, summary: String, options: [NamedOption], quantities: [Quantity] = [],
    make: @escaping @Sendable (OptionValues, WatchSite) throws -> any Watch
  ) {
    (self.name, self.summary, self.options) = (name, summary, options + [Self.every])
    (self.quantities, self.make) = (quantities, make)
  }

  private static let registered = KindRegistry<WatchKind>("diagnostic")

  /// Those of the library, then those that were registered, in that order.
  public static var known: [WatchKind] { all + registered.kinds }

  /// Makes a diagnostic of your own known to text: to `WatchConfiguration`, to descents that are watched, to reports.
  ///
  /// Call it once, before a text that names it is read.
  ///
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have
  ///   one name.
  public static func register(_ kind: WatchKind) throws { try registered.add(kind, taken: all.map(\.name)) }

  private static let every = NamedOption("every", "1", "epochs from one look to the next, or updates, as 50updates")
  private static let examples = NamedOption("examples", "1000", "examples that are looked at, of each set")

  /// All diagnostics that text can name.
  public static let all: [WatchKind] = [
    .init(
      name: "loss", summary: "mean loss on training and validation examples, from before the first update on",
      options: [examples], quantities: [.init("train", "loss on training examples")],
      make: { try LossWatch($1, count: try $0.count("examples")) }),
    .init(
      name: "calibration", summary: "how well a classifier's confidence fits its accuracy, on validation examples",
      options: [], quantities: [.init("ece", "expected calibration error")], make: { try CalibrationWatch($1) }),
    .init(
      name: "lipschitz", summary: "operator norms of all weights, their product bound, and what drives it",
      options: [examples, .init("exact", "false", "norms of convolutions as the model pads them, too")],
      quantities: [.init("z", "logarithm of the product of all operator norms")],
      make: { LipschitzWatch($1, probe: try probe($1), count: try $0.count("examples"), exact: try $0.flag("exact")) }
    ),
    .init(
      name: "flatness", summary: "gap between training and new examples, and rise of both losses under noise",
      options: [
        .init("deviation", "0.02", "standard deviation of the noise on each parameter"),
        .init("pairs", "4", "pairs of opposite draws, at most 1000"), examples,
        .init("limit", "0", "where the loss of an example is cut off; 0 for nowhere"),
      ],
      quantities: [
        .init("gap", "loss of validation examples less that of training examples"),
        .init("rise/train", "rise of the training loss under noise"),
      ],
      make: {
        FlatnessWatch(
          $1, deviation: try $0.positive("deviation"), pairs: try $0.count("pairs", atMost: 1000),
          count: try $0.count("examples"),
          limit: try $0.notNegative("limit"))
      }),
    .init(
      name: "twins", summary: "distance to descents on the same examples but one",
      options: [.init("count", "2", "twins, each a descent of its own; at most 100")],
      quantities: [.init("distance", "distance from twins")],
      make: { TwinWatch($1, count: try $0.count("count", atMost: 100)) }),
    .init(
      name: "sharpness",
      summary: "largest and least eigenvalue of the loss' Hessian, and the curvature along its gradient",
      options: [
        examples, .init("products", "40", "most products with the Hessian of a look, at most 1000"),
        .init(
          "tolerance", "0.01",
          "error of both eigenvalues at which a look ends, relative to the larger; rounding hides 1e-5"),
      ],
      quantities: [.init("largest", "largest eigenvalue of the Hessian")],
      make: {
        try SharpnessWatch(
          $1, count: try $0.count("examples"), products: try $0.count("products", atMost: 1000),
          tolerance: try $0.notNegative("tolerance"))
      }),
    .init(
      name: "spectrum", summary: "largest eigenvalues, trace and density of the loss' Hessian",
      options: [
        examples, .init("top", "5", "largest eigenvalues, at most 100"),
        .init("directions", "4", "random directions that are followed, 2 to 100"),
        .init(
          "products", "40",
          "most products with the Hessian for each direction, at most 1000; so many copies of the parameters are kept"),
      ],
      quantities: [.init("trace", "trace of the Hessian"), .init("eigenvalue/1", "largest eigenvalue of the Hessian")],
      make: {
        try SpectrumWatch(
          $1, count: try $0.count("examples"), top: try $0.count("top", atMost: 100),
          directions: try $0.count("directions", atMost: 100), products: try $0.count("products", atMost: 1000))
      }),
    .init(
      name: "norms",
      summary: "lengths of parameters, gradient and updates, tensor by tensor, and the way from the start",
      options: [examples],
      quantities: [
        .init("distance", "distance from the start"), .init("gradient", "length of the gradient on training examples"),
      ],
      make: { try NormWatch($1, count: try $0.count("examples"), interval: try WatchInterval($0)) }
    ),
    .init(
      name: "noise", summary: "examples that a batch needs before its gradient is longer than its noise",
      options: [examples, .init("parts", "20", "random parts whose gradients are compared, 3 to 1000")],
      quantities: [.init("signal", "squared gradient over the noise of one example")],
      make: {
        try NoiseWatch($1, count: try $0.count("examples"), parts: try $0.count("parts", atMost: 1000))
      }),
  ]

  private static func probe(_ site: WatchSite) throws -> LipschitzProbe {
    let loss = site.loss
    return try LipschitzProbe(site.model, modelState: try site.model.initialState()) { loss.perSample($0, $1) }
  }
}

extension WatchKind: NamedKind {}

/// The diagnostics of a descent as text has them, joined by commas: `calibration, flatness 0.1`.
public struct WatchConfiguration: Sendable, CustomStringConvertible {
  /// One diagnostic with its options.
  public struct Item: Sendable {
    /// As text names it.
    public var name: String
    var values: [String: String]
    private let kind: WatchKind

    /// - Throws: `DescentError` naming the nearest known name.
    init(_ text: String) throws {
      let name = String(text.prefix { $0 != " " })
      let known = WatchKind.known
      guard let kind = known.first(where: { $0.name == name }) else {
        throw DescentError("there is no diagnostic \(name); \(NearestName.hint(name, among: known.map(\.name)))")
      }
      self.name = name
      self.kind = kind
      values = try NamedOption.values(of: name, options: kind.options, in: text)
    }

    /// With all options of a program's own kind but when it looks: its standards may be others tomorrow.
    var description: String {
      let isOwn = !WatchKind.all.contains { $0.name == name }
      let (own, every) = (kind.options.dropLast(), kind.options.suffix(1))
      let words = every.compactMap { $0.text(values[$0.name]) }
      return isOwn
        ? ([NamedOption.fullText(of: name, Array(own), values, withStandards: true)] + words).joined(separator: " ")
        : ([name] + kind.options.compactMap { $0.text(values[$0.name]) }).joined(separator: " ")
    }

    func makeWatch(on site: WatchSite) throws -> any Watch {
      try kind.make(OptionValues(owner: name, values: values), site)
    }

    /// By which descents are compared.
    public var quantities: [WatchKind.Quantity] { kind.quantities }
    /// Whether it says when it looks.
    package var hasInterval: Bool { description.contains(" every=") }

    /// When it looks.
    func interval() throws -> WatchInterval { try WatchInterval(OptionValues(owner: name, values: values)) }
  }

  /// In their order.
  public var items: [Item]

  /// - Throws: `DescentError` naming the nearest known name.
  public init(_ text: String) throws {
    items = try ChainParser.fields(text, at: ",").map {
      guard !$0.isEmpty else { throw DescentError("a diagnostic of \"\(text)\" is empty") }
      return try Item($0)
    }
    for (index, item) in items.enumerated() where items.prefix(index).contains(where: { $0.name == item.name }) {
      throw DescentError("the diagnostic \(item.name) is named twice")
    }
  }

  /// Text that `init(_:)` reads again.
  public var description: String { items.map(\.description).joined(separator: ", ") }
}
