import COneDNN
import Compilation
import TestSupport
import Testing

/// The library's products cut into blocks, one a thread, beside plain sums.
@Suite struct LibraryProductTests {
  /// Axes of a product, and how its factors lie in memory.
  struct Case: CustomTestStringConvertible, Sendable {
    var batches: [Int] = []
    let m: Int
    let k: Int
    let n: Int
    var transposesLeft = false, transposesRight = false
    /// Numbers between the rows of factors that nothing reads.
    var gap = 0

    var testDescription: String {
      "\(batches) \(m) x \(k) x \(n)\(transposesLeft ? ", left transposed" : "")\(transposesRight ? ", right transposed" : ""), gap \(gap)"
    }

    /// The view of a factor, and how many numbers it spans.
    func view(rows: Int, columns: Int, transposed: Bool) -> (view: cd_view, count: Int) {
      let inner = transposed ? rows : columns
      let outer = transposed ? columns : rows
      var dims = batches + [rows, columns]
      var strides = [Int](repeating: 0, count: dims.count)
      strides[dims.count - 2] = transposed ? 1 : inner + gap
      strides[dims.count - 1] = transposed ? inner + gap : 1
      var count = outer * (inner + gap)
      for axis in batches.indices.reversed() {
        strides[axis] = count
        count *= dims[axis]
      }
      var result = cd_view()
      result.rank = Int32(dims.count)
      dims += Array(repeating: 0, count: Int(CD_MAX_RANK) - dims.count)
      strides += Array(repeating: 0, count: Int(CD_MAX_RANK) - strides.count)
      withUnsafeMutableBytes(of: &result.dims) { $0.copyBytes(from: dims.map(Int64.init).withUnsafeBytes(Array.init)) }
      withUnsafeMutableBytes(of: &result.strides) {
        $0.copyBytes(from: strides.map(Int64.init).withUnsafeBytes(Array.init))
      }
      return (result, count)
    }
  }

  /// Rows, columns or batches that threads part evenly, unevenly, in both directions, and not at all.
  static let cases = [
    Case(m: 128, k: 64, n: 512), Case(m: 512, k: 128, n: 64, transposesLeft: true), Case(m: 257, k: 61, n: 83),
    Case(m: 83, k: 61, n: 257, transposesRight: true), Case(m: 16, k: 600, n: 129), Case(m: 129, k: 600, n: 16),
    Case(m: 12, k: 5000, n: 10), Case(m: 16, k: 9001, n: 16, transposesLeft: true), Case(m: 40, k: 8192, n: 7, gap: 1),
    Case(m: 1, k: 900, n: 900), Case(m: 900, k: 900, n: 1),
    Case(m: 130, k: 70, n: 110, transposesLeft: true, transposesRight: true, gap: 3),
    Case(batches: [2], m: 90, k: 64, n: 70), Case(batches: [7], m: 50, k: 40, n: 60, transposesRight: true),
    Case(batches: [3, 2], m: 64, k: 64, n: 33, transposesLeft: true), Case(batches: [1], m: 200, k: 64, n: 90, gap: 5),
  ]

  enum Extra: CaseIterable { case none, bias, addend, addendInPlace, biasAndAddend }

  private let addendScale: Float = 0.75

  @Test(arguments: cases, Extra.allCases) func blocksMakeTheWhole(_ shape: Case, _ extra: Extra) throws {
    let count = shape.batches.reduce(1, *)
    let (a, aCount) = shape.view(rows: shape.m, columns: shape.k, transposed: shape.transposesLeft)
    let (b, bCount) = shape.view(rows: shape.k, columns: shape.n, transposed: shape.transposesRight)
    var plain = shape
    plain.gap = 0
    let (c, cCount) = plain.view(rows: shape.m, columns: shape.n, transposed: false)
    let key = RandomKey(seed: 3)
    func numbers(_ index: Int, _ count: Int) -> [Float] { key.split(index).normal(count: count).map { Float($0) } }
    let (left, right, addend, bias) = (numbers(0, aCount), numbers(1, bCount), numbers(2, cCount), numbers(3, shape.n))
    let hasBias = extra == .bias || extra == .biasAndAddend
    let hasAddend = extra == .addend || extra == .addendInPlace || extra == .biasAndAddend

    var expected = [Double](repeating: 0, count: cCount)
    let (aInner, bInner) = (
      (shape.transposesLeft ? shape.m : shape.k) + shape.gap, (shape.transposesRight ? shape.k : shape.n) + shape.gap
    )
    for batch in 0..<count {
      for i in 0..<shape.m {
        for j in 0..<shape.n {
          var sum = 0.0
          for l in 0..<shape.k {
            let x = left[batch * aCount / count + (shape.transposesLeft ? l * aInner + i : i * aInner + l)]
            let y = right[batch * bCount / count + (shape.transposesRight ? j * bInner + l : l * bInner + j)]
            sum += Double(x) * Double(y)
          }
          let at = (batch * shape.m + i) * shape.n + j
          if hasBias { sum += Double(bias[j]) }
          if hasAddend { sum += Double(addendScale) * Double(addend[at]) }
          expected[at] = sum
        }
      }
    }
    let scale = expected.map(abs).max()!

    for threads in [1, 2, 3, 5, 8] {
      let found = try Engine.withThreadCount(threads) {
        var (a, b, c) = (a, b, c)
        let operation = try #require(
          cd_matmul_create(&a, &b, &c, hasBias, CD_IDENTITY, hasAddend ? addendScale : 0, nil, 0),
          "the library takes it")
        defer { cd_operation_free(operation) }
        #expect(!cd_uses_library_threads(operation))
        let result = UnsafeMutablePointer<Float>.allocate(capacity: cCount)
        result.initialize(repeating: .nan, count: cCount)
        defer { result.deallocate() }
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(cd_scratch_bytes(operation), 64), alignment: 64)
        defer { scratch.deallocate() }
        if extra == .addendInPlace { result.update(from: addend, count: cCount) }
        return left.withUnsafeBytes { left in
          right.withUnsafeBytes { right in
            bias.withUnsafeBytes { bias in
              addend.withUnsafeBytes { addend in
                func writable(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer? {
                  .init(mutating: bytes.baseAddress!)
                }
                var operands = [writable(left), writable(right), UnsafeMutableRawPointer(result)]
                if hasBias { operands.append(writable(bias)) }
                if hasAddend {
                  operands.append(extra == .addendInPlace ? UnsafeMutableRawPointer(result) : writable(addend))
                }
                operands.append(scratch)
                cd_run(UnsafeRawPointer(operation), operands)
                return Array(UnsafeBufferPointer(start: result, count: cCount))
              }
            }
          }
        }
      }
      for (i, (x, y)) in zip(found, expected).enumerated()
      where !(abs(Double(x) - y) <= rounding(.float32, terms: Double(shape.k + 2), scale: scale)) {
        Issue.record("\(threads) threads: number \(i) is \(x), not \(y)")
        return
      }
    }
  }
}
