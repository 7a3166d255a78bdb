/// The p-values of several tests, adjusted by Holm's step-down method (1979): comparing them with α keeps the
/// probability of one or more false rejections at α. The order is that of the argument.
public func holmAdjusted(_ pValues: [Double]) -> [Double] {
  // A p-value that is no number counts in the family, and stays none.
  let order = pValues.indices.filter { !pValues[$0].isNaN }.sorted { pValues[$0] < pValues[$1] }
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
  /// The family is all decisions but identities and what was not measured. One whose values allowed no test counts, too, and stays as it is:
  /// a descent that fails makes no other claim look stronger.
  public func holmCorrected(alpha: Double) -> [Decision] {
    let tested = indices.filter { index in
      let hasFailed = self[index].verdict == .undecided && !self[index].evidence.isTested
      return !self[index].claim.isIdentity && (!self[index].evidence.pValue.isNaN || hasFailed)
    }
    var result = self
    for (index, p) in zip(tested, holmAdjusted(tested.map { self[$0].evidence.pValue })) where !p.isNaN {
      result[index].evidence.adjustedPValue = p
      guard p >= alpha, [.upheld, .refuted].contains(result[index].verdict) else { continue }
      result[index].verdict = .undecided
      result[index].evidence.reason += " Holm's correction for \(tested.count) claims leaves it undecided."
    }
    return result
  }
}
