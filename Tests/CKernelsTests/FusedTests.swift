import CKernels
import Compilation
import Differentiation
import Foundation
import TestSupport
import Testing

/// The elementary functions of the kernels in float32 against double precision, under each instruction set.
@Suite(.serialized) struct ElementaryFunctionTests {
  private func worst(
    _ range: ClosedRange<Float>, _ function: @escaping (Tensor) -> Tensor, _ exact: (Double) -> Double
  ) throws -> Double {
    let count = 20001
    let xs = (0..<count).map { range.lowerBound + (range.upperBound - range.lowerBound) * Float($0) / Float(count - 1) }
    let ys = try Program(inputs: [TensorType([count])]) { _, x in [function(x[0])] }.run([NDArray(xs)])[0].floats
    return zip(xs, ys).map { x, y in
      let truth = exact(Double(x))
      return abs(Double(y) - truth) / Double(max(Float(abs(truth)).ulp, Float.leastNormalMagnitude))
    }.max()!
  }

  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func accuracy(_ set: ck_instruction_set) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    // What ck_vector_math.h promises; a quotient adds a unit.
    #expect(try worst(-87...88, { exp($0) }, Foundation.exp) < 3)
    #expect(try worst(1e-6...1e6, { log($0) }, Foundation.log) < 3)
    #expect(try worst(0.5...2, { log($0) }, Foundation.log) < 3)
    #expect(try worst(-9...9, { tanh($0) }, Foundation.tanh) < 3)
    #expect(try worst(-80...80, { sigmoid($0) }, { 1 / (1 + Foundation.exp(-$0)) }) < 4)
    let erfError = try worst(-4...4, { erf($0) }, Foundation.erf)
    #expect(erfError < 8, "erf: \(erfError)")
    let geluError = try worst(0.01...8, { gelu($0) }, { 0.5 * $0 * (1 + Foundation.erf($0 / 2.0.squareRoot())) })
    #expect(geluError < 8, "gelu: \(geluError)")
  }

  /// GELU and its slope from one instruction are what they are from two.
  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func geluWithItsSlope(_ set: ck_instruction_set) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for type in [ElementType.float32, .float64] {
      let x = RandomKey(seed: 6).normal([1003], mean: 0, standardDeviation: 3, type)
      func run(_ trace: @escaping (Tensor) -> [Tensor]) throws -> [NDArray] {
        try Program(inputs: [TensorType(of: x)]) { _, inputs in trace(inputs[0]) }.run([x])
      }
      let together = try run { x in
        let y = gelu(x)
        return [y] + gradients(of: y.sum(), withRespectTo: [x])
      }
      let slope = try run { x in gradients(of: gelu(x).sum(), withRespectTo: [x]) }
      #expect(try together == run { x in [gelu(x)] } + slope)
    }
  }

  /// Far out GELU's slope is 0 or 1, however far; what is no number stays so.
  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func geluSlopeFarOut(_ set: ck_instruction_set) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for type in [ElementType.float32, .float64] {
      let far: [Float] = [
        13.1, 13.3, 13.9, 14.1, 20, 38, 41, 1e5, 1e20, 1e31, 1e38, .greatestFiniteMagnitude, .infinity,
      ]
      let x = NDArray(far + far.map { -$0 } + [.nan], shape: [2 * far.count + 1]).converted(to: type)
      let slope = try Program(inputs: [TensorType(of: x)]) { _, inputs in
        gradients(of: gelu(inputs[0]).sum(), withRespectTo: inputs)
      }.run([x])[0].doubles
      for (index, value) in slope.enumerated() {
        let expected = index < far.count ? 1.0 : 0
        #expect(index == 2 * far.count ? value.isNaN : abs(value - expected) < 1e-30, "\(x[flat: index]): \(value)")
      }
    }
  }

  /// ReLU and its mask from one instruction are what they are from two, also of what is no number.
  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func reluWithItsMask(_ set: ck_instruction_set) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for type in [ElementType.float32, .float64] {
      let special: [Float] = [.infinity, -.infinity, 0, -0.0, 1e-30, -1e-30]
      let random = RandomKey(seed: 6).normal([997], mean: 0, standardDeviation: 3, .float32)
      let x = NDArray(special + random.floats).converted(to: type)
      func run(_ trace: @escaping (Tensor) -> [Tensor]) throws -> [NDArray] {
        try Program(inputs: [TensorType(of: x)]) { _, inputs in trace(inputs[0]) }.run([x])
      }
      let together = try run { x in
        let y = relu(x)
        return [y] + gradients(of: (2 * y).sum(), withRespectTo: [x])
      }
      #expect(together[0].doubles == x.doubles.map { max($0, 0) })
      #expect(together[1].doubles == x.doubles.map { $0 > 0 ? 2 : 0 })
      let alone = try Program(inputs: [TensorType([2], type)]) { _, inputs in
        let y = relu(inputs[0])
        return [y] + gradients(of: (2 * y).sum(), withRespectTo: [inputs[0]])
      }.run([NDArray([Float.nan, 1]).converted(to: type)])
      #expect(alone[0].doubles[0].isNaN && alone[1].doubles == [0, 2])
    }
  }

  /// A product joined with a sum is rounded as if it were alone: fusion changes no bit.
  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func joinedProductsAreRounded(_ set: ck_instruction_set) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for type in [ElementType.float32, .float64] {
      let arrays = (0..<4).map { RandomKey(seed: $0).normal([1003], type) }
      func run(_ arrays: [NDArray], _ trace: @escaping ([Tensor]) -> [Tensor]) throws -> [NDArray] {
        try Program(inputs: arrays.map { TensorType(of: $0) }) { _, x in trace(x) }.run(arrays)
      }
      let joined = try run(arrays) { x in
        let product = x[0] * x[1]
        return [
          product + x[2], x[2] + x[0] * x[3], x[1] * x[3] - x[2], x[2] - x[0] * x[2], x[0] * x[0] + x[1] * x[2],
          x[3] * x[1] - x[0] * x[2], product, (x[2] * x[3]) + (x[2] * x[3]),
        ]
      }
      let products = try run(arrays) { x in
        [
          x[0] * x[1], x[0] * x[3], x[1] * x[3], x[0] * x[2], x[0] * x[0], x[1] * x[2], x[3] * x[1], x[2] * x[3],
        ]
      }
      let apart = try run(products + [arrays[2]]) { x in
        [
          x[0] + x[8], x[8] + x[1], x[2] - x[8], x[8] - x[3], x[4] + x[5], x[6] - x[3],
          x[7] + x[7],
        ]
      }
      let sums = Array(joined[..<6]) + [joined[7]]
      #expect(sums == apart && joined[6] == products[0], "\(type)")
    }
  }

  @Test func specialValues() throws {
    let xs: [Float] = [.infinity, -.infinity, .nan, 0, -0.0, Float(bitPattern: 714), 200, -200]
    let results = try Program(inputs: [TensorType([8])]) { _, x in
      [exp(x[0]), log(x[0]), tanh(x[0]), sigmoid(x[0]), relu(x[0]), max(x[0], 0), erf(x[0])]
    }.run([NDArray(xs)]).map(\.floats)
    #expect(results[0][0] == .infinity && results[0][1] == 0 && results[0][2].isNaN && results[0][3] == 1)
    #expect(results[0][6] == .infinity && results[0][7] == 0)
    #expect(results[1][0] == .infinity && results[1][1].isNaN && results[1][2].isNaN && results[1][3] == -.infinity)
    // Subnormal numbers count as zero.
    let logarithm = Double(Foundation.log(Float(bitPattern: 714)))
    #expect(
      results[1][5] == -.infinity
        || abs(Double(results[1][5]) - logarithm) < rounding(.float32, terms: 3, scale: -logarithm))
    #expect(results[2][0] == 1 && results[2][1] == -1 && results[2][2].isNaN)
    #expect(results[3][0] == 1 && results[3][1] == 0 && results[3][2].isNaN)
    #expect(results[4][2].isNaN && results[5][2].isNaN && results[4][1] == 0)
    #expect(results[6][0] == 1 && results[6][1] == -1)
  }

  /// Kernels give the same bits however many threads run them.
  @Test func resultsDoNotDependOnThreads() throws {
    let x = RandomKey(seed: 1).normal([1000, 300])
    let program = try Program(inputs: [TensorType([1000, 300])]) { _, x in
      let y = tanh(x[0]) * 2
      return [y, y.sum(), y.sum([0]), y.sum([1]), y.maximum([0]), y.cumulativeSum(axis: 1)]
    }
    let threads = ck_thread_count()
    defer { ck_set_thread_count(threads) }
    let results = try [Int32(1), 2, 3].map { count -> [NDArray] in
      ck_set_thread_count(count)
      return try program.run([x])
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}
