import Foundation

/// What a claim takes for granted, and what a run measured of it.
///
/// A claim about overconfident networks says nothing where no network is overconfident. A run therefore measures its
/// preconditions, and the claims that need them are "not applicable" where one does not hold.
public struct Precondition: Hashable, Sendable, Codable {
  /// The values that meet a precondition.
  public enum Requirement: Hashable, Sendable, Codable, CustomStringConvertible {
    case above(Double)
    case atLeast(Double)
    case below(Double)
    case atMost(Double)

    /// Whether a value meets it; what is no number does not.
    public func isMet(by value: Double) -> Bool {
      switch self {
      case .above(let bound): value > bound
      case .atLeast(let bound): value >= bound
      case .below(let bound): value < bound
      case .atMost(let bound): value <= bound
      }
    }

    public var description: String {
      switch self {
      case .above(let bound): "above \(short(bound))"
      case .atLeast(let bound): "at least \(short(bound))"
      case .below(let bound): "below \(short(bound))"
      case .atMost(let bound): "at most \(short(bound))"
      }
    }
  }

  /// The quantity in words, with its unit, as "training accuracy of SGD (%)".
  public var name: String
  /// The sentence, as "The SGD networks fit their training images."
  public var statement: String
  /// What the mean must be.
  public var requirement: Requirement
  /// The mean over runs; NaN where nothing was measured.
  public var measured: Double
  /// The number of runs.
  public var count: Int
  /// The interval of the mean; NaN bounds for fewer than two runs.
  public var interval: Interval

  /// - Parameter values: what the runs measured, one value each.
  public init(name: String, statement: String, requirement: Requirement, values: [Double], level: Double = 0.95) {
    self.name = name
    self.statement = statement
    self.requirement = requirement
    let summary = Summary(values)
    measured = summary.mean
    count = summary.count
    interval = summary.interval(level: level)
  }

  /// Whether the mean meets the requirement.
  public var holds: Bool { requirement.isMet(by: measured) }

  /// Whether there is any value.
  public var isMeasured: Bool { count > 0 }

  /// Its verdict in words.
  public var finding: String { !isMeasured ? "not measured" : holds ? "holds" : "does not hold" }

  /// Requirement and finding in one phrase, as "training accuracy of SGD (%): 93.1, required above 99".
  public var account: String {
    "\(name): \(measured.isNaN ? "not measured" : short(measured)), required \(requirement)"
  }
}

extension Decision {
  /// The same decision where all preconditions hold; else "not applicable", with what was measured in place of the reason,
  /// or "not measured" where no value says that one does not hold. The evidence stays, so that nothing is hidden.
  public func requiring(_ preconditions: [Precondition]) -> Decision {
    var result = self
    result.preconditions += preconditions
    let failed = preconditions.filter { !$0.holds }
    guard !failed.isEmpty else { return result }
    let isKnown = failed.contains { $0.isMeasured }
    // What was left out says why itself.
    guard isKnown || verdict != .notMeasured else { return result }
    result.verdict = isKnown ? .notApplicable : .notMeasured
    result.evidence.reason =
      "A precondition \(isKnown ? "does not hold" : "was not measured"). "
      + failed.map { "\($0.account) (n = \($0.count))." }.joined(separator: " ")
    return result
  }
}

/// Four significant digits, for sentences.
private func short(_ value: Double) -> String { String(format: "%.4g", value) }
