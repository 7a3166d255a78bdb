@_exported import Preconditions

/// A confidence interval: its ends and how often such intervals cover the truth.
public struct Interval: Hashable, Sendable, Codable {
  /// The lower end; minus infinity for an interval open below, NaN where the data allow none.
  public var low: Double
  /// The upper end; infinity for an interval open above, NaN where the data allow none.
  public var high: Double
  /// The confidence level, as 0.95.
  public var level: Double

  public init(low: Double, high: Double, level: Double = 0.95) {
    precondition(level > 0 && level < 1, "A confidence level lies between 0 and 1; got \(level).")
    self.low = low
    self.high = high
    self.level = level
  }

  /// An interval that the data do not allow.
  public static func undefined(level: Double) -> Interval { Interval(low: .nan, high: .nan, level: level) }

  /// Whether the value lies in the closed interval.
  public func contains(_ value: Double) -> Bool { low <= value && value <= high }
}
