import CKernels
import Compilation
import TestSupport
import Testing

/// Many small products at once.
@Suite struct ManyProductsTests {
  /// Each is done as it would be alone, so that a seed's step has the bits of a plain one. Portable kernels leave many to the library.
  @Test(.enabled(if: ck_instruction_set_in_use() != CK_PORTABLE), arguments: [(32, 8, 1), (16, 70, 16), (5, 33, 21)])
  func eachHasTheBitsThatItHasAlone(_ shape: (m: Int, k: Int, n: Int)) throws {
    let (count, (m, k, n)) = (12, shape)
    let (a, b) = (RandomKey(seed: 1).normal([count, m, k]), RandomKey(seed: 2).normal([count, k, n]))
    let together = try Program(inputs: [a, b].map { TensorType(of: $0) }) { _, x in [x[0].matmul(x[1])] }
    let alone = try Program(inputs: [TensorType([m, k], .float32), TensorType([k, n], .float32)]) { _, x in
      [x[0].matmul(x[1])]
    }
    let each = try (0..<count).flatMap { index in
      try alone.run([
        NDArray(Array(a.floats[index * m * k..<(index + 1) * m * k]), shape: [m, k]),
        NDArray(Array(b.floats[index * k * n..<(index + 1) * k * n]), shape: [k, n]),
      ])[0].floats
    }
    #expect(try together.run([a, b])[0].floats == each)
  }
}
