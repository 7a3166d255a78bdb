/// What a descent asked of its problem in one step.
public struct OracleCalls: Hashable, Codable, Sendable {
  /// Samples on which something was evaluated.
  public var samples = 0
  /// Losses that were evaluated without a gradient.
  public var losses = 0
  public var gradients = 0
  public var hessianProducts = 0

  public init() {}
}

/// The problem of one step: a loss over one batch that can be asked at any point, and counts what it is asked.
///
/// A step is traced once and run many times, so the counts, made while tracing, are those of every step.
public final class DescentProblem {
  /// The loss at a point, a scalar, and the running values of the model after it.
  public typealias Objective = (Parameters) throws -> (loss: Tensor, modelState: Tree<Tensor>)

  public let counters: Counters
  /// The random key of the step, 2 x int32.
  public let key: Tensor?
  /// Samples in the batch.
  public let sampleCount: Int
  public private(set) var calls = OracleCalls()
  /// The model's running values after the first evaluation; nil before it. Further evaluations do not move them.
  public private(set) var modelState: Tree<Tensor>?
  private let objective: Objective

  public init(counters: Counters, key: Tensor? = nil, sampleCount: Int = 1, objective: @escaping Objective) {
    self.counters = counters
    self.key = key
    self.sampleCount = sampleCount
    self.objective = objective
  }

  private func evaluate(_ point: Parameters) throws -> Tensor {
    let result = try objective(point)
    if modelState == nil { modelState = result.modelState }
    calls.samples += sampleCount
    return result.loss
  }

  public func loss(at point: Parameters) throws -> Tensor {
    calls.losses += 1
    return try evaluate(point)
  }

  public func gradient(at point: Parameters) throws -> (loss: Tensor, gradient: Updates) {
    calls.gradients += 1
    let loss = try evaluate(point)
    return (loss, gradients(of: loss, withRespectTo: point))
  }

  /// The product of the loss's Hessian with a direction.
  public func hessianProduct(at point: Parameters, along direction: Updates) throws -> Updates {
    calls.hessianProducts += 1
    let gradient = gradients(of: try evaluate(point), withRespectTo: point)
    return gradients(of: dot(gradient, direction.stoppingGradient), withRespectTo: point)
  }
}
