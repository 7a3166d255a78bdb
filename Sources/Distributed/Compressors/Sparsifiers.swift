import Arrays

/// The whole vector.
public struct Identity: Compressor {
  public let name = "identity"
  public init() {}
  public func omega(dimension: Int) -> Double? { 0 }
  public func contraction(dimension: Int) -> Double? { 1 }
  public func bits(dimension: Int) -> Double { Double(dimension * Packet.numberBits) }

  public func compress(
    dimension: Int, worker: Int, key: RandomKey, coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet {
    Packet(dimension: dimension, values: try coordinates(nil))
  }
}

/// K coordinates, uniformly random, times d/K: unbiased, ω = d/K - 1. Positions follow from the key and cost nothing.
public struct RandK: Compressor {
  /// K, coordinates that are sent.
  public let kept: Int
  public var name: String { "rand-\(kept)" }

  /// - Parameter kept: K; all where a vector has no more coordinates.
  public init(_ kept: Int) {
    precondition(kept > 0, "RandK keeps a coordinate.")
    self.kept = kept
  }

  public func omega(dimension: Int) -> Double? { Double(dimension) / Double(min(kept, dimension)) - 1 }
  public func bits(dimension: Int) -> Double { Double(min(kept, dimension) * Packet.numberBits) }

  public func compress(
    dimension: Int, worker: Int, key: RandomKey, coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet {
    if kept >= dimension { return Packet(dimension: dimension, values: try coordinates(nil)) }
    let draw = Draw.subset(key: key.split(worker).bits, count: kept)
    let positions = draw.positions(dimension: dimension)
    let scale = Double(dimension) / Double(kept)
    let values = try coordinates(positions).map { $0 * scale }
    return Packet(dimension: dimension, positions: positions, values: values, draw: draw)
  }
}

/// The coordinates dealt to n workers in a random order, each times n: unbiased, ω = n - 1; the mean over all workers of one
/// vector's packets is that vector.
///
/// Source: Szlendak, Tyurin, Richtárik, "Permutation compressors", ICLR 2022. The random first worker makes it unbiased
/// whether n divides d or not.
public struct PermK: Compressor {
  /// Workers among which the coordinates are dealt out.
  public let workers: Int
  public var name: String { "perm-\(workers)" }

  public init(workers: Int) {
    precondition(workers > 0, "PermK deals to a worker.")
    self.workers = workers
  }

  public func omega(dimension: Int) -> Double? { Double(workers - 1) }
  public func omegaOfMean(dimension: Int, workers: Int) -> Double? {
    workers == self.workers ? 0 : omega(dimension: dimension)
  }
  public func bits(dimension: Int) -> Double { Double(dimension * Packet.numberBits) / Double(workers) }

  public func compress(
    dimension: Int, worker: Int, key: RandomKey, coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet {
    let draw = Draw.share(key: key.bits, worker: worker, workers: workers)
    return try packet(dimension, draw, draw.positions(dimension: dimension), coordinates)
  }

  public func packets(of vector: [Double], workers: Int, key: RandomKey) -> [Packet] {
    let deal = Draw.deal(key, self.workers, vector.count)
    return (0..<workers).map { worker in
      packet(
        vector.count, .share(key: key.bits, worker: worker, workers: self.workers),
        Draw.dealt(deal, worker, self.workers)
      ) { vector.at($0) }
    }
  }

  private func packet(
    _ dimension: Int, _ draw: Draw, _ positions: [Int32], _ coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet {
    let values = try coordinates(positions).map { $0 * Double(workers) }
    return Packet(dimension: dimension, positions: positions, values: values, draw: draw)
  }
}

/// The K coordinates of largest magnitude, as they are: biased, α = K/d. Positions cost ⌈log₂ d⌉ bits each.
public struct TopK: Compressor {
  /// K, coordinates that are sent.
  public let kept: Int
  public var name: String { "top-\(kept)" }

  public init(_ kept: Int) {
    precondition(kept > 0, "TopK keeps a coordinate.")
    self.kept = kept
  }

  public func omega(dimension: Int) -> Double? { kept >= dimension ? 0 : nil }
  public func contraction(dimension: Int) -> Double? { Double(min(kept, dimension)) / Double(dimension) }
  public func bits(dimension: Int) -> Double {
    let places = kept >= dimension ? 0 : Int.bitWidth - (dimension - 1).leadingZeroBitCount
    return Double(min(kept, dimension) * (Packet.numberBits + places))
  }

  public func compress(
    dimension: Int, worker: Int, key: RandomKey, coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet {
    let all = try coordinates(nil)
    if kept >= dimension { return Packet(dimension: dimension, values: all) }
    // Of equal magnitudes the first position wins, so that a packet is a function of the vector.
    let order = (0..<Int32(dimension)).sorted { a, b in
      let (x, y) = (all[Int(a)].magnitude, all[Int(b)].magnitude)
      return x != y ? x > y : a < b
    }
    let positions = Array(order.prefix(kept))
    return Packet(
      dimension: dimension, positions: positions, values: all.at(positions), bits: Int(bits(dimension: dimension)))
  }
}
