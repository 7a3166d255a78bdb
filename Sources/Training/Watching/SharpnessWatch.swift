import Diagnostics

/// Watches how strongly the loss bends: the ends of its Hessian's spectrum on training examples, the curvature along the
/// gradient, and the curvature beyond which plain descent on all examples at once would not be stable.
///
/// J. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar, "Gradient Descent on Neural Networks Typically Occurs at the Edge of
/// Stability", 2021.
package final class SharpnessWatch: Watch {
  private let probe: HessianProbe
  private let examples: ExampleArrays
  private let products: Int
  private let tolerance: Double
  private let key: RandomKey

  init(_ site: WatchSite, count: Int, products: Int, tolerance: Double) throws {
    let loss = site.loss
    probe = HessianProbe(site.model, modelState: try site.model.initialState()) { loss.perSample($0, $1) }
    examples = site.examples(site.train, count, "sharpness")
    (self.products, self.tolerance) = (products, tolerance)
    key = site.key.split("sharpness/direction")
  }

  package func look(_ trainer: Trainer) throws -> [String: Double] {
    let state = trainer.state
    probe.modelState = state.modelState
    let ends = try probe.ends(
      at: state.parameters, on: examples, key: key.split(trainer.step), products: products, tolerance: tolerance)
    let gradient = try probe.gradient(at: state.parameters, on: examples)
    let image = try probe.product(with: gradient, at: state.parameters, on: examples)
    let along = zip(gradient.leaves, image.leaves).reduce(0.0) { sum, pair in
      zip(pair.0.doubles, pair.1.doubles).reduce(sum) { $0 + $1.0 * $1.1 }
    }
    let norm = gradient.norm
    var values = [
      "largest": ends.largest, "largest/error": ends.largestError, "least": ends.least, "least/error": ends.leastError,
      "along": norm == 0 ? 0 : along / (norm * norm), "gradient": norm, "products": Double(ends.products),
    ]
    values["stable"] = Self.stableLimit(of: trainer.method, after: trainer.step, trainer.batches)
    return values
  }

  /// The largest eigenvalue at which a quadratic's descent on all examples is stable, of plain descent, perhaps with momentum
  /// and decay, at the next update's rate; nil of other methods.
  ///
  /// On λ w²/2, v ← β v + g and w ← w - η v are stable for η (λ + decay) < 2 + 2 β, and with Nesterov's step g + β v for
  /// η (λ + decay) < (2 + 2 β) / (1 + 2 β).
  package static func stableLimit(of method: any DescentMethod, after step: Int, _ batches: BatchSequence) -> Double? {
    guard let descent = method as? GradientDescent else { return nil }
    var stages = ((descent.transformation as? Chain)?.stages ?? [descent.transformation])[...]
    guard let rate = stages.popLast() as? LearningRate else { return nil }
    var limit = 2.0
    if let momentum = stages.last as? Momentum {
      limit = (2 + 2 * momentum.decay) / (momentum.nesterov ? 1 + 2 * momentum.decay : 1)
      stages.removeLast()
    }
    var decay = 0.0
    for stage in stages {
      guard let stage = stage as? WeightDecay, stage.excluded.isEmpty else { return nil }
      decay += stage.coefficient
    }
    let now = rate.schedule.value(
      updates: Double(step), samples: Double(step * batches.batchSize),
      epochs: Double(step) / Double(batches.batchesPerEpoch))
    return now > 0 ? limit / now - decay : nil
  }
}
