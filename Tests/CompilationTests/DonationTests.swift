import Compilation
import TestSupport
import Testing

/// A result that takes over an argument's memory is what it would be in memory of its own.
@Suite struct DonationTests {
  struct Case: Sendable, CustomStringConvertible {
    var description: String
    var donations: [Int: Int]
    var function: @Sendable (Graph, [Tensor]) -> [Tensor]
  }

  static let cases: [Case] = [
    Case(description: "transposed", donations: [0: 0]) { _, x in [x[0].transposed()] },
    Case(description: "reversed", donations: [0: 0]) { _, x in [x[0].reversed(axes: [0])] },
    Case(description: "exchanged", donations: [0: 0, 1: 1]) { _, x in [x[1], x[0]] },
    Case(description: "turned round three", donations: [0: 0, 1: 1, 2: 2]) { _, x in [x[2], x[0], x[1]] },
    Case(description: "updated, with the old value", donations: [0: 0]) { _, x in [x[0] + 1, x[0]] },
    Case(description: "the old value, then updated", donations: [0: 1]) { _, x in [x[0], x[0] + 1] },
    Case(description: "updated, with a view of the old value", donations: [0: 0]) { _, x in
      [x[0] * 2, x[0].transposed(), x[0].slice(0..<2, axis: 0)]
    },
    Case(description: "another's update", donations: [0: 0, 1: 1]) { _, x in [x[1] + 1, x[0] * 2] },
    Case(description: "momentum", donations: [0: 0, 1: 1]) { _, x in
      let velocity = 0.9 * x[1] + x[2]
      return [x[0] - 0.1 * velocity, velocity]
    },
    Case(description: "product with itself", donations: [0: 0]) { _, x in [x[0].matmul(x[0])] },
    Case(description: "sum of it and its transpose", donations: [0: 0]) { _, x in [x[0] + x[0].transposed()] },
    Case(description: "one value twice", donations: [0: 0, 1: 1]) { _, x in
      let y = x[0] + x[1]
      return [y, y]
    },
    Case(description: "itself", donations: [0: 0]) { _, x in [x[0], x[0].sum()] },
    Case(description: "itself in two places", donations: [0: 0, 1: 1]) { _, x in [x[0], x[0]] },
    Case(description: "one value", donations: [0: 0]) { _, x in [x[0].filled(with: 3), x[0] + 1] },
    Case(description: "an argument that nothing reads", donations: [2: 0]) { _, x in [x[0] * x[1]] },
    Case(description: "sorted", donations: [0: 0]) { _, x in [x[0].sorted(), x[0].cumulativeSum(axis: 0)] },
  ]

  @Test(arguments: cases) func isWhatItWouldBe(_ item: Case) throws {
    for extent in [3, 70] {
      let arrays = (0..<3).map { RandomKey(seed: $0).normal([extent, extent], .float64) }
      let tolerance = rounding(terms: drift(of: extent * extent))  // of the sum of all elements
      let expected = try ReferenceEvaluator.run(arrays, item.function)
      let program = try Program(
        inputs: arrays.map { TensorType(of: $0) }, donating: item.donations, item.function)
      #expect(Deviation.worst(of: try program.run(arrays), from: expected) < tolerance)
      // The caller's arrays keep their values, being shared, ...
      #expect(arrays == (0..<3).map { RandomKey(seed: $0).normal([extent, extent], .float64) })
      // ... and where the program is their only owner it works in place.
      var owned = (0..<3).map { RandomKey(seed: $0).normal([extent, extent], .float64) }
      var others = try program.run(updating: &owned).makeIterator()
      let results = expected.indices.map { position in
        item.donations.first { $0.value == position }.map { owned[$0.key] } ?? others.next()!
      }
      #expect(Deviation.worst(of: results, from: expected) < tolerance)
    }
  }

  @Test func anArgumentOfAnotherTypeCannotBecomeAResult() {
    #expect(throws: CompilationError.self) {
      try Program(inputs: [TensorType([2])], donating: [0: 0]) { _, x in [x[0].sum()] }
    }
    #expect(throws: CompilationError.self) {
      try Program(inputs: [TensorType([2])], donating: [0: 1]) { _, x in [x[0]] }
    }
    #expect(throws: CompilationError.self) {
      try Program(inputs: [TensorType([2]), TensorType([2])], donating: [0: 0, 1: 0]) { _, x in [x[0] + x[1]] }
    }
  }

  @Test func anArrayOfAnotherTypeIsRefused() throws {
    let program = try Program(inputs: [TensorType([2])]) { _, x in [x[0]] }
    #expect(throws: ArgumentError.self) { try program.run([NDArray([1.0, 2.0])]) }
    #expect(throws: ArgumentError.self) { try program.run([NDArray([1, 2, 3] as [Float])]) }
    #expect(throws: ArgumentError.self) { try program.run([]) }
  }
}
