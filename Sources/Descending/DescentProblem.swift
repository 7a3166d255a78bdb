/// What a descent asked of its problem in one step; of steps that are not alike, in the mean.
public struct OracleCalls: Hashable, Sendable {
  /// Samples on which something was evaluated.
  public var samples = 0.0
  /// Losses that were evaluated without a gradient.
  public var losses = 0.0
  /// Losses that were evaluated with their gradient.
  public var gradients = 0.0
  /// Products of the Hessian with a vector.
  public var hessianProducts = 0.0

  public init() {}

  /// All that kinds of steps ask for, each as often as it is made.
  package init(sumOf kinds: [(calls: OracleCalls, count: Int)]) {
    func sum(_ asked: (OracleCalls) -> Double) -> Double { kinds.reduce(0) { $0 + Double($1.count) * asked($1.calls) } }
    (samples, losses) = (sum(\.samples), sum(\.losses))
    (gradients, hessianProducts) = (sum(\.gradients), sum(\.hessianProducts))
  }

  /// The mean over kinds of steps.
  package init(meanOf kinds: [(calls: OracleCalls, count: Int)]) {
    let (sum, total) = (OracleCalls(sumOf: kinds), Double(kinds.reduce(0) { $0 + $1.count }))
    (samples, losses) = (sum.samples / total, sum.losses / total)
    (gradients, hessianProducts) = (sum.gradients / total, sum.hessianProducts / total)
  }
}

/// The problem of one step: one loss or several over one batch that can be asked at any point, and counts what it is asked.
///
/// A step is traced once and run many times, so the counts, made while tracing, are those of every step.
public final class DescentProblem {
  /// What the objective gives at a point, and the running values of the model after it.
  public typealias Objective = (Parameters) throws -> (value: ObjectiveValue, modelState: Tree<Tensor>)

  /// How far the descent is.
  public let counters: Counters
  /// The random key of the step, 2 x int32.
  public let key: Tensor?
  /// Samples in the batch.
  public let sampleCount: Int
  /// What has been asked so far.
  public private(set) var calls = OracleCalls()
  /// What the first evaluation gave; nil before it.
  public private(set) var firstValue: ObjectiveValue?
  /// The model's running values after the first evaluation; nil before it. Further evaluations do not move them.
  public private(set) var modelState: Tree<Tensor>?
  private let objective: Objective

  /// - Parameters:
  ///   - key: 2 x int32; nil where neither model nor method draws.
  ///   - objective: is traced once for each point that is asked.
  public init(counters: Counters, key: Tensor? = nil, sampleCount: Int = 1, objective: @escaping Objective) {
    self.counters = counters
    self.key = key
    self.sampleCount = sampleCount
    self.objective = objective
  }

  private func evaluate(_ point: Parameters) throws -> [Tensor] {
    let (value, state) = try objective(point)
    if firstValue == nil { (firstValue, modelState) = (value, state) }
    calls.samples += Double(sampleCount)
    for (name, loss) in value.losses where loss.count != 1 && !loss.isPoisoned {
      throw DescentError("the \(name) has the shape \(loss.shape) and must be one number: a mean or a sum")
    }
    return value.losses.map(\.value)
  }

  private func evaluateOne(_ point: Parameters) throws -> Tensor {
    let losses = try evaluate(point)
    guard losses.count == 1 else {
      let names = firstValue?.losses.map(\.name).joined(separator: ", ") ?? ""
      throw DescentError("the method takes one loss and the objective has \(losses.count): \(names)")
    }
    return losses[0]
  }

  /// - Throws: `DescentError` where the objective has several losses; what the objective throws.
  public func loss(at point: Parameters) throws -> Tensor {
    calls.losses += 1
    return try evaluateOne(point)
  }

  /// - Throws: as `loss(at:)`.
  public func gradient(at point: Parameters) throws -> (loss: Tensor, gradient: Updates) {
    calls.gradients += 1
    let loss = try evaluateOne(point)
    return (loss, gradients(of: loss, withRespectTo: point))
  }

  /// All losses.
  /// - Throws: what the objective throws.
  public func losses(at point: Parameters) throws -> [Tensor] {
    let losses = try evaluate(point)
    calls.losses += Double(losses.count)
    return losses
  }

  /// All losses with the gradient of each.
  /// - Throws: what the objective throws.
  public func jacobian(at point: Parameters) throws -> (losses: [Tensor], rows: [Updates]) {
    let losses = try evaluate(point)
    calls.gradients += Double(losses.count)
    return (losses, losses.map { gradients(of: $0, withRespectTo: point) })
  }

  /// The product of the loss's Hessian with a direction.
  /// - Throws: as `loss(at:)`.
  public func hessianProduct(at point: Parameters, along direction: Updates) throws -> Updates {
    calls.hessianProducts += 1
    return product(try evaluateOne(point), point, direction)
  }
}

// The method has the function's name and would hide it.
private func product(_ loss: Tensor, _ point: Parameters, _ direction: Updates) -> Updates {
  hessianProduct(of: loss, at: point, along: direction)
}
