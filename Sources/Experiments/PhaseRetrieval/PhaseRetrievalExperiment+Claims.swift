import Foundation
import SignalRecovery
import Statistics
import Theory

extension PhaseRetrievalExperiment {
  private static let source = "Stojnic, arXiv 2506.18282"
  private static let names = ["d1", "d2", "d3", "d4", "complex"]
  private static let sizes = [(suffix: "", words: "largest"), (suffix: "-small", words: "smallest")]

  public static let claims: [Claim] =
    [
      Claim(
        id: "printed-transition", statement: "The plain theory's transition of rank 1 is the printed 1.7932.",
        source: "Stojnic, arXiv 2506.18275, caption of a figure")
    ]
    + sizes.flatMap { size in
      names.flatMap { name in
        [
          Claim(
            id: "at-plain-\(name)\(size.suffix)",
            statement: "\(name), \(size.words) n: the hybrid descent finds half of the signals at the plain theory's "
              + "transition.", source: source + "; barrier of our own design"),
          Claim(
            id: "between-\(name)\(size.suffix)",
            statement:
              "\(name), \(size.words) n: its 50 % point lies between the transitions of the lifted and the plain "
              + "theory.", source: "derived: the two bounds on where one funnel is left"),
        ]
      }
    }
    + names.map {
      Claim(
        id: "nearer-\($0)",
        statement: "\($0): at the largest n the 50 % point is nearer to the plain transition than at the smallest.",
        source: "derived: the theory is that of n without end")
    }
    + [
      Claim(
        id: "complex-like-d2",
        statement: "Complex measurements reach one half where unstructured ones of rank 2 do (largest n).",
        source: source + ": rank 2 emulates complex phase retrieval")
    ]
    + names.map {
      Claim(
        id: "one-funnel-\($0)",
        statement:
          "\($0): at the largest sampling ratio, above the transition, plain amplitude descent finds most signals.",
        source: "the reading that a single funnel lets any descent converge")
    }
    + [
      Claim(
        id: "beats-amplitude", statement: "The hybrid descent finds more signals than plain amplitude descent.",
        source: source),
      Claim(
        id: "beats-intensity", statement: "The hybrid descent finds more signals than plain intensity descent.",
        source: source),
      Claim(
        id: "norm-barrier-helps", statement: "A barrier on the norm finds more signals than plain amplitude descent.",
        source: "derived: the theory's limit on the length"),
      Claim(
        id: "polish-helps",
        statement: "The plain part of the hybrid descent finds more signals than its barrier alone.",
        source: "Stojnic, arXiv 2506.18275"),
    ]

  /// Decisions on the claims that the configuration's ensembles and methods bear on.
  package func decide(_ evidence: PhaseRetrievalEvidence) -> [Decision] {
    let rule = configuration.decision
    let exact = PhaseRetrievalDuality(rank: 1).transition
    var decisions = [
      claim("printed-transition").decideValue(
        1.7932, within: 5e-5, estimate: exact, interval: Interval(low: exact, high: exact), count: 1,
        test: "closed form; the interval is that of arithmetic")
    ]
    let dimensions = configuration.problem.dimensions
    let (smallest, n) = (dimensions.min()!, dimensions.max()!)
    let known = configuration.problem.ensembles.filter { Self.names.contains($0) }
    for (size, dimension) in zip(Self.sizes, smallest < n ? [n, smallest] : [n]) {
      for name in known { decisions += atTransition(name, size.suffix, dimension, evidence) }
    }
    let level = 1 - 2 * rule.alpha
    for name in known where smallest < n {
      let plain = evidence.transitions(PhaseRetrievalConfiguration.ensembleRank(name)).plain
      let gain = evidence.halfPoint("hybrid", name, smallest).combined(with: evidence.halfPoint("hybrid", name, n)) {
        abs($0 - plain) - abs($1 - plain)
      }
      decisions.append(decidePositive("nearer-\(name)", gain, test: "distance at n = \(smallest) less that at \(n)"))
    }
    if known.contains("complex"), known.contains("d2") {
      let gap = evidence.halfPoint("hybrid", "complex", n).combined(with: evidence.halfPoint("hybrid", "d2", n), -)
      decisions.append(
        claim("complex-like-d2").decideValue(
          0, within: rule.margin * evidence.transitions(2).plain, estimate: gap.estimate,
          interval: gap.interval(level: level), count: gap.trials,
          test: "difference of the 50 % points at n = \(n), parametric bootstrap"))
    }
    let methods = configuration.descent.methods
    if methods.contains("amplitude") { decisions += known.map { oneFunnel($0, evidence, n) } }
    for (id, first, second) in [
      ("beats-amplitude", "amplitude", "hybrid"), ("beats-intensity", "intensity", "hybrid"),
      ("norm-barrier-helps", "amplitude", "norm-barrier"), ("polish-helps", "slack-barrier", "hybrid"),
    ] where methods.contains(first) && methods.contains(second) {
      let shares = evidence.shares((first, second))
      decisions.append(claim(id).decideDifference(.higher, from: shares.first, to: shares.second, alpha: rule.alpha))
    }
    return decisions
  }

  /// Where an ensemble's 50 % point lies beside the plain transition, and between both.
  private func atTransition(
    _ name: String, _ suffix: String, _ n: Int, _ evidence: PhaseRetrievalEvidence
  ) -> [Decision] {
    let rule = configuration.decision
    let half = evidence.halfPoint("hybrid", name, n)
    let interval = half.interval(level: 1 - 2 * rule.alpha)
    let (plain, lifted) = evidence.transitions(PhaseRetrievalConfiguration.ensembleRank(name))
    let test = "50 % point at n = \(n), parametric bootstrap"
    return [
      claim("at-plain-\(name)\(suffix)").decideValue(
        plain, within: rule.margin * plain, estimate: half.estimate, interval: interval, count: half.trials, test: test),
      claim("between-\(name)\(suffix)").decideValue(
        (plain + lifted) / 2, within: (plain - lifted) / 2, estimate: half.estimate, interval: interval,
        count: half.trials, test: test),
    ]
  }

  /// Upheld where the whole interval is above 0, refuted where it is below.
  private func decidePositive(_ id: String, _ found: HalfPoint, test: String) -> Decision {
    let interval = found.interval(level: 1 - 2 * configuration.decision.alpha)
    return Decision(
      claim: claim(id), verdict: interval.low > 0 ? .upheld : interval.high < 0 ? .refuted : .undecided,
      evidence: Evidence(
        test: test + ", parametric bootstrap", count: found.trials, estimate: found.estimate, interval: interval,
        reason: "Ratios of samples; positive is nearer at the largest n."))
  }

  /// Upheld when the success rate is surely above one half, refuted when surely below.
  private func oneFunnel(_ name: String, _ evidence: PhaseRetrievalEvidence, _ n: Int) -> Decision {
    let last = evidence.curve("amplitude", name, n).last
    let (successes, trials) = (last?.successes ?? 0, last?.trials ?? 0)
    let it = claim("one-funnel-\(name)")
    guard trials > 0, configuration.problem.positions.last! > 1 else {
      return Decision(
        claim: it, verdict: .undecided,
        evidence: Evidence(test: "none", count: trials, reason: "No descent ran above the transition."))
    }
    let level = 1 - 2 * configuration.decision.alpha
    let interval = proportionInterval(
      successes: successes, trials: trials, level: level, method: .clopperPearson)
    let verdict: Verdict = interval.low > 0.5 ? .upheld : interval.high < 0.5 ? .refuted : .undecided
    return Decision(
      claim: it, verdict: verdict,
      evidence: Evidence(
        test: "Clopper-Pearson interval against 1/2, n = \(n)", count: trials,
        estimate: Double(successes) / Double(trials), interval: interval,
        reason: "\(successes) of \(trials) found at ratio \(String(format: "%.3f", last?.ratio ?? .nan))."))
  }
}
