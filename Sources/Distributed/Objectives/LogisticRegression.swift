import Arrays
import Datasets
import Foundation

/// Mean of log(1 + exp(-y aᵀx)) + λ/2 |x|² over the rows of a table: one class against the others. A stochastic gradient is
/// that of a row drawn with replacement.
///
/// Columns are standardised, those that do not vary are 0, and a constant column is added for the intercept.
public final class LogisticRegression: StochasticObjective {
  public let name: String
  public let dimension: Int
  public let start: [Double]
  /// At most: power iteration's estimate and a hundredth, in case it has not converged.
  public let smoothness: Double
  /// log 2 at x = 0, where every row's loss is that.
  public let gap = log(2.0)
  /// At the start.
  public let variance: Double
  /// λ.
  public let decay: Double
  /// Examples.
  public let rowCount: Int
  /// y_i a_i, row by row.
  private let rows: [Double]

  /// - Parameters:
  ///   - positive: the name of the class that is 1; the first when nil.
  /// - Throws: `DatasetError` where the targets are no classes, the class is unknown, or no other class is there.
  public init(_ data: Dataset, positive: String? = nil, decay: Double = 0) throws {
    guard let labels = data.labels, data.count > 0 else {
      throw DatasetError(data.name, "logistic regression needs rows with classes")
    }
    let known = data.classNames.joined(separator: ", ")
    guard let one = positive.map({ data.classNames.firstIndex(of: $0) }) ?? 0 else {
      throw DatasetError(data.name, "has no class \(positive ?? ""); there are: \(known)")
    }
    guard Set(labels).count > 1 else { throw DatasetError(data.name, "logistic regression needs two classes") }
    precondition(decay >= 0, "A decay is not negative.")
    let (n, columns) = (data.count, data.exampleShape.count)
    let features = data.featureArray(0..<n).doubles
    let d = columns + 1
    var rows = [Double](repeating: 1, count: n * d)
    for column in 0..<columns {
      let values = (0..<n).map { features[$0 * columns + column] }
      let mean = values.reduce(0, +) / Double(n)
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(n)).squareRoot()
      // A column of equal numbers has a deviation of roundings only.
      let scale = deviation > 1e-12 * (1 + abs(mean)) ? 1 / deviation : 0
      for i in 0..<n { rows[i * d + column] = (values[i] - mean) * scale }
    }
    for i in 0..<n where Int(labels[i]) != one { for j in 0..<d { rows[i * d + j].negate() } }
    (name, rowCount, dimension) = ("logistic regression on \(data.name)", n, d)
    (self.rows, self.decay) = (rows, decay)
    start = [Double](repeating: 0, count: d)
    var v = [Double](repeating: 1, count: d)
    var largest = 0.0
    for _ in 0..<60 {
      var image = [Double](repeating: 0, count: d)
      for i in 0..<n {
        var inner = 0.0
        for j in 0..<d { inner += rows[i * d + j] * v[j] }
        for j in 0..<d { image[j] += inner * rows[i * d + j] }
      }
      largest = image.squaredNorm.squareRoot() / v.squaredNorm.squareRoot()
      let scale = 1 / image.squaredNorm.squareRoot()
      v = image.map { $0 * scale }
    }
    smoothness = 1.01 * largest / (4 * Double(n)) + decay
    // At 0 a row's gradient is half of it.
    var (squares, mean) = (0.0, [Double](repeating: 0, count: d))
    for i in 0..<n { for j in 0..<d { mean[j] += rows[i * d + j] / Double(n) } }
    for index in rows.indices { squares += rows[index] * rows[index] }
    variance = 0.25 * max(0, squares / Double(n) - mean.squaredNorm)
  }

  private func margin(_ row: Int, _ x: [Double]) -> Double {
    var sum = 0.0
    for j in 0..<dimension { sum += rows[row * dimension + j] * x[j] }
    return sum
  }

  /// -1/(1 + e^m), the loss's slope at a margin.
  private func slope(_ margin: Double) -> Double { -1 / (1 + exp(margin)) }

  public func value(at x: [Double]) -> Double {
    let sum = (0..<rowCount).reduce(0.0) { sum, i in
      let m = margin(i, x)
      return sum + (m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m)
    }
    return sum / Double(rowCount) + decay / 2 * x.squaredNorm
  }

  public func gradient(at x: [Double]) -> [Double] { mean(of: 0..<rowCount, at: x, nil) }

  public func stochasticGradient(at x: [Double], batch: Int, key: RandomKey, positions: [Int32]?) -> [Double] {
    mean(of: key.integers(count: batch, below: rowCount), at: x, positions)
  }

  private func mean(of samples: some Collection<Int>, at x: [Double], _ positions: [Int32]?) -> [Double] {
    let share = 1 / Double(samples.count)
    var result = x.at(positions).map { decay * $0 }
    for row in samples {
      let factor = slope(margin(row, x)) * share
      let start = row * dimension
      if let positions {
        for (index, place) in positions.enumerated() { result[index] += factor * rows[start + Int(place)] }
      } else {
        for j in 0..<dimension { result[j] += factor * rows[start + j] }
      }
    }
    return result
  }
}
