import Diagnostics

/// Watches how strongly the loss bends: the ends of its Hessian's spectrum on training examples, the curvature along the
/// gradient, and the curvature beyond which plain descent on all examples at once would not be stable.
///
/// J. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar, "Gradient Descent on Neural Networks Typically Occurs at the Edge of
/// Stability", 2021. Of a method that divides gradients number by number, as Adam does, the same of the Hessian so divided.
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
    guard let edge = StabilityEdge(of: trainer.method, at: state, trainer.batches) else { return values }
    guard let scale = edge.scale else {
      values["stable"] = edge.limit
      return values
    }
    let scaled = try probe.ends(
      at: state.parameters, on: examples, key: key.split(trainer.step), products: products, tolerance: tolerance,
      scale: scale)
    values["scaled"] = scaled.largest
    values["scaled/error"] = scaled.largestError
    values["scaled/stable"] = edge.limit
    values["products"]! += Double(scaled.products)
    return values
  }
}
