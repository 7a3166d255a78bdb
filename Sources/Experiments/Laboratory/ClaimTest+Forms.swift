import Foundation

extension ClaimTest {
  /// Lower or higher.
  public typealias Direction = Claim.Direction

  // MARK: Lower or higher than another

  /// "The measure is lower in one arm than in another": a paired t-test over seeds.
  public static func lower(
    _ id: String, _ statement: String, _ measure: Measure, of arm: Arm, than other: Arm, name: String? = nil,
    source: String
  ) -> ClaimTest {
    lower(
      id, statement, .measure(measure, of: arm), than: .measure(measure, of: other), name: name, source: source)
  }

  /// "The measure is higher in one arm than in another": a paired t-test over seeds.
  public static func higher(
    _ id: String, _ statement: String, _ measure: Measure, of arm: Arm, than other: Arm, name: String? = nil,
    source: String
  ) -> ClaimTest {
    higher(
      id, statement, .measure(measure, of: arm), than: .measure(measure, of: other), name: name, source: source)
  }

  /// "One quantity is lower than another": a paired t-test over seeds.
  public static func lower(
    _ id: String, _ statement: String, _ quantity: Quantity<Arm>, than other: Quantity<Arm>, name: String? = nil,
    source: String
  ) -> ClaimTest {
    differs(.lower, id, statement, quantity, other, name, source)
  }

  /// "One quantity is higher than another": a paired t-test over seeds.
  public static func higher(
    _ id: String, _ statement: String, _ quantity: Quantity<Arm>, than other: Quantity<Arm>, name: String? = nil,
    source: String
  ) -> ClaimTest {
    differs(.higher, id, statement, quantity, other, name, source)
  }

  private static func differs(
    _ direction: Direction, _ id: String, _ statement: String, _ quantity: Quantity<Arm>, _ other: Quantity<Arm>,
    _ name: String?, _ source: String
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source)) { claim, findings, alpha in
      let (first, second) = try pairs(findings, other, quantity)
      return claim.decideDifference(direction, from: first, to: second, alpha: alpha)
    } _: { verdict, _, findings in
      for (index, seed) in findings.seeds.enumerated() {
        // A base that wanders more than the difference does: pairs matter.
        let base = 2 + wobble(3 * index + 1)
        try other.makeUp(base, seed, &findings)
        try quantity.makeUp(base + difference(direction, verdict, index), seed, &findings)
      }
    }
  }

  // MARK: Lower or higher than a number

  /// "The quantity is lower than a number": a one-sample t-test over seeds, of pseudo-values for a joint statistic.
  public static func lower(
    _ id: String, _ statement: String, _ quantity: Quantity<Arm>, than number: Double, name: String? = nil,
    source: String
  ) -> ClaimTest {
    differs(.lower, id, statement, quantity, number, name, source)
  }

  /// "The quantity is higher than a number": a one-sample t-test over seeds, of pseudo-values for a joint statistic.
  public static func higher(
    _ id: String, _ statement: String, _ quantity: Quantity<Arm>, than number: Double, name: String? = nil,
    source: String
  ) -> ClaimTest {
    differs(.higher, id, statement, quantity, number, name, source)
  }

  private static func differs(
    _ direction: Direction, _ id: String, _ statement: String, _ quantity: Quantity<Arm>, _ number: Double,
    _ name: String?, _ source: String
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source)) { claim, findings, alpha in
      let values = try quantity.bySeed(findings)
      var decision = claim.decideDifference(
        direction, from: number, to: findings.seeds.compactMap { values[$0] }, alpha: alpha)
      if quantity.isJoint { decision.evidence.test += " of jackknife pseudo-values" }
      return decision
    } _: { verdict, _, findings in
      for (index, seed) in findings.seeds.enumerated() {
        try quantity.makeUp(number + difference(direction, verdict, index), seed, &findings)
      }
    }
  }

  // MARK: The same

  /// "The measure is the same in both arms, within ±margin": two one-sided paired t-tests over seeds.
  public static func same(
    _ id: String, _ statement: String, _ measure: Measure, of arm: Arm, as other: Arm, within margin: Double,
    name: String? = nil, source: String
  ) -> ClaimTest {
    same(
      id, statement, .measure(measure, of: arm), as: .measure(measure, of: other), within: margin, name: name,
      source: source)
  }

  /// "Both quantities are the same, within ±margin": two one-sided paired t-tests over seeds.
  public static func same(
    _ id: String, _ statement: String, _ quantity: Quantity<Arm>, as other: Quantity<Arm>, within margin: Double,
    name: String? = nil, source: String
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source)) { claim, findings, alpha in
      let (first, second) = try pairs(findings, other, quantity)
      return claim.decideEquivalence(within: margin, from: first, to: second, alpha: alpha)
    } _: { verdict, _, findings in
      for (index, seed) in findings.seeds.enumerated() {
        let base = 2 + margin * wobble(3 * index + 1)
        try other.makeUp(base, seed, &findings)
        try quantity.makeUp(base + margin * distance(verdict, index), seed, &findings)
      }
    }
  }

  /// "The quantity is a number, within ±margin": two one-sided t-tests over seeds, of pseudo-values for a joint statistic.
  public static func equal(
    _ id: String, _ statement: String, _ quantity: Quantity<Arm>, to number: Double, within margin: Double,
    name: String? = nil, source: String
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source)) { claim, findings, alpha in
      let values = try quantity.bySeed(findings)
      var decision = try claim.decideValue(
        number, within: margin, of: findings.seeds.compactMap { values[$0] }, alpha: alpha)
      if quantity.isJoint { decision.evidence.test += " of jackknife pseudo-values" }
      return decision
    } _: { verdict, _, findings in
      for (index, seed) in findings.seeds.enumerated() {
        try quantity.makeUp(number + margin * distance(verdict, index), seed, &findings)
      }
    }
  }

  /// "The quantity falls or rises with the given exponent, within ±margin": `equal` of a slope on logarithmic axes.
  ///
  /// - Parameters:
  ///   - parts: positive quantities, one at each place.
  ///   - places: positive, as sizes of training sets.
  public static func slope(
    _ id: String, _ statement: String, of parts: [Quantity<Arm>], over places: [Double], to exponent: Double,
    within margin: Double, name: String? = nil, source: String
  ) -> ClaimTest {
    equal(
      id, statement, .slope(of: parts.map { .log($0) }, over: places.map { log($0) }), to: exponent, within: margin,
      name: name, source: source)
  }

  // MARK: Shares

  /// "It happens in at least (at most) that share of cases": exact binomial tests in both directions, each at half the level.
  ///
  /// - Parameters:
  ///   - cases: of how many, and in how many of them it happened.
  ///   - makeUp: changes made-up findings so that it happens in about a share of the cases.
  public static func share(
    _ direction: Direction, than share: Double, _ id: String, _ statement: String, name: String? = nil,
    source: String, cases: @escaping @Sendable (Findings<Arm>) throws -> (successes: Int, trials: Int),
    makeUp: @escaping @Sendable (_ share: Double, inout Findings<Arm>) throws -> Void
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source)) { claim, findings, alpha in
      let (successes, trials) = try cases(findings)
      return try claim.decideShare(direction, than: share, successes: successes, trials: trials, alpha: alpha)
    } _: { verdict, _, findings in
      let isHigh = (direction == .higher) == (verdict == .upheld)
      try makeUp(verdict == .undecided ? share : isHigh ? 1 : 0, &findings)
    }
  }

  // MARK: Pairs, and made-up numbers

  /// The numbers of seeds that have both.
  static func pairs(
    _ findings: Findings<Arm>, _ first: Quantity<Arm>, _ second: Quantity<Arm>
  ) throws -> (first: [Double], second: [Double]) {
    let (a, b) = (try first.bySeed(findings), try second.bySeed(findings))
    let seeds = findings.seeds.filter { a[$0] != nil && b[$0] != nil }
    return (seeds.map { a[$0]! }, seeds.map { b[$0]! })
  }

  /// A small number that differs between indices.
  static func wobble(_ index: Int) -> Double { 0.1 * sin(7 * Double(index)) }

  /// Differences that a t-test decides so.
  static func difference(_ direction: Direction, _ verdict: Verdict, _ index: Int) -> Double {
    let sign = direction == .lower ? -1.0 : 1
    switch verdict {
    case .upheld: return sign * (1 + wobble(index))
    case .refuted: return -sign * (1 + wobble(index))
    default: return index.isMultiple(of: 2) ? 1 : -1
    }
  }

  /// Distances in units of a margin that two one-sided tests decide so.
  static func distance(_ verdict: Verdict, _ index: Int) -> Double {
    switch verdict {
    case .upheld: return wobble(index)
    case .refuted: return 3 + wobble(index)
    default: return index.isMultiple(of: 2) ? 4 : -4
    }
  }
}
