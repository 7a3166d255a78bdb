import Foundation
import Theory

extension PhaseRetrievalExperiment {
  private static let paper = "Stojnic, arXiv 2506.18282"
  private static let names = ["d1", "d2", "d3", "d4", "complex"]

  private typealias Test = ClaimTest<PhaseRetrievalArm>

  /// Claims that the configuration's ensembles and methods bear on.
  ///
  /// - Throws: `SettingsError` for an ensemble that does not exist.
  public func claims() throws -> [ClaimTest<PhaseRetrievalArm>] {
    let dimensions = configuration.problem.dimensions
    let (smallest, n) = (dimensions.min()!, dimensions.max()!)
    let known = configuration.problem.ensembles.filter { Self.names.contains($0) }
    let methods = configuration.descent.methods
    var tests = [Self.printedTransition] + known.flatMap { atTransition($0, "", "largest", n) }
    if smallest < n {
      tests += known.flatMap { atTransition($0, "-small", "smallest", smallest) }
      tests += known.flatMap { nearer($0, smallest, n) }
    }
    if known.contains("complex"), known.contains("d2") { tests.append(complexLikeRankTwo(n)) }
    if methods.contains("amplitude"), configuration.problem.positions.last! > 1 {
      tests += known.map { oneFunnel($0, n) }
    }
    for (id, first, second, statement, source) in [
      (
        "beats-amplitude", "amplitude", "hybrid",
        "The hybrid descent finds more signals than plain amplitude descent.", Self.paper
      ),
      (
        "beats-intensity", "intensity", "hybrid",
        "The hybrid descent finds more signals than plain intensity descent.", Self.paper
      ),
      (
        "norm-barrier-helps", "amplitude", "norm-barrier",
        "A barrier on the norm finds more signals than plain amplitude descent.",
        "derived: the theory's limit on the length"
      ),
      (
        "polish-helps", "slack-barrier", "hybrid",
        "The plain part of the hybrid descent finds more signals than its barrier alone.",
        "Stojnic, arXiv 2506.18275"
      ),
    ] where methods.contains(first) && methods.contains(second) {
      // The slack barrier alone has no plain part that could stand still.
      let plain = [first, second].filter { $0 != "slack-barrier" }
      tests.append(
        .higher(id, statement, share(second), than: share(first), source: source)
          .requiring(
            plain.flatMap { method in
              dimensions.flatMap { n in configuration.problem.ensembles.map { isDecided(method, $0, n) } }
            }))
    }
    return tests
  }

  private static let printedTransition = Test.custom(
    "printed-transition", "The plain theory's transition of rank 1 is the printed 1.7932.",
    source: "Stojnic, arXiv 2506.18275, caption of a figure",
    test: { claim, _, _ in
      let exact = PhaseRetrievalDuality(rank: 1).transition
      return claim.decideValue(
        1.7932, within: 5e-5, estimate: exact, interval: Interval(low: exact, high: exact), count: 1,
        test: "closed form; the interval is that of arithmetic")
    }, makeUp: { _, _ in }
  ).identity

  /// The share of signals found, over all ensembles, dimensions and ratios.
  private func share(_ method: String) -> Quantity<PhaseRetrievalArm> {
    let p = configuration.problem
    let sources = p.dimensions.flatMap { n in
      p.ensembles.flatMap { ensemble in p.positions.map { source(method, ensemble, n, $0) } }
    }
    return Quantity { findings, seed in
      let trials = try sources.reduce(0) { $0 + (try findings[$1.arm, seed, .trials]) }
      return try sources.reduce(0) { $0 + (try findings[$1.arm, seed, $1.successes]) } / trials
    } makeUp: { wanted, seed, findings in
      for (arm, successes) in sources { findings.set(successes, of: arm, seed, to: wanted) }
    }
  }

  // MARK: 50 % points

  private func halfPoint(_ ensemble: String, _ n: Int, _ findings: Findings<PhaseRetrievalArm>) throws -> HalfPoint {
    try SuccessCurves(findings, self).halfPoint("hybrid", ensemble, n)
  }

  package func transitions(_ ensemble: String) -> (plain: Double, lifted: Double) {
    PhaseTransitions.of(
      rank: PhaseRetrievalConfiguration.ensembleRank(ensemble), nodes: configuration.theory.nodes)
  }

  /// Makes successes up that jump from none to all at a ratio; nil: half of the signals are found at every ratio, so that
  /// the 50 % point may lie anywhere.
  private func makeUp(
    halfPoint: Double?, _ ensemble: String, _ n: Int, _ findings: inout Findings<PhaseRetrievalArm>
  ) {
    let positions = configuration.problem.positions
    for (index, position) in positions.enumerated() {
      let arm = source("hybrid", ensemble, n, position).arm
      let isAbove = 2 * index >= positions.count
      for seed in findings.seeds {
        findings.set(.trials, of: arm, seed, to: 10)
        findings.set(.successes, of: arm, seed, to: halfPoint == nil ? 5 : isAbove ? 10 : 0)
        // Ratios so near to each other that their distance decides nothing.
        let offset = (Double(index) - Double(positions.count - 1) / 2) * 1e-4
        findings.set(.ratio, of: arm, seed, to: (halfPoint ?? 2) + offset)
      }
    }
  }

  /// Whether an ensemble's 50 % point lies at the plain transition, at the lifted one, and between both.
  private func atTransition(_ name: String, _ suffix: String, _ size: String, _ n: Int) -> [Test] {
    let (margin, what) = (configuration.decision.margin, "50 % point at n = \(n)")
    func test(
      _ id: String, _ statement: String, source: String,
      _ range: @escaping @Sendable () -> (middle: Double, half: Double)
    ) -> Test {
      .custom("\(id)-\(name)\(suffix)", statement, source: source) { claim, findings, alpha in
        let range = range()
        return try halfPoint(name, n, findings).decide(
          claim, range.middle, within: range.half, alpha: alpha, what)
      } makeUp: { verdict, findings in
        let range = range()
        makeUp(
          halfPoint: verdict == .undecided ? nil : range.middle + (verdict == .upheld ? 0 : 3 * range.half), name, n,
          &findings)
      }
    }
    return [
      test(
        "at-plain",
        "\(name), \(size) n: the hybrid descent finds half of the signals at the plain theory's transition.",
        source: Self.paper + "; barrier of our own design"
      ) {
        let plain = transitions(name).plain
        return (plain, margin * (plain - 1))
      },
      test(
        "at-lifted",
        "\(name), \(size) n: the hybrid descent finds half of the signals at the lifted theory's transition.",
        source: Self.paper + "; barrier of our own design, the lifted theory as derived by us"
      ) {
        let lifted = transitions(name).lifted
        return (lifted, margin * (lifted - 1))
      },
      test(
        "between",
        "\(name), \(size) n: its 50 % point lies between the transitions of the lifted and the plain theory.",
        source: "derived: the two bounds on where one funnel is left"
      ) {
        let (plain, lifted) = transitions(name)
        return ((plain + lifted) / 2, (plain - lifted) / 2)
      },
    ].map { $0.requiring([isLarge(n), isDecided("hybrid", name, n), isResolved(name, n)]) }
  }

  /// Whether the 50 % point comes nearer to either theory as n grows.
  private func nearer(_ name: String, _ smallest: Int, _ largest: Int) -> [Test] {
    func test(_ id: String, _ theory: String, _ transition: @escaping @Sendable () -> Double) -> Test {
      .custom(
        "\(id)-\(name)",
        "\(name): at the largest n the 50 % point is nearer to the \(theory) transition than at the smallest.",
        source: "derived: the theory is that of n without end"
      ) { claim, findings, alpha in
        let place = transition()
        let gain = try halfPoint(name, smallest, findings).distanceGained(
          by: halfPoint(name, largest, findings), to: place)
        return gain.decidePositive(
          claim, alpha: alpha, "distance at n = \(smallest) less that at \(largest)",
          reason: "Ratios of samples; positive is nearer at the largest n.")
      } makeUp: { verdict, findings in
        let place = transition()
        let isOpen = verdict == .undecided
        makeUp(halfPoint: isOpen ? nil : place + (verdict == .upheld ? 0.3 : 0.1), name, smallest, &findings)
        makeUp(halfPoint: isOpen ? nil : place + (verdict == .upheld ? 0.1 : 0.3), name, largest, &findings)
      }
    }
    return [
      test("nearer", "plain") { transitions(name).plain }, test("nearer-lifted", "lifted") { transitions(name).lifted },
    ].map { test in
      test.requiring(
        [smallest, largest].flatMap { [isLarge($0), isDecided("hybrid", name, $0), isResolved(name, $0)] })
    }
  }

  private func complexLikeRankTwo(_ n: Int) -> Test {
    let margin = configuration.decision.margin
    return Test.custom(
      "complex-like-d2",
      "Complex measurements reach one half where unstructured ones of rank 2 do (largest n).",
      source: Self.paper + ": rank 2 emulates complex phase retrieval"
    ) { claim, findings, alpha in
      let gap = try halfPoint("complex", n, findings).combined(with: halfPoint("d2", n, findings), -)
      return gap.decide(
        claim, 0, within: margin * (transitions("d2").plain - 1), alpha: alpha,
        "difference of the 50 % points at n = \(n)")
    } makeUp: { verdict, findings in
      makeUp(halfPoint: verdict == .undecided ? nil : 2, "d2", n, &findings)
      makeUp(halfPoint: verdict == .undecided ? nil : verdict == .upheld ? 2 : 3, "complex", n, &findings)
    }.requiring(
      [isLarge(n)] + ["complex", "d2"].flatMap { [isDecided("hybrid", $0, n), isResolved($0, n)] })
  }

  // MARK: One funnel

  /// The success rate at the largest ratio against one half.
  private func oneFunnel(_ name: String, _ n: Int) -> Test {
    let (arm, successes) = source("amplitude", name, n, configuration.problem.positions.last!)
    return Test.custom(
      "one-funnel-\(name)",
      "\(name): at the largest sampling ratio, where one funnel is left without a limit on the length, plain amplitude "
        + "descent finds most signals.",
      source: "the reading that a single funnel lets any descent converge"
    ) { claim, findings, alpha in
      let (found, trials) = try findings.share(successes, of: arm, on: findings.finished(arm))
      return try claim.decideShare(.higher, than: 0.5, successes: found, trials: trials, alpha: alpha)
    } makeUp: { verdict, findings in
      for seed in findings.seeds {
        findings.set(.trials, of: arm, seed, to: 100)
        findings.set(successes, of: arm, seed, to: verdict == .upheld ? 100 : verdict == .refuted ? 0 : 50)
      }
    }.requiring([isLarge(n), hasOneFunnel(arm, name), isDecided("amplitude", name, n)])
  }
}
