import CKernels
import Compilation
import Differentiation
import Testing

/// What the interpreter of fused kernels can hold and knows.
@Suite struct KernelLimitTests {
  /// A chain of 64 choices, each between the value before it and a sum that it computes again from two arrays: 64
  /// conditions, 128 operands and 64 results are more than 256 registers, so that the kernel is cut in two.
  @Test func kernelsThatNeedTooManyRegistersAreCut() throws {
    let (length, size) = (64, 256)
    let numbers = (0..<size * size).map { (i: Int) -> Float in Float(i * 7919 % 31 - 15) }
    let x = NDArray(numbers, shape: [size, size])
    let shifts = (0..<length).map { (i: Int) -> [Float] in
      (0..<size).map { (j: Int) -> Float in Float((j * 13 + i * 5) % 7 - 3) }
    }
    let biases = shifts.map { NDArray($0) }
    func rotation(_ i: Int) -> [Int32] { (0..<size).map { Int32(($0 + i) % size) } }
    let program = try Program(inputs: [TensorType(of: x)] + biases.map { TensorType(of: $0) }) { graph, inputs in
      var chosen = inputs[0]
      return (0..<length).map { i in
        // A result of a kernel of its own, so that it is in memory; the sum over it keeps the choice out of its cluster.
        let rows = inputs[0].gathering(graph.constant(NDArray(rotation(i))))
        let sum = rows + inputs[1 + i]
        chosen = select((sum.sum([0]) .> 0).broadcast(to: [size, size]), sum, chosen)
        return chosen
      }
    }
    #expect(program.largestCluster == 32)
    let results = try program.run([x] + biases)
    var chosen = numbers
    for i in 0..<length {
      var sum = [Float](repeating: 0, count: size * size)
      for (row, source) in rotation(i).enumerated() {
        for column in 0..<size { sum[row * size + column] = numbers[Int(source) * size + column] + shifts[i][column] }
      }
      for column in 0..<size {
        // Whole numbers: sums are exact in any order.
        let total = (0..<size).reduce(Float(0)) { $0 + sum[$1 * size + column] }
        guard total > 0 else { continue }
        for row in 0..<size { chosen[row * size + column] = sum[row * size + column] }
      }
      #expect(results[i].floats == chosen)
    }
  }

  /// An instruction without a kernel is found while compiling.
  @Test func unknownInstructionsAreRefused() {
    do {
      _ = try Program(inputs: [TensorType([3], .int32)]) { graph, x in
        graph.record(.elementwise(.unary(.exp)), [x[0]], [x[0].type])
      }
      Issue.record("a program takes exponentials of whole numbers")
    } catch { #expect("\(error)".contains("there is no instruction")) }
  }

  @Test func theInterpreterKnowsWhatIsDefined() {
    #expect(ck_fused_knows(UInt16(CK_OP_EXP.rawValue * 4 + CK_FLOAT64.rawValue)))
    #expect(!ck_fused_knows(UInt16(CK_OP_EXP.rawValue * 4 + CK_INT32.rawValue)))
    #expect(!ck_fused_knows(UInt16(CK_OP_RATIO_TO_ROOT.rawValue * 4 + 4)))
  }
}
