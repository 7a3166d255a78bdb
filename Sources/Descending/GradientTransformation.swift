@_exported import Parameters

/// A pure, traced map from gradients to steps with a state of its own: the building block of optimizers.
///
/// Transformations are composed with `Chain`; a chain takes gradients in and gives the step that moves parameters,
/// so one of its stages is a `LearningRate`. Being traced, a transformation is compiled into the training step, can be
/// unrolled and differentiated, and is always part of a checkpoint.
public protocol GradientTransformation: Sendable, CustomStringConvertible {
  /// What it reads besides the gradient; nothing by default.
  var requirements: Requirements { get }

  /// Whether it turns gradients into steps, as a `LearningRate` and whatever holds one.
  var makesStep: Bool { get }

  /// Whether it remembers points and takes for granted that each of its steps is taken as it is, as an average of parameters does: then
  /// no stage behind it in a chain but an average, and nothing around it, may change steps. False by default.
  var presumesItsSteps: Bool { get }

  /// Whether steps that are presumed may be made shorter, as those within convex bounds may; what makes them longer or turns them may still
  /// not. False by default.
  var bearsShorterSteps: Bool { get }

  /// Whether derivatives through its steps are those of what it computes; false where a part of it is constant for them. True by default.
  var isDifferentiable: Bool { get }

  /// The state before the first step; empty for most.
  ///
  /// - Throws: `DescentError` where it does not fit the parameters.
  func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray>

  /// One application: the transformed updates and the next state, whose paths and types are those of the initial state.
  ///
  /// - Throws: `DescentError` where something is asked of the context that was not declared.
  func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>)
}

extension GradientTransformation {
  public var requirements: Requirements { [] }
  public var makesStep: Bool { false }
  public var presumesItsSteps: Bool { false }
  public var bearsShorterSteps: Bool { false }
  public var isDifferentiable: Bool { true }
  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> { Tree() }
}

extension GradientTransformation {
  /// - Throws: `DescentError` where steps that `owner` may change are taken for granted.
  func checkMayBeChanged(by owner: String, onlyShortens: Bool = false) throws {
    guard !presumesItsSteps || (onlyShortens && bearsShorterSteps) else {
      let names = "average, lookahead, schedulefree\(onlyShortens ? "" : ", bounds") and l1"
      throw DescentError(
        "\(owner) changes steps, and \(self) takes for granted that they lead where it has them lead: \(names) cannot stand "
          + "within \(owner)")
    }
  }
}

/// A chain cannot be built, or a transformation broke its word.
public struct DescentError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}
