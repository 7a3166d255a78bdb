import Descending
import Training

/// Runs a descent method on a problem of ten samples, a hundred steps an epoch, and keeps what it reports.
public final class DescentRun {
  private let compiled: TrainingStep
  /// Loss before each step.
  public private(set) var losses: [Double] = []
  public private(set) var readings: [String: Double] = [:]

  /// - Parameter loss: traced on the parameters.
  public convenience init(
    _ transformation: some GradientTransformation, from parameters: Tree<NDArray>,
    loss: @escaping (Parameters) throws -> Tensor
  ) throws { try self.init(GradientDescent(transformation), from: parameters, loss: loss) }

  /// - Parameter loss: traced on the parameters.
  public init(
    _ method: some DescentMethod, from parameters: Tree<NDArray>, loss: @escaping (Parameters) throws -> Tensor
  ) throws {
    compiled = try TrainingStep(
      Objective { point, _, _ in ObjectiveValue(try loss(point)) }, method: method, inputs: Tree(),
      from: try TrainingState(startingFrom: parameters, method: method), key: RandomKey(seed: 77), sampleCount: 10,
      stepsPerEpoch: 100)
  }

  public var parameters: Tree<NDArray> { compiled.state.parameters }
  public var state: Tree<NDArray> { compiled.state.optimizerState }
  public var steps: Int { compiled.step }
  /// What each step asks of the problem.
  public var calls: OracleCalls { compiled.calls }

  public func run(_ count: Int) throws {
    for _ in 0..<count {
      let values = try compiled.advance(checksLoss: false)
      losses.append(values[0])
      for (tag, value) in zip(compiled.readingTags, values).dropFirst() { readings[tag] = value }
    }
  }

  /// Goes on from saved values.
  public func restore(_ parameters: Tree<NDArray>, _ state: Tree<NDArray>, steps: Int) throws {
    try compiled.restore(TrainingState(parameters: parameters, optimizerState: state, step: steps))
  }
}
