import Parameters

/// Observations in standard deviations from a mean, both fixed: (o - mean) / deviation.
public struct NormalizedObservations: Environment {
  /// What is wrapped.
  public let inner: any Environment
  /// One number for each of an observation.
  public let mean: [Float]
  /// Positive, one number for each of an observation.
  public let deviation: [Float]

  /// - Throws: `ControlError` where there are not as many means and positive deviations as observations.
  public init(_ inner: any Environment, mean: [Float], deviation: [Float]) throws {
    let width = inner.observationSpace.count
    guard mean.count == width, deviation.count == width, deviation.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      throw ControlError("\(inner.name) needs \(width) means and as many positive deviations")
    }
    self.inner = inner
    self.mean = mean
    self.deviation = deviation
  }

  public var name: String { inner.name }
  public var observationSpace: Box {
    let box = inner.observationSpace
    func scaled(_ bounds: [Float]) -> [Float] { bounds.indices.map { (bounds[$0] - mean[$0]) / deviation[$0] } }
    return Box(low: scaled(box.low), high: scaled(box.high))
  }
  public var actionSpace: ActionSpace { inner.actionSpace }
  public var eventNames: [String] { inner.eventNames }
  public var stateCount: Int { inner.stateCount }

  public func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    inner.reset(lane: lane, of: lanes, key: key)
    scale(lanes.observations + lane * mean.count, rows: 1)
  }

  public func step(_ lanes: Lanes) {
    inner.step(lanes)
    scale(lanes.observations, rows: lanes.count)
  }

  private func scale(_ observations: UnsafeMutablePointer<Float>, rows: Int) {
    let width = mean.count
    mean.withUnsafeBufferPointer { mean in
      deviation.withUnsafeBufferPointer { deviation in
        for row in 0..<rows {
          let observation = observations + row * width
          for index in 0..<width { observation[index] = (observation[index] - mean[index]) / deviation[index] }
        }
      }
    }
  }
}

/// Mean and variance of all observations so far, merged batch by batch (Chan, Golub, LeVeque 1979).
///
/// For observations whose scale is not known. What is kept (a replay buffer) must be kept unscaled, and scaled by
/// the moments of the day when it is used.
public struct RunningMoments: Sendable, Equatable {
  /// Observations so far.
  public private(set) var count: Double
  /// One for each number of an observation.
  public private(set) var mean: [Double]
  /// Sums of squared deviations.
  public private(set) var squares: [Double]

  /// Moments of nothing: count 0.
  public init(width: Int) {
    count = 0
    mean = Array(repeating: 0, count: width)
    squares = Array(repeating: 0, count: width)
  }

  /// - Parameter rows: `[rows, width]`.
  public mutating func add(_ rows: NDArray) {
    let (values, width) = (rows.floats, mean.count)
    let added = Double(values.count / width)
    guard added > 0 else { return }
    for column in 0..<width {
      let own = stride(from: column, to: values.count, by: width).map { Double(values[$0]) }
      let ownMean = own.reduce(0, +) / added
      let ownSquares = own.reduce(0) { $0 + ($1 - ownMean) * ($1 - ownMean) }
      let difference = ownMean - mean[column]
      squares[column] += ownSquares + difference * difference * count * added / (count + added)
      mean[column] += difference * added / (count + added)
    }
    count += added
  }

  /// Standard deviations; 1 where nothing has varied yet.
  public var deviation: [Double] { squares.map { count > 1 && $0 > 0 ? ($0 / count).squareRoot() : 1 } }

  /// The rows in standard deviations from the mean, at most `limit` of them.
  public func scaled(_ rows: NDArray, limit: Float = 10) -> NDArray {
    let (center, scale, width) = (mean.map { Float($0) }, deviation.map { Float($0) }, mean.count)
    var result = rows
    result.withUnsafeMutableElements(of: Float.self) { x in
      for index in x.indices {
        x[index] = min(max((x[index] - center[index % width]) / scale[index % width], -limit), limit)
      }
    }
    return result
  }

  /// The three, saved.
  public var tree: Tree<NDArray> {
    Tree(["count": NDArray(count), "mean": NDArray(mean), "squares": NDArray(squares)])
  }

  /// Moments of so many numbers that were saved.
  ///
  /// - Throws: `ControlError` where they are of others, or damaged.
  public init(_ tree: Tree<NDArray>, width: Int) throws {
    let saved = SnapshotReader(tree)
    count = try saved.numbers("count", [])[0]
    mean = try saved.numbers("mean", [width])
    squares = try saved.numbers("squares", [width])
    guard count >= 0, (mean + squares + [count]).allSatisfy(\.isFinite) else {
      throw ControlError("the moments of a saved run are not finite")
    }
  }
}
