/// The p-values of several tests, adjusted by Holm's step-down method (1979): comparing them with α keeps the
/// probability of one or more false rejections at α. The order is that of the argument.
public func holmAdjusted(_ pValues: [Double]) -> [Double] {
  let order = pValues.indices.sorted { pValues[$0] < pValues[$1] }
  var adjusted = pValues
  var largest = 0.0
  for (rank, index) in order.enumerated() {
    largest = max(largest, min(1, Double(pValues.count - rank) * pValues[index]))
    adjusted[index] = largest
  }
  return adjusted
}

extension [Decision] {
  /// The decisions as one family: each evidence gets its p-value adjusted by Holm's method, and what was upheld or refuted
  /// by a p-value that is not below α after the adjustment becomes undecided.
  ///
  /// The family is all decisions with a p-value but identities; those without one (no test was possible) stay as they are.
  public func holmCorrected(alpha: Double) -> [Decision] {
    let tested = indices.filter { !self[$0].evidence.pValue.isNaN && !self[$0].claim.isIdentity }
    var result = self
    for (index, p) in zip(tested, holmAdjusted(tested.map { self[$0].evidence.pValue })) {
      result[index].evidence.adjustedPValue = p
      guard p >= alpha, [.upheld, .refuted].contains(result[index].verdict) else { continue }
      result[index].verdict = .undecided
      result[index].evidence.reason += " Holm's correction for \(tested.count) claims leaves it undecided."
    }
    return result
  }
}
