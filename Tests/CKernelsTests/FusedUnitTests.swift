import CKernels
import Compilation
import TestSupport
import Testing

/// Small matrices of a batch, several of which share a tile.
@Suite(.serialized) struct FusedUnitTests {
  /// Each has the bits that it has alone, whatever is broadcast into it, turned, reduced or written.
  @Test(
    arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE],
    [
      [1, 3, 5], [2, 16, 8], [32, 16, 8], [33, 7, 3], [5, 1, 40], [9, 40, 1], [3, 100, 20], [130, 2, 3], [17, 9, 33],
    ])
  func unitsAreTheirOwn(_ set: ck_instruction_set, _ extents: [Int]) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    let (s, r, c) = (extents[0], extents[1], extents[2])
    let shapes: [Shape] = [[s, r, c], [s, 1, c], [s, r, 1], [s, 1, 1], [s, c, r]]
    let shared = RandomKey(seed: 9).normal([r, c])
    for type in [ElementType.float32, .float64] {
      let arrays = shapes.enumerated().map { RandomKey(seed: $0).normal($1, type) }
      for (index, trace) in Self.traces.enumerated() {
        func run(_ arrays: [NDArray]) throws -> [NDArray] {
          let inputs = arrays + [shared.converted(to: type)]
          return try Program(inputs: inputs.map { TensorType(of: $0) }) { _, x in trace(x) }.run(inputs)
        }
        let together = try run(arrays)
        for unit in 0..<s {
          let alone = try run(arrays.map { $0.rows(unit..<unit + 1) })
          for (whole, own) in zip(together, alone) {
            #expect(whole.rows(unit..<unit + 1) == own, "\(type), trace \(index), unit \(unit)")
          }
        }
      }
    }
  }

  /// Of a matrix, a row, a column and a number for each unit, a turned matrix, and a matrix that all share.
  private static let traces: [@Sendable ([Tensor]) -> [Tensor]] = [
    { x in [relu(x[0] * x[2] + x[1]), select(x[0] .> x[1], exp(x[0] * 0.5), 3)] },
    { x in [(x[0] + x[4].transposed([0, 2, 1]) * x[3] - x[5]).sum([1])] },
    { x in [(x[0] * x[5]).sum([2]), (x[0] * x[5]).maximum([1])] },
    { x in [(x[0] * x[1] + x[2]).sum([1, 2])] },
    { x in
      let y = tanh(x[0] * x[3] + x[5])
      return [y, y.sum([1]), (y * y).maximum([2]), y.transposed([0, 2, 1]) + x[4]]
    },
    { x in [(x[4] * x[3]).transposed([0, 2, 1]).sum([1]), select(x[0] .> x[1], x[2] + x[5], x[0])] },
  ]
}
