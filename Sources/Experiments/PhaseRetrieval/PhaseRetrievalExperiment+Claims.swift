import Foundation
import SignalRecovery
import Statistics
import Theory

extension PhaseRetrievalExperiment {
  private static let source = "Stojnic, arXiv 2506.18282"
  private static let names = ["d1", "d2", "d3", "d4", "complex"]

  public static let claims: [Claim] =
    [
      Claim(
        id: "printed-transition", statement: "The plain theory's transition of rank 1 is the printed 1.7932.",
        source: "Stojnic, arXiv 2506.18275, caption of a figure")
    ]
    + names.map {
      Claim(
        id: "at-plain-\($0)",
        statement: "\($0): the hybrid descent finds half of the signals at the plain theory's transition.",
        source: source + "; barrier of our own design")
    }
    + names.map {
      Claim(
        id: "between-\($0)",
        statement: "\($0): its 50 % point lies between the transitions of the lifted and the plain theory.",
        source: "derived: the two bounds on where one funnel is left")
    }
    + [
      Claim(
        id: "one-funnel-suffices",
        statement: "At the largest sampling ratio, above the transition, plain amplitude descent finds most signals.",
        source: "the reading that a single funnel lets any descent converge"),
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

  private func claim(_ id: String) -> Claim { Self.claims.first { $0.id == id }! }

  /// Decisions on the claims that the configuration's ensembles and methods bear on.
  package func decide(_ evidence: PhaseRetrievalEvidence) -> [Decision] {
    let rule = configuration.decision
    let exact = PhaseRetrievalDuality(rank: 1).transition
    var decisions = [
      claim("printed-transition").decideValue(
        1.7932, within: 5e-5, estimate: exact, interval: Interval(low: exact, high: exact), count: 1,
        test: "closed form; the interval is that of arithmetic")
    ]
    let n = configuration.problem.dimensions.max()!
    let known = configuration.problem.ensembles.filter { Self.names.contains($0) }
    let test = "50 % point at n = \(n), parametric bootstrap"
    func half(_ name: String) -> (estimate: Double, interval: Interval, count: Int) {
      let curve = evidence.curve("hybrid", name, n)
      let found = evidence.halfPoint(curve, level: 1 - 2 * rule.alpha)
      return (found.estimate, found.interval, curve.reduce(0) { $0 + $1.trials })
    }
    let halves = known.map { ($0, half($0)) }
    func rank(_ name: String) -> Int { name == "complex" ? 2 : Int(name.dropFirst())! }
    for (name, found) in halves {
      let plain = PhaseRetrievalDuality(rank: rank(name)).transition
      decisions.append(
        claim("at-plain-\(name)").decideValue(
          plain, within: rule.margin * plain, estimate: found.estimate, interval: found.interval, count: found.count,
          test: test))
    }
    for (name, found) in halves {
      let (plain, lifted) = transitions(rank(name))
      decisions.append(
        claim("between-\(name)").decideValue(
          (plain + lifted) / 2, within: (plain - lifted) / 2, estimate: found.estimate, interval: found.interval,
          count: found.count, test: test))
    }
    let methods = configuration.descent.methods
    if methods.contains("amplitude") { decisions.append(oneFunnel(evidence, n)) }
    for (id, first, second) in [
      ("beats-amplitude", "amplitude", "hybrid"), ("beats-intensity", "intensity", "hybrid"),
      ("norm-barrier-helps", "amplitude", "norm-barrier"), ("polish-helps", "slack-barrier", "hybrid"),
    ] where methods.contains(first) && methods.contains(second) {
      let shares = evidence.shares((first, second))
      decisions.append(claim(id).decideDifference(.higher, from: shares.first, to: shares.second, alpha: rule.alpha))
    }
    return decisions
  }

  package func transitions(_ rank: Int) -> (plain: Double, lifted: Double) {
    (
      PhaseRetrievalDuality(rank: rank).transition,
      LiftedDuality(rank: rank, nodes: configuration.theory.nodes).transition()
    )
  }

  /// Upheld when the success rate is surely above one half, refuted when surely below.
  private func oneFunnel(_ evidence: PhaseRetrievalEvidence, _ n: Int) -> Decision {
    let last = configuration.problem.ensembles.compactMap { evidence.curve("amplitude", $0, n).last }
    let (successes, trials) = (last.reduce(0) { $0 + $1.successes }, last.reduce(0) { $0 + $1.trials })
    let it = claim("one-funnel-suffices")
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
        test: "Clopper-Pearson interval against 1/2, all ensembles together", count: trials,
        estimate: Double(successes) / Double(trials), interval: interval,
        reason: "\(successes) of \(trials) found at the largest ratio of each ensemble."))
  }
}
