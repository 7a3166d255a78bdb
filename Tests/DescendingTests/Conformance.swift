import Compilation
import Descending
import Foundation
import TestSupport

/// What every transformation must do; each check returns what is wrong, or nil.
struct Conformance {
  let transformation: any GradientTransformation

  /// The transformation, then a step: chains in the registry end with a rate.
  var chain: Chain { Chain([transformation]) }

  func failures() -> [String] {
    let checks: [(String, () throws -> String?)] = [
      ("converges", converges), ("keeps element types", keepsTypes), ("deterministic", isDeterministic),
      ("save and restore", restoresBitwise), ("differentiable", isDifferentiable), ("readings", readsFiniteNumbers),
    ]
    return checks.compactMap { name, check in
      do { return try check().map { "\(name): \($0)" } } catch { return "\(name): \(error)" }
    }
  }

  // No element starts at its minimum: where a gradient vanishes, scaled methods have a kink.
  private static let start = Tree([
    "a/matrix": NDArray([0.9, -2, 0.5, 1.5, 0.3, -0.7], shape: [2, 3]), "b": NDArray([2, -1, 0.6]), "c": NDArray(0.4),
  ])

  /// A quadratic bowl with its minimum at 1 over leaves of mixed shapes.
  private static func bowl(_ p: Parameters) -> Tensor {
    p.tree.leaves.map { (($0 - 1).squared * 0.5).sum() }.reduce(p.tree.leaves[0].scalar(0), +)
  }

  /// Rosenbrock's valley in the elements of "b", on a scale on which fixed rates are stable.
  private static func valley(_ p: Parameters) -> Tensor {
    let b = p["b"]!
    let (x, y) = (b.slice(0..<1, axis: 0), b.slice(1..<2, axis: 0))
    return ((1 - x).squared + 10 * (y - x.squared).squared).sum() * 0.05 + bowl(p) * 0.01
  }

  private func run(_ loss: @escaping (Parameters) -> Tensor, _ type: ElementType = .float64) throws -> DescentRun {
    try DescentRun(chain, from: Self.start.map { $0.converted(to: type) }, loss: loss)
  }

  private func converges() throws -> String? {
    for (name, loss) in [("bowl", Self.bowl), ("valley", Self.valley)] {
      let descent = try run(loss)
      try descent.run(1500)
      let (first, last) = (descent.losses[0], descent.losses.suffix(50).reduce(0, +) / 50)
      if !(last < 0.2 * first) { return "\(name) went from \(first) to \(last)" }
    }
    return nil
  }

  private func keepsTypes() throws -> String? {
    for type in [ElementType.float32, .float64] {
      let descent = try run(Self.bowl, type)
      try descent.run(3)
      if let wrong = descent.parameters.first(where: { $0.1.elementType != type }) { return wrong.0 }
    }
    return nil
  }

  private func isDeterministic() throws -> String? {
    let (a, b) = (try run(Self.valley), try run(Self.valley))
    try a.run(20)
    try b.run(20)
    return a.parameters == b.parameters && a.state == b.state ? nil : "two runs differ"
  }

  private func restoresBitwise() throws -> String? {
    let (whole, parts) = (try run(Self.valley), try run(Self.valley))
    try whole.run(20)
    try parts.run(9)
    let other = try run(Self.valley)
    other.restore(parts.parameters, parts.state, steps: 9)
    try other.run(11)
    return other.parameters == whole.parameters && other.state == whole.state ? nil : "20 steps differ from 9 + 11"
  }

  /// Three unrolled steps, differentiated with respect to the start, against central differences.
  private func isDifferentiable() throws -> String? {
    let paths = Self.start.paths
    let chain = chain
    let state = try chain.initialState(for: Self.start.types)
    let error = try GradientCheck.worstError(
      of: { graph, x in
        var point = Parameters(Tree(sortedPaths: paths, leaves: x))
        var memory = state.map { graph.constant($0) }
        for step in 0..<3 {
          let loss = Self.valley(point)
          let time = graph.fill(Double(step), TensorType(.scalar))
          var context = UpdateContext(
            counters: Counters(updates: time, samples: time, epochs: time), parameters: point, loss: loss,
            key: graph.constant(RandomKey(seed: step).array))
          let result = try context.run(chain, gradients(of: loss, withRespectTo: point), memory)
          point = point.moved(by: result.updates)
          memory = result.state
        }
        return [Self.bowl(point)]
      }, at: Self.start.leaves, step: 1e-6)
    return error < 2e-5 ? nil : "central differences differ by \(error)"
  }

  private func readsFiniteNumbers() throws -> String? {
    let descent = try run(Self.bowl)
    try descent.run(2)
    return descent.readings.first { !$0.value.isFinite }.map { "\($0.key) is \($0.value)" }
  }
}
