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

  /// Between two ratios a straight line says where the 50 % point lies: they must be near to each other beside what is claimed. Ratios
  /// are those of whole numbers of measurements, so that a distance of one margin may be somewhat more.
  func isResolved(_ name: String, _ n: Int) -> Condition<PhaseRetrievalArm> {
    let unit = configuration.decision.margin * (transitions(name).plain - 1)
    let sources = configuration.problem.positions.map { source("hybrid", name, n, $0) }
    return Condition(
      "distance of the ratios beside the 50 % point over the margin, \(name), n = \(n)", .atMost(1.6),
      "Success is measured so near to the 50 % point that a line between two ratios tells it.",
      Quantity { findings, _ in
        try SuccessCurves(findings, self).gap("hybrid", name, n) / unit
      } makeUp: { wanted, seed, findings in
        // Made-up ratios lie next to each other already.
        guard wanted > 1.6 else { return }
        for (index, (arm, successes)) in sources.enumerated() {
          let isAbove = 2 * index >= sources.count
          findings.set(successes, of: arm, seed, to: isAbove ? try findings[arm, seed, .trials] : 0)
          if isAbove { findings.set(.ratio, of: arm, seed, to: (try findings[arm, seed, .ratio]) + wanted * unit) }
        }
      }, isOnce: true)
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
