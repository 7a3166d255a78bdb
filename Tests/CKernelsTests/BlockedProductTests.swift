import CKernels
import Compilation
import TestSupport
import Testing

@Suite(.serialized) struct BlockedProductTests {
  /// One product, or several of one shape, with operands that each call makes anew.
  private struct Case: CustomStringConvertible {
    var batch = 1
    var (m, k, n): (Int, Int, Int)
    var (aTransposed, bTransposed, hasBias) = (false, false, false)
    /// Of 0.75 addends; where they lie is where the results go if `inPlace`.
    var (adds, inPlace) = (false, false)

    var description: String {
      "\(batch) x \(m) x \(k) x \(n), transposed \(aTransposed) \(bTransposed), bias \(hasBias), "
        + "addend \(adds) in place \(inPlace)"
    }

    private func numbers(_ seed: Int, _ count: Int) -> [Float] { RandomKey(seed: seed).normal([count]).floats }

    private var operands: (a: [Float], b: [Float], bias: [Float], addend: [Float]) {
      (numbers(1, batch * m * k), numbers(2, batch * k * n), numbers(3, n), numbers(4, batch * m * n))
    }

    private var shape: ck_blocked_product {
      var p = ck_blocked_product()
      (p.each.m, p.each.n, p.each.k) = (Int64(m), Int64(n), Int64(k))
      (p.each.a_row, p.each.a_column) = aTransposed ? (1, Int64(m)) : (Int64(k), 1)
      (p.each.b_row, p.each.b_column) = bTransposed ? (1, Int64(k)) : (Int64(n), 1)
      p.each.has_bias = hasBias ? 1 : 0
      p.each.addend_scale = adds ? 0.75 : 0
      (p.batch, p.a_step, p.b_step) = (Int64(batch), Int64(m * k), Int64(k * n))
      return p
    }

    /// A point for each result, as it lies before.
    var point: [Float] { numbers(5, batch * m * n) }
    static let factor: Float = -0.3

    func result() -> [Float] { results(following: nil).c }

    /// The results, and what follows them: where the point is, or apart from it.
    func results(following isInPlace: Bool?) -> (c: [Float], moved: [Float]) {
      var (a, b, bias, addend) = operands
      var c = inPlace ? addend : [Float](repeating: .nan, count: batch * m * n)
      var (point, factor, moved) = (point, [Self.factor], [Float](repeating: .nan, count: batch * m * n))
      var p = shape
      p.has_follower = isInPlace == nil ? 0 : 1
      a.withUnsafeMutableBytes { a in
        b.withUnsafeMutableBytes { b in
          bias.withUnsafeMutableBytes { bias in
            addend.withUnsafeMutableBytes { addend in
              c.withUnsafeMutableBytes { c in
                var pointers = [a.baseAddress, b.baseAddress, c.baseAddress]
                if hasBias { pointers.append(bias.baseAddress) }
                if adds { pointers.append(inPlace ? c.baseAddress : addend.baseAddress) }
                point.withUnsafeMutableBytes { point in
                  factor.withUnsafeMutableBytes { factor in
                    moved.withUnsafeMutableBytes { moved in
                      let place = isInPlace == true ? point.baseAddress : moved.baseAddress
                      if isInPlace != nil { pointers += [factor.baseAddress, point.baseAddress, place] }
                      ck_blocked_product_run(&p, pointers)
                    }
                  }
                }
              }
            }
          }
        }
      }
      return (c, isInPlace == true ? point : moved)
    }

    func expected() -> [Double] {
      let (a, b, bias, addend) = operands
      let p = shape.each
      return (0..<batch * m * n).map { index in
        let (item, i, j) = (index / (m * n), index / n % m, index % n)
        var sum = (hasBias ? Double(bias[j]) : 0) + (adds ? 0.75 * Double(addend[index]) : 0)
        for l in 0..<k {
          let x = a[item * m * k + i * Int(p.a_row) + l * Int(p.a_column)]
          sum += Double(x) * Double(b[item * k * n + l * Int(p.b_row) + j * Int(p.b_column)])
        }
        return sum
      }
    }
  }

  /// Extents that fill blocks and that do not, more steps than one block has, more rows and columns than one cache holds; columns,
  /// rows, and products that one thread does without laying anything out.
  private static let cases: [Case] = {
    var cases: [Case] = []
    for (index, extents) in [
      [1, 6, 16, 16], [1, 7, 5, 17], [1, 13, 700, 33], [1, 1, 900, 3], [1, 200, 330, 100], [1, 50, 3, 130],
      [5, 9, 21, 18], [3, 64, 64, 64], [1, 700, 150, 90], [1, 90, 321, 600],
      [1, 90, 77, 1], [4, 67, 131, 1], [3, 2000, 40, 1], [5, 1, 60, 50], [2, 1, 33, 7], [1, 96, 80, 44],
      [1, 1, 1300, 100], [1, 1, 70, 1000], [1, 1, 5, 40], [1, 64, 1200, 200],
      [1, 600, 64, 8], [1, 37, 700, 5], [3, 40, 50, 7], [1, 9, 2100, 8], [1, 64, 8, 500], [2, 70, 3, 33],
    ].enumerated() {
      for variant in 0..<4 {
        cases.append(
          Case(
            batch: extents[0], m: extents[1], k: extents[2], n: extents[3], aTransposed: variant % 2 == 1,
            bTransposed: variant / 2 == 1, hasBias: (index + variant) % 2 == 0, adds: (index + variant) % 3 > 0,
            inPlace: (index + variant) % 3 == 2))
      }
    }
    return cases
  }()

  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func agreesWithPlainSums(_ set: ck_instruction_set) {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for item in Self.cases {
      let worst = zip(item.result(), item.expected()).map { abs(Double($0) - $1) }.reduce(0) { $1 <= $0 ? $0 : $1 }
      // Products of two normal numbers: sums of k of them are five deviations of √k at most.
      let tolerance = rounding(.float32, terms: drift(of: item.k + 3), scale: 5 * (Double(item.k).squareRoot() + 2))
      #expect(worst < tolerance, "\(item): \(worst)")
    }
  }

  /// What follows the results is moved by a multiple of each, and they stay what they are.
  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func aPointFollows(_ set: ck_instruction_set) {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for item in Self.cases where item.adds && item.m > 1 && item.n > 1 {
      for isInPlace in [true, false] {
        let (c, moved) = item.results(following: isInPlace)
        #expect(c == item.result(), "\(item)")
        let isMoved = zip(zip(item.point, c), moved).allSatisfy { before, after in
          let (from, step) = (Double(before.0), Double(Case.factor) * Double(before.1))
          return abs(Double(after) - (from + step)) <= rounding(.float32, terms: 2, scale: abs(from) + abs(step))
        }
        #expect(isMoved, "\(item)")
      }
    }
  }

  @Test func bitsDoNotDependOnThreads() {
    let before = ck_thread_count()
    defer { ck_set_thread_count(before) }
    for item in Self.cases {
      let results = [Int32(1), 2, 3, 7].map { threads -> [Float] in
        ck_set_thread_count(threads)
        let isFollowed = item.adds && item.m > 1 && item.n > 1
        let (c, moved) = item.results(following: isFollowed ? true : nil)
        return isFollowed ? c + moved : c
      }
      #expect(results.allSatisfy { $0 == results[0] }, "\(item)")
    }
  }

  /// The same row of a, at each place.
  @Test func bitsDoNotDependOnTheRow() {
    let (m, k, n) = (50, 400, 40)
    let row = RandomKey(seed: 5).normal([k]).floats
    var a = (0..<m).flatMap { _ in row }
    var b = RandomKey(seed: 6).normal([k * n]).floats
    var c = [Float](repeating: 0, count: m * n)
    var p = ck_blocked_product()
    p.each = ck_product(
      m: Int64(m), n: Int64(n), k: Int64(k), a_row: Int64(k), a_column: 1, b_row: Int64(n), b_column: 1, has_bias: 0,
      addend_scale: 0)
    p.batch = 1
    a.withUnsafeMutableBytes { a in
      b.withUnsafeMutableBytes { b in
        c.withUnsafeMutableBytes { c in ck_blocked_product_run(&p, [a.baseAddress, b.baseAddress, c.baseAddress]) }
      }
    }
    for i in 1..<m { #expect(c[i * n..<(i + 1) * n] == c[0..<n], "row \(i)") }
  }
}
