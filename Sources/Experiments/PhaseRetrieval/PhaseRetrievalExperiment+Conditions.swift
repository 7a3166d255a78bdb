import Theory

/// What claims take for granted.
extension PhaseRetrievalExperiment {
  /// The theory is that of n without end.
  func isLarge(_ n: Int) -> Condition<PhaseRetrievalArm> {
    let p = configuration.problem
    let arm = source("hybrid", p.ensembles[0], n, p.positions[0]).arm
    let size = n == p.dimensions.max() ? "largest" : "smallest"
    return Condition(
      "numbers in a signal, \(size) n", .atLeast(100), "Signals are as large as the theory wants them.",
      .measure(.dimension, of: arm))
  }

  /// Trials that would have gone on are neither hits nor misses.
  func isDecided(_ method: String, _ name: String, _ n: Int) -> Condition<PhaseRetrievalArm> {
    let arms = configuration.problem.positions.map { source(method, name, n, $0).arm }
    return Condition(
      "descents that succeed or stand still, \(method), \(name), n = \(n) (%)", .atLeast(95),
      "Descents do not run out of steps.",
      Quantity { findings, seed in
        func sum(_ measure: Measure) throws -> Double { try arms.reduce(0) { $0 + (try findings[$1, seed, measure]) } }
        return 100 * (try sum(.decided)) / (try sum(.trials))
      } makeUp: { wanted, seed, findings in
        for arm in arms {
          findings.set(.decided, of: arm, seed, to: wanted / 100 * (try findings[arm, seed, .trials]))
        }
      })
  }

  /// Plain descent may leave the ball |x| ≤ 1, for which the transitions are: one funnel is left later then.
  func hasOneFunnel(_ arm: PhaseRetrievalArm, _ name: String) -> Condition<PhaseRetrievalArm> {
    let free = PhaseRetrievalDuality(rank: PhaseRetrievalConfiguration.ensembleRank(name)).freeTransition
    return Condition(
      "largest sampling ratio over that of one funnel at free length, \(name)", .atLeast(1),
      "One funnel is left without a limit on the length.",
      Quantity { findings, seed in
        try findings[arm, seed, .ratio] / free
      } makeUp: { wanted, seed, findings in
        findings.set(.ratio, of: arm, seed, to: wanted * free)
      })
  }
}
