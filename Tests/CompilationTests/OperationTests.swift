import Compilation
import Differentiation
import TestSupport
import Testing

@Suite struct OperationTests {
  @Test(arguments: operationCases) func valueAgainstTheReference(_ item: OperationCase) throws {
    for inputs in [item.inputs, item.narrowInputs] {
      let wide = inputs[0].elementType == .float64
      if item.name == "cast" && wide { continue }
      // Sums of up to a hundred terms, and slopes that double errors a few times.
      let tolerance = rounding(wide ? .float64 : .float32, terms: drift(of: 100), condition: 8)
      let function: TracedFunction = { graph, x in
        let y = item.function(graph, x)
        let floating = x.filter { $0.elementType.isFloatingPoint }
        return y + (wide || item.name != "cast" ? gradients(of: y[0].squared.sum(), withRespectTo: floating) : [])
      }
      let expected = try Evaluation.reference.run(inputs, function)
      let actual = try Evaluation.compiled.run(inputs, function)
      for (a, b) in zip(actual, expected) {
        #expect(a.shape == b.shape)
        let scale = b.doubles.map { abs($0) }.max() ?? 1
        let worst = zip(a.doubles, b.doubles).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= tolerance * (1 + scale), "\(item.name) \(wide ? "float64" : "float32"): \(worst) of \(scale)")
      }
    }
  }

  @Test func integersAndBools() throws {
    let a = NDArray([7, -3, 0, 5] as [Int32])
    let b = NDArray([2, 2, -1, 5] as [Int32])
    let results = try Evaluation.compiled.run([a, b]) { graph, x in
      [
        x[0] + x[1], x[0] * x[1], x[0] / x[1], max(x[0], x[1]), (x[0] .> x[1]) .| (x[0] .== x[1]), !(x[0] .< x[1]),
        x[0].argumentOfMaximum(), x[0].argumentOfMinimum(), x[0].cast(to: .float32) * 0.5, graph.iota([2, 3]), -x[0],
        x[0].sum(), x[0].maximum(), x[0].oneHot(count: 8),
      ]
    }
    #expect(results[0].integers == [9, -1, -1, 10])
    #expect(results[1].integers == [14, -6, 0, 25])
    #expect(results[2].integers == [3, -1, 0, 1])
    #expect(results[3].integers == [7, 2, 0, 5])
    #expect(results[4].bools == [true, false, true, true])
    #expect(results[5].bools == [true, false, true, true])
    #expect(results[6].item == 0)
    #expect(results[7].item == 1)
    #expect(results[8].floats == [3.5, -1.5, 0, 2.5])
    #expect(results[9].integers == [0, 1, 2, 0, 1, 2])
    #expect(results[10].integers == [-7, 3, 0, -5])
    #expect(results[11].item == 9)
    #expect(results[12].item == 7)
    #expect(results[13].floats.reduce(0, +) == 3)
  }

  @Test(arguments: [RandomDistribution.uniform, .normal, .bits]) func randomNumbers(_ kind: RandomDistribution) throws {
    let key = RandomKey(seed: 5).array
    let types: [ElementType] = kind == .bits ? [.int32] : [.float32, .float64]
    for type in types {
      let function: TracedFunction = { _, x in [Tensor.random(kind, [1001], key: x[0], type)] }
      let expected = try Evaluation.reference.run([key], function)[0].doubles
      let actual = try Evaluation.compiled.run([key], function)[0].doubles
      // Elementary functions in float32 are off by a few units of numbers up to 4.
      for (a, b) in zip(actual, expected) { #expect(abs(a - b) <= rounding(type, terms: 3, scale: 4)) }
    }
  }

  /// Large enough for several tiles, threads and parts.
  @Test(arguments: [[70000], [300, 700], [5, 3000, 7], [4000, 16], [3, 50, 60, 24]])
  func largeReductions(_ dimensions: [Int]) throws {
    let shape = Shape(dimensions)
    let x = RandomKey(seed: 9).uniform(shape, .float64)
    for axes in [[0], [shape.rank - 1], Array(0..<shape.rank), Array(0..<max(shape.rank - 1, 1))] {
      let function: TracedFunction = { _, x in
        [
          x[0].squared.sum(axes), x[0].maximum(axes), (x[0] * 2).minimum(axes),
          x[0] + x[0].mean(axes, keepingAxes: true),
        ]
      }
      let expected = try Evaluation.reference.run([x], function)
      for inputs in [[x], [x.converted(to: .float32)]] {
        for (a, b) in zip(try Evaluation.compiled.run(inputs, function), expected) {
          // Sums are of lanes, tiles and parts: none has more than some 2,000 terms.
          let tolerance = rounding(inputs[0].elementType, terms: drift(of: 2000))
          let worst = zip(a.doubles, b.doubles).map { abs($0 - $1) / (1 + abs($1)) }.max() ?? 0
          #expect(worst < tolerance, "\(shape) \(axes): \(worst)")
        }
      }
    }
  }
}
