import Arrays
import Foundation
import TestSupport
import Testing

@Suite struct FilesTests {
  private let folder = TemporaryFolder()

  private func path(_ name: String) -> String { folder.path + "/" + name }

  private let arrays: [String: NDArray] = [
    "b/weight": NDArray([1.5, -2, 3] as [Float], shape: [3, 1]), "a": NDArray([Double.pi, -.infinity]),
    "flags": NDArray([true, false, true]), "steps": NDArray([7, -7] as [Int32]), "empty": NDArray.zeros([0, 3]),
  ]

  @Test func safetensorsRoundTrip() throws {
    try Safetensors.write(arrays, metadata: ["step": "12"], to: path("x"))
    let contents = try Safetensors.read(path("x"))
    #expect(contents.arrays == arrays)
    #expect(contents.metadata == ["step": "12"])
  }

  @Test func everyTruncationIsFound() throws {
    try Safetensors.write(arrays, to: path("x"))
    let whole = try Data(contentsOf: URL(fileURLWithPath: path("x")))
    for length in stride(from: 0, to: whole.count, by: 3) {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path("cut")))
      #expect(throws: FileError.self) { try Safetensors.read(path("cut")) }
    }
    #expect(throws: FileError.self) { try Safetensors.read(path("missing")) }
  }

  @Test func corruptHeadersAreFound() throws {
    func write(_ header: String, data: Int) throws {
      var bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
      bytes.append(Data(header.utf8))
      bytes.append(Data(count: data))
      try bytes.write(to: URL(fileURLWithPath: path("bad")))
    }
    for (header, bytes) in [
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 8),
      (#"{"a":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#, 8),
      (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
        12
      ),
      (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8), (#"[1]"#, 8),
      (#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,8]}}"#, 8),
      (#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#, 0),
      (#"{"a":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}"#, 0),
    ] {
      try write(header, data: bytes)
      #expect(throws: FileError.self, "\(header)") { try Safetensors.read(path("bad")) }
    }
  }

  /// Sizes that no number holds are refused, not computed.
  @Test(arguments: ["(4611686018427387904,)", "(9223372036854775807, 9)", "(0, 4611686018427387904, 4)"])
  func hugeNpyShapesAreRefused(_ shape: String) throws {
    for type in ["<f4", "<f8", "<i8", "|u1"] {
      let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
      var bytes = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(header.utf8.count), 0])
      bytes.append(Data(header.utf8))
      try bytes.write(to: URL(fileURLWithPath: path("huge.npy")))
      #expect(throws: FileError.self, "\(type) \(shape)") { try Npy.read(path("huge.npy")) }
    }
  }

  @Test func npyRoundTripAndErrors() throws {
    for array in arrays.values {
      try Npy.write(array, to: path("x.npy"))
      #expect(try Npy.read(path("x.npy")) == array)
    }
    let whole = try Data(contentsOf: URL(fileURLWithPath: path("x.npy")))
    for length in [0, 5, 11, 40, whole.count - 1] where length >= 0 && length < whole.count {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path("cut.npy")))
      #expect(throws: FileError.self) { try Npy.read(path("cut.npy")) }
    }
  }
}

@Suite struct RandomKeyTests {
  /// Known answer of the reference implementation for a zero counter and key.
  @Test func philoxKnownAnswer() {
    let words = Philox.words(counter: SIMD4(0, 0, 0, 0), key: SIMD2(0, 0))
    #expect(words == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
    let ones = Philox.words(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
    #expect(ones == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
  }

  @Test func childrenDifferAndRepeat() {
    let key = RandomKey(seed: 1)
    #expect(key.split("a") == RandomKey(seed: 1).split("a"))
    let children = [key, key.split("a"), key.split("b"), key.split(0), key.split(1), RandomKey(seed: 2)]
    #expect(Set(children).count == children.count)
  }

  @Test func distributions() {
    let u = RandomKey(seed: 3).uniform(count: 20001)
    #expect(u.count == 20001 && u.allSatisfy { $0 >= 0 && $0 < 1 })
    // Four standard errors at least: 0.0020, 0.0071 and 0.0100 of 20,001 draws, and 82 of a count.
    #expect(abs(u.reduce(0, +) / 20001 - 0.5) < 0.01)
    let z = RandomKey(seed: 3).normal(count: 20001)
    #expect(abs(z.reduce(0, +) / 20001) < 0.03)
    #expect(abs(z.reduce(0) { $0 + $1 * $1 } / 20001 - 1) < 0.05)
    #expect(RandomKey(seed: 4).permutation(100).sorted() == Array(0..<100))
    let counts = RandomKey(seed: 5).integers(count: 30000, below: 3).reduce(into: [0, 0, 0]) { $0[$1] += 1 }
    #expect(counts.allSatisfy { abs($0 - 10000) < 400 })
  }
}

@Suite struct LinearAlgebraTests {
  @Test(arguments: [[3, 5], [5, 3], [40, 40], [120, 70]]) func singularValues(_ shape: [Int]) throws {
    let a = RandomKey(seed: shape[0]).normal(Shape(shape), .float64)
    let (u, s, vT) = try LinearAlgebra.singularValueDecomposition(of: a)
    let r = s.count
    var scaled = u.doubles
    for i in scaled.indices { scaled[i] *= s[flat: i % r] }
    let again = try LinearAlgebra.product(NDArray(scaled, shape: u.shape), vT)
    let tolerance = rounding(terms: Double(shape[0] + shape[1]), scale: s[flat: 0])
    for (x, y) in zip(again.doubles, a.doubles) { #expect(abs(x - y) < tolerance) }
    #expect(zip(s.doubles, s.doubles.dropFirst()).allSatisfy { $0 >= $1 })
  }

  @Test(arguments: [1, 2, 7, 33, 130]) func productAndSolve(_ n: Int) throws {
    let a = RandomKey(seed: n).normal([n, n], .float64)
    let x = RandomKey(seed: n + 1).normal([n, 2], .float64)
    let b = try LinearAlgebra.product(a, x)
    // The product against plain loops.
    for i in 0..<n {
      for j in 0..<2 {
        let products = (0..<n).map { a[flat: i * n + $0] * x[flat: $0 * 2 + j] }
        let scale = products.reduce(0) { $0 + abs($1) }
        #expect(abs(products.reduce(0, +) - b[flat: i * 2 + j]) <= rounding(terms: Double(n), scale: scale))
      }
    }
    let s = try LinearAlgebra.singularValueDecomposition(of: a).s
    let tolerance = rounding(terms: Double(4 * n), condition: s[flat: 0] / s[flat: n - 1], scale: 4)
    for (y, z) in zip(try LinearAlgebra.solve(a, b).doubles, x.doubles) { #expect(abs(y - z) < tolerance) }
    let q = try LinearAlgebra.randomOrthogonal(n + 3, n, key: RandomKey(seed: 9))
    for i in 0..<n {
      let norm = (0..<n + 3).reduce(0.0) { $0 + q[flat: $1 * n + i] * q[flat: $1 * n + i] }
      #expect(abs(norm - 1) < rounding(terms: Double(4 * (n + 3))))
    }
  }

  @Test func eigenvaluesAndErrors() throws {
    let (values, _) = try LinearAlgebra.symmetricEigen(of: NDArray([2.0, 1, 1, 2], shape: [2, 2]))
    let tolerance = rounding(terms: 8, scale: 3)
    #expect(abs(values[flat: 0] - 1) < tolerance && abs(values[flat: 1] - 3) < tolerance)
    #expect(throws: LinearAlgebraError.self) {
      try LinearAlgebra.solve(.zeros([2, 2], .float64), .zeros([2, 1], .float64))
    }
    #expect(throws: LinearAlgebraError.self) { try LinearAlgebra.symmetricEigen(of: .zeros([2, 3], .float64)) }
  }
}
