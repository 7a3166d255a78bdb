import Foundation

/// What a model's output is compared with, row by row: a name and a function.
///
/// The known ones are static members; what text calls them says `LossKind`. A loss of one's own is a value like them:
/// ```swift
/// let logCosh = LossFunction("logCosh") { output, target in
///   let distance = abs(output - target)
///   return (distance + log(1 + exp(-2 * distance))).mean([1])  // up to a constant
/// }
/// ```
public struct LossFunction: Sendable {
  /// What probabilities the outputs of a classifier stand for, of which the loss' negative logarithm is the log-loss.
  package enum Link: Sendable { case softmax, stableMax }

  /// The constant that a loss of differences is least at.
  package enum Constant: Sendable, Equatable {
    case mean
    /// What a share of the targets lies below, as 0.5 of the median.
    case quantile(Double)
    /// One that is to be sought.
    case sought
  }

  /// What text and saved models call it, with options that are not the standard ones; equal names are equal losses.
  public private(set) var name: String
  /// Whether targets are int32 classes.
  public let takesClasses: Bool
  private let rows: @Sendable (Tensor, Tensor) -> Tensor
  /// Of numbers: the loss of one that is off by so much, in double precision; nil where it is no function of the
  /// difference alone.
  package let ofDifference: (@Sendable (Double) -> Double)?
  /// Of numbers: the constant with the least loss; nil where nobody knows.
  package let constant: Constant?
  /// Of classes; nil where nobody knows.
  package let link: Link?

  /// - Parameters:
  ///   - name: of letters and digits where text is to name it.
  ///   - takesClasses: whether targets are int32 classes, [batch]; else they are numbers.
  ///   - isOfSoftmax: whether a classifier that descends it gives the logits of a softmax; its calibration is measured then. Of classes only.
  ///   - perSample: the loss of each row, [batch], or of each place of it, as [batch, time], from outputs [batch, ...] and targets [batch, ...]
  ///     of as many axes. Where these or the loss have other shapes it is a `ShapeError`: numbers [batch] beside outputs [batch, 1] would be
  ///     repeated to a square.
  public init(
    _ name: String, takesClasses: Bool = false, isOfSoftmax: Bool = false,
    perSample rows: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    precondition(takesClasses || !isOfSoftmax, "\(name): a softmax is one of classes")
    self.init(name, takesClasses: takesClasses, link: isOfSoftmax ? .softmax : nil, perSample: rows)
  }

  private init(
    _ name: String, takesClasses: Bool, link: Link?, perSample rows: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    (self.name, self.link, constant) = (name, link, nil)
    self.takesClasses = takesClasses
    self.rows = { output, target in
      guard !output.isPoisoned, !target.isPoisoned else { return rows(output, target) }
      guard takesClasses || output.rank == target.rank, output.shape.dimensions.first == target.shape.dimensions.first
      else {
        return output.graph.fail(
          name, [output, target], "outputs and targets of a loss need as many axes and rows: nothing is repeated")
      }
      let losses = rows(output, target)
      guard losses.isPoisoned || [.float32, .float64].contains(losses.elementType) else {
        return output.graph.fail(
          name, [output, target], "a loss is a floating number, and this one is \(losses.elementType)")
      }
      guard losses.isPoisoned || (losses.rank > 0 && output.shape.dimensions.starts(with: losses.shape.dimensions))
      else {
        return output.graph.fail(
          name, [output, target], "a loss gives one number for each row, and this one gives \(losses.shape)")
      }
      return losses
    }
    ofDifference = nil
  }

  /// A loss of numbers that is the mean of a function of differences; in a graph and in double precision.
  private init(
    _ name: String, constant: Constant, ofDifference: @escaping @Sendable (Double) -> Double,
    elements: @escaping @Sendable (Tensor) -> Tensor
  ) {
    (self.name, self.constant, link) = (name, constant, nil)
    takesClasses = false
    self.ofDifference = ofDifference
    rows = { output, target in
      guard output.shape == target.shape || output.isPoisoned || target.isPoisoned else {
        return output.graph.fail(name, [output, target], "output and target need the same shape: nothing is repeated")
      }
      let losses = elements(output - target)
      return losses.rank < 2 ? losses : losses.mean(Array(1..<losses.rank))
    }
  }

  /// The same loss under another name.
  package func named(_ name: String) -> LossFunction {
    var copy = self
    copy.name = name
    return copy
  }

  /// A name with the option that makes it another loss; without it where it has its standard.
  private static func name(_ name: String, _ option: String, _ value: Double, standard: Double) -> String {
    value == standard ? name : "\(name) \(option)=\(PlainNumber.text(value))"
  }

  /// Softmax cross-entropy against int32 classes.
  public static let crossEntropy = crossEntropy(smoothing: 0)

  /// Softmax cross-entropy against int32 classes, of which a share goes to all classes alike: with K of them a row's loss is (1 - s)
  /// times the right class's and s / K times the sum of all (Szegedy et al., "Rethinking the Inception architecture", 2016, section 7).
  ///
  /// - Parameter smoothing: s, at least 0 and below 1.
  public static func crossEntropy(smoothing: Double) -> LossFunction {
    precondition((0..<1).contains(smoothing), "the share that is smoothed is at least 0 and below 1")
    let name = name("crossEntropy", "smoothing", smoothing, standard: 0)
    return LossFunction(name, takesClasses: true, link: .softmax) { output, target in
      let plain = softmaxCrossEntropy(output, labels: target)
      guard smoothing > 0, !plain.isPoisoned else { return plain }
      // What the classes share is the mean of all their losses: the right one's, and how far its output is above their mean.
      let axis = output.rank - 1
      let chosen = output.gatheringElements(target.expanded(axis: axis), axis: axis).reshaped(to: target.shape)
      return plain + smoothing * (chosen - output.mean([axis]))
    }
  }

  /// Softmax cross-entropy of which rows count the less the surer they are: -(1 - p)^γ log p, with p of the right class (Lin et al.,
  /// "Focal loss for dense object detection", 2017, equation 4, there of one class against another; by a softmax of several it is our choice).
  ///
  /// - Parameter gamma: γ, at least 0; cross-entropy at 0.
  public static func focal(gamma: Double) -> LossFunction {
    precondition(gamma >= 0 && gamma.isFinite, "the exponent of a focal loss is 0 or more")
    return LossFunction(name("focal", "gamma", gamma, standard: 2), takesClasses: true, link: .softmax) {
      output, target in
      let plain = softmaxCrossEntropy(output, labels: target)
      // 1 - p as exactly as cross-entropy itself is, and a power whose slope is finite where that is 0.
      return plain * exp(gamma * log(-expm1(-plain) + 1e-12))
    }
  }

  /// Mean squared error against targets of the output's shape.
  public static let squaredError = LossFunction(
    "squaredError", constant: .mean, ofDifference: { $0 * $0 }, elements: { $0.squared })

  /// Mean distance from targets of the output's shape; its minimum is the median, which outliers do not move.
  public static let absoluteError = LossFunction(
    "absoluteError", constant: .quantile(0.5), ofDifference: { Swift.abs($0) }, elements: { abs($0) })

  /// Huber's loss that bends at 1.
  public static let huber = huber(delta: 1)

  /// Half the square of differences up to δ, and from there on δ times the distance less δ/2, for targets of the output's shape: small
  /// errors count as squares, outliers by their distance (Huber, "Robust estimation of a location parameter", 1964).
  ///
  /// - Parameter delta: δ, above 0, in the targets' unit.
  public static func huber(delta: Double) -> LossFunction {
    precondition(delta > 0 && delta.isFinite, "what bends Huber's loss is above 0")
    return LossFunction(
      name("huber", "delta", delta, standard: 1), constant: .sought,
      ofDifference: { Swift.abs($0) <= delta ? 0.5 * $0 * $0 : delta * (Swift.abs($0) - 0.5 * delta) },
      elements: { select(abs($0) .<= delta, 0.5 * $0.squared, delta * (abs($0) - 0.5 * delta)) })
  }

  /// What is least at a quantile: differences of targets above the output count τ, those of targets below it 1 - τ, each times its
  /// size (Koenker and Bassett, "Regression quantiles", 1978).
  ///
  /// - Parameter share: τ, between 0 and 1: of the targets, that which lies below the output.
  public static func quantile(share: Double) -> LossFunction {
    precondition(share > 0 && share < 1, "the share of a quantile lies between 0 and 1")
    return LossFunction(
      name("quantile", "share", share, standard: 0.5), constant: .quantile(share),
      ofDifference: { Swift.max((1 - share) * $0, -share * $0) },
      elements: { select($0 .<= 0, -share * $0, (1 - share) * $0) })
  }

  /// Cross-entropy with s(x) / sum s, s(x) = x + 1 for x >= 0 and 1 / (1 - x) below, in place of the softmax
  /// (Prieto et al., "Grokking at the edge of numerical stability", 2025).
  public static let stableMax = LossFunction("stableMax", takesClasses: true, link: .stableMax) { output, target in
    let raised = select(output .>= 0, relu(output) + 1, (1 + relu(-output)).reciprocal)
    let chosen = raised.gatheringElements(target.expanded(axis: 1), axis: 1).reshaped(to: target.shape)
    return log(raised.sum([1])) - log(chosen)
  }

  /// The same loss, of which each row counts as much as its class: weights[class] times the row's loss.
  ///
  /// Weights whose mean over the training rows is 1 keep the step's size (King and Zeng, "Logistic regression in rare
  /// events data", 2001, weigh rows so).
  public func weighted(_ weights: [Double]) -> LossFunction {
    precondition(takesClasses && !weights.isEmpty, "weights are for losses of classes")
    let rows = rows
    return LossFunction("weighted \(name)", takesClasses: true, link: link) { output, target in
      let table = output.graph.constant(NDArray(weights.map { Float($0) }, shape: [weights.count]))
      return rows(output, target) * table.cast(to: output.elementType).gathering(target)
    }
  }

  /// What a row's outputs say of each class, in double precision: fractions that sum to 1.
  package func probabilities<Logits: Collection>(_ logits: Logits) -> [Double] where Logits.Element == Double {
    let peak = logits.max() ?? 0
    let powers = logits.map { x in link == .stableMax ? (x >= 0 ? x + 1 : 1 / (1 - x)) : exp(x - peak) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  /// The loss of each row: [batch].
  public func perSample(_ output: Tensor, _ target: Tensor) -> Tensor { rows(output, target) }

  /// The mean over all rows, a scalar.
  public func callAsFunction(_ output: Tensor, _ target: Tensor) -> Tensor { rows(output, target).mean() }
}

extension LossFunction: Hashable {
  public static func == (a: LossFunction, b: LossFunction) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension LossFunction: CustomStringConvertible {
  public var description: String { name }
}

/// The fraction of rows whose largest output is the label, a scalar.
public func accuracy(_ output: Tensor, labels: Tensor) -> Tensor {
  (output.argumentOfMaximum() .== labels).cast(to: .float32).mean()
}
