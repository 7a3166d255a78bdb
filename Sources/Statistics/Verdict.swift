/// What an experiment says about a claim.
public enum Verdict: String, Hashable, Sendable, Codable, CaseIterable {
  /// The data support the claim at the stated level.
  case upheld
  /// The data support the opposite at the stated level.
  case refuted
  /// The data allow neither.
  case undecided
  /// A precondition of the claim does not hold, so that the data say nothing about it.
  case notApplicable = "not applicable"
  /// The run has no values for the claim, or for a precondition, or none that can be tested yet: it has not ended, or left
  /// something out.
  case notMeasured = "not measured"

  /// The same in the words of an identity, which is no claim.
  public var ofIdentity: String {
    switch self {
    case .upheld: "holds"
    case .refuted: "does not hold"
    case .undecided: "is open"
    case .notApplicable: "does not apply"
    case .notMeasured: "was not measured"
    }
  }
}

/// A statement that an experiment can decide.
public struct Claim: Hashable, Sendable, Codable, Identifiable {
  /// A short name, as "calibration-ece".
  public var id: String
  /// A few words for tables, as "lower calibration error".
  public var name: String
  /// The sentence, as "Orthogonal projection lowers the expected calibration error".
  public var statement: String
  /// Where the claim was made: paper, table or equation.
  public var source: String
  /// Whether it is a theorem, or fixed by the computation: it could not come out otherwise, and is no verdict.
  public var isIdentity: Bool
  /// What its estimate is a number of, as "test loss"; nil where only its sentence says so.
  public var unit: String?

  /// - Parameter name: the words of `id` when nil.
  public init(id: String, name: String? = nil, statement: String, source: String, isIdentity: Bool = false) {
    self.id = id
    self.isIdentity = isIdentity
    self.name = name ?? id.split(separator: "/").joined(separator: ", ").split(separator: "-").joined(separator: " ")
    self.statement = statement
    self.source = source
  }
}

/// What a verdict rests on.
public struct Evidence: Hashable, Sendable, Codable {
  /// The test by name; "none" when the data allowed no test.
  public var test: String
  /// The number of values or pairs.
  public var count: Int
  /// The estimated difference, or whatever else the claim is about; NaN when the data allowed none.
  public var estimate: Double
  /// The interval of the estimate, with its level.
  public var interval: Interval
  /// The p-value of the test; where a claim of sameness is refuted, that of a difference beyond the margin.
  public var pValue: Double
  /// The p-value adjusted for the number of claims; nil where there was no such correction.
  public var adjustedPValue: Double?
  /// The standardised effect (Cohen's d or a correlation).
  public var effectSize: Double
  /// A sentence that says why the verdict is what it is.
  public var reason: String

  public init(
    test: String, count: Int, estimate: Double = .nan, interval: Interval = .undefined(level: 0.95),
    pValue: Double = .nan, effectSize: Double = .nan, reason: String
  ) {
    self.test = test
    self.count = count
    self.estimate = estimate
    self.interval = interval
    self.pValue = pValue
    self.effectSize = effectSize
    self.reason = reason
  }

  static let noTest = "none"
  /// Whether the data allowed a test.
  public var isTested: Bool { test != Self.noTest }

  /// The evidence of a test, with the reason that goes with it.
  public init(_ result: TestResult, reason: String) {
    self.init(
      test: result.name, count: result.count, estimate: result.estimate, interval: result.interval,
      pValue: result.pValue, effectSize: result.effectSize, reason: reason)
  }
}

/// A claim, the verdict on it, and the evidence.
public struct Decision: Hashable, Sendable, Codable {
  /// What was claimed.
  public var claim: Claim
  /// What the evidence says of it.
  public var verdict: Verdict
  /// The test, its numbers, and the reason in words.
  public var evidence: Evidence
  /// What the claim takes for granted, as measured.
  public var preconditions: [Precondition] = []

  public init(claim: Claim, verdict: Verdict, evidence: Evidence) {
    self.claim = claim
    self.verdict = verdict
    self.evidence = evidence
  }
}
