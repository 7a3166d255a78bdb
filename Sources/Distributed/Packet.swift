import Arrays

/// A vector on its way: all coordinates or some of them, with what they cost on a link.
public struct Packet: Hashable, Sendable {
  /// Bits of one number.
  public static let numberBits = 64

  /// d.
  public var dimension: Int
  /// Which coordinates `values` are of; nil for all, in order.
  public var positions: [Int32]?
  /// What the receiver reads, scaled already.
  public var values: [Double]
  /// How the positions follow from a key that both ends know; such positions cost no bits.
  public var draw: Draw?
  /// Bits on the link.
  public var bits: Int
  /// The same in whole numbers' worth: what a link's seconds a coordinate are multiplied with.
  public var coordinates: Double { Double(bits) / Double(Packet.numberBits) }

  /// - Parameter bits: 64 a value unless the values are written shorter, or with their positions.
  public init(
    dimension: Int, positions: [Int32]? = nil, values: [Double], draw: Draw? = nil, bits: Int? = nil
  ) {
    self.dimension = dimension
    self.positions = positions
    self.values = values
    self.draw = draw
    self.bits = bits ?? values.count * Packet.numberBits
  }

  /// The whole vector, uncompressed.
  public init(_ vector: [Double]) { self.init(dimension: vector.count, values: vector) }

  /// Adds a multiple of the vector to another.
  public func add(to vector: inout [Double], times factor: Double = 1) {
    precondition(vector.count == dimension, "A packet of \(dimension) coordinates on \(vector.count).")
    vector.withUnsafeMutableBufferPointer { target in
      values.withUnsafeBufferPointer { source in
        if let positions {
          positions.withUnsafeBufferPointer { places in
            for (index, place) in places.enumerated() { target[Int(place)] += factor * source[index] }
          }
        } else {
          for index in source.indices { target[index] += factor * source[index] }
        }
      }
    }
  }

  /// The vector that the receiver reads.
  public var vector: [Double] {
    guard positions != nil else { return values }
    var result = [Double](repeating: 0, count: dimension)
    add(to: &result)
    return result
  }
}

/// Random positions that follow from a key: the receiver draws them again.
public enum Draw: Hashable, Sendable {
  /// `count` of all positions, uniformly.
  case subset(key: UInt64, count: Int)
  /// The share of one worker among several in a random order of all positions, dealt one by one from a random first worker.
  case share(key: UInt64, worker: Int, workers: Int)

  /// The positions among d.
  public func positions(dimension: Int) -> [Int32] {
    switch self {
    case .subset(let key, let count): Draw.some(count, of: dimension, RandomKey(bits: key))
    case .share(let key, let worker, let workers):
      Draw.dealt(Draw.deal(RandomKey(bits: key), workers, dimension), worker, workers)
    }
  }

  /// Floyd's algorithm: as many random numbers as positions.
  private static func some(_ count: Int, of dimension: Int, _ key: RandomKey) -> [Int32] {
    if count >= dimension { return (0..<Int32(dimension)).map { $0 } }
    let words = RandomWords(key)
    var chosen: [Int32] = []
    chosen.reserveCapacity(count)
    if count == 1 { return [Int32(words.integer(0, below: dimension))] }
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: (dimension + 63) / 64) { taken in
      taken.update(repeating: 0)
      for (index, last) in (dimension - count..<dimension).enumerated() {
        var pick = words.integer(index, below: last + 1)
        if taken[pick >> 6] >> UInt64(pick & 63) & 1 == 1 { pick = last }
        taken[pick >> 6] |= 1 << UInt64(pick & 63)
        chosen.append(Int32(pick))
      }
      return chosen
    }
  }

  /// A random order of the positions and the worker that the first goes to.
  static func deal(_ key: RandomKey, _ workers: Int, _ dimension: Int) -> (order: [Int], first: Int) {
    (key.split("order").permutation(dimension), RandomWords(key.split("first")).integer(0, below: workers))
  }

  static func dealt(_ deal: (order: [Int], first: Int), _ worker: Int, _ workers: Int) -> [Int32] {
    let start = (worker - deal.first + workers) % workers
    return stride(from: start, to: deal.order.count, by: workers).map { Int32(deal.order[$0]) }
  }
}
