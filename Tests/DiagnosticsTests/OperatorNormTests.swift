import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct OperatorNormTests {
  static let shapes = [[4, 4], [7, 3], [3, 7], [5, 1], [1, 6]]

  private func matrix(_ shape: [Int], _ seed: Int) -> NDArray {
    RandomKey(seed: seed).normal(Shape(shape), .float64)
  }

  private func moved(_ a: NDArray, _ t: Double, _ g: NDArray) -> NDArray {
    NDArray(zip(a.doubles, g.doubles).map { $0 + t * $1 }, shape: a.shape)
  }

  /// H in full, by its sum over singular pairs with complete bases: vec(G) in row-major order.
  private func hessian(_ a: NDArray) throws -> [[Double]] {
    let (m, n) = (a.shape[0], a.shape[1])
    let product = { (x: NDArray, y: NDArray) throws -> NDArray in try LinearAlgebra.product(x, y) }
    let transpose = NDArray(
      (0..<n).flatMap { j in (0..<m).map { a.doubles[$0 * n + j] } }, shape: [n, m])
    // Complete bases by eigenvectors of both Gram matrices; signs are those of the thin decomposition.
    let (_, left) = try LinearAlgebra.symmetricEigen(of: product(a, transpose))
    let (_, right) = try LinearAlgebra.symmetricEigen(of: product(transpose, a))
    var u = (0..<m).map { k in (0..<m).map { left.doubles[$0 * m + m - 1 - k] } }
    let v = (0..<n).map { k in (0..<n).map { right.doubles[$0 * n + n - 1 - k] } }
    let r = min(m, n)
    var s = [Double](repeating: 0, count: max(m, n))
    for k in 0..<r {
      let image = (0..<m).map { i in (0..<n).reduce(0) { $0 + a.doubles[i * n + $1] * v[k][$1] } }
      s[k] = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if s[k] > 1e-9 { u[k] = image.map { $0 / s[k] } }
    }
    func outer(_ i: Int, _ j: Int) -> [Double] { u[i].flatMap { x in v[j].map { x * $0 } } }
    var h = [[Double]](repeating: [Double](repeating: 0, count: m * n), count: m * n)
    func add(_ weight: Double, _ x: [Double], _ y: [Double]) {
      for i in x.indices { for j in y.indices { h[i][j] += weight * x[i] * y[j] } }
    }
    let top = s[0]
    for i in 1..<max(m, 1) where m > 1 { add(top / (top * top - s[i] * s[i]), outer(i, 0), outer(i, 0)) }
    for j in 1..<max(n, 1) where n > 1 { add(top / (top * top - s[j] * s[j]), outer(0, j), outer(0, j)) }
    for l in 1..<max(r, 1) where r > 1 {
      let weight = s[l] / (top * top - s[l] * s[l])
      add(weight, outer(l, 0), outer(0, l))
      add(weight, outer(0, l), outer(l, 0))
    }
    return h
  }

  @Test(arguments: shapes) func agreesWithLapack(_ shape: [Int]) throws {
    let a = matrix(shape, 1)
    let norm = try OperatorNorm(a)
    let (u, s, vT) = try LinearAlgebra.singularValueDecomposition(of: a)
    let r = s.count
    // Values are roots of a Gram matrix's, which makes small ones less certain; vectors depend on the gap.
    let tolerance = rounding(terms: Double(4 * (shape[0] + shape[1])))
    for (found, expected) in zip(norm.singularValues, s.doubles) {
      #expect(abs(found - expected) < tolerance * s[flat: 0] * s[flat: 0] / expected)
    }
    #expect(abs(norm.value - s[flat: 0]) < tolerance * norm.value)
    // Vectors up to one sign for both.
    let n = shape[1]
    let sign = vT.doubles[0] * norm.right[0] < 0 ? -1.0 : 1.0
    for j in 0..<n { #expect(abs(norm.right[j] - sign * vT.doubles[j]) < tolerance / norm.relativeGap) }
    for i in 0..<shape[0] { #expect(abs(norm.left[i] - sign * u.doubles[i * r]) < tolerance / norm.relativeGap) }
    #expect(norm.flooredPairs == 0)
  }

  /// First and second derivative by central differences of LAPACK's s₁ in random directions.
  @Test(arguments: shapes) func derivativesAgreeWithDifferences(_ shape: [Int]) throws {
    let a = matrix(shape, 2)
    let norm = try OperatorNorm(a)
    func value(_ t: Double, _ g: NDArray) throws -> Double {
      try LinearAlgebra.singularValueDecomposition(of: moved(a, t, g)).s[flat: 0]
    }
    for seed in 3..<8 {
      let g = matrix(shape, seed)
      let h = 1e-4
      let (plus, zero, minus) = (try value(h, g), try value(0, g), try value(-h, g))
      let first = try norm.jacobianProduct(g)
      let second = try norm.hessianForm(g)
      // Rounding of s₁ over the step; its third and fourth derivatives grow with 1 / gap.
      let (uncertain, steep) = (rounding(terms: 10, scale: zero), pow(10 / norm.relativeGap, 2))
      let ofFirst = uncertain / h + h * h / 6 * steep
      let ofSecond = 4 * uncertain / (h * h) + h * h / 12 * 10 * steep
      let (slope, bend) = ((plus - minus) / (2 * h), (plus - 2 * zero + minus) / (h * h))
      #expect(abs(first - slope) < ofFirst)
      #expect(abs(second - bend) < ofSecond)
      #expect(second >= 0)
    }
  }

  @Test(arguments: shapes) func hessianFormIsThatOfTheFullHessian(_ shape: [Int]) throws {
    let a = matrix(shape, 9)
    let norm = try OperatorNorm(a)
    let h = try hessian(a)
    let trace = h.indices.reduce(0) { $0 + h[$1][$1] }
    // Sums over all pairs of elements, with weights that depend on the gap.
    let tolerance = rounding(
      terms: Double(h.count * h.count), condition: 1 / norm.relativeGap, scale: max(1, norm.value))
    #expect(abs(norm.hessianTrace - trace) < tolerance * max(1, trace))
    for seed in 10..<14 {
      let g = matrix(shape, seed)
      let x = g.doubles
      let expected = x.indices.reduce(0) { sum, i in
        sum + x[i] * x.indices.reduce(0) { $0 + h[i][$1] * x[$1] }
      }
      #expect(abs(try norm.hessianForm(g) - expected) < tolerance * max(1, expected))
    }
    // H J = 0, H θ = 0: the norm is homogeneous.
    let j = NDArray(norm.left.flatMap { u in norm.right.map { u * $0 } }, shape: Shape(shape))
    #expect(abs(try norm.hessianForm(j)) < tolerance)
    #expect(abs(try norm.jacobianProduct(j) - 1) < tolerance)
    #expect(abs(try norm.hessianForm(a)) < tolerance * norm.value)
    #expect(abs(try norm.jacobianProduct(a) - norm.value) < tolerance * norm.value)
  }

  /// A matrix of lower rank has singular values 0; nothing is divided by them.
  @Test func lowRankIsExact() throws {
    let (x, y) = (RandomKey(seed: 20).normal(count: 5), RandomKey(seed: 21).normal(count: 4))
    let a = NDArray(x.flatMap { p in y.map { p * $0 } }, shape: [5, 4])
    let norm = try OperatorNorm(a)
    let size = { (v: [Double]) in v.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    #expect(abs(norm.value - size(x) * size(y)) < rounding(terms: 36, scale: norm.value))
    let g = matrix([5, 4], 22)
    // q = (|p|² + |r|²) / s₁ without the components along u₁ and v₁.
    let p = (0..<5).map { i in (0..<4).reduce(0) { $0 + g.doubles[i * 4 + $1] * norm.right[$1] } }
    let r = (0..<4).map { j in (0..<5).reduce(0) { $0 + g.doubles[$1 * 4 + j] * norm.left[$1] } }
    let along = zip(p, norm.left).reduce(0) { $0 + $1.0 * $1.1 }
    let expected = (p + r).reduce(0) { $0 + $1 * $1 } - 2 * along * along
    #expect(abs(try norm.hessianForm(g) - expected / norm.value) < rounding(terms: 40, scale: 40 / norm.value))
  }

  @Test func equalSingularValuesAreCountedNotHidden() throws {
    let norm = try OperatorNorm(NDArray([2.0, 0, 0, 0, 2, 0, 0, 0, 1], shape: [3, 3]))
    #expect(norm.flooredPairs == 1)
    #expect(norm.relativeGap < rounding(terms: 12))
    #expect(throws: LipschitzError.self) { try OperatorNorm(.zeros([2, 2], .float64)) }
    #expect(throws: LipschitzError.self) { try OperatorNorm(NDArray([1.0, .nan], shape: [1, 2])) }
    #expect(throws: LipschitzError.self) { try OperatorNorm(.zeros([2, 2], .float32)) }
  }

  @Test func powerIterationAgreesWithLapack() throws {
    let a = matrix([9, 6], 30)
    let found = try LinearMapNorm([a], input: [1, 9], key: RandomKey(seed: 31)) { x, w in x.matmul(w[0]) }
    let singular = try LinearAlgebra.singularValueDecomposition(of: a).s
    let s = singular[flat: 0]
    // It ends where the value changes by 1e-10. Each step leaves at most this share of what is missing, so that all later
    // steps together change it by share / (1 - share) times the last one.
    let share = pow(singular[flat: 1] / s, 2)
    #expect(abs(found.value - s) < (1e-10 * share / (1 - share) + rounding(terms: 54)) * s)
    #expect(throws: LipschitzError.self) {
      try LinearMapNorm([a], input: [1, 9], limit: 2, key: RandomKey(seed: 31)) { x, w in x.matmul(w[0]) }
    }
  }

  /// Fourier blocks against the explicit matrix of the circular convolution, and zero padding below the bound.
  @Test func circularConvolutionIsExact() throws {
    let (height, width, c, f, k) = (5, 4, 2, 3, 3)
    let weights = matrix([k, k, c, f], 40)
    let w = weights.doubles
    var full = [Double](repeating: 0, count: height * width * f * height * width * c)
    let columns = height * width * c
    for y in 0..<height {
      for x in 0..<width {
        for dy in 0..<k {
          for dx in 0..<k {
            let source = ((y + dy - 1 + height) % height * width + (x + dx - 1 + width) % width) * c
            for i in 0..<c {
              for o in 0..<f {
                full[((y * width + x) * f + o) * columns + source + i] += w[((dy * k + dx) * c + i) * f + o]
              }
            }
          }
        }
      }
    }
    let explicit = try LinearAlgebra.singularValueDecomposition(
      of: NDArray(full, shape: [height * width * f, columns])
    ).s[flat: 0]
    let circular = try ConvolutionNorm.circular(weights, height: height, width: width)
    #expect(abs(circular - explicit) < rounding(terms: Double(columns), scale: explicit))
    let padded = try LinearMapNorm([weights], input: [1, height, width, c], key: RandomKey(seed: 41)) { x, w in
      x.convolved(with: w[0], padding: .explicit(1))
    }
    let reshaped = try OperatorNorm(ConvolutionNorm.matrix(weights)).value
    #expect(padded.value <= 3 * reshaped)
    #expect(circular <= 3 * reshaped)
    #expect(padded.value > 0.5 * circular)
  }
}
