import Foundation
import Training

/// Sums over the steps of descents: what the factor did, and what came of it.
package struct StepWatch {
  private let trial: LossTrial
  private(set) var count = 0
  private var relative = (sum: 0.0, count: 0.0)
  private var formula = (sum: 0.0, count: 0.0)
  /// Of the present descent: steps, logarithms of factor and step, and their products.
  private var present = (count: 0.0, x: 0.0, y: 0.0, xx: 0.0, xy: 0.0)
  /// Of those that ended, about the means of each.
  private var squares = 0.0
  private var products = 0.0

  package init(_ trial: LossTrial) { self.trial = trial }

  package mutating func observe(loss: Double, relativeStep: Double) {
    count += 1
    // A descent that runs away has a mean rate up to there: a plain one is asked to descend at it.
    guard relativeStep.isFinite else { return }
    relative = (relative.sum + relativeStep, relative.count + 1)
    guard let transformation = trial.transformation, relativeStep > 0 else { return }
    // The factor on paper, in double precision, beside the steps that were made; of a loss that overflowed nothing follows.
    let (factor, step) = (log(transformation.factor(of: loss)), log(relativeStep))
    guard loss.isFinite, factor.isFinite else { return }
    formula = (formula.sum + abs(step - factor), formula.count + 1)
    present.count += 1
    present.x += factor
    present.y += step
    present.xx += factor * factor
    present.xy += factor * step
  }

  /// What comes is of another descent, with a level of its own.
  package mutating func endDescent() {
    if present.count > 0 {
      squares += present.xx - present.x * present.x / present.count
      products += present.xy - present.x * present.y / present.count
    }
    present = (0, 0, 0, 0, 0)
  }

  /// Means over time, and the slope within descents; no slope where the factor never changed, no error where nothing was compared.
  package var values: [Measure: Double] {
    var whole = self
    whole.endDescent()
    let n = Double(max(count, 1))
    // Below what rounding leaves of a sum of squares of logarithms no change is left.
    let isChanging = whole.squares > 1e-10 * n
    let isCompared = formula.count > 0 || trial.transformation == nil
    let mean = relative.count > 0 ? relative.sum / relative.count : .nan
    return [
      .trialRate: trial.rate, .relativeStep: mean, .meanRate: trial.rate * mean,
      .formulaError: isCompared ? formula.sum / max(formula.count, 1) : .nan,
      .following: isChanging ? whole.products / whole.squares : .nan,
    ]
  }
}

/// One descent of one problem by one method, and all that is measured on it.
package struct LossTask: Sendable {
  let configuration: LossTransformationConfiguration
  package let problem: String
  package let arm: LossArm
  package let trial: LossTrial
  let seed: Int

  package init(
    _ configuration: LossTransformationConfiguration, _ problem: String, _ arm: LossArm, _ trial: LossTrial, seed: Int
  ) {
    self.configuration = configuration
    self.problem = problem
    self.arm = arm
    self.trial = trial
    self.seed = seed
  }

  /// Runs to the end. A descent whose loss is not finite counts as one that has not left its start.
  ///
  /// - Parameters:
  ///   - data: nil for the double well.
  ///   - clock: seconds, from any origin.
  package func run(_ data: LossProblem?, clock: () -> Double = { 0 }) throws -> [Measure: Double] {
    if let data { return try descend(data, clock) }
    return try descendWell(
      DoubleWell(tilt: configuration.landscape.tilt, offset: configuration.landscape.offset), configuration.well.steps)
  }

  // MARK: Networks

  package func trainer(_ data: LossProblem, isMeasured: Bool = true) throws -> Trainer {
    let key = RandomKey(seed: seed)
    let batches = try BatchSequence(
      data.train, batchSize: configuration[problem].batch, key: key.split("batches"),
      normalization: data.normalization)
    return try Trainer(
      model: data.model, loss: data.loss, optimizer: trial.chain(arm, isMeasured: isMeasured), batches: batches,
      key: key.split("training"))
  }

  private func descend(_ data: LossProblem, _ clock: () -> Double) throws -> [Measure: Double] {
    let began = clock()
    let settings = configuration[problem]
    let trainer = try trainer(data)
    let tag = trainer.readingTags.firstIndex(of: "optimizer/relativeStep")
    let predictor = Predictor(data.model, batchSize: configuration.examples)
    func measure(_ dataset: Dataset) throws -> (loss: Double, accuracy: Double?) {
      let state = trainer.state
      return data.measure(
        try predictor.predict(
          data.features(dataset, configuration.examples), parameters: state.parameters, modelState: state.modelState),
        dataset)
    }
    let start = (train: try measure(data.train), test: try measure(data.test))
    var watch = StepWatch(trial)
    let started = clock()
    var (smooth, weight, reached) = (0.0, 0.0, settings.steps + 1)
    var values: [Measure: Double] = [.diverged: 0]
    do {
      for step in 1...settings.steps {
        let readings = try trainer.advance()
        watch.observe(loss: readings[0], relativeStep: tag.map { readings[$0] } ?? 1)
        // The mean of about the last ten batches; less of it in the beginning.
        smooth = 0.9 * smooth + 0.1 * readings[0]
        weight = 0.9 * weight + 0.1
        if step >= 10, smooth / weight < settings.level, reached > settings.steps { reached = step }
        if step % max(1, settings.steps / 20) == 0 { values[lossCurve[step]] = smooth / weight }
      }
    } catch is TrainingError {
      values[.diverged] = 1
    }
    let ended = clock()
    var end = (train: try measure(data.train), test: try measure(data.test))
    values[.descentSeconds] = ended - started
    values[.measureSeconds] = clock() - ended + started - began
    if values[.diverged] == 1 || !end.train.loss.isFinite || !end.test.loss.isFinite {
      (end, reached, values[.diverged]) = (start, settings.steps + 1, 1)
    }
    values[.finalLoss] = end.train.loss
    values[.finalTestLoss] = end.test.loss
    values[.finalAccuracy] = end.test.accuracy
    values[.updatesToLevel] = Double(reached)
    return values.merging(watch.values) { $1 }
  }

  // MARK: The double well

  /// Descends from all starts; measures are means over them, and the accuracy is the share that ends in the lower well.
  func descendWell(_ well: DoubleWell, _ steps: Int) throws -> [Measure: Double] {
    let noise = configuration.landscape.noise
    let starts = DoubleWell.starts(configuration.well.batch)
    let key = RandomKey(seed: seed).split("well")
    let paths = try WellDescents(
      well, trial.chain(arm, noise: noise), from: starts, keys: starts.indices.map { key.split($0) }
    ).run(steps: steps)
    let (left, right) = well.minima
    let ridge = well.stationary[1]
    let lower = well(left) < well(right) ? left : right
    let level = configuration.well.level
    var watch = StepWatch(trial)
    var values: [Measure: Double] = [:]
    var (loss, reachedSum, lowerCount, diverged, place, stalled) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    let interval = max(1, steps / 20)
    for (index, (start, path)) in zip(starts, paths).enumerated() {
      // To converge and to cross the barrier are two things: the level is one above the minimum of the well in which a
      // descent ends.
      var reached = [left: steps + 1, right: steps + 1]
      var end = path.end
      for (step, value) in path.losses.enumerated() {
        watch.observe(loss: value, relativeStep: path.relativeSteps.isEmpty ? 1 : path.relativeSteps[step])
        for minimum in [left, right] where value - well(minimum) < level && reached[minimum]! > steps {
          reached[minimum] = step
        }
        if step % interval == 0 { values[lossCurve[step], default: 0] += (value - well.lowest) / Double(starts.count) }
      }
      watch.endDescent()
      let isLost = !end.isFinite || !well(end).isFinite
      if isLost {
        diverged += 1
        end = start
      }
      let nearest = end < ridge ? left : right
      loss += well(end) - well(nearest)
      reachedSum += Double(isLost ? steps + 1 : reached[nearest]!)
      place += abs(end - nearest)
      lowerCount += nearest == lower ? 1 : 0
      // A zero of the loss that is no minimum.
      stalled += abs(well(end)) < 0.02 && abs(well.slope(end)) > 0.3 ? 1 : 0
      values[.end(ofStart: index)] = end
    }
    let n = Double(starts.count)
    values[.diverged] = diverged / n
    values[.finalLoss] = loss / n
    values[.updatesToLevel] = reachedSum / n
    values[.place] = place / n
    values[.finalAccuracy] = 100 * lowerCount / n
    values[.stalled] = stalled / n
    return values.merging(watch.values) { $1 }
  }
}
