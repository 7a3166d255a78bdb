import Diagnostics

/// Watches how far the descent is from twins: descents that differ in one training example, in whose place is one of the
/// validation set. Their distance is what the trajectory term of bounds on the generalisation gap is made of.
///
/// Twins share model, method, start, order and randomness, and are descents of their own: each costs as much.
final class TwinWatch: Watch {
  private let site: WatchSite
  private let count: Int
  private var twins: [Trainer] = []
  private var distances: [TwinDistance] = []

  init(_ site: WatchSite, count: Int) {
    self.site = site
    self.count = count
  }

  var memory: Tree<NDArray> {
    twins.enumerated().reduce(Tree()) { all, twin in
      let state = twin.element.state
      let parts = [
        ("parameters", state.parameters), ("model", state.modelState), ("optimizer", state.optimizerState),
      ]
      return parts.reduce(all) { $0.merging($1.1.prefixed("\(twin.offset)/\($1.0)")) }
    }
  }

  func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws {
    twins = try (0..<count).map { index in
      let key = site.key.split("twin").split(index)
      let examples = try site.train.replacing(
        key.split("position").integers(count: 1, below: site.train.count)[0], by: site.validation,
        at: key.split("replacement").integers(count: 1, below: site.validation.count)[0])
      let state = memory?.subtree("\(index)")
      return try trainer.twin(
        on: examples,
        state: state.map {
          TrainingState(
            parameters: $0.subtree("parameters"), modelState: $0.subtree("model"),
            optimizerState: $0.subtree("optimizer"), step: trainer.step)
        })
    }
    distances = try twins.map { try TwinDistance($0.state.parameters.types) }
  }

  func follow(_ trainer: Trainer) throws {
    for (index, twin) in twins.enumerated() {
      do { _ = try twin.advance() } catch let error as TrainingError {
        throw TrainingError("twin \(index): \(error)")
      }
    }
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    let parameters = trainer.state.parameters
    var values: [String: Double] = [:]
    var sum = 0.0
    for (index, (twin, distance)) in zip(twins, distances).enumerated() {
      try distance.observe(parameters, twin.state.parameters)
      values["distance/\(index)"] = distance.distance
      sum += distance.distance
    }
    values["distance"] = sum / Double(twins.count)
    values["norm"] = parameters.leaves.reduce(0) { $0 + $1.doubles.reduce(0) { $0 + $1 * $1 } }.squareRoot()
    return values
  }
}
