/// The sign test: how many of the differences are positive, against a fair coin.
///
/// Differences of zero are left out, as is usual; `count` says how many remained. The estimate is the proportion of
/// positive differences with its Clopper-Pearson interval. The two-sided p-value doubles the smaller tail.
/// - Throws: `StatisticsError` when no difference is left, or one is not finite.
public func signTest(
  _ differences: [Double], alternative: Alternative = .twoSided, level: Double = 0.95
) throws
  -> TestResult
{
  try StatisticsError.requireFinite("The sign test", differences)
  let n = differences.count { $0 != 0 }
  let positive = differences.count { $0 > 0 }
  guard n > 0 else {
    throw StatisticsError.tooFewValues(what: "The sign test", needed: 1, found: 0)
  }
  let atMost = binomialCDF(positive, trials: n, probability: 0.5)
  let atLeast = binomialCDF(n - positive, trials: n, probability: 0.5)  // a fair coin is symmetric
  return TestResult(
    name: "sign test", count: n, statistic: Double(positive), degreesOfFreedom: .nan,
    pValue: pValue(atMost, atLeast, alternative),
    estimate: Double(positive) / Double(n),
    interval: proportionInterval(
      successes: positive, trials: n, level: level, method: .clopperPearson), effectSize: .nan)
}

/// Wilcoxon's signed-rank test of differences that are symmetric about their centre.
///
/// Zeros are left out (Wilcoxon's way) and tied magnitudes share their mean rank. Up to 50 differences the p-value is
/// exact also with ties: the distribution of W+ over all 2ⁿ signs of the ranks that occurred. Above 50 it is the normal
/// approximation with the tie and continuity corrections. The estimate is the Hodges-Lehmann shift, the median of all
/// pairwise means; the effect size is the matched-pairs rank-biserial correlation.
/// - Throws: `StatisticsError` when no difference is left, or one is not finite.
public func wilcoxonSignedRank(_ differences: [Double], alternative: Alternative = .twoSided) throws
  -> TestResult
{
  try StatisticsError.requireFinite("The signed-rank test", differences)
  let kept = differences.filter { $0 != 0 }
  guard !kept.isEmpty else {
    throw StatisticsError.tooFewValues(what: "The signed-rank test", needed: 1, found: 0)
  }
  let doubled = doubledRanks(kept.map(abs))  // whole numbers, whatever the ties
  let sum = zip(kept, doubled).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
  let total = doubled.reduce(0, +)
  let (atMost, atLeast) =
    kept.count <= 50
    ? exactTails(sum, doubled) : normalTails(Double(sum) / 2, doubled.map { Double($0) / 2 })
  var means: [Double] = []
  for i in differences.indices {
    for j in i..<differences.count { means.append((differences[i] + differences[j]) / 2) }
  }
  return TestResult(
    name: "Wilcoxon signed-rank test (\(kept.count <= 50 ? "exact" : "normal approximation"))",
    count: kept.count,
    statistic: Double(sum) / 2, degreesOfFreedom: .nan, pValue: pValue(atMost, atLeast, alternative),
    estimate: quantile(of: means, at: 0.5),
    interval: .undefined(level: 0.95),
    effectSize: Double(2 * sum - total) / Double(total))
}

/// The interval of the Hodges-Lehmann shift that belongs to the signed-rank test: the shifts that it does not reject.
///
/// Its ends are two of the sorted pairwise means, counted by the distribution of W+ without ties (exact up to 50 differences, else the
/// normal approximation). Undefined where so few differences can reject nothing, as five at level 0.95, and where one is not finite.
/// Source: Hollander and Wolfe, "Nonparametric Statistical Methods", section 3.3.
public func hodgesLehmannInterval(_ differences: [Double], level: Double = 0.95) -> Interval {
  let n = differences.count
  guard n > 0, differences.allSatisfy(\.isFinite) else { return .undefined(level: level) }
  var means: [Double] = []
  for i in 0..<n { for j in i..<n { means.append((differences[i] + differences[j]) / 2) } }
  means.sort()
  let tail = (1 - level) / 2
  // How many of the least means lie outside: the most for which P(W+ < that number) is at most the tail.
  let outside = n <= 50 ? exactCount(n, tail) : normalCount(n, tail)
  guard outside > 0 else { return .undefined(level: level) }
  return Interval(low: means[outside - 1], high: means[means.count - outside], level: level)
}

/// The largest k with P(W+ <= k - 1) <= tail; 0 where there is none.
private func exactCount(_ n: Int, _ tail: Double) -> Int {
  var probability = [1.0] + [Double](repeating: 0, count: n * (n + 1) / 2)
  var reach = 0
  for rank in 1...n {
    reach += rank
    for value in stride(from: reach, through: 0, by: -1) {
      probability[value] = (probability[value] + (value >= rank ? probability[value - rank] : 0)) / 2
    }
  }
  var (sum, count) = (0.0, 0)
  while count < probability.count / 2, sum + probability[count] <= tail {
    sum += probability[count]
    count += 1
  }
  return count
}

private func normalCount(_ n: Int, _ tail: Double) -> Int {
  let (count, normal) = (Double(n), NormalDistribution())
  let deviation = (count * (count + 1) * (2 * count + 1) / 24).squareRoot()
  var (low, high) = (-40.0, 0.0)
  while high - low > 1e-12 {
    let middle = (low + high) / 2
    if normal.cdf(middle) <= tail { low = middle } else { high = middle }
  }
  return max(0, Int((count * (count + 1) / 4 + low * deviation + 0.5).rounded(.down)))
}

private func pValue(_ atMost: Double, _ atLeast: Double, _ alternative: Alternative) -> Double {
  switch alternative {
  case .twoSided: min(1, 2 * min(atMost, atLeast))
  case .less: min(1, atMost)
  case .greater: min(1, atLeast)
  }
}

/// Twice the rank of each value, ties sharing the mean of their ranks.
private func doubledRanks(_ values: [Double]) -> [Int] {
  let order = values.indices.sorted { values[$0] < values[$1] }
  var ranks = [Int](repeating: 0, count: values.count)
  var start = 0
  while start < order.count {
    var end = start
    while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
    for position in start...end { ranks[order[position]] = start + end + 2 }
    start = end + 1
  }
  return ranks
}

/// P(W <= w) and P(W >= w) when each rank is counted or not with probability one half.
private func exactTails(_ w: Int, _ ranks: [Int]) -> (Double, Double) {
  var probability = [1.0] + [Double](repeating: 0, count: ranks.reduce(0, +))
  var reach = 0
  for rank in ranks {
    reach += rank
    for value in stride(from: reach, through: 0, by: -1) {
      probability[value] =
        (probability[value] + (value >= rank ? probability[value - rank] : 0)) / 2
    }
  }
  return (probability[...w].reduce(0, +), probability[w...].reduce(0, +))
}

private func normalTails(_ w: Double, _ ranks: [Double]) -> (Double, Double) {
  // Σ r² / 4 is the variance given the ranks, so the tie correction is in it.
  let mean = ranks.reduce(0, +) / 2
  let deviation = (ranks.reduce(0) { $0 + $1 * $1 } / 4).squareRoot()
  let normal = NormalDistribution()
  return (normal.cdf((w - mean + 0.5) / deviation), normal.upperTail((w - mean - 0.5) / deviation))
}
