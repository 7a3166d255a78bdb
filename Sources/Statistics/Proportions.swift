/// How the interval of a proportion is made.
public enum ProportionMethod: String, Hashable, Sendable, Codable {
  /// Wilson's score interval (1927): close to its level on average.
  case wilson
  /// Clopper and Pearson's exact interval (1934): never below its level.
  case clopperPearson
}

/// The confidence interval of a probability of which `successes` in `trials` were seen.
public func proportionInterval(
  successes: Int, trials: Int, level: Double = 0.95, method: ProportionMethod = .wilson
) -> Interval {
  precondition(
    trials > 0 && successes >= 0 && successes <= trials,
    "Needs 0 <= successes <= trials and trials > 0.")
  let (k, n) = (Double(successes), Double(trials))
  let tail = (1 - level) / 2
  switch method {
  case .wilson:
    let z = NormalDistribution().upperQuantile(tail)
    let center = (k + z * z / 2) / (n + z * z)
    let half = z / (n + z * z) * (k * (n - k) / n + z * z / 4).squareRoot()
    return Interval(
      low: successes == 0 ? 0 : max(0, center - half),
      high: successes == trials ? 1 : min(1, center + half),
      level: level)
  case .clopperPearson:
    // Quantiles of beta distributions, by way of F.
    func betaQuantile(_ p: Double, _ a: Double, _ b: Double, upper: Bool) -> Double {
      let distribution = FDistribution(
        numeratorDegreesOfFreedom: 2 * a, denominatorDegreesOfFreedom: 2 * b)
      let f = upper ? distribution.upperQuantile(p) : distribution.quantile(p)
      return a * f / (a * f + b)
    }
    return Interval(
      low: successes == 0 ? 0 : betaQuantile(tail, k, n - k + 1, upper: false),
      high: successes == trials ? 1 : betaQuantile(tail, k + 1, n - k, upper: true), level: level)
  }
}

/// P(X <= k) for X the number of successes in independent trials.
public func binomialCDF(_ k: Int, trials: Int, probability: Double) -> Double {
  if k < 0 { return 0 }
  if k >= trials { return 1 }
  return regularizedBeta(
    1 - probability, complement: probability, Double(trials - k), Double(k + 1))
}
