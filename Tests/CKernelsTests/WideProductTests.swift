import COpenBLAS
import Testing

/// Products of float64 by BLAS.
@Suite struct WideProductTests {
  private func view(_ rows: Int, _ columns: Int, _ steps: (Int, Int)) -> cb_view {
    var view = cb_view()
    view.rank = 2
    (view.dims.0, view.dims.1) = (Int64(rows), Int64(columns))
    (view.strides.0, view.strides.1) = (Int64(steps.0), Int64(steps.1))
    return view
  }

  /// Rows, columns and squares; operands as they lie, turned, and broadcast, whose steps are 0; over numbers and over what is none.
  @Test(
    arguments: [
      [1, 1, 600], [600, 1, 1], [1, 600, 1], [40, 30, 1], [1, 30, 40], [70, 90, 1], [1, 700, 2], [12, 13, 14],
    ])
  func agreesWithPlainSums(_ extents: [Int]) {
    let (m, k, n) = (extents[0], extents[1], extents[2])
    let a = (0..<m * k).map { Double($0 % 17) - 8 }
    let b = (0..<k * n).map { Double($0 % 13) - 6 }
    for (aSteps, bSteps) in [(k, 1), (1, m), (0, 0), (0, 1), (1, 0)].flatMap({ a in
      [(n, 1), (1, k), (0, 0), (0, 1), (1, 0)].map { (a, $0) }
    }) {
      for (row, accumulates) in [(n, false), (n, true), (m == 1 ? 0 : n, false)] {
        for step in n == 1 ? [1, 0] : [1] {
          var c = [Double](repeating: accumulates ? 2 : .nan, count: m * n)
          run(
            view(m, k, aSteps), view(k, n, bSteps), view(m, n, (row, step)), accumulates, a, b, &c)
          let expected = (0..<m * n).map { at in
            (0..<k).reduce(accumulates ? 2 : 0) { sum, l in
              sum + a[at / n * aSteps.0 + l * aSteps.1] * b[l * bSteps.0 + at % n * bSteps.1]
            }
          }
          // Sums of whole numbers, which no order rounds.
          #expect(c == expected, "\(extents), steps \(aSteps), \(bSteps), \(row) and \(step), added: \(accumulates)")
        }
      }
    }
  }

  private func run(
    _ a: cb_view, _ b: cb_view, _ c: cb_view, _ accumulates: Bool, _ x: [Double], _ y: [Double], _ z: inout [Double]
  ) {
    var parameters = cb_matmul(a: a, b: b, c: c, accumulate: accumulates)
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        z.withUnsafeMutableBufferPointer { z in
          var operands: [UnsafeMutableRawPointer?] = [
            UnsafeMutableRawPointer(mutating: x.baseAddress), UnsafeMutableRawPointer(mutating: y.baseAddress),
            UnsafeMutableRawPointer(z.baseAddress),
          ]
          cb_matmul_run(&parameters, &operands)
        }
      }
    }
  }
}
