import Compilation
import Differentiation
import Testing

@Suite struct ProgramTests {
  @Test func addsAndMultiplies() throws {
    let program = try Program(inputs: [TensorType([3]), TensorType([3])]) { _, x in [x[0] + x[1], x[0] * 2] }
    let results = try program.run([NDArray([1, 2, 3] as [Float]), NDArray([10, 20, 30] as [Float])])
    #expect(results[0].floats == [11, 22, 33])
    #expect(results[1].floats == [2, 4, 6])
  }

  /// Small results are written where those of the run before stood only if nobody holds these any more.
  @Test func resultsThatAreHeldStay() throws {
    let program = try Program(inputs: [TensorType([2])]) { _, x in [2 * x[0], x[0].sum()] }
    func run(_ a: Float, _ b: Float) throws -> [NDArray] { try program.run([NDArray([a, b])]) }
    let first = try run(1, 2)
    let second = try run(3, 4)[0]
    for number in 0..<5 { #expect(try run(Float(number), 0)[0].floats == [Float(2 * number), 0]) }
    #expect(first[0].floats == [2, 4] && first[1].item == 3 && second.floats == [6, 8])
    // A result may be the next argument.
    var x = NDArray([Float(1), 1])
    for _ in 0..<4 { x = try program.run([x])[0] }
    #expect(x.floats == [16, 16])
  }

  @Test func trainsALinearModelInPlace() throws {
    let program = try Program(
      inputs: [TensorType([4, 1]), TensorType([8, 4]), TensorType([8, 1])], donating: [0: 0]
    ) { _, x in
      let loss = (x[1].matmul(x[0]) - x[2]).squared.mean()
      let g = gradients(of: loss, withRespectTo: [x[0]])
      return [x[0] - 0.1 * g[0], loss]
    }
    let key = RandomKey(seed: 1)
    let truth = NDArray([1, -2, 3, 0.5] as [Float], shape: [4, 1])
    let features = key.normal([8, 4])
    let target = try Program(inputs: [TensorType([8, 4]), TensorType([4, 1])]) { _, x in [x[0].matmul(x[1])] }
      .run([features, truth])[0]
    var arguments = [NDArray.zeros([4, 1]), features, target]
    var loss = Double.infinity
    for _ in 0..<2000 { loss = try program.run(updating: &arguments)[0].item }
    // Aims of a training, from a loss above 1 and errors up to 3; rounding lies far below.
    #expect(loss < 1e-6)
    for (a, b) in zip(arguments[0].floats, truth.floats) { #expect(abs(a - b) < 1e-2) }
  }
}

/// Results that are given away while the rest is computed.
@Suite struct FinishingProgramTests {
  /// Each is told of once, in the order that the program names, and does not change any more; the first before the last is there.
  @Test func resultsAreFinalWhenTheyAreTold() throws {
    let n = 64
    let x = [RandomKey(seed: 1).normal([n, n]), RandomKey(seed: 2).normal([n, n]), NDArray.zeros([n, n])]
    let program = try Program(inputs: x.map { TensorType(of: $0) }, donating: [2: 4]) { _, x in
      let first = x[0].matmul(x[1])
      let second = tanh(first).matmul(x[1])
      let third = second.matmul(x[0]) + first
      return [third, first, x[0], second.sum(), x[2] + third.matmul(x[1])]
    }
    var (order, early): ([Int], [NDArray?]) = ([], Array(repeating: nil, count: 5))
    let results = try program.run(x) { position, array in
      order.append(position)
      early[position] = NDArray(array.floats, shape: array.shape)
    }
    #expect(order == program.finishingOrder && order.sorted() == [0, 1, 2, 3, 4])
    #expect(early.map { $0! } == results)
    #expect(results == (try program.run(x)))
    // The second product is read by the third, which the last result is made from.
    #expect(order.firstIndex(of: 3)! < order.firstIndex(of: 0)! && order.firstIndex(of: 3)! < order.firstIndex(of: 4)!)
  }
}

/// Operations that a profile and the share of the arithmetic limit count.
@Suite struct CountedOperationsTests {
  private func flops(_ inputs: [TensorType], _ body: (Graph, [Tensor]) throws -> [Tensor]) throws -> Double {
    try Program(inputs: inputs, body).flops
  }

  /// The kernel counts what its products would count by themselves: two forward, four backward (which compute the scores again). Where
  /// positions see earlier ones only, (T + 1) / 2T of it.
  @Test(arguments: [1, 5, 12]) func attentionCountsItsProducts(_ time: Int) throws {
    let shape = TensorType([2, time, 3, 4, 8])
    func products(_ count: Int, causal: Bool) -> Double {
      let pairs = causal ? time * (time + 1) / 2 : time * time
      return Double(count * 2 * 2 * 4 * 8 * pairs)
    }
    for causal in [false, true] {
      let forward = try flops([shape]) { _, x in [selfAttention(packed: x[0], causal: causal)] }
      #expect(forward == products(2, causal: causal))
      let both = try flops([shape]) { _, x in
        let y = selfAttention(packed: x[0], causal: causal)
        return [y] + gradients(of: (y * y).sum(), withRespectTo: [x[0]])
      }
      #expect(both == products(6, causal: causal))
    }
    let written = try flops([TensorType([2, time, 3, 4, 8], .float64)]) { _, x in
      [selfAttention(packed: x[0], causal: false)]
    }
    #expect(written == products(2, causal: false))
  }

  @Test func groupedAttentionCountsItsProducts() throws {
    let (queries, keys) = (TensorType([2, 6, 4, 8]), TensorType([2, 6, 2, 8]))
    let pair: Double = 2 * 2 * 4 * 8 * 21
    let both = try flops([queries, keys, keys]) { _, x in
      let y = groupedAttention(query: x[0], key: x[1], value: x[2])
      return [y] + gradients(of: (y * y).sum(), withRespectTo: x)
    }
    #expect(both == 6 * pair)
  }

  @Test func convolutionsCountAsTheyAreDefined() throws {
    // Large enough to take fewer multiplications than that.
    let counted = try flops([TensorType([8, 16, 16, 16]), TensorType([3, 3, 16, 32])]) { _, x in
      [x[0].convolved(with: x[1], padding: .same)]
    }
    let defined = 2 * 8 * 16 * 16 * 9 * 16 * 32
    #expect(counted == Double(defined))
  }
}
