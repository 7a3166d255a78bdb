import Foundation
import Training

/// A descent on several objectives, which counts every sample that it looks at: gradients from an estimator, weights from a
/// weighting, and a move along their combination.
public final class MultiObjectiveDescent {
  /// What is descended.
  public let objectives: Objectives
  /// How gradients share a step.
  public let weighting: any Weighting
  /// |A| = q, by default ⌈√n⌉.
  public let batchSize: Int
  /// Where the descent is.
  public private(set) var point: [Double]
  /// Steps made.
  public private(set) var step = 0
  /// ‖d_t‖² of the last step: what a method believes its stationarity to be.
  public private(set) var directionSquare = Double.nan
  /// λ_t of the last step.
  public private(set) var weights: [Double]

  private var estimator: any GradientEstimator
  private var mover: any Mover
  private let key: RandomKey
  private let counter = SampleCounter()
  private var previous: [Double]

  /// A published method.
  public convenience init(
    _ objectives: Objectives, method: MultiObjectiveMethod, rate: Double, start: [Double], key: RandomKey,
    settings: MultiObjectiveSettings = MultiObjectiveSettings()
  ) {
    self.init(
      objectives, estimator: method.estimator(settings), weighting: method.weighting(settings), rate: rate,
      momentum: method.hasMomentum ? settings.momentum : 0, start: start, key: key, batchSize: settings.batchSize)
  }

  /// Any estimator with any weighting: x_{t+1} = x_t - η d_t + α (x_t - x_{t-1}).
  public convenience init(
    _ objectives: Objectives, estimator: any GradientEstimator, weighting: any Weighting, rate: Double,
    momentum: Double = 0, start: [Double], key: RandomKey, batchSize: Int? = nil
  ) {
    precondition(rate > 0, "a rate is positive")
    self.init(
      objectives, estimator, weighting, HeavyBall(rate: rate, momentum: momentum), start, key, batchSize: batchSize)
  }

  /// Any estimator with any weighting, the combined gradient going through a chain.
  /// - Throws: `DescentError` where the chain never steps, or asks for the loss: there are several.
  public convenience init(
    _ objectives: Objectives, estimator: any GradientEstimator, weighting: any Weighting, chain: Chain,
    start: [Double], key: RandomKey, batchSize: Int? = nil
  ) throws {
    self.init(
      objectives, estimator, weighting, try ChainMover(chain, start, key: key.split("chain")), start, key,
      batchSize: batchSize)
  }

  private init(
    _ objectives: Objectives, _ estimator: any GradientEstimator, _ weighting: any Weighting, _ mover: any Mover,
    _ start: [Double], _ key: RandomKey, batchSize: Int?
  ) {
    precondition(start.count == objectives.dimension, "the start has as many numbers as there are parameters")
    precondition(batchSize ?? 1 > 0, "a batch holds a sample")
    (self.objectives, self.estimator, self.weighting) = (objectives, estimator, weighting)
    (self.mover, self.key) = (mover, key)
    (point, previous) = (start, start)
    self.batchSize = batchSize ?? Int(Double(objectives.sampleCount).squareRoot().rounded(.up))
    weights = [Double](repeating: 1 / Double(objectives.count), count: objectives.count)
  }

  /// Whether numbers are still finite; where they are not, steps do nothing.
  public var isFinite: Bool { point.allSatisfy { $0.isFinite && abs($0) < 1e50 } }

  /// Examples at whose loss all objectives' gradients were taken, each point counted: a recursive step costs 2 |A|.
  public var samples: Int { counter.count }

  /// |N_s| of the last anchor.
  public var anchorSize: Int { estimator.anchorSize }

  /// One update.
  /// - Throws: `ShapeError` or `CompilationError` where the losses cannot be traced.
  public func advance() throws {
    guard isFinite else { return }
    let key = key.split(step)
    let gradients = try estimator.gradients(
      for: EstimatedStep(
        objectives: objectives, point: point, previous: previous, number: step, batchSize: batchSize, key: key,
        samples: counter))
    let gramian = gramMatrix(gradients)
    var direction = [Double](repeating: .nan, count: point.count)
    if gramian.allSatisfy({ $0.allSatisfy { $0.isFinite } }) {
      weights = weighting.weights(gramian, previous: step == 0 ? nil : weights, key: key)
      direction = combination(weights, gradients)
    }
    directionSquare = inner(direction, direction)
    estimator.observe(directionSquare: directionSquare)
    let old = point
    point = try mover.moved(point, from: previous, along: direction)
    previous = old
    step += 1
  }
}
