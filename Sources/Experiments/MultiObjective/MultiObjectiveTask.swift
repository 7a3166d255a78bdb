import Foundation
import MultiObjective
import Training

/// One descent, looked at on all samples along the way; looks are not counted as samples.
package struct MultiObjectiveTask: Sendable {
  package let configuration: MultiObjectiveConfiguration
  package let run: MultiObjectiveRun
  package let seed: Int
  /// Whether the looks are recorded; those that only choose a rate need none.
  package let keepsCurve: Bool

  private var arena: MultiObjectiveArena { run.arena }
  private var arm: MultiObjectiveArm { run.arm }

  package init(configuration: MultiObjectiveConfiguration, run: MultiObjectiveRun, seed: Int, keepsCurve: Bool) {
    (self.configuration, self.run, self.seed, self.keepsCurve) = (configuration, run, seed, keepsCurve)
  }

  /// The step of the look after one at a step. On synthetic problems, which are cheap, 8 % later; on others twice as
  /// late at first, then each twentieth of the samples.
  private func next(after step: Int, samples: Int, budget: Double) -> Int {
    if arena.countsSamples { return max(step + 1, Int((Double(step) * 1.08).rounded(.up))) }
    let perStep = Double(samples) / Double(max(1, step))
    return max(step + 1, min(2 * step, step + Int((budget / 20 / max(1, perStep)).rounded())))
  }

  private var settings: MultiObjectiveSettings {
    var settings = MultiObjectiveSettings()
    settings.momentum = arm.momentum
    if arm.coefficients.count == 2 {
      (settings.tracking, settings.weightRate) = (arm.coefficients[0], arm.coefficients[1])
    }
    settings.epsilon = configuration[arena.problem].levels.last!
    // Over n, a batch that grows with it would hide what the method itself needs.
    if arena.countsSamples, !arm.method.isRecursive { settings.batchSize = configuration.synthetic.batch }
    return settings
  }

  /// Descends and measures. A descent has failed where numbers overflow, or the mean loss ends above its start or within a
  /// tenth of that of a prediction without features (our choice: to be stationary there is no merit). What is no finite
  /// number is left out.
  package func measured(_ problem: MultiObjectiveProblem) throws -> [Measure: Double] {
    let p = configuration[arena.problem]
    let (objectives, budget) = (problem.objectives, p.epochs * Double(arena.samples))
    let descent = MultiObjectiveDescent(
      objectives, method: arm.method, rate: run.rate, start: problem.start,
      key: RandomKey(seed: seed).split("descent").split("\(arena)"), settings: settings)
    var values: [Measure: Double] = [:]
    var looks: [(samples: Double, stationarity: Double)] = []
    var (first, last) = (Double.nan, Double.nan)
    var next = 0
    while true {
      let isOver = Double(descent.samples) >= budget || descent.step >= p.steps || !descent.isFinite
      if descent.step >= next || isOver {
        let look = try objectives.look(at: descent.point)
        let samples = Double(descent.samples)
        last = look.values.reduce(0, +) / Double(look.values.count)
        if looks.isEmpty { first = last }
        looks.append((samples, look.stationarity))
        for (index, level) in p.levels.enumerated() where values[.samples(untilLevel: index)] == nil {
          if look.stationarity <= level { values[.samples(untilLevel: index)] = samples }
        }
        if keepsCurve, look.stationarity.isFinite {
          values[lookSamples[descent.step]] = samples
          values[.lookStationarity(at: descent.step)] = look.stationarity
          values[.lookDistance(at: descent.step)] = problem.squaredDistance?(descent.point)
        }
        next = self.next(after: descent.step, samples: descent.samples, budget: budget)
        if isOver || arena.countsSamples && values[.samples(untilLevel: p.levels.count - 1)] != nil { break }
      }
      try descent.advance()
    }
    let reached = Double(descent.samples)
    let tail = looks.filter { $0.samples >= 0.75 * reached && $0.stationarity > 0 && $0.stationarity.isFinite }
    values[.endStationarity] = exp(tail.reduce(0) { $0 + log($1.stationarity) } / Double(tail.count))
    values[.rateCondition] = problem.smoothness.map { 2 * $0 * run.rate }
    values[.startStationarity] = looks[0].stationarity
    values[.lastStationarity] = looks.last!.stationarity
    values[.believedStationarity] = descent.directionSquare
    (values[.startLoss], values[.finalLoss]) = (first, last)
    (values[.samplesTaken], values[.stepsMade]) = (reached, Double(descent.step))
    let isFine =
      descent.isFinite && last.isFinite && last < min(first, 0.9 * (problem.idleLoss ?? .infinity)) && !tail.isEmpty
    values[.failed] = isFine ? 0 : 1
    if !isFine { values[.endStationarity] = looks[0].stationarity }
    if keepsCurve, isFine, let test = problem.test {
      for (s, loss) in try test.evaluate(at: descent.point).values.enumerated() { values[.testLoss(s)] = loss }
    }
    return values.filter { $0.value.isFinite }
  }
}
