import Arrays

/// A random map from a vector to a packet with fewer bits.
///
/// ```swift
/// let packet = RandK(10).compress(gradient, worker: 3, key: key.split(round))
/// ```
public protocol Compressor: Sendable {
  /// For tables and logs, with its parameters.
  var name: String { get }

  /// ω with E C(x) = x and E|C(x) - x|² <= ω |x|²; nil where the compressor is biased or the bound is infinite.
  func omega(dimension: Int) -> Double?

  /// α with E|C(x) - x|² <= (1 - α) |x|², for compressors that shrink the error; nil where there is none.
  func contraction(dimension: Int) -> Double?

  /// The bits of a packet, as expected where they vary.
  func bits(dimension: Int) -> Double

  /// Compresses a vector of which only those coordinates are made that are sent.
  ///
  /// - Parameters:
  ///   - worker: 0..<n. Workers draw independently, or by a common plan (`PermK`).
  ///   - key: of the round, the same for all workers.
  ///   - coordinates: the vector's values at positions, or all of them for nil.
  func compress(
    dimension: Int, worker: Int, key: RandomKey, coordinates: ([Int32]?) throws -> [Double]
  ) rethrows -> Packet

  /// One packet of the same vector for each of n workers.
  func packets(of vector: [Double], workers: Int, key: RandomKey) -> [Packet]

  /// θ with E|1/n Σ C_i(x) - x|² <= θ |x|² of n workers' packets of one vector.
  func omegaOfMean(dimension: Int, workers: Int) -> Double?
}

extension Compressor {
  public func contraction(dimension: Int) -> Double? { nil }

  /// Compresses a vector.
  public func compress(_ vector: [Double], worker: Int = 0, key: RandomKey) -> Packet {
    compress(dimension: vector.count, worker: worker, key: key) { vector.at($0) }
  }

  public func packets(of vector: [Double], workers: Int, key: RandomKey) -> [Packet] {
    (0..<workers).map { compress(vector, worker: $0, key: key) }
  }

  /// ω/n where workers draw independently.
  public func omegaOfMean(dimension: Int, workers: Int) -> Double? {
    omega(dimension: dimension).map { $0 / Double(workers) }
  }
}

extension [Double] {
  /// The values at positions, or all.
  func at(_ positions: [Int32]?) -> [Double] {
    guard let positions else { return self }
    return positions.map { self[Int($0)] }
  }

  var squaredNorm: Double { reduce(0) { $0 + $1 * $1 } }
}
