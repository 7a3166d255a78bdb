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
