@_exported import Parameters

/// What a transformation needs besides gradients; known when a chain is built.
public struct Requirements: OptionSet, Sendable, CustomStringConvertible {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// The point where the gradients were taken.
  public static let parameters = Requirements(rawValue: 1)
  /// The loss at that point.
  public static let loss = Requirements(rawValue: 2)
  /// A random key of the step.
  public static let randomness = Requirements(rawValue: 4)

  public var description: String {
    let names = [(Requirements.parameters, "parameters"), (.loss, "loss"), (.randomness, "randomness")]
    return "[" + names.filter { contains($0.0) }.map(\.1).joined(separator: ", ") + "]"
  }
}

/// A pure, traced map from gradients to steps with a state of its own: the building block of optimizers.
///
/// Transformations are composed with `Chain`; a chain takes gradients in and gives the step that moves parameters,
/// so one of its stages is a `LearningRate`. Being traced, a transformation is compiled into the training step, can be
/// unrolled and differentiated, and is always part of a checkpoint.
public protocol GradientTransformation: Sendable, CustomStringConvertible {
  var requirements: Requirements { get }

  /// The state before the first step; empty for most.
  func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray>

  /// One application: the transformed updates and the next state, whose paths are those of the initial state.
  func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>)
}

extension GradientTransformation {
  public var requirements: Requirements { [] }
  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> { Tree() }
}

/// A chain cannot be built, or a transformation broke its word.
public struct DescentError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// How far the descent is, as float32 scalars that change from step to step.
public struct Counters {
  /// Updates made before this one.
  public var updates: Tensor
  /// Samples seen before this update.
  public var samples: Tensor
  /// Passes over the data before this update, a fraction.
  public var epochs: Tensor

  public init(updates: Tensor, samples: Tensor, epochs: Tensor) {
    self.updates = updates
    self.samples = samples
    self.epochs = epochs
  }
}

/// What surrounds one update. A transformation sees of it only what it declared to need.
public struct UpdateContext {
  public let counters: Counters
  private let availableParameters: Parameters?
  private let availableLoss: Tensor?
  private let availableKey: Tensor?
  private var allowed: Requirements
  private var user = "the transformation"

  /// Scalars worth recording, by tag: "optimizer/learningRate". Reported after every step.
  public private(set) var readings: [String: Tensor] = [:]
  /// Factor that the next `LearningRate` of the chain applies, set by transformations that act through the rate.
  public var rateFactor: Tensor?

  public init(counters: Counters, parameters: Parameters? = nil, loss: Tensor? = nil, key: Tensor? = nil) {
    self.counters = counters
    availableParameters = parameters
    availableLoss = loss
    availableKey = key
    allowed = [.parameters, .loss, .randomness]
  }

  private func need<T>(_ value: T?, _ requirement: Requirements) throws -> T {
    guard allowed.contains(requirement) else { throw DescentError("\(user) uses \(requirement) without declaring it") }
    guard let value else { throw DescentError("\(user) needs \(requirement), which this descent does not provide") }
    return value
  }

  /// - Throws: `DescentError` where `.parameters` was not declared or is not there.
  public func parameters() throws -> Parameters { try need(availableParameters, .parameters) }
  /// - Throws: `DescentError` where `.loss` was not declared or is not there.
  public func loss() throws -> Tensor { try need(availableLoss, .loss) }
  /// The key of this step, 2 x int32.
  /// - Throws: `DescentError` where `.randomness` was not declared or is not there.
  public func key() throws -> Tensor { try need(availableKey, .randomness) }

  /// Adds a reading; of several under one tag the last counts.
  public mutating func read(_ tag: String, _ value: Tensor) { readings[tag] = value }

  /// Runs a transformation with only what it declared.
  public mutating func run(
    _ transformation: some GradientTransformation, _ updates: Updates, _ state: Tree<Tensor>,
    parameters: Parameters? = nil
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    var inner = UpdateContext(
      counters: counters, parameters: parameters ?? availableParameters, loss: availableLoss, key: availableKey)
    inner.allowed = transformation.requirements
    inner.user = transformation.description
    inner.readings = readings
    inner.rateFactor = rateFactor
    let result = try transformation.apply(to: updates, state: state, in: &inner)
    guard result.updates.paths == updates.paths else {
      throw DescentError("\(transformation.description) changed which parameters are updated")
    }
    for (path, (before, after)) in updates.tree.zipped(with: result.updates.tree, { ($0, $1) })
    where before.type != after.type {
      throw DescentError("\(transformation.description) turned \(path) from \(before.type) into \(after.type)")
    }
    guard result.state.paths == state.paths else {
      throw DescentError("\(transformation.description) changed the paths of its state")
    }
    readings = inner.readings
    rateFactor = inner.rateFactor
    return result
  }
}
