import Foundation

/// A claim with the test that decides it: statement, source, what it takes for granted, and how verdicts come about.
/// ```swift
/// ClaimTest.lower("lower-loss", "It lowers the test loss.", .testLoss, of: .orthogonal, than: .sgd, source: paper)
///   .requiring([fits, isOverconfident])
///   .saying("lower the test loss")
/// ```
public struct ClaimTest<Arm: SweepArm>: Sendable {
  /// What is claimed, and where.
  public private(set) var claim: Claim
  /// What must hold for a verdict; where one does not, the claim is "not applicable".
  public private(set) var conditions: [Condition<Arm>] = []
  /// What the headline says of its subject where the claim is upheld, as "lower the test loss".
  public private(set) var phrase: String?
  /// The name under which what it needs may be absent.
  private var subject: String?
  private var note: (@Sendable (Findings<Arm>) throws -> String?)?
  private let test: @Sendable (Claim, Findings<Arm>, _ alpha: Double) throws -> Decision
  private let maker: @Sendable (Verdict, _ alpha: Double, inout Findings<Arm>) throws -> Void

  /// A test of one's own; the standard forms are in `ClaimTest+Forms`.
  ///
  /// - Parameters:
  ///   - id: short and unique, as "lower-loss"; a slash parts it into words for tables.
  ///   - name: a few words for tables; those of `id` when nil.
  ///   - source: where the claim was made: paper, table or equation.
  ///   - test: decides at level α. `StatisticsError` and `FindingsError.unfinished` that it throws leave the claim
  ///     undecided; `FindingsError.missing` is an error of the experiment.
  ///   - makeUp: changes made-up findings so that the claim is upheld, refuted or undecided.
  public static func custom(
    _ id: String, _ statement: String, name: String? = nil, source: String,
    test: @escaping @Sendable (_ claim: Claim, _ findings: Findings<Arm>, _ alpha: Double) throws -> Decision,
    makeUp: @escaping @Sendable (Verdict, inout Findings<Arm>) throws -> Void
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source), test) { try makeUp($0, &$2) }
  }

  init(
    _ claim: Claim, _ test: @escaping @Sendable (Claim, Findings<Arm>, Double) throws -> Decision,
    _ maker: @escaping @Sendable (Verdict, Double, inout Findings<Arm>) throws -> Void
  ) {
    (self.claim, self.test, self.maker) = (claim, test, maker)
  }

  /// The same claim, judged only where all these hold.
  public func requiring(_ conditions: [Condition<Arm>]) -> ClaimTest {
    var copy = self
    copy.conditions += conditions
    return copy
  }

  /// The same claim, named in the sentence that a report begins with.
  public func saying(_ phrase: String) -> ClaimTest {
    var copy = self
    copy.phrase = phrase
    return copy
  }

  /// The same claim, whose estimate is a number of this, as "test loss".
  public func measured(in unit: String) -> ClaimTest {
    var copy = self
    copy.claim.unit = unit
    return copy
  }

  /// The same claim, about something that may be absent, as a data set: where it is, the claim is not measured and says so.
  ///
  /// - Parameter name: that of a `Workbench.Absence`.
  public func about(_ name: String) -> ClaimTest {
    var copy = self
    copy.subject = name
    return copy
  }

  /// The same claim, with a remark on its evidence.
  public func noting(_ note: @escaping @Sendable (Findings<Arm>) throws -> String?) -> ClaimTest {
    var copy = self
    copy.note = note
    return copy
  }

  /// The same statement as an identity: a theorem, or what a computation fixes. It could not come out otherwise, and so is
  /// shown apart, no verdict, and no member of Holm's family.
  public var identity: ClaimTest {
    var copy = self
    copy.claim.isIdentity = true
    return copy
  }

  /// The decision of the test alone, without conditions and without a correction for the number of claims.
  ///
  /// - Throws: `FindingsError.missing`.
  public func decide(_ findings: Findings<Arm>, alpha: Double) throws -> Decision {
    do {
      var decision = try test(claim, findings, alpha)
      if let note = try note?(findings) { decision.evidence.reason += " " + note }
      return decision
    } catch let error as StatisticsError {
      if case .tooFewValues(_, _, found: 0) = error { return claim.undecided(count: 0, error) }
      return claim.undecided(count: findings.seeds.count, error)
    } catch let error as FindingsError {
      guard case .unfinished = error else { throw error }
      var decision = claim.undecided(count: 0, error)
      if let absence = findings.absences.first(where: { $0.name == subject }) {
        decision.evidence.reason = "Left out, \(absence.name): \(absence.reason)"
      }
      return decision
    }
  }

  /// Makes findings up that the test decides so.
  ///
  /// - Parameter verdict: upheld, refuted or undecided.
  /// - Throws: what the claim's own `makeUp` throws.
  public func makeUp(_ verdict: Verdict, alpha: Double, _ findings: inout Findings<Arm>) throws {
    try maker(verdict, alpha, &findings)
  }
}
