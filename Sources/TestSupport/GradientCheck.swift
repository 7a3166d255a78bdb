import Compilation
import Differentiation

/// A function under test: traced on its arguments, it returns one or more floating results.
public typealias TracedFunction = (Graph, [Tensor]) throws -> [Tensor]

/// Who computes.
public enum Evaluation: String, CaseIterable, Sendable {
  case reference, compiled

  /// The results of a traced function on arrays.
  public func run(_ inputs: [NDArray], _ function: TracedFunction) throws -> [NDArray] {
    switch self {
    case .compiled: return try Program(inputs: inputs.map { TensorType(of: $0) }, function).run(inputs)
    case .reference:
      let graph = Graph()
      let outputs = try function(graph, inputs.map { graph.input(TensorType(of: $0)) })
      if let failure = graph.failure { throw failure }
      return ReferenceEvaluator.evaluate(outputs, inputs: inputs)
    }
  }
}

/// Central differences against derivatives, in float64.
public enum GradientCheck {
  /// The worst deviation between the gradient and central differences, relative to 1 + |value|, of the results'
  /// weighted sum; `order` 2 checks the gradient's own derivative along a direction.
  public static func worstError(
    of function: @escaping TracedFunction, at inputs: [NDArray], order: Int = 1, engine: Evaluation = .compiled,
    step: Double = 1e-5
  ) throws -> Double {
    let varied = inputs.indices.filter { inputs[$0].elementType == .float64 }
    // A scalar from all results, with weights that single out no element.
    func contracted(_ graph: Graph, _ x: [Tensor]) throws -> Tensor {
      let parts = try function(graph, x).enumerated().map { index, y in
        dot(y, graph.constant(RandomKey(seed: 100 + index).normal(y.shape, y.elementType)))
      }
      return parts.dropFirst().reduce(parts[0], +)
    }
    func scalar(_ order: Int) -> TracedFunction {
      { graph, x in
        var value = try contracted(graph, x)
        for level in 1..<Swift.max(order, 1) where order > 1 {
          let g = gradients(of: value, withRespectTo: varied.map { x[$0] })
          let parts = zip(varied, g).map { position, part in
            dot(part, graph.constant(RandomKey(seed: 1000 * level + position).normal(part.shape, .float64)))
          }
          value = parts.dropFirst().reduce(parts[0], +)
        }
        return [value]
      }
    }
    let value = scalar(order)
    let analytic = try engine.run(inputs) { graph, x in
      gradients(of: try value(graph, x)[0], withRespectTo: varied.map { x[$0] })
    }
    let program = engine == .compiled ? try Program(inputs: inputs.map { TensorType(of: $0) }, value) : nil
    var worst = 0.0
    for (position, gradient) in zip(varied, analytic) {
      for element in 0..<inputs[position].count {
        let sides = try [step, -step].map { shift -> Double in
          var moved = inputs
          moved[position].withUnsafeMutableElements(of: Double.self) { $0[element] += shift }
          return try (program?.run(moved) ?? engine.run(moved, value))[0].item
        }
        let numeric = (sides[0] - sides[1]) / (2 * step)
        let error = Swift.abs(numeric - gradient[flat: element]) / (1 + Swift.abs(numeric))
        worst = error.isNaN ? .infinity : Swift.max(worst, error)
      }
    }
    return worst
  }
}
