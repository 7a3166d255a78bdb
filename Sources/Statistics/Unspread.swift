/// A sample, or pairs or groups of samples, whose values do not vary.
struct Unspread {
  let count: Int
  let test: String
  let tail: Double

  init(of values: [Double]) { self.init(.paired, values, values) }

  init(_ design: Design, _ first: [Double], _ second: [Double]) {
    count = design.isPaired ? second.count : first.count + second.count
    switch design {
    case .paired: (test, tail) = ("exact sign flips", unspreadTail(pairs: second.count))
    case .independent: (test, tail) = ("exact permutations", unspreadTail(groups: first.count, second.count))
    // Rows that they share may be why they agree.
    case .resampled: (test, tail) = ("parts that share rows and do not differ", 1)
    }
  }
}

extension Claim {
  /// Decides by values without spread, from their exact p-value. An identity could not come out otherwise, whatever the
  /// number of values: there the value itself decides.
  ///
  /// - Parameter isSo: whether the value is as claimed; nil where it is on the border.
  func decision(
    _ isSo: Bool?, _ value: Double, _ sample: Unspread, pValue: Double, level: Double, alpha: Double
  ) -> Decision {
    let isTold = isIdentity || pValue < alpha
    let verdict: Verdict = isTold ? isSo.map { $0 ? .upheld : .refuted } ?? .undecided : .undecided
    let finding =
      isIdentity
      ? "an identity needs no test."
      : "\(sample.test) give p = \(short(pValue)), which is \(isTold ? "" : "not ")below α = \(short(alpha))."
    return decision(
      verdict,
      Evidence(
        test: sample.test + ": no spread", count: sample.count, estimate: value,
        // Values that are too few to tell exclude no other mean.
        interval: isTold ? Interval(low: value, high: value, level: level) : .undefined(level: level),
        pValue: isIdentity ? .nan : pValue, reason: "All \(sample.count) are \(short(value)): \(finding)"))
  }
}
