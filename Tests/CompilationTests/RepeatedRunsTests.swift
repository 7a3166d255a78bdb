import Compilation
import Differentiation
import TestSupport
import Testing

/// Several runs within one call are so many calls, to the bit.
@Suite struct RepeatedRunsTests {
  private static let count = 3

  /// What `count` calls give: the donated arguments in the end, and the other results of each.
  private func oneByOne(
    _ program: Program, _ arguments: [[NDArray]]
  ) throws -> (arguments: [NDArray], results: [[NDArray]]) {
    var own = arguments[0]
    let results = try arguments.map { next in
      for position in own.indices where program.donations[position] == nil { own[position] = next[position] }
      return try program.run(updating: &own).map { NDArray(stacking: [$0]).part(0) }
    }
    return (own, results)
  }

  /// - Parameter isMoving: whether an argument that is not donated is another in each run.
  private func check(
    _ program: Program, _ arguments: [[NDArray]], _ name: String, isMoving: (_ position: Int) -> Bool
  ) throws {
    let arguments = arguments.map { next in
      next.indices.map { isMoving($0) ? next[$0] : arguments[0][$0] }
    }
    let known = try oneByOne(program, arguments)
    var own = arguments[0].indices.map { position in
      program.donations[position] == nil && isMoving(position)
        ? NDArray(stacking: arguments.map { $0[position] }) : arguments[0][position]
    }
    let results = try program.run(updating: &own, times: arguments.count)
    for position in own.indices where program.donations[position] != nil {
      #expect(isSame(own[position], known.arguments[position]), "\(name), argument \(position)")
    }
    for (place, result) in results.enumerated() {
      for run in arguments.indices {
        #expect(isSame(result.part(run), known.results[run][place]), "\(name), result \(place) of run \(run)")
      }
    }
  }

  /// Not a number is itself here.
  private func isSame(_ a: NDArray, _ b: NDArray) -> Bool {
    a.shape == b.shape && a.elementType == b.elementType
      && zip(a.doubles, b.doubles).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
  }

  @Test(arguments: DonationTests.cases) func ofDonations(_ item: DonationTests.Case) throws {
    for extent in [3, 70] {
      let arguments = (0..<Self.count).map { run in
        (0..<3).map { RandomKey(seed: 10 * run + $0).normal([extent, extent], .float32) }
      }
      let program = try Program(
        inputs: arguments[0].map { TensorType(of: $0) }, donating: item.donations, item.function)
      for moving in [true, false] { try check(program, arguments, "\(item), \(extent)") { _ in moving } }
    }
  }

  /// Of odd extents, so that the parts of an argument begin anywhere.
  @Test(arguments: 0..<60) func ofRandomFunctions(_ seed: Int) throws {
    for type in [ElementType.float32, .float64] {
      let function = RandomFunction(seed: seed, steps: 5 + seed % 20, elementType: type)
      let arguments = (0..<Self.count).map { run in
        function.inputs.enumerated().map { position, input in
          run == 0 ? input : RandomKey(seed: seed).split(run).split(position).normal(input.shape, type)
        }
      }
      let types = function.inputs.map { TensorType(of: $0) }
      let results = try Program(inputs: types, function.callAsFunction).outputTypes
      let program = try Program(inputs: types, donating: function.donations(results), function.callAsFunction)
      try check(program, arguments, "seed \(seed), \(type)") { $0 % 3 != 0 }
    }
  }

  /// Products, convolutions, normalisation and attention read rows wherever they begin.
  @Test(arguments: [(1, 3, 1), (5, 7, 3), (33, 65, 17), (130, 70, 9)]) func ofProducts(_ m: Int, _ k: Int, _ n: Int)
    throws
  {
    let types = [TensorType([k, n]), TensorType([m, k]), TensorType([m], .int32)]
    let program = try Program(inputs: types, donating: [0: 0]) { _, x in
      let output = x[1].matmul(x[0])
      let loss = softmaxCrossEntropy(output, labels: x[2]).mean()
      return [x[0] - 0.1 * gradients(of: loss, withRespectTo: [x[0]])[0], loss, output.sum()]
    }
    let arguments = (0..<5).map { run in
      let key = RandomKey(seed: run)
      let labels = key.split("labels").integers(count: m, below: n).map { Int32($0) }
      return [key.normal([k, n]), key.split("x").normal([m, k]), NDArray(labels)]
    }
    try check(program, arguments, "\(m) x \(k) x \(n)") { $0 > 0 }
  }

  /// Runs end where they are told to, and what was there before them does not come back.
  @Test func endEarly() throws {
    let program = try Program(inputs: [TensorType([2]), TensorType([2])], donating: [0: 0]) { _, x in
      [x[0] + x[1], x[0].sum()]
    }
    let rows = NDArray([1, 2, 3, 4, 5, 6, 7, 8] as [Float], shape: [4, 2])
    var own = [NDArray.zeros([2]), rows]
    var asked: [Int] = []
    let (results, done) = try program.run(updating: &own, times: 4, knowing: 1) { done, results in
      asked.append(done)
      return results[0][flat: done - 1] < 3
    }
    #expect(asked == [1, 2] && done == 2)
    #expect(own[0].floats == [4, 6] && Array(results[0].floats.prefix(2)) == [0, 3])
    // Single calls go on from there, and results that are held stay.
    own[1] = rows.part(2)
    let next = try program.run(updating: &own)
    #expect(own[0].floats == [9, 12] && next[0].item == 10 && results[0].floats[1] == 3)
  }

  @Test func errors() throws {
    let program = try Program(inputs: [TensorType([2]), TensorType([2])], donating: [0: 0]) { _, x in [x[0] + x[1]] }
    func run(_ a: NDArray, _ b: NDArray, times: Int) throws {
      var own = [a, b]
      _ = try program.run(updating: &own, times: times)
    }
    let one = NDArray.zeros([2])
    try run(one, one, times: 3)
    try run(one, .zeros([3, 2]), times: 3)
    #expect(throws: ArgumentError.self) { try run(one, one, times: 0) }
    #expect(throws: ArgumentError.self) { try run(one, one, times: -1) }
    let faults: [(NDArray, NDArray)] = [
      (.zeros([3, 2]), one), (one, .zeros([2, 2])), (one, .zeros([3, 2], .float64)), (one, .zeros([3])),
      (.zeros([2], .int32), one), (one, .zeros([3, 1, 2])),
    ]
    for (a, b) in faults {
      let error = #expect(throws: ArgumentError.self) { try run(a, b, times: 3) }
      #expect(error?.reason.contains("of 3 runs must be float32[2]") == true, "\(error.map(\.reason) ?? "")")
    }
    for count in [Int.max, 1 << 60, 1 << 45] {
      #expect(throws: ArgumentError.self) { try run(one, one, times: count) }
    }
    var short = [one]
    #expect(throws: ArgumentError.self) { _ = try program.run(updating: &short, times: 3) }
  }
}
