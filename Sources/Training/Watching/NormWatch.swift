import Diagnostics

/// Watches the lengths of parameters, of the training loss' gradient and of updates, of all tensors together and one by one,
/// and the distance from the start.
final class NormWatch: Watch {
  private let probe: HessianProbe
  private let examples: ExampleArrays
  private var start = Tree<NDArray>()
  private let interval: WatchInterval
  /// The parameters before the last update before the next look, and before the one that is due.
  private var (pending, before): (Tree<NDArray>?, Tree<NDArray>?)

  init(_ site: WatchSite, count: Int, interval: WatchInterval) throws {
    self.interval = interval
    let loss = site.loss
    probe = HessianProbe(site.model, modelState: try site.model.initialState()) { loss.perSample($0, $1) }
    examples = site.examples(site.train, count, "norms")
  }

  var memory: Tree<NDArray> { start }

  func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws {
    let parameters = trainer.state.parameters
    start = memory ?? parameters
    guard start.types == parameters.types else { throw TrainingError("the checkpoint lacks the start that norms need") }
    keep(trainer)
  }

  func follow(_ trainer: Trainer) throws {
    if interval.isDue(after: trainer.step, length: trainer.batches.batchesPerEpoch) { before = pending }
    keep(trainer)
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    let state = trainer.state
    probe.modelState = state.modelState
    let gradient = try probe.gradient(at: state.parameters, on: examples)
    var values = ["distance": Self.difference(state.parameters, start).norm]
    func tell(_ tag: String, _ tree: Tree<NDArray>) {
      values[tag] = tree.norm
      for (path, leaf) in zip(tree.paths, tree.leaves) {
        values["layer/\(path)/\(tag)"] = Tree([(path: path, leaf: leaf)]).norm
      }
    }
    tell("parameters", state.parameters)
    tell("gradient", gradient)
    if let before { tell("update", Self.difference(state.parameters, before)) }
    return values
  }

  /// Keeps the parameters where the next update is followed by a look.
  private func keep(_ trainer: Trainer) {
    if interval.isDue(after: trainer.step + 1, length: trainer.batches.batchesPerEpoch) {
      pending = trainer.state.parameters
    }
  }

  private static func difference(_ a: Tree<NDArray>, _ b: Tree<NDArray>) -> Tree<NDArray> {
    a.zipped(with: b) { x, y in NDArray(zip(x.doubles, y.doubles).map { $0 - $1 }, shape: x.shape) }
  }
}
