import Statistics

/// What claims take for granted, declared beside them and measured from the same findings.
///
/// Where it does not hold, the claims that require it are "not applicable".
public struct Condition<Arm: SweepArm>: Sendable {
  /// The quantity in words, with its unit; what has the same name is the same condition.
  public let name: String
  private let statement: String
  private let requirement: Precondition.Requirement
  private let quantity: Quantity<Arm>
  private let isOnce: Bool

  /// - Parameters:
  ///   - name: the quantity in words, with its unit; what has the same name is the same condition.
  ///   - statement: a sentence, as "The networks of SGD are overconfident."
  ///   - isOnce: whether it is one number of the whole run, as of a search, and not one of each seed.
  public init(
    _ name: String, _ requirement: Precondition.Requirement, _ statement: String, _ quantity: Quantity<Arm>,
    isOnce: Bool = false
  ) {
    (self.name, self.requirement, self.statement, self.quantity) = (name, requirement, statement, quantity)
    self.isOnce = isOnce
  }

  /// Whether it asks what a measured one was asked.
  func isSame(as measured: Precondition) -> Bool {
    measured.requirement == requirement && measured.statement == statement
  }

  /// What the deciding seeds say. What an older log did not measure, and what has no value, does not hold.
  ///
  /// - Throws: what the quantity throws but for findings that are not there and values of which there are too few.
  public func measured(_ findings: Findings<Arm>) throws -> Precondition {
    let values: [Int: Double]
    do { values = try quantity.bySeed(findings) } catch  where error is FindingsError || error is StatisticsError {
      values = [:]
    }
    let found = findings.seeds.compactMap { values[$0] }
    return Precondition(
      name: name, statement: statement, requirement: requirement, values: isOnce ? Array(found.prefix(1)) : found)
  }

  /// Makes findings up in which it holds, or does not.
  ///
  /// - Throws: what the quantity's own `makeUp` throws.
  public func makeUp(holding: Bool, _ findings: inout Findings<Arm>) throws {
    for seed in findings.seeds { try quantity.makeUp(requirement.example(meeting: holding), seed, &findings) }
  }
}

extension Precondition.Requirement {
  /// A number that meets it, or one that does not.
  fileprivate func example(meeting: Bool) -> Double {
    switch self {
    case .above(let bound), .atLeast(let bound): meeting ? bound + abs(bound) / 10 + 1 : bound - abs(bound) / 10 - 1
    case .below(let bound), .atMost(let bound): meeting ? bound - abs(bound) / 10 - 1 : bound + abs(bound) / 10 + 1
    }
  }
}
