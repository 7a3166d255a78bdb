import Foundation

/// How the columns of a table become the numbers that a model sees, and what its output means: all fitted to the
/// training part, and enough to do the same with other tables.
public struct TableEncoding: Codable, Sendable, Equatable {
  /// z = (x - mean) / deviation, kept within ±limit.
  public struct Scale: Codable, Sendable, Equatable {
    /// Of the feature.
    public var name: String
    /// Of the training part.
    public var mean: Double
    /// Of the training part, positive.
    public var deviation: Double
    /// Twice the largest |z| of the training part, at least 10: what lies further out is taken as that.
    public var limit: Double

    /// Whether a value is taken as the limit.
    func isBeyond(_ value: Double) -> Bool { abs((value - mean) / deviation) > limit }

    @inline(__always) func callAsFunction(_ value: Double) -> Float {
      Float(Swift.max(-limit, Swift.min(limit, (value - mean) / deviation)))
    }
  }

  /// One column of the file.
  public struct Input: Codable, Sendable, Equatable {
    /// The column's name.
    public var column: String
    /// What its values are taken for.
    public var kind: ColumnKind
    /// Numbers that are scaled: the value, or the parts of a date; of a category with many values the logarithm of how
    /// often it comes.
    public var scales: [Scale] = []
    /// The training part's median, for cells that are missing.
    public var fill = 0.0
    /// Whether a feature says that the cell is missing.
    public var hasIndicator = false
    /// Values with a feature each; a category of two has one for both.
    public var values: [String] = []
    /// How often values come in the training part, where they are many.
    public var counts: [String: Int] = [:]
    /// Whether missing cells are a value.
    public var countsMissing = false
    /// Features for the words of a text.
    public var hashes = 0
    /// Of dates: whether days come before months, and what divides numbers into seconds.
    public var isDayFirst: Bool?
    /// How many of the column's numbers make a second, where dates are numbers.
    public var unit: Double?

    var isBinary: Bool { kind == .category && counts.isEmpty && values.count + (countsMissing ? 1 : 0) == 2 }

    /// The names of its features.
    public var features: [String] {
      switch kind {
      case .number, .date:
        return scales.map { $0.name == "value" ? column : "\(column) \($0.name)" }
          + (hasIndicator ? ["\(column) missing"] : [])
      case .category:
        if isBinary { return ["\(column)=\(values.last!)"] }
        return values.map { "\(column)=\($0)" } + (countsMissing ? ["\(column) missing"] : [])
          + (counts.isEmpty ? [] : ["\(column) other"] + scales.map { "\(column) \($0.name)" })
      case .text: return (0..<hashes).map { "\(column) words \($0)" }
      }
    }
  }

  /// The columns that are predicted from, in the order of the features.
  public var inputs: [Input]
  /// The columns that are predicted; numbers have their scale.
  public var targets: [String]
  /// Where numbers are predicted: their means and deviations.
  public var targetScale: TargetScale?
  /// In the order of the outputs; empty where numbers are predicted.
  public var classes: [String]
  /// Whether the file had names for its columns.
  public var hasHeader: Bool
  /// The file's decimal sign, which other files are read with; nil where none of its cells told it, and of models saved by
  /// earlier versions.
  public var decimal: DecimalSign?
  /// What is done to rows with a missing cell.
  public var missing: TableOptions.Missing

  /// Names of the model's inputs, in their order.
  public var features: [String] { inputs.flatMap(\.features) }
  /// How many inputs the model has.
  public var width: Int { inputs.reduce(0) { $0 + $1.features.count } }

  /// Values with a feature of their own, at most.
  static let mostValues = 32
  static let textFeatures = 256
}

/// Mean and standard deviation of each target in the training part; models are trained on (y - mean) / deviation.
public struct TargetScale: Codable, Sendable, Equatable {
  /// One for each target.
  public var mean: [Double]
  /// One for each target; 1 for a constant one.
  public var deviation: [Double]

  public init(mean: [Double], deviation: [Double]) { (self.mean, self.deviation) = (mean, deviation) }

  /// Two passes in double precision over targets [n, ...]; a target that is constant keeps its unit.
  public init(of targets: NDArray) {
    let width = Swift.max(targets.count / Swift.max(targets.shape[0], 1), 1)
    let values = targets.doubles
    let moments = (0..<width).map { column in
      Moments(stride(from: column, to: values.count, by: width).lazy.map { values[$0] })
    }
    (mean, deviation) = (moments.map(\.mean), moments.map(\.guardedDeviation))
  }

  /// Targets in units of the deviation.
  public func standardize(_ targets: NDArray) -> NDArray {
    let values = targets.doubles
    return NDArray(
      values.indices.map { Float((values[$0] - mean[$0 % mean.count]) / deviation[$0 % mean.count]) },
      shape: targets.shape)
  }

  /// Outputs in the targets' own units, row-major.
  public func restore(_ outputs: NDArray) -> [Double] {
    let values = outputs.doubles
    return values.indices.map { mean[$0 % mean.count] + deviation[$0 % mean.count] * values[$0] }
  }
}

/// Mean and deviation in two passes.
struct Moments {
  var mean = 0.0
  var deviation = 0.0
  /// The largest distance from the mean.
  var furthest = 0.0
  private var largest = 0.0

  init<S: Sequence<Double>>(_ values: S) {
    var count = 0.0
    for value in values {
      count += 1
      mean += (value - mean) / count
    }
    var (squares, rest) = (0.0, 0.0)
    for value in values {
      let distance = value - mean
      squares += distance * distance
      rest += distance
      furthest = Swift.max(furthest, Swift.abs(distance))
      largest = Swift.max(largest, Swift.abs(value))
    }
    deviation = count > 0 ? Swift.max(squares / count - (rest / count) * (rest / count), 0).squareRoot() : 0
  }

  /// Whether the values differ by more than their own rounding.
  var isConstant: Bool { deviation <= 1e-13 * largest || deviation == 0 }
  var guardedDeviation: Double { isConstant ? 1 : deviation }
}
