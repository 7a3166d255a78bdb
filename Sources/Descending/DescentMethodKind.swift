/// A descent method that text can name; it takes its chain in parentheses: `sam 0.05 (momentum 0.9 | rate 0.1)`.
public struct DescentMethodKind: Sendable {
  /// As text names it, "sam".
  public var name: String
  /// What it does, in one line.
  public var summary: String
  /// In the order in which text may give them without names.
  public var options: [NamedOption]
  let make: @Sendable (OptionValues) throws -> any DescentMethod

  /// A method of your own is known to text once it is registered: `DescentMethodKind.register`.
  ///
  /// - Parameters:
  ///   - name: as text names it, in letters and digits.
  ///   - summary: what it does, in one line.
  ///   - options: in the order in which text may give them without names; the one called "chain" stands in parentheses.
  ///   - make: the method of the options' values; it may throw where they make no sense.
  public init(
    name: String, summary: String, options: [NamedOption],
    make: @escaping @Sendable (OptionValues) throws -> any DescentMethod
  ) { (self.name, self.summary, self.options, self.make) = (name, summary, options, make) }

  private static let registered = KindRegistry<DescentMethodKind>("transformation or method")

  /// Those of the library, then those that were registered, in that order.
  public static var known: [DescentMethodKind] { all + registered.kinds }

  /// Makes a method of your own known to text: to `parse`, to arms and experiments that take methods.
  ///
  /// Call it once, before a text that names it is read.
  ///
  /// - Throws: `DescentError` where the name is no word of letters and digits or is taken, or where two options have
  ///   one name.
  public static func register(_ kind: DescentMethodKind) throws {
    try registered.add(kind, taken: all.map(\.name) + TransformationKind.known.map(\.name))
  }

  /// All methods that text can name, besides a chain alone, which is plain gradient descent.
  public static let all: [DescentMethodKind] = [
    .init(
      name: "sam", summary: "follow the gradient of the worst loss nearby (sharpness-aware minimization)",
      options: [
        .init("radius", "0.05", "distance to the point that is looked at"),
        .init("chain", nil, "what makes a step of the gradient there"),
      ], make: { SharpnessAware(radius: try $0.positive("radius"), try $0.chain("chain")) }),
    .init(
      name: "linesearch", summary: "shorten the step until it lowers the batch's loss (Armijo)",
      options: [
        .init("shrink", "0.5", "what a step that is too long is multiplied by"),
        .init("sufficient", "0.0001", "share of the decrease that the slope promises"),
        .init("trials", "8", "lengths that are tried, each a loss of the batch; at most 200"),
        .init("chain", nil, "what makes a step of the gradient"),
      ],
      make: {
        BacktrackingLineSearch(
          try $0.chain("chain"), shrinkage: try $0.number("shrink", "between 0 and 1") { $0 > 0 && $0 < 1 },
          sufficiency: try $0.number("sufficient", "in 0..<1") { (0..<1).contains($0) },
          trials: try $0.count("trials", atMost: 200))
      }),
    .init(
      name: "newton", summary: "towards the minimum of a damped quadratic model, by conjugate gradients (Hessian-free)",
      options: [
        .init("iterations", "10", "of conjugate gradients at most, each a product with the Hessian; at most 200"),
        .init("damping", "1", "at first, added to all curvatures; it adapts itself"),
        .init("tolerance", "0.01", "share of the gradient's length that the model's may be left with"),
        .init("least", "1e-12", "the least damping after the first step"),
        .init("most", "1e12", "the largest damping after the first step"),
        .init("chain", nil, "what makes a step of the direction"),
      ],
      make: {
        let (least, most) = (try $0.positive("least"), try $0.positive("most"))
        guard least <= most else { throw DescentError("newton: most must be at least least, \(least), and is \(most)") }
        return TruncatedNewton(
          try $0.chain("chain"), iterations: try $0.count("iterations", atMost: 200),
          damping: try $0.notNegative("damping"),
          tolerance: try $0.number("tolerance", "in 0..<1") { (0..<1).contains($0) }, limits: least...most)
      }),
  ]

  /// Reads a method: one of the kinds, or a chain for plain gradient descent.
  /// - Throws: `DescentError` naming the nearest known name.
  public static func parse(_ text: String) throws -> any DescentMethod {
    let stages = try ChainParser.fields(text, at: "|")
    let first = String(stages[0].prefix { $0 != " " && $0 != "(" })
    guard let kind = known.first(where: { $0.name == first }) else {
      return GradientDescent(try ChainParser.parse(text))
    }
    guard stages.count == 1 else {
      throw DescentError("\(first) holds its chain in parentheses: \(first) (\(stages[1]))")
    }
    guard stages[0].dropFirst(first.count).first != "(" else {
      throw DescentError("\(text): a blank parts \(first) from what it is given, as in \(first) (rate 0.1)")
    }
    let values = try NamedOption.values(of: kind.name, options: kind.options, in: text)
    return try kind.make(OptionValues(owner: kind.name, values: values))
  }
}

extension DescentMethodKind: NamedKind {}
