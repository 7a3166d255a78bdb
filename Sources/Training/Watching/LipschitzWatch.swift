import Diagnostics
import Foundation

/// Watches operator norms, their product bound Z = Σ log K, and its drivers, from single training examples' gradients.
///
/// Where the method is plain descent at a constant rate it also predicts Z and each log K, with a deviation; then it
/// looks more often in the first epoch, where drivers change fast. For other methods the equation says nothing.
final class LipschitzWatch: Watch {
  private let probe: LipschitzProbe
  private let examples: ExampleArrays
  private let isExact: Bool
  private var network: LipschitzPrediction?
  private var layers: [LipschitzPrediction] = []
  private var plain: (rate: Double, decay: Double)?
  private var early: Set<Int> = []
  private var last: (step: Int, look: LipschitzLook)?

  init(_ site: WatchSite, probe: LipschitzProbe, count: Int, exact: Bool) {
    self.probe = probe
    examples = site.examples(site.train, count, "lipschitz")
    isExact = exact
  }

  var memory: Tree<NDArray> {
    guard let network else { return Tree() }
    return Tree(
      ([network] + layers).enumerated().map { (path: "\($0.offset)", leaf: NDArray($0.element.memory)) })
  }

  func begin(_ trainer: Trainer, memory: Tree<NDArray>?) throws {
    plain = Self.plainDescent(trainer.method)
    early = Set(Self.risingSteps(below: trainer.batches.batchesPerEpoch))
    guard let plain, let memory else { return }
    func restored(_ position: Int, layer: Int?) throws -> LipschitzPrediction {
      guard
        let saved = memory["\(position)"].flatMap({
          LipschitzPrediction(
            rate: plain.rate, batch: trainer.batches.batchSize, decay: plain.decay, layer: layer, memory: $0.doubles)
        })
      else { throw TrainingError("the checkpoint lacks what the prediction of norms needs") }
      return saved
    }
    network = try restored(0, layer: nil)
    layers = try probe.paths.indices.map { try restored($0 + 1, layer: $0) }
  }

  func follow(_ trainer: Trainer) throws {
    if plain != nil, early.contains(trainer.step) { _ = try observe(trainer) }
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    let look = try observe(trainer)
    let unit = look.rates(rate: 1, batch: 1)
    var values: [String: Double] = [
      "z": look.logBound, "loss": look.loss, "gap": look.layers.map(\.relativeGap).min() ?? 1,
      "floored": look.layers.reduce(0) { $0 + Double($1.flooredPairs) },
      // Of plain descent at rate and batch 1: κ and |λ|² of another are rate / batch times these.
      "drift": unit.drift, "curvature": unit.curvature, "diffusion": unit.diffusion,
    ]
    // A fraction, where "accuracy" is per cent.
    values["right"] = look.accuracy
    for layer in look.layers { values["layer/\(layer.path)/norm"] = layer.norm }
    if let network {
      for (tag, path) in [("", network)] + zip(probe.paths, layers).map({ ("layer/\($0)/", $1) }) {
        values[tag + "predicted"] = path.predicted
        values[tag + "deviation"] = path.deviation
      }
      values["integral/drift"] = network.totals.drift
      values["integral/curvature"] = network.totals.curvature
      values["integral/diffusion"] = network.totals.diffusion
    }
    if isExact {
      for norm in try probe.convolutionNorms(trainer.state.parameters, on: examples) {
        values["layer/\(norm.path)/bound"] = norm.matrixBound
        values["layer/\(norm.path)/exact"] = norm.padded
        values["layer/\(norm.path)/torus"] = norm.torus
      }
    }
    return values
  }

  private func observe(_ trainer: Trainer) throws -> LipschitzLook {
    if let last, last.step == trainer.step { return last.look }
    let state = trainer.state
    probe.modelState = state.modelState
    let look = try probe.look(state.parameters, on: examples)
    last = (trainer.step, look)
    guard let plain else { return look }
    if network == nil {
      func begun(_ layer: Int?) -> LipschitzPrediction {
        LipschitzPrediction(
          rate: plain.rate, batch: trainer.batches.batchSize, decay: plain.decay, layer: layer, step: trainer.step,
          from: look)
      }
      (network, layers) = (begun(nil), probe.paths.indices.map { begun($0) })
    } else {
      network!.extend(to: trainer.step, look)
      for index in layers.indices { layers[index].extend(to: trainer.step, look) }
    }
    return look
  }

  /// Rate and weight decay, where a method is plain descent at a constant rate.
  static func plainDescent(_ method: any DescentMethod) -> (rate: Double, decay: Double)? {
    guard let descent = method as? GradientDescent else { return nil }
    let stages = (descent.transformation as? Chain)?.stages ?? [descent.transformation]
    var decay = 0.0
    for stage in stages.dropLast() {
      guard let stage = stage as? WeightDecay, stage.excluded.isEmpty else { return nil }
      decay += stage.coefficient
    }
    guard let rate = stages.last as? LearningRate, case .constant(let value) = rate.schedule else { return nil }
    return (value, decay)
  }

  /// 1, 2, 3, 4, 6, 9 ...: each about half as much again.
  static func risingSteps(below end: Int) -> [Int] {
    Array(sequence(first: 1) { max($0 + 1, $0 * 3 / 2) }.prefix { $0 < end })
  }
}
