import Arrays
import Theory

/// Batch descents over a grid of batches b and kept coordinates K, measured in rounds.
///
/// With equal workers a round takes τ_s d + h b + τ_w K seconds, so that one measurement gives the time for all speeds of
/// links: `seconds(in:)` is what the virtual clock shows, exactly.
public struct BatchGrid: Hashable, Sendable, Codable {
  /// Gradients a worker and round that are tried.
  public var batches: [Int]
  /// d among them is the uncompressed descent.
  public var kept: [Int]

  public init(batches: [Int], kept: [Int]) {
    precondition(!batches.isEmpty && !kept.isEmpty, "A grid has a batch and a K.")
    (self.batches, self.kept) = (batches, kept)
  }

  /// Powers of `ratio` up to the most that can be of use: b to S, K to d.
  public static func powers(of ratio: Int = 4, for setting: DistributedSetting) -> BatchGrid {
    func powers(to last: Int) -> [Int] {
      var (values, next) = ([Int](), 1)
      while next < last {
        values.append(next)
        next *= ratio
      }
      return values + [last]
    }
    let samples = Int(max(1, setting.samples / Double(setting.workers)).rounded(.up))
    return BatchGrid(batches: powers(to: samples), kept: powers(to: setting.dimension))
  }

  /// One place of the grid.
  public struct Place: Hashable, Sendable, Codable {
    /// Theory's problem and links, which choose the step.
    public var compression: BatchCompression
    /// n.
    public var workers: Int
    /// d, coordinates.
    public var dimension: Int
    /// Of gradients and compressors.
    public var seed: Int
    /// Rounds until the goal; nil where it was not reached.
    public var rounds: Int?

    /// The time of that descent with other links and computers; nil where the goal was not reached.
    public func seconds(gradient h: Double, downlink: Double, uplink: Double) -> Double? {
      let kept = Double(min(compression.kept, dimension))
      let round = downlink * Double(dimension) + h * Double(compression.batch) + uplink * kept
      return rounds.map { Double($0) * round }
    }
  }

  /// All places with n workers.
  ///
  /// - Parameter rounds: after so many a descent is given up.
  /// - Throws: what the objective throws.
  public func measure(
    _ objective: any StochasticObjective, workers: Int, accuracy: Double, rounds: Int, seed: Int, stepScale: Double = 1
  ) throws -> [Place] {
    try batches.flatMap { batch in
      try kept.map { k in
        let k = min(k, objective.dimension)
        let uplink: any Compressor = k == objective.dimension ? Identity() : RandK(k)
        let record = try DistributedDescent.simulate(
          BatchDescent(batch: batch, uplink: uplink), on: objective, Cluster(workers: workers),
          goal: Goal(accuracy: accuracy, rounds: rounds),
          key: RandomKey(seed: seed).split("grid").split(batch).split(k), stepScale: stepScale)
        return Place(
          compression: BatchCompression(batch: batch, kept: k), workers: workers, dimension: objective.dimension,
          seed: seed, rounds: record.isReached ? record.rounds : nil)
      }
    }
  }
}

extension [BatchGrid.Place] {
  /// The fastest place for those speeds, of all or of the uncompressed ones; nil where none reached the goal.
  public func fastest(
    gradient h: Double, downlink: Double, uplink: Double, where isAllowed: (BatchGrid.Place) -> Bool = { _ in true }
  ) -> (place: BatchGrid.Place, seconds: Double)? {
    let timed = compactMap { place -> (place: BatchGrid.Place, seconds: Double)? in
      guard isAllowed(place) else { return nil }
      return place.seconds(gradient: h, downlink: downlink, uplink: uplink).map { (place, $0) }
    }
    return timed.min { $0.seconds < $1.seconds }
  }
}
