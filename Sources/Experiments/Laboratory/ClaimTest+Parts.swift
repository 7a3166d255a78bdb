/// Claims about the mean over several ways to part the same rows into those that are learned from and those for the test.
extension ClaimTest {
  /// Two quantities on one of these ways.
  public typealias PartedPair = (first: Quantity<Arm>, second: Quantity<Arm>)

  /// "The first quantity is lower (higher) than the second, whatever rows are for the test": the corrected resampled t-test over parts,
  /// each with its mean over seeds.
  ///
  /// - Parameters:
  ///   - parts: one pair for each way to part the rows. One of which a seed has not ended is left out.
  ///   - testRatio: rows for the test per row that is not.
  public static func differs(
    _ direction: Direction, _ id: String, _ statement: String, onParts parts: [PartedPair], testRatio: Double,
    name: String? = nil, source: String
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source)) { claim, findings, alpha in
      let means = try means(of: parts, findings)
      return claim.decideDifference(
        direction, from: means.map { _ in 0 }, to: means, design: .resampled(testRatio: testRatio), alpha: alpha)
    } _: { verdict, _, findings in
      try makeUp(parts, &findings) { difference(direction, verdict, $0) }
    }
  }

  /// "Both quantities are the same within ±margin, whatever rows are for the test": two one-sided corrected resampled t-tests over parts.
  public static func same(
    _ id: String, _ statement: String, onParts parts: [PartedPair], testRatio: Double, within margin: Double,
    name: String? = nil, source: String
  ) -> ClaimTest {
    ClaimTest(Claim(id: id, name: name, statement: statement, source: source)) { claim, findings, alpha in
      let means = try means(of: parts, findings)
      return claim.decideEquivalence(
        within: margin, from: means.map { _ in 0 }, to: means, design: .resampled(testRatio: testRatio), alpha: alpha)
    } _: { verdict, _, findings in
      try makeUp(parts, &findings) { margin * distance(verdict, $0) }
    }
  }

  /// The differences first - second of all seeds of each part; nil for a part of which a seed has not ended.
  static func differences(of parts: [PartedPair], _ findings: Findings<Arm>) throws -> [[Double]?] {
    try parts.map { part in
      let found = try findings.ifFinished { try pairs(findings, part.first, part.second) }
      guard let (first, second) = found, first.count == findings.seeds.count else { return nil }
      return zip(first, second).map { $0 - $1 }
    }
  }

  private static func means(of parts: [PartedPair], _ findings: Findings<Arm>) throws -> [Double] {
    try differences(of: parts, findings).compactMap { $0.map { $0.reduce(0, +) / Double($0.count) } }
  }

  /// Changes made-up findings so that each part has a difference.
  private static func makeUp(
    _ parts: [PartedPair], _ findings: inout Findings<Arm>, _ wanted: (_ part: Int) -> Double
  ) throws {
    for (index, part) in parts.enumerated() {
      for seed in findings.seeds {
        let base = 2 + wobble(3 * index + 1)
        try part.second.makeUp(base, seed, &findings)
        try part.first.makeUp(base + wanted(index), seed, &findings)
      }
    }
  }
}
