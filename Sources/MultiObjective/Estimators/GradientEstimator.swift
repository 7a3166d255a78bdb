/// Where a descent for several objectives gets its gradients from: all samples, few, or differences along the way.
public protocol GradientEstimator {
  /// The gradients of the objectives where the descent is, perhaps with error: S vectors of d numbers.
  /// - Throws: what the objectives throw.
  mutating func gradients(for step: EstimatedStep) throws -> [[Double]]

  /// Hears the squared length of each direction that was taken.
  mutating func observe(directionSquare: Double)

  /// Samples of the last anchor; 0 where there are none.
  var anchorSize: Int { get }
}

extension GradientEstimator {
  public mutating func observe(directionSquare: Double) {}
  public var anchorSize: Int { 0 }
}

/// What an estimator sees of one step; it counts the samples that are asked for.
public struct EstimatedStep {
  /// What is descended.
  public let objectives: Objectives
  /// Where the descent is, and where it was.
  public let point: [Double]
  /// Where the step before began; the point itself in the first step.
  public let previous: [Double]
  /// Steps made before.
  public let number: Int
  /// Samples of a batch, q = |A|.
  public let batchSize: Int
  /// The randomness of the step.
  public let key: RandomKey
  let samples: SampleCounter

  /// Mean gradients of the given samples, or all, at a point.
  ///
  /// - Parameter chosen: positions of samples; nil for all.
  /// - Throws: what evaluating the objectives throws, as `ShapeError`.
  public func gradients(at point: [Double], of chosen: [Int]?) throws -> [[Double]] {
    samples.count += chosen?.count ?? objectives.sampleCount
    return try objectives.evaluate(at: point, samples: chosen).gradients
  }

  /// A batch drawn with replacement, the same for all objectives.
  public var batch: [Int] { key.split("batch").integers(count: batchSize, below: objectives.sampleCount) }
}

/// Examples at whose loss all objectives' gradients were taken.
final class SampleCounter {
  var count = 0
}

/// Gradients of all samples.
public struct FullGradients: GradientEstimator {
  public init() {}

  public mutating func gradients(for step: EstimatedStep) throws -> [[Double]] {
    try step.gradients(at: step.point, of: nil)
  }
}

/// Gradients of a batch.
public struct BatchGradients: GradientEstimator {
  public init() {}

  public mutating func gradients(for step: EstimatedStep) throws -> [[Double]] {
    try step.gradients(at: step.point, of: step.batch)
  }
}

/// A running mean of batches' gradients: y ← y + β (g - y) (MoCo: Fernando et al. 2023).
public struct TrackedGradients: GradientEstimator {
  /// β.
  public let share: Double
  private var tracked: [[Double]] = []

  public init(share: Double = 0.5) { self.share = share }

  public mutating func gradients(for step: EstimatedStep) throws -> [[Double]] {
    let fresh = try step.gradients(at: step.point, of: step.batch)
    tracked =
      tracked.isEmpty ? fresh : zip(tracked, fresh).map { old, new in zip(old, new).map { $0 + share * ($1 - $0) } }
    return tracked
  }
}
