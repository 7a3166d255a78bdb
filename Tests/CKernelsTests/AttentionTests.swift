import CKernels
import Compilation
import Differentiation
import TestSupport
import Testing

@Suite(.serialized) struct AttentionTests {
  /// The float32 kernels against the decomposition in float64, for extents that fill panels and that do not.
  @Test(arguments: [[2, 128, 4, 32], [1, 50, 2, 16], [1, 37, 3, 40], [2, 1, 1, 8], [1, 13, 1, 5]])
  func agreesWithItsDecomposition(_ extents: [Int]) throws {
    let shape = Shape([extents[0], extents[1], 3, extents[2], extents[3]])
    let packed = RandomKey(seed: 1).normal(shape, .float64)
    for causal in [true, false] {
      for set in [CK_AVX512, CK_AVX2, CK_PORTABLE] {
        ck_limit_instruction_set(set)
        defer { ck_limit_instruction_set(CK_AVX512) }
        let results = try [ElementType.float32, .float64].map { type -> [NDArray] in
          let input = packed.converted(to: type)
          return try Program(inputs: [TensorType(of: input)]) { graph, x in
            let y = selfAttention(packed: x[0], causal: causal)
            let g = graph.constant(RandomKey(seed: 2).normal(y.shape, type))
            return [y] + gradients(of: dot(y, g), withRespectTo: x)
          }.run([input])
        }
        for (a, b) in zip(results[0], results[1]) {
          // Sums over the width, then over time.
          let terms = drift(of: extents[1] + extents[3])
          let scale = b.doubles.map { abs($0) }.max()!
          let worst = zip(a.doubles, b.doubles).map { abs($0 - $1) }.max()!
          #expect(worst < rounding(.float32, terms: terms, scale: 1 + scale), "\(extents) causal \(causal): \(worst)")
        }
      }
    }
  }

  /// What is no number, whatever its bits, spoils one row when it is of a query, and all rows that see it when of a key.
  @Test func aNaNStaysVisible() throws {
    for set in [CK_AVX512, CK_AVX2, CK_PORTABLE] {
      ck_limit_instruction_set(set)
      defer { ck_limit_instruction_set(CK_AVX512) }
      for (position, part) in [(5, 0), (0, 1), (5, 1), (17, 1), (19, 1)] {
        var numbers = RandomKey(seed: 3).normal([1, 20, 3, 1, 4]).floats
        numbers[position * 12 + part * 4] = Float(bitPattern: 0x7fc0_0001)
        let input = NDArray(numbers, shape: [1, 20, 3, 1, 4])
        let rows = try Program(inputs: [TensorType(of: input)]) { _, x in [selfAttention(packed: x[0], causal: true)] }
          .run([input])[0].floats
        for row in 0..<20 {
          let isSpoilt = part == 0 ? row == position : row >= position
          #expect(
            rows[row * 4..<row * 4 + 4].allSatisfy { $0.isNaN == isSpoilt },
            "\(set) row \(row), NaN at \(position) of \(part)")
        }
      }
    }
  }
}
