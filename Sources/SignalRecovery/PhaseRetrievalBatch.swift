import Arrays
import Foundation

/// How measurements are drawn.
public enum MeasurementEnsemble: Hashable, Sendable {
  /// n x d independent standard normal numbers in each measurement.
  case gaussian(rank: Int)
  /// A complex Gaussian vector on a complex signal of half the dimension: two real rows (u, v) and (-v, u). Solutions
  /// are known up to a phase.
  case complex

  /// Real rows in each measurement.
  public var rank: Int {
    switch self {
    case .gaussian(let rank): rank
    case .complex: 2
    }
  }
}

/// Independent instances of phase retrieval, solved side by side: find x̄ of unit length from y_i = |A_i^T x̄|².
public struct PhaseRetrievalBatch: Sendable {
  /// How measurements were drawn.
  public let ensemble: MeasurementEnsemble
  /// Real dimension n of the signals.
  public let dimension: Int
  /// Measurements m of each.
  public let measurementCount: Int
  /// Rows of all measurements, float64 [trials, m · d, n]; a measurement's rows follow each other.
  public let rows: NDArray
  /// The unit signals, float64 [trials, n, 1]; descents never see them.
  public let signals: NDArray
  /// Squared lengths y, float64 [trials, m].
  public let intensities: NDArray
  private let keys: [RandomKey]

  /// Instances.
  public var trialCount: Int { keys.count }

  /// Draws one instance for each key; an instance does not depend on its neighbours.
  ///
  /// - Parameter ratio: measurements per real dimension, m = round(ratio · n).
  public init(ensemble: MeasurementEnsemble, dimension n: Int, ratio: Double, keys: [RandomKey]) {
    precondition(n > 0 && ratio > 0 && !keys.isEmpty, "A batch needs a dimension, a ratio and keys.")
    precondition(ensemble != .complex || n.isMultiple(of: 2), "A complex signal has an even real dimension.")
    let (m, d) = (max(1, Int((ratio * Double(n)).rounded())), ensemble.rank)
    var (rows, signals, intensities): ([Double], [Double], [Double]) = ([], [], [])
    rows.reserveCapacity(keys.count * m * d * n)
    for key in keys {
      var signal = key.split("signal").normal(count: n)
      let length = signal.reduce(0) { $0 + $1 * $1 }.squareRoot()
      signal = signal.map { $0 / length }
      var matrix = key.split("measurements").normal(count: ensemble == .complex ? m * n : m * d * n)
      if ensemble == .complex {
        let half = n / 2
        matrix = (0..<m).flatMap { i -> [Double] in
          let row = matrix[i * n..<(i + 1) * n]
          return Array(row) + row.suffix(half).map { -$0 } + row.prefix(half)
        }
      }
      for i in 0..<m {
        intensities.append(
          (0..<d).reduce(0) { sum, j in
            let start = (i * d + j) * n
            let z = (0..<n).reduce(0.0) { $0 + matrix[start + $1] * signal[$1] }
            return sum + z * z
          })
      }
      rows += matrix
      signals += signal
    }
    (self.ensemble, dimension, measurementCount, self.keys) = (ensemble, n, m, keys)
    self.rows = NDArray(rows, shape: [keys.count, m * d, n])
    self.signals = NDArray(signals, shape: [keys.count, n, 1])
    self.intensities = NDArray(intensities, shape: [keys.count, m])
  }

  private init(_ batch: PhaseRetrievalBatch, trials: Range<Int>) {
    (ensemble, dimension, measurementCount) = (batch.ensemble, batch.dimension, batch.measurementCount)
    rows = batch.rows.rows(trials)
    signals = batch.signals.rows(trials)
    intensities = batch.intensities.rows(trials)
    keys = Array(batch.keys[trials])
  }

  /// The trials, in order, in batches whose rows take no more than a number of bytes, or of one trial.
  package func parts(ofAtMost bytes: Int) -> [PhaseRetrievalBatch] {
    let count = min(trialCount, max(1, bytes / (rows.byteCount / trialCount)))
    return stride(from: 0, to: trialCount, by: count).map {
      PhaseRetrievalBatch(self, trials: $0..<min($0 + count, trialCount))
    }
  }

  /// Random starting points of unit length, float64 [trials, n, 1].
  public func unitStarts() -> NDArray {
    NDArray(
      keys.flatMap { key -> [Double] in
        let start = key.split("start").normal(count: dimension)
        let length = start.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return start.map { $0 / length }
      }, shape: [trialCount, dimension, 1])
  }

  /// Distance of each point from its signal, up to what the measurements cannot tell: sign, or phase.
  public func distances(of points: NDArray) -> [Double] {
    precondition(points.shape == signals.shape, "Points are \(signals.shape); got \(points.shape).")
    let (x, s, n) = (points.doubles, signals.doubles, dimension)
    return (0..<trialCount).map { trial in
      let (a, b) = (Array(x[trial * n..<(trial + 1) * n]), Array(s[trial * n..<(trial + 1) * n]))
      // The nearest equivalent signal is the one whose overlap is real and positive.
      let direct = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
      guard ensemble == .complex else {
        let sign = direct < 0 ? -1.0 : 1
        return zip(a, b).reduce(0) { $0 + ($1.0 - sign * $1.1) * ($1.0 - sign * $1.1) }.squareRoot()
      }
      let turned = b.suffix(n / 2).map { -$0 } + b.prefix(n / 2)
      let crossed = zip(a, turned).reduce(0) { $0 + $1.0 * $1.1 }
      let length = max((direct * direct + crossed * crossed).squareRoot(), .leastNormalMagnitude)
      let (cosine, sine) = (direct / length, crossed / length)
      return (0..<n).reduce(0) { sum, i in
        let gap = a[i] - cosine * b[i] - sine * turned[i]
        return sum + gap * gap
      }.squareRoot()
    }
  }
}
