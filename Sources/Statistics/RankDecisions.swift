/// Decisions by ranks, where differences are of unlike size, as those on several problems.
extension Claim {
  /// Decides "the differences are below (above) 0" by Wilcoxon's signed-rank test.
  ///
  /// Upheld when p < α and the ranks are on the claimed side, refuted when p < α and they are on the other; undecided otherwise, and
  /// where there is no difference. The estimate is the Hodges-Lehmann shift with its interval of level 1 - α.
  /// - Parameter differences: symmetric about their centre; those of 0 say nothing and are left out.
  public func decideDifference(
    _ direction: Direction, byRanksOf differences: [Double], alpha: Double = 0.05
  ) -> Decision {
    precondition(alpha > 0 && alpha < 1, "α lies between 0 and 1; got \(alpha).")
    do {
      let kept = differences.filter { $0 != 0 }
      var result = try wilcoxonSignedRank(kept)
      result.interval = hodgesLehmannInterval(kept, level: 1 - alpha)
      return decision(direction, by: result, result.effectSize < 0 ? .lower : .higher, alpha: alpha)
    } catch {
      return undecided(count: differences.count, error)
    }
  }
}
