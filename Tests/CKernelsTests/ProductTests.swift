import CKernels
import TestSupport
import Testing

@Suite(.serialized) struct ProductTests {
  private struct Numbers {
    var state: UInt64
    mutating func next() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 23) - 1
    }
    mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
  }

  /// Extents that fill registers and that do not; every layout of both operands; bias; addend apart and in place.
  @Test(
    arguments: [
      [32, 64, 64], [64, 32, 1], [1, 64, 33], [32, 1, 64], [7, 19, 5], [16, 48, 1], [13, 1, 1], [9, 40, 20],
      [40, 30, 8], [21, 9, 5], [16, 70, 2], [16, 8, 1], [8, 16, 1], [10, 27, 1], [7, 13, 1],
    ])
  func agreesWithPlainSums(_ extents: [Int]) {
    let (m, k, n) = (extents[0], extents[1], extents[2])
    var numbers = Numbers(state: 7)
    let (a, b) = (numbers.array(m * k), numbers.array(k * n))
    let (bias, addend) = (numbers.array(n), numbers.array(m * n))
    for set in [CK_AVX512, CK_AVX2, CK_PORTABLE] {
      ck_limit_instruction_set(set)
      defer { ck_limit_instruction_set(CK_AVX512) }
      for variant in 0..<24 {
        let (aTransposed, bTransposed, hasBias) = (variant % 2 == 1, variant / 2 % 2 == 1, variant / 4 % 2 == 1)
        let added = variant / 8
        var p = ck_product()
        (p.m, p.n, p.k) = (Int64(m), Int64(n), Int64(k))
        (p.a_row, p.a_column) = aTransposed ? (1, Int64(m)) : (Int64(k), 1)
        (p.b_row, p.b_column) = bTransposed ? (1, Int64(k)) : (Int64(n), 1)
        p.has_bias = hasBias ? 1 : 0
        p.addend_scale = added > 0 ? 0.75 : 0
        var c = added == 2 ? addend : [Float](repeating: .nan, count: m * n)
        run(p, a, b, &c, hasBias ? bias : nil, added == 1 ? addend : nil)
        var worst = 0.0
        for i in 0..<m {
          for j in 0..<n {
            var expected = 0.0
            for l in 0..<k {
              let x = a[i * Int(p.a_row) + l * Int(p.a_column)]
              let y = b[l * Int(p.b_row) + j * Int(p.b_column)]
              expected += Double(x) * Double(y)
            }
            if hasBias { expected += Double(bias[j]) }
            if added > 0 { expected += 0.75 * Double(addend[i * n + j]) }
            let error = abs(Double(c[i * n + j]) - expected)
            worst = error <= worst ? worst : error
          }
        }
        // Sums of k products, each of numbers between -1 and 1, are three deviations of √k / 3 at most.
        let tolerance = rounding(.float32, terms: drift(of: k + 3), scale: Double(k).squareRoot() + 2)
        #expect(worst < tolerance, "\(extents), variant \(variant): \(worst)")
      }
    }
  }

  private func run(
    _ p: ck_product, _ a: [Float], _ b: [Float], _ c: inout [Float], _ bias: [Float]?, _ addend: [Float]?
  ) {
    var (a, b, bias, addend, p) = (a, b, bias ?? [], addend ?? [], p)
    a.withUnsafeMutableBytes { a in
      b.withUnsafeMutableBytes { b in
        c.withUnsafeMutableBytes { c in
          bias.withUnsafeMutableBytes { bias in
            addend.withUnsafeMutableBytes { addend in
              var operands = [a.baseAddress, b.baseAddress, c.baseAddress]
              if p.has_bias != 0 { operands.append(bias.baseAddress) }
              if p.addend_scale != 0 { operands.append(addend.isEmpty ? c.baseAddress : addend.baseAddress) }
              ck_product_run(&p, operands)
            }
          }
        }
      }
    }
  }
}
