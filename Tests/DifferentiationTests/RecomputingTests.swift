import Compilation
import Differentiation
import TestSupport
import Testing

/// What is computed again for derivatives gives the same derivatives in less memory.
@Suite struct RecomputingTests {
  /// Any operations in segments of any size, up to second derivatives.
  @Test(arguments: [1, 3, 8], [1, 2]) func derivativesStayWhatTheyAre(_ segment: Int, _ order: Int) throws {
    for seed in 0..<12 {
      func run(_ segment: Int?) throws -> [NDArray] {
        let function = RandomFunction(seed: seed, steps: 12, order: order, segment: segment, elementType: .float64)
        return try Evaluation.compiled.run(function.inputs) { function($0, $1) }
      }
      // The same numbers added up in another order, some hundred of them, in up to three derivatives of chains of 12.
      let slack = rounding(terms: drift(of: 400), condition: 1000)
      let deviation = Deviation.worst(of: try run(segment), from: try run(nil))
      #expect(deviation < slack, "seed \(seed): \(deviation)")
    }
  }

  private static let (layers, rows, width) = (24, 64, 32)

  /// A deep network, its layers in segments: the value, its gradients, and those of their squared length.
  private func program(_ segment: Int?, second: Bool = false) throws -> Program {
    let types =
      [TensorType([Self.rows, Self.width])] + (0..<Self.layers).map { _ in TensorType([Self.width, Self.width]) }
    return try Program(inputs: types) { graph, x in
      var y = x[0]
      for first in stride(from: 1, through: Self.layers, by: segment ?? Self.layers) {
        func advance() {
          for layer in first..<first + (segment ?? Self.layers) { y = sin(tanh(y.matmul(x[layer])) * 2) }
        }
        if segment == nil { advance() } else { graph.recomputing(advance) }
      }
      let loss = y.squared.sum()
      let slopes = gradients(of: loss, withRespectTo: Array(x.dropFirst()))
      guard second else { return [loss] + slopes }
      let length = slopes.map { $0.squared.sum() }.reduce(loss, +)
      return [length] + gradients(of: length, withRespectTo: Array(x.dropFirst()))
    }
  }

  private static let arguments =
    [RandomKey(seed: 1).normal([rows, width])]
    + (0..<layers).map { layer in
      NDArray(
        RandomKey(seed: 2).split(layer).normal(count: width * width).map { Float($0 / Double(width).squareRoot()) },
        shape: [width, width])
    }

  /// Of 24 layers three arrays each would be kept; of six segments one, and three of each layer of one segment.
  @Test func memoryIsThatOfOneSegment() throws {
    let (all, some) = (try program(nil), try program(4))
    #expect(some.workingByteCount < all.workingByteCount / 2, "\(some.workingByteCount) of \(all.workingByteCount)")
    // The forward pass once more, and no more than that.
    #expect(some.flops > 1.2 * all.flops && some.flops < 1.35 * all.flops, "\(some.flops / all.flops)")
    let slack = rounding(.float32, terms: drift(of: 3 * Self.layers), condition: 30)
    #expect(Deviation.worst(of: try some.run(Self.arguments), from: try all.run(Self.arguments)) < slack)
  }

  @Test func segmentsMayHoldOthers() throws {
    func value(_ nested: Bool) throws -> [NDArray] {
      try Evaluation.compiled.run([RandomKey(seed: 3).normal([5], .float64)]) { graph, x in
        func step(_ x: Tensor) -> Tensor {
          let inner = nested ? graph.recomputing { sin(x) * x } : sin(x) * x
          return x - 0.1 * gradients(of: (inner * inner).sum(), withRespectTo: [x])[0]
        }
        var y = x[0]
        for _ in 0..<3 { y = nested ? graph.recomputing { step(y) } : step(y) }
        if nested { #expect(graph.segments.count == 3) }
        return [y] + gradients(of: exp(y).sum(), withRespectTo: x)
      }
    }
    let slack = rounding(terms: drift(of: 100), condition: 100)
    #expect(Deviation.worst(of: try value(true), from: try value(false)) < slack)
  }
}
