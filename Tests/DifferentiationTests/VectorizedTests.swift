import Compilation
import Differentiation
import TestSupport
import Testing

/// A function for all elements at once is the function for each.
@Suite struct VectorizedTests {
  private let count = 3

  /// Arguments like these, others for each element; positions stay within their axes.
  private func elements(of inputs: [NDArray]) -> [[NDArray]] {
    (0..<count).map { element in
      inputs.map { input in
        if input.elementType == .int32 {
          let rotated = input.integers.indices.map { input.integers[($0 + element) % input.count] }
          return NDArray(rotated.map { Int32($0) }, shape: input.shape)
        }
        let moved = input.doubles.enumerated().map { $1 * (1 + 0.11 * Double(element) * Double(($0 + 1) % 3)) }
        return NDArray(moved, shape: input.shape).converted(to: input.elementType)
      }
    }
  }

  private func stacked(_ arrays: [NDArray]) -> NDArray {
    let shape = Shape([arrays.count] + arrays[0].shape.dimensions)
    return arrays[0].elementType == .int32
      ? NDArray(arrays.flatMap { $0.integers.map { Int32($0) } }, shape: shape)
      : NDArray(arrays.flatMap(\.doubles), shape: shape).converted(to: arrays[0].elementType)
  }

  /// The worst deviation between all at once, compiled, and one after another, by the reference.
  ///
  /// - Parameter varying: positions of the inputs that differ between elements; others are read from outside.
  private func deviation(
    of function: TracedFunction, at inputs: [NDArray], varying: [Int]
  ) throws -> Double {
    let elements = elements(of: inputs).map { own in
      inputs.indices.map { varying.contains($0) ? own[$0] : inputs[$0] }
    }
    let arguments = inputs.indices.map { position in
      varying.contains(position) ? stacked(elements.map { $0[position] }) : inputs[position]
    }
    let results = try Evaluation.compiled.run(arguments) { graph, x in
      try vectorized(over: varying.map { x[$0] }) { own in
        try function(graph, x.indices.map { i in varying.firstIndex(of: i).map { own[$0] } ?? x[i] })
      }
    }
    let expected = try elements.map { try Evaluation.reference.run($0, function) }
    return Deviation.worst(of: results, from: expected[0].indices.map { i in stacked(expected.map { $0[i] }) })
  }

  /// Positions of arguments, in all ways that leave none or some out but not all.
  private func choices(_ count: Int) -> [[Int]] {
    (1..<1 << count).map { mask in (0..<count).filter { mask >> $0 & 1 == 1 } }
  }

  /// Each operation with its derivatives, whichever of its inputs differ.
  @Test(arguments: operationCases) func operations(_ item: OperationCase) throws {
    for inputs in [item.inputs, item.narrowInputs] {
      let isWide = inputs[0].elementType == .float64
      if item.name == "cast" && isWide { continue }
      let tolerance = rounding(isWide ? .float64 : .float32, terms: drift(of: 100), condition: 8)
      for varying in choices(inputs.count) {
        let worst = try deviation(
          of: { graph, x in
            let y = item.function(graph, x)
            let floating = x.filter { $0.elementType.isFloatingPoint }
            return y + (item.name == "cast" ? [] : gradients(of: y[0].squared.sum(), withRespectTo: floating))
          }, at: inputs, varying: varying)
        #expect(worst <= tolerance, "\(item.name), \(varying) differ: \(worst)")
      }
    }
  }

  /// Random functions with derivatives, some of whose inputs differ.
  @Test(arguments: 0..<120) func randomFunctions(_ seed: Int) throws {
    let type = seed % 2 == 0 ? ElementType.float64 : .float32
    let function = RandomFunction(seed: seed, steps: 6 + seed % 20, elementType: type)
    let draws = RandomKey(seed: seed).split("varying").uniform(count: function.inputs.count)
    let varying = function.inputs.indices.filter { draws[$0] < 0.6 }
    guard !varying.isEmpty else { return }
    let worst = try deviation(of: function.callAsFunction, at: function.inputs, varying: varying)
    #expect(worst < rounding(type, terms: 25, condition: 64), "seed \(seed), \(varying) differ: \(worst)")
  }

  /// Derivatives of all elements' sum, taken outside: those of the shared input add up.
  @Test(arguments: operationCases) func derivativesFromOutside(_ item: OperationCase) throws {
    let inputs = item.inputs
    guard inputs.count > 1, inputs.allSatisfy({ $0.elementType == .float64 }) else { return }
    let others = Array(1..<inputs.count)
    let arguments = [stacked(elements(of: inputs).map { $0[0] })] + others.map { inputs[$0] }
    func loss(_ y: [Tensor]) -> Tensor { y.map { $0.squared.sum() }.reduce(y[0].scalar(0), +) }
    let together = try Evaluation.compiled.run(arguments) { graph, x in
      let y = vectorized(over: [x[0]]) { [loss(item.function(graph, $0 + others.map { x[$0] }))] }
      return gradients(of: y[0].sum(), withRespectTo: x)
    }
    let apart = try Evaluation.compiled.run(arguments) { graph, x in
      let losses = (0..<count).map { loss(item.function(graph, [x[0].part($0)] + others.map { x[$0] })) }
      return gradients(of: losses.reduce(x[0].scalar(0), +), withRespectTo: x)
    }
    #expect(Deviation.worst(of: together, from: apart) < rounding(terms: drift(of: 300), condition: 8), "\(item.name)")
  }

  /// A body within a body: all products of two sets of rows. And the rows of a Jacobian, from one pullback for each.
  @Test func bodiesWithinBodies() throws {
    let (a, b) = (RandomKey(seed: 1).normal([3, 5], .float64), RandomKey(seed: 2).normal([4, 5], .float64))
    let results = try Evaluation.compiled.run([a, b]) { graph, x in
      let products = vectorized(over: [x[0]]) { left in
        vectorized(over: [x[1]]) { right in [dot(left[0], right[0])] }
      }
      let same = vectorized(over: [x[0]]) { one in
        vectorized(over: [x[0]]) { other in [dot(one[0], other[0])] }
      }
      let value = tanh(x[0].part(0)) * x[1].part(0).sum()
      let unit = (graph.iota([5, 5], axis: 0) .== graph.iota([5, 5], axis: 1)).cast(to: .float64)
      let jacobian = vectorized(over: [unit]) { row in
        gradients(of: dot(value, row[0]), withRespectTo: [x[0].part(0), x[1]])
      }
      let slope = 1 - tanh(x[0].part(0)).squared
      return products + [x[0].matmul(x[1].transposed())] + same + [x[0].matmul(x[0].transposed())]
        + [jacobian[0], unit * (slope * x[1].part(0).sum()), jacobian[1].part(0, axis: 1)]
        + [tanh(x[0].part(0)).expanded(axis: 1).broadcast(to: [5, 5])]
    }
    for pair in 0..<4 {
      let error = Deviation.worst(of: [results[2 * pair]], from: [results[2 * pair + 1]])
      #expect(error < rounding(terms: 20), "pair \(pair)")
    }
  }

  /// The first element's own part, read from outside, is the same for all; so is what reads no element.
  @Test func whatIsOutsideStaysTheSame() throws {
    let a = NDArray([1.0, 2, 3])
    let results = try Evaluation.compiled.run([a]) { _, x in
      vectorized(over: [x[0]]) { one in [one[0] * x[0].part(0), x[0].part(0), x[0], one[0]] }
    }
    #expect(results[0].doubles == [1, 2, 3] && results[1].doubles == [1, 1, 1])
    #expect(results[2].shape == [3, 3] && results[2].doubles == [1, 2, 3, 1, 2, 3, 1, 2, 3])
    #expect(results[3].doubles == [1, 2, 3])
  }

  /// Inputs that depend on what is differentiated inside: each element's way there is its own.
  @Test func derivativesGoOnToWhatInputsDependOn() throws {
    let (x, w) = (RandomKey(seed: 3).normal([4, 3], .float64), RandomKey(seed: 4).normal([3, 2], .float64))
    let results = try Evaluation.compiled.run([x, w]) { _, x in
      let hidden = tanh(x[0].matmul(x[1]))
      let together = vectorized(over: [hidden, x[0]]) { one in
        let slopes = gradients(of: (one[0] * one[1].sum()).squared.sum(), withRespectTo: [x[1], x[0], one[0]])
        return slopes
          + vectorized(over: [one[0].squared]) { gradients(of: $0[0].squared, withRespectTo: [x[1], one[0]]) }
      }
      let apart = (0..<4).map { row -> [Tensor] in
        let (own, features) = (hidden.part(row), x[0].part(row))
        let slopes = gradients(of: (own * features.sum()).squared.sum(), withRespectTo: [x[1], x[0], own])
        let inner = (0..<2).map { gradients(of: own.squared.part($0).squared, withRespectTo: [x[1], own]) }
        return slopes + [stack(inner.map { $0[0] }), stack(inner.map { $0[1] })]
      }
      let loss = together.map { sin($0).sum() }.reduce(x[0].scalar(0), +)
      let same = apart.joined().map { sin($0).sum() }.reduce(x[0].scalar(0), +)
      return together + gradients(of: loss, withRespectTo: x)
        + (0..<5).map { i in stack(apart.map { $0[i] }) } + gradients(of: same, withRespectTo: x)
    }
    let error = Deviation.worst(of: Array(results.prefix(7)), from: Array(results.suffix(7)))
    #expect(error < rounding(terms: drift(of: 300), condition: 8))
  }

  /// What is recomputed outside of the body is the same for all, and is computed for all once.
  @Test func recomputingOutside() throws {
    let (x, w) = (RandomKey(seed: 5).normal([6], .float64), RandomKey(seed: 6).normal([6, 6], .float64))
    func jacobian(_ recomputes: Bool) throws -> NDArray {
      let program = try Program(inputs: [TensorType(of: x), TensorType(of: w)]) { graph, x in
        func block() -> Tensor { tanh(tanh(x[0].expanded(axis: 0).matmul(x[1])).matmul(x[1])).reshaped(to: [6]) }
        let y = recomputes ? graph.recomputing(block) : block()
        let unit = (graph.iota([6, 6], axis: 0) .== graph.iota([6, 6], axis: 1)).cast(to: .float64)
        return vectorized(over: [unit]) { gradients(of: dot(y, $0[0]), withRespectTo: [x[0]]) }
      }
      return try program.run([x, w])[0]
    }
    let (kept, recomputed) = (try jacobian(false), try jacobian(true))
    #expect(Deviation.worst(of: [recomputed], from: [kept]) < rounding(terms: 40))
  }

  /// Positions outside of an axis see nothing, not what is another element's.
  @Test func positionsStayWithTheirElement() throws {
    let x = NDArray((0..<6).map(Float.init), shape: [3, 2])
    let indices = NDArray([0, 2, -1, 1, 5, 0] as [Int32], shape: [3, 2])
    let results = try Evaluation.compiled.run([x, indices]) { _, x in
      vectorized(over: x) { one in
        [one[0].gathering(one[1]), one[0].scatterAdding(at: one[1], extent: 2)]
      }
    }
    let rows = results[0].floats
    #expect(rows[0] == 0 && rows[1].isNaN && rows[2].isNaN && rows[3] == 3 && rows[4].isNaN && rows[5] == 4)
    #expect(results[1].floats == [0, 0, 0, 3, 5, 0])
  }

  /// Each element draws what it draws alone.
  @Test func randomNumbers() throws {
    let keys = (0..<count).map { RandomKey(seed: $0).array }
    let together = try Evaluation.compiled.run([stacked(keys)]) { _, x in
      vectorized(over: x) { [Tensor.random(.normal, [7], key: $0[0])] }
    }
    let apart = try keys.map {
      try Evaluation.compiled.run([$0]) { _, x in [Tensor.random(.normal, [7], key: x[0])] }[0]
    }
    #expect(together[0] == stacked(apart))
  }

  /// Wrong inputs, and wrong operations inside, are errors with their place.
  @Test func errors() throws {
    let (a, b) = (NDArray.zeros([3, 2], .float32), NDArray.zeros([4, 2], .float32))
    for inputs in [[a, b], [NDArray([1], shape: .scalar)], [.zeros([0, 2], .float32)]] {
      #expect(throws: ShapeError.self) {
        try Evaluation.compiled.run(inputs) { _, x in vectorized(over: x) { [$0[0].squared, $0[0].sum()] } }
      }
    }
    #expect(throws: ShapeError.self) {
      try Evaluation.compiled.run([a, b]) { _, x in vectorized(over: x) { [$0[0] * Double($0[1].shape[0])] } }
    }
    let error = #expect(throws: ShapeError.self) {
      try Evaluation.compiled.run([a]) { _, x in vectorized(over: x) { [$0[0].matmul($0[0])] } }
    }
    #expect(error?.location.file.contains("VectorizedTests") == true)
  }
}
