import Diagnostics

/// Watches all of the spectrum of the loss' Hessian on training examples: its largest eigenvalues, its trace and its density.
final class SpectrumWatch: Watch {
  private let probe: HessianProbe
  private let examples: ExampleArrays
  private let (top, directions, products): (Int, Int, Int)
  private let key: RandomKey

  init(_ site: WatchSite, count: Int, top: Int, directions: Int, products: Int) throws {
    guard directions > 1 else {
      throw DescentError("spectrum: directions=\(directions) is too few; the trace's error takes 2 or more")
    }
    let loss = site.loss
    probe = HessianProbe(site.model, modelState: try site.model.initialState()) { loss.perSample($0, $1) }
    examples = site.examples(site.train, count, "spectrum")
    (self.top, self.directions, self.products) = (top, directions, products)
    key = site.key.split("spectrum/direction")
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    probe.modelState = trainer.state.modelState
    let spectrum = try probe.spectrum(
      at: trainer.state.parameters, on: examples, key: key.split(trainer.step), top: top, directions: directions,
      products: products)
    var values = [
      "trace": spectrum.trace.estimate, "trace/error": spectrum.trace.error, "negative": spectrum.negativeShare,
      "directions": Double(directions), "products": Double(spectrum.products),
    ]
    for (index, eigenvalue) in spectrum.largest.enumerated() {
      values["eigenvalue/\(index + 1)"] = eigenvalue.value
      values["eigenvalue/\(index + 1)/error"] = eigenvalue.error
    }
    for (index, node) in spectrum.nodes.enumerated() {
      values["node/\(index)/value"] = node.value
      values["node/\(index)/weight"] = node.weight
    }
    return values
  }
}
