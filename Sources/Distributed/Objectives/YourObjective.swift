import Arrays
import Compilation

/// Any objective: closures for its gradient and its stochastic gradient.
///
/// ```swift
/// let mine = YourObjective(
///   start: x0, smoothness: 1, gap: 10, variance: 4, gradient: { x in ... }, stochastic: { x, key in ... })
/// ```
public final class YourObjective: StochasticObjective {
  public let name: String
  public let start: [Double]
  public let smoothness: Double
  public let gap: Double
  public let variance: Double
  public var dimension: Int { start.count }
  private let exactValue: (([Double]) throws -> Double)?
  private let exact: ([Double]) throws -> [Double]
  private let stochastic: ([Double], RandomKey) throws -> [Double]

  /// - Parameters:
  ///   - smoothness, gap, variance: L, f(x⁰) - inf f and σ²; steps are chosen from them.
  ///   - gradient: the true gradient at x, which progress is measured with.
  ///   - stochastic: one stochastic gradient at x; the same key must give the same sample.
  public init(
    _ name: String = "your objective", start: [Double], smoothness: Double, gap: Double = 1, variance: Double = 0,
    value: (([Double]) throws -> Double)? = nil, gradient: @escaping ([Double]) throws -> [Double],
    stochastic: @escaping ([Double], RandomKey) throws -> [Double]
  ) {
    precondition(!start.isEmpty && smoothness > 0, "An objective has coordinates and a curvature.")
    (self.name, self.start, self.smoothness, self.gap, self.variance) = (name, start, smoothness, gap, variance)
    (exactValue, exact, self.stochastic) = (value, gradient, stochastic)
  }

  /// A compiled objective.
  ///
  /// - Parameters:
  ///   - program: of x [d] and a batch's arrays, the gradient [d] as its only result.
  ///   - batch: the arrays of a stochastic gradient's batch.
  ///   - all: the arrays of the true gradient.
  ///   - wide: the program for `all`, where its shapes differ.
  /// - Throws: `DistributedError` where the program does not map x to a gradient of its shape.
  public convenience init(
    _ name: String = "compiled objective", program: Program, start: [Double], smoothness: Double, gap: Double = 1,
    variance: Double = 0, batch: @escaping (RandomKey) throws -> [NDArray], all: [NDArray], wide: Program? = nil
  ) throws {
    for program in [program, wide ?? program] {
      guard program.inputTypes.first?.shape == [start.count], program.outputTypes.map(\.shape) == [[start.count]] else {
        throw DistributedError(
          "the program of \(name) must map x [\(start.count)] and a batch's arrays to one gradient of that shape")
      }
    }
    func run(_ program: Program, _ x: [Double], _ arrays: [NDArray]) throws -> [Double] {
      try program.run([NDArray(x).converted(to: program.inputTypes[0].elementType)] + arrays)[0].doubles
    }
    self.init(
      name, start: start, smoothness: smoothness, gap: gap, variance: variance,
      gradient: { try run(wide ?? program, $0, all) }, stochastic: { try run(program, $0, batch($1)) })
  }

  /// The value where one was given, and NaN where not.
  public func value(at x: [Double]) throws -> Double { try exactValue?(x) ?? .nan }
  public func gradient(at x: [Double]) throws -> [Double] { try exact(x) }

  public func stochasticGradient(at x: [Double], batch: Int, key: RandomKey, positions: [Int32]?) throws -> [Double] {
    var sum = try stochastic(x, key.split(0))
    for index in 1..<max(batch, 1) {
      for (j, g) in try stochastic(x, key.split(index)).enumerated() { sum[j] += g }
    }
    return sum.at(positions).map { $0 / Double(batch) }
  }
}
