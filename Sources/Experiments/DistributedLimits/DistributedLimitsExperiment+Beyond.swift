import Reports

// Claims on methods that the bound does not cover.
extension DistributedLimitsExperiment {
  var beyond: [Test] {
    BeyondRegime.allCases.flatMap { regime in regime.methods.map { breaks($0, regime) } }
  }

  /// Whether a method is faster by a factor than all that the bound covers, at the best of its own parameters.
  private func breaks(_ beyond: BeyondMethod, _ regime: BeyondRegime) -> Test {
    let (name, n, links, gain) = (
      beyond.rawValue,
      configuration.beyond.workers.last!, regime.links(configuration), configuration.decision.gain
    )
    let others = [arm(.whole, links, n), alone] + (regime == .equal ? [arm(.sparse, links, n)] : [])
    let method = DistributedLimitsArm.beyond(beyond, links, workers: n)
    let best = least(.time, of: others)
    let ratio = Number { findings, seed in
      try best.value(findings, seed) / findings[method, seed, .time]
    } makeUp: { wanted, seed, findings in
      findings.set(.time, of: method, seed, to: try best.value(findings, seed) / wanted)
    }
    let (words, isDownlink) = ("\(name), \(regime.rawValue)", regime == .downlink)
    let room = Premise(
      "gain of \(words), in as few rounds as exact descent", .atLeast(1.5 * gain),
      "\(name) sends so little that it would gain the factor with half as many rounds more than exact descent.",
      .measure(.hopedGain, of: method))
    let arrives = Premise(
      "share of descents of \(words) that reached the goal", .atLeast(1), "\(name) reached the goal.",
      .measure(.isReached, of: method))
    let place = isDownlink ? "Where only what the server sends costs" : "At τ_s = τ_w"
    let covered =
      isDownlink
      ? "whole vectors and one worker reach" : "random sparsification to the server, whole vectors and one worker reach"
    return Test.higher(
      "breaks\(isDownlink ? "-downlink" : "")/\(beyond.identifier)",
      "\(place), \(n) workers with \(name) gain more than a factor of \(Report.number(gain)) on all that \(covered).",
      ratio,
      than: gain, source: "ours: the bound is for independent unbiased sparsification on its worst-case function"
    ).requiring([searched, reached, room, arrives])
  }
}
