import Diagnostics

/// Watches how many examples a batch needs before its gradient is longer than its noise.
final class NoiseWatch: Watch {
  private let probe: HessianProbe
  private let examples: ExampleArrays
  private let parts: Int
  private let population: Int

  init(_ site: WatchSite, count: Int, parts: Int) throws {
    let loss = site.loss
    population = site.train.count
    guard parts >= 3 else { throw DescentError("noise: parts=\(parts) is too few; a spread takes 3 or more") }
    guard min(count, population) >= parts else {
      throw DescentError(
        "noise: \(min(count, population)) training examples do not make \(parts) parts; name fewer parts, at least 3")
    }
    self.parts = parts
    probe = HessianProbe(site.model, modelState: try site.model.initialState()) { loss.perSample($0, $1) }
    examples = site.examples(site.train, count, "noise", inOrder: false)
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    probe.modelState = trainer.state.modelState
    let noise = try probe.noise(at: trainer.state.parameters, on: examples, parts: parts, of: population)
    var values = [
      "trace": noise.trace, "square": noise.squaredLength, "signal": noise.signal.estimate,
      "signal/error": noise.signal.error, "batch": Double(trainer.batches.batchSize),
    ]
    // What is beyond all bounds is left out.
    values["scale"] = noise.scale
    values["scale/low"] = noise.low
    values["scale/high"] = noise.high
    return values
  }
}
