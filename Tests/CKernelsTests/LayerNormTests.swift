import CKernels
import Compilation
import Differentiation
import TestSupport
import Testing

@Suite(.serialized) struct LayerNormTests {
  /// The float32 kernels against the decomposition in float64, values and derivatives of first and second order, for
  /// widths that fill vectors and that do not, and for fewer rows than parts.
  @Test(arguments: [[2, 64, 128], [1, 300, 37], [3, 5, 16], [1, 1, 7]])
  func agreesWithItsDecomposition(_ extents: [Int]) throws {
    let key = RandomKey(seed: 1)
    let width = extents[2]
    let inputs = [
      key.split("x").normal(Shape(extents), mean: 3, standardDeviation: 2, .float64),
      key.split("scale").uniform([width], from: 0.5, to: 2, .float64), key.split("shift").normal([width], .float64),
    ]
    for set in [CK_AVX512, CK_AVX2, CK_PORTABLE] {
      ck_limit_instruction_set(set)
      defer { ck_limit_instruction_set(CK_AVX512) }
      let results = try [ElementType.float32, .float64].map { type -> [NDArray] in
        let arguments = inputs.map { $0.converted(to: type) }
        return try Program(inputs: arguments.map { TensorType(of: $0) }) { graph, x in
          let y = layerNorm(x[0], scale: x[1], shift: x[2])
          let g = graph.constant(RandomKey(seed: 2).normal(y.shape, type))
          let first = gradients(of: dot(y, g), withRespectTo: x)
          return [y] + first + gradients(of: first[0].squared.sum(), withRespectTo: [x[0], x[1]])
        }.run(arguments)
      }
      for (a, b) in zip(results[0], results[1]) {
        let scale = b.doubles.map { abs($0) }.max()!
        let worst = zip(a.doubles, b.doubles).map { abs($0 - $1) }.max()!
        // Sums over a row and over all rows, of numbers with a mean 1.5 times their deviation.
        let terms = drift(of: extents[0] * extents[1] + width)
        #expect(
          worst < rounding(.float32, terms: terms, condition: 2.5, scale: 1 + scale), "\(extents): \(worst) of \(scale)"
        )
      }
    }
  }

  @Test func sumsDoNotDependOnThreads() throws {
    let x = RandomKey(seed: 3).normal([500, 64], .float32)
    let program = try Program(inputs: [TensorType(of: x)]) { graph, x in
      let (scale, shift) = (graph.fill(1.5, TensorType([64])), graph.fill(0.5, TensorType([64])))
      return gradients(
        of: layerNorm(x[0], scale: scale, shift: shift).squared.sum(), withRespectTo: [x[0], scale, shift])
    }
    let before = ck_thread_count()
    defer { ck_set_thread_count(before) }
    let results = try [1, 2, 3].map { threads -> [[Float]] in
      ck_set_thread_count(Int32(threads))
      return try program.run([x]).map(\.floats)
    }
    #expect(results[1] == results[0] && results[2] == results[0])
  }

  /// A gradient that takes the place of its cotangent reads all of a row before it writes.
  @Test func cotangentMayBeOverwritten() throws {
    let x = RandomKey(seed: 4).normal([40, 33], .float32)
    let weights = RandomKey(seed: 5).normal([33, 33], .float32)
    func run(_ type: ElementType) throws -> NDArray {
      let arguments = [x, weights].map { $0.converted(to: type) }
      return try Program(inputs: arguments.map { TensorType(of: $0) }) { graph, x in
        let (scale, shift) = (graph.fill(1.2, TensorType([33], type)), graph.fill(0, TensorType([33], type)))
        let y = layerNorm(x[0].squared, scale: scale, shift: shift).matmul(x[1])
        return gradients(of: y.squared.sum(), withRespectTo: [x[0]])
      }.run(arguments)[0]
    }
    let (narrow, wide) = (try run(.float32), try run(.float64))
    let scale = wide.doubles.map { abs($0) }.max()!
    // Three sums of 33 and more, of squares whose mean is near their deviation.
    let tolerance = rounding(.float32, terms: drift(of: 4 * 33), condition: 2, scale: scale)
    #expect(zip(narrow.doubles, wide.doubles).map { abs($0 - $1) }.max()! < tolerance)
  }
}
