/// A transformation that text can name: what it is called, what it takes, how it is made.
public struct TransformationKind: Sendable {
  public var name: String
  public var summary: String
  public var options: [NamedOption]
  let make: @Sendable (OptionValues) throws -> any GradientTransformation

  init(
    _ name: String, _ summary: String, _ options: [NamedOption] = [],
    _ make: @escaping @Sendable (OptionValues) throws -> any GradientTransformation
  ) {
    self.name = name
    self.summary = summary
    self.options = options
    self.make = make
  }

  /// - Throws: `DescentError` naming the nearest known name.
  public static func named(_ name: String) throws -> TransformationKind {
    guard let kind = all.first(where: { $0.name == name }) else {
      throw DescentError("there is no transformation \(name); \(NearestName.hint(name, among: all.map(\.name)))")
    }
    return kind
  }

  /// All transformations that text can name.
  public static let all: [TransformationKind] = gradients + scalings + steps + wrappers

  private static let gradients: [TransformationKind] = [
    .init(
      "orthogonal", "remove the part of each gradient along its parameter (OrthoGrad)",
      [
        .init("renormalize", "true", "restore the gradient's length"),
        .init("guard", "true", "leave single elements and parallel gradients as they are"),
        .init("only", "all", "path patterns joined by +"),
      ]
    ) {
      OrthogonalProjection(
        renormalizes: try $0.flag("renormalize"), guarded: try $0.flag("guard"), paths: try $0.patterns("only"))
    },
    .init(
      "decay", "add coefficient times parameter (weight decay)",
      [
        .init("coefficient", nil, "per update"),
        .init("except", "none", "path patterns joined by + that are left out"),
      ]
    ) { WeightDecay(try $0.notNegative("coefficient"), excluding: try $0.patterns("except")) },
    .init("clip", "limit the norm of all updates together", [.init("norm", nil, "the limit")]) {
      ClipByGlobalNorm(try $0.positive("norm"))
    },
    .init("clipvalue", "limit each element", [.init("limit", nil, "of the absolute value")]) {
      ClipByValue(try $0.positive("limit"))
    },
    .init("centralize", "remove from each gradient its mean over all axes but the last") { _ in Centralization() },
    .init("noise", "add Gaussian noise", [.init("deviation", nil, "standard deviation")]) {
      GradientNoise(try $0.notNegative("deviation"))
    },
    .init("sign", "the sign of each element") { _ in Sign() },
  ]

  private static let scalings: [TransformationKind] = [
    .init(
      "momentum", "accumulate a velocity",
      [.init("decay", "0.9", "what remains of the velocity"), .init("nesterov", "false", "look ahead")]
    ) { Momentum(try $0.decay("decay"), nesterov: try $0.flag("nesterov")) },
    .init(
      "adam", "scale by running moments; a decay behind it makes it AdamW",
      [
        .init("beta1", "0.9", "decay of the mean"), .init("beta2", "0.999", "decay of the mean square"),
        .init("epsilon", "1e-8", "added to the root"),
      ]
    ) {
      Adam(beta1: try $0.decay("beta1"), beta2: try $0.decay("beta2"), epsilon: try $0.positive("epsilon"))
    },
    .init(
      "rmsprop", "divide by the root of the running mean square",
      [.init("decay", "0.99", "of the mean square"), .init("epsilon", "1e-8", "added to the root")]
    ) { RMSProp(decay: try $0.decay("decay"), epsilon: try $0.positive("epsilon")) },
    .init(
      "adagrad", "divide by the root of the summed squares", [.init("epsilon", "1e-10", "added to the root")]
    ) { AdaGrad(epsilon: try $0.positive("epsilon")) },
    .init("scale", "multiply by a number", [.init("factor", nil, "the number")]) { Scale(try $0.number("factor")) },
    .init(
      "losspower", "descend on a power of the loss (AYLA)",
      [
        .init("exponent", nil, "a number, piecewise(above 1, below 1) or sigmoid(small, large, slope, centre)"),
        .init("through", "gradient", "gradient, or rate: what the slope of the power multiplies"),
        .init("frozen", "true", "take an exponent that depends on the loss as a constant"),
        .init("low", "0.001", "the least factor"), .init("high", "1000.0", "the largest factor"),
      ]
    ) {
      let low = try $0.notNegative("low")
      let high = try $0.number("high", "at least low") { $0 >= low }
      return LossScaled(
        LossTransformation(
          try $0.lossExponent("exponent"), freezesExponent: try $0.flag("frozen"), limits: low...high),
        through: try $0.choice("through"))
    },
  ]

  private static let steps: [TransformationKind] = [
    .init(
      "rate", "step against the gradient: times minus the learning rate",
      [
        .init(
          "value", nil,
          "a number or cosine(0.1, 5epochs), linear(0.1, 0, 900updates), steps(0.1, 0.5, 10epochs), "
            + "exponential(0.1, 0.9, 1epochs), warmup(100updates, cosine(0.1, 5epochs))")
      ]
    ) { LearningRate(try $0.rate("value")) },
    .init(
      "average", "keep a moving average of the parameters in the state; behind the rate",
      [.init("decay", "0.999", "what remains of the average")]
    ) { MovingAverage(try $0.decay("decay")) },
  ]

  private static let wrappers: [TransformationKind] = [
    .init(
      "finite", "skip updates that are not finite, and count them", [.init("chain", "()", "what is applied else")]
    ) { ApplyIfFinite(try $0.chain("chain")) },
    .init(
      "accumulate", "mean gradients over micro-batches before an update",
      [.init("count", nil, "micro-batches of one update"), .init("chain", nil, "what sees their mean")]
    ) { Accumulate(try $0.count("count"), then: try $0.chain("chain")) },
    .init(
      "groups", "different chains for different parameters",
      [.init("rules", nil, "(pattern: chain; pattern: chain): each parameter matches exactly one")]
    ) { Grouped(try $0.rules("rules")) },
  ]
}
