import CKernels
import Testing

@Suite(.serialized) struct ColumnProductTests {
  /// Extents that fill registers and that do not; rows dense, columns dense, neither; steps of both columns; results that are
  /// added to what is there; one thread and several, to the same bits; nothing is written between the results.
  @Test(arguments: [
    (0, 3), (5, 0), (70, 0), (1, 1), (1, 40), (40, 1), (7, 19), (16, 64), (33, 130), (200, 31), (67, 67), (700, 300),
  ])
  func agreesWithPlainSums(_ m: Int, _ k: Int) {
    var state: UInt64 = 5
    func numbers(_ count: Int) -> [Double] {
      (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 52) - 1
      }
    }
    let (a, x, before) = (numbers(2 * m * k + 2 * m + 2 * k), numbers(2 * k), numbers(2 * m))
    for set in [CK_AVX512, CK_AVX2, CK_PORTABLE] {
      ck_limit_instruction_set(set)
      defer { ck_limit_instruction_set(CK_AVX512) }
      for variant in 0..<24 {
        let (xStep, yStep, adds) = (1 + variant % 2, 1 + variant / 2 % 2, variant / 4 % 2 == 1)
        let strides = [(k + 1, 1), (1, m + 1), (2 * k, 2)][variant / 8]
        let product = ck_column_product(
          m: Int64(m), k: Int64(k), a_row: Int64(strides.0), a_column: Int64(strides.1), x_step: Int64(xStep),
          y_step: Int64(yStep), adds: adds)
        func result(threads: Int) -> [Double] {
          let count = ck_thread_count()
          ck_set_thread_count(Int32(threads))
          defer { ck_set_thread_count(count) }
          var y = adds ? before : [Double](repeating: .nan, count: 2 * m)
          withUnsafePointer(to: product) { ck_column_product_run($0, a, x, &y) }
          return y
        }
        let y = result(threads: 1)
        let shared = result(threads: 3)
        #expect(y.map(\.bitPattern) == shared.map(\.bitPattern), "\(m) x \(k), variant \(variant)")
        var worst = 0.0
        for i in 0..<m {
          var expected = adds ? before[i * yStep] : 0
          for l in 0..<k { expected += a[i * strides.0 + l * strides.1] * x[l * xStep] }
          let error = abs(y[i * yStep] - expected)
          worst = error <= worst ? worst : error
        }
        #expect(worst < 1e-13 * Double(max(k, 1)).squareRoot(), "\(m) x \(k), variant \(variant): \(worst)")
        let untouched = y.indices.filter { yStep == 2 && $0 % 2 == 1 || $0 >= m * yStep }
        #expect(untouched.allSatisfy { adds ? y[$0] == before[$0] : y[$0].isNaN })
      }
    }
  }

  /// What is no number in the result's place does not come through, and what is none in the matrix or the column does.
  @Test func numbersThatAreNone() {
    for strides in [(20, 1), (1, 20)] {
      var product = ck_column_product(
        m: 20, k: 20, a_row: Int64(strides.0), a_column: Int64(strides.1), x_step: 1, y_step: 1, adds: false)
      var a = [Double](repeating: 1, count: 400)
      let x = [Double](repeating: 2, count: 20)
      var y = [Double](repeating: .nan, count: 20)
      ck_column_product_run(&product, a, x, &y)
      #expect(y == [Double](repeating: 40, count: 20))
      a[3 * strides.0 + 19 * strides.1] = .nan
      ck_column_product_run(&product, a, x, &y)
      #expect(y[3].isNaN && y.filter(\.isNaN).count == 1)
    }
  }
}
