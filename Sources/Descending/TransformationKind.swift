/// A transformation that text can name: what it is called, what it takes, how it is made.
public struct TransformationKind: Sendable {
  /// One option of a transformation.
  public struct Option: Sendable {
    public var name: String
    /// Its value when it is not given; nil where it must be.
    public var standard: String?
    public var summary: String
  }

  public var name: String
  public var summary: String
  public var options: [Option]
  let make: @Sendable (Arguments) throws -> any GradientTransformation

  /// Option values in a piece of text, each used exactly once.
  public struct Arguments: Sendable {
    let stage: String
    let values: [String: String]

    private func text(_ name: String) throws -> String {
      guard let value = values[name] else { throw DescentError("\(stage) needs \(name)") }
      return value
    }

    public func number(_ name: String) throws -> Double {
      guard let value = Double(try text(name)), value.isFinite else {
        throw DescentError("\(stage): \(name) must be a number and is \(try text(name))")
      }
      return value
    }

    public func flag(_ name: String) throws -> Bool {
      switch try text(name) {
      case "true", "yes": return true
      case "false", "no": return false
      case let other: throw DescentError("\(stage): \(name) must be true or false and is \(other)")
      }
    }

    public func schedule(_ name: String) throws -> Schedule { try ScheduleParser.parse(try text(name)) }

    public func patterns(_ name: String) throws -> [String] {
      let value = try text(name)
      return value.isEmpty || value == "all" || value == "none" ? [] : value.split(separator: "+").map(String.init)
    }
  }

  /// All transformations that text can name.
  public static let all: [TransformationKind] = [
    .init(
      name: "orthogonal", summary: "remove the part of each gradient along its parameter (OrthoGrad)",
      options: [
        .init(name: "renormalize", standard: "true", summary: "restore the gradient's length"),
        .init(name: "guard", standard: "true", summary: "leave single elements and parallel gradients as they are"),
        .init(name: "only", standard: "all", summary: "path patterns joined by +"),
      ],
      make: {
        OrthogonalProjection(
          renormalizes: try $0.flag("renormalize"), guarded: try $0.flag("guard"), paths: try $0.patterns("only"))
      }),
    .init(
      name: "decay", summary: "add coefficient times parameter (weight decay)",
      options: [
        .init(name: "coefficient", standard: nil, summary: "per update"),
        .init(name: "except", standard: "none", summary: "path patterns joined by + that are left out"),
      ], make: { WeightDecay(try $0.number("coefficient"), excluding: try $0.patterns("except")) }),
    .init(
      name: "momentum", summary: "accumulate a velocity",
      options: [
        .init(name: "decay", standard: "0.9", summary: "what remains of the velocity"),
        .init(name: "nesterov", standard: "false", summary: "look ahead"),
      ], make: { Momentum(try $0.number("decay"), nesterov: try $0.flag("nesterov")) }),
    .init(
      name: "adam", summary: "scale by running moments",
      options: [
        .init(name: "beta1", standard: "0.9", summary: "decay of the mean"),
        .init(name: "beta2", standard: "0.999", summary: "decay of the mean square"),
        .init(name: "epsilon", standard: "1e-8", summary: "added to the root"),
      ],
      make: { Adam(beta1: try $0.number("beta1"), beta2: try $0.number("beta2"), epsilon: try $0.number("epsilon")) }),
    .init(
      name: "rmsprop", summary: "divide by the root of the running mean square",
      options: [
        .init(name: "decay", standard: "0.99", summary: "of the mean square"),
        .init(name: "epsilon", standard: "1e-8", summary: "added to the root"),
      ], make: { RMSProp(decay: try $0.number("decay"), epsilon: try $0.number("epsilon")) }),
    .init(
      name: "adagrad", summary: "divide by the root of the summed squares",
      options: [.init(name: "epsilon", standard: "1e-10", summary: "added to the root")],
      make: { AdaGrad(epsilon: try $0.number("epsilon")) }),
    .init(
      name: "clip", summary: "limit the norm of all updates together",
      options: [.init(name: "norm", standard: nil, summary: "the limit")],
      make: { ClipByGlobalNorm(try $0.number("norm")) }),
    .init(
      name: "clipvalue", summary: "limit each element",
      options: [.init(name: "limit", standard: nil, summary: "of the absolute value")],
      make: { ClipByValue(try $0.number("limit")) }),
    .init(name: "sign", summary: "the sign of each element", options: [], make: { _ in Sign() }),
    .init(
      name: "noise", summary: "add Gaussian noise",
      options: [.init(name: "deviation", standard: nil, summary: "standard deviation")],
      make: { GradientNoise(try $0.number("deviation")) }),
    .init(name: "finite", summary: "skip steps that are not finite", options: [], make: { _ in ApplyIfFinite() }),
    .init(
      name: "scale", summary: "multiply by a number",
      options: [.init(name: "factor", standard: nil, summary: "the number")], make: { Scale(try $0.number("factor")) }),
    .init(
      name: "rate", summary: "step against the gradient: times minus the learning rate; the last stage",
      options: [
        .init(
          name: "value", standard: nil,
          summary: "a number or cosine(0.1, 5epochs), linear(0.1, 0, 900updates), steps(0.1, 0.5, 10epochs), "
            + "exponential(0.1, 0.9, 1epochs), warmup(100updates, cosine(0.1, 5epochs))")
      ], make: { LearningRate(try $0.schedule("value")) }),
  ]
}
