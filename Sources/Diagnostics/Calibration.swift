import Arrays
import Foundation

/// How well a classifier's confidence fits its accuracy, from logits and labels, in double precision.
///
/// Definitions follow Guo et al., "On calibration of modern neural networks", 2017, and for the logits' own measures
/// Hedges, arXiv 2506.04487.
public struct Calibration: Sendable {
  /// A bin of confidences (low, high].
  public struct Bin: Sendable, Hashable {
    /// The lower end, not in the bin.
    public var low: Double
    /// The upper end, in the bin.
    public var high: Double
    /// Rows whose confidence lies in it.
    public var count: Int
    /// Fraction of its predictions that are right; 0 for an empty bin.
    public var accuracy: Double
    /// Mean confidence.
    public var confidence: Double
  }

  /// Rows that were measured.
  public var count: Int
  /// Percent.
  public var accuracy: Double
  /// Percent of rows whose label is among the five largest logits.
  public var topFiveAccuracy: Double
  /// Mean cross-entropy, nats.
  public var negativeLogLikelihood: Double
  /// Expected calibration error over equal-width bins.
  public var expectedCalibrationError: Double
  /// Mean entropy of the predicted distributions, nats.
  public var entropy: Double
  /// Mean over rows of the largest probability: the mean confidence.
  public var maximumSoftmax: Double
  /// Mean over rows of the largest absolute logit.
  public var maximumLogit: Double
  /// Mean over rows of the (biased) variance over classes.
  public var logitVariance: Double
  /// Mean squared distance to the one-hot label, 0...2.
  public var brierScore: Double
  /// Pearson correlation of confidence and correctness; 0 where it does not exist.
  public var confidenceCorrelation: Double
  /// By rising confidence, empty ones among them.
  public var bins: [Bin]

  /// - Parameters:
  ///   - logits: row-major [count, classes].
  ///   - labels: in 0..<classes.
  ///   - temperature: logits are divided by it.
  public init(logits: [Double], labels: [Int32], classes: Int, temperature: Double = 1, binCount: Int = 10) {
    precondition(logits.count == labels.count * classes && !labels.isEmpty, "one row of logits for each label")
    var right = [Double]()
    var confidences = [Double]()
    var totals = [Double](repeating: 0, count: 7)
    for (row, label) in labels.enumerated() {
      let z = (0..<classes).map { logits[row * classes + $0] / temperature }
      let peak = z.max()!
      let sum = z.reduce(0) { $0 + exp($1 - peak) }
      let logSum = peak + log(sum)
      let p = z.map { exp($0 - logSum) }
      let own = z[Int(label)]
      // Logits that are not finite have no largest one; the measures then say so.
      let best = z.firstIndex(of: peak) ?? 0
      right.append(best == Int(label) ? 1 : 0)
      confidences.append(p[best])
      totals[0] += z.filter { $0 > own }.count < 5 ? 1 : 0
      totals[1] += logSum - own
      totals[2] += zip(p, z).reduce(0) { $0 - $1.0 * ($1.1 - logSum) }
      totals[3] += z.map { Swift.abs($0) }.max()!
      let mean = z.reduce(0, +) / Double(classes)
      totals[4] += z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(classes)
      totals[5] += p.enumerated().reduce(0) { total, item in
        let target: Double = item.offset == Int(label) ? 1 : 0
        return total + (item.element - target) * (item.element - target)
      }
    }
    let n = Double(labels.count)
    count = labels.count
    accuracy = 100 * right.reduce(0, +) / n
    topFiveAccuracy = 100 * totals[0] / n
    negativeLogLikelihood = totals[1] / n
    entropy = totals[2] / n
    maximumSoftmax = confidences.reduce(0, +) / n
    maximumLogit = totals[3] / n
    logitVariance = totals[4] / n
    brierScore = totals[5] / n
    bins = (0..<binCount).map { index in
      let (low, high) = (Double(index) / Double(binCount), Double(index + 1) / Double(binCount))
      let inside = confidences.indices.filter { confidences[$0] > low && confidences[$0] <= high }
      let size = Double(max(inside.count, 1))
      return Bin(
        low: low, high: high, count: inside.count, accuracy: inside.reduce(0) { $0 + right[$1] } / size,
        confidence: inside.reduce(0) { $0 + confidences[$1] } / size)
    }
    expectedCalibrationError = bins.reduce(0) { $0 + Double($1.count) / n * Swift.abs($1.accuracy - $1.confidence) }
    confidenceCorrelation = Self.correlation(confidences, right)
  }

  private static func correlation(_ x: [Double], _ y: [Double]) -> Double {
    let n = Double(x.count)
    let (mx, my) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    var (sxy, sxx, syy) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      sxy += (a - mx) * (b - my)
      sxx += (a - mx) * (a - mx)
      syy += (b - my) * (b - my)
    }
    let result = sxy / (sxx * syy).squareRoot()
    return result.isNaN ? 0 : result
  }

  /// The measures by tag, for logs.
  public var values: [String: Double] {
    [
      "accuracy": accuracy, "top5": topFiveAccuracy, "nll": negativeLogLikelihood, "ece": expectedCalibrationError,
      "entropy": entropy, "maxSoftmax": maximumSoftmax, "maxLogit": maximumLogit, "logitVariance": logitVariance,
      "brier": brierScore, "confidenceCorrelation": confidenceCorrelation,
    ]
  }

  /// The temperature in 0.1...10 that minimises the negative log-likelihood of z / T, by golden section in log T: the
  /// likelihood is unimodal in 1 / T.
  public static func fittedTemperature(logits: [Double], labels: [Int32], classes: Int) -> Double {
    func loss(_ logT: Double) -> Double {
      let scale = exp(-logT)
      var total = 0.0
      for (row, label) in labels.enumerated() {
        var peak = -Double.infinity
        for c in 0..<classes { peak = max(peak, logits[row * classes + c] * scale) }
        var sum = 0.0
        for c in 0..<classes { sum += exp(logits[row * classes + c] * scale - peak) }
        total += peak + log(sum) - logits[row * classes + Int(label)] * scale
      }
      return total
    }
    let ratio = (5.0.squareRoot() - 1) / 2
    var (low, high) = (log(0.1), log(10.0))
    var (a, b) = (high - ratio * (high - low), low + ratio * (high - low))
    var (fa, fb) = (loss(a), loss(b))
    while high - low > 1e-6 {
      if fa < fb {
        (high, b, fb) = (b, a, fa)
        a = high - ratio * (high - low)
        fa = loss(a)
      } else {
        (low, a, fa) = (a, b, fb)
        b = low + ratio * (high - low)
        fb = loss(b)
      }
    }
    return exp((low + high) / 2)
  }
}
