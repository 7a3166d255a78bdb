import CKernels
import Foundation
import LanguageModels
import TestSupport
import Testing

@Suite(.serialized) struct WeightEncodingTests {
  /// Bytes as in Scripts/make-weight-goldens.py.
  private static func bytes(_ encoding: WeightEncoding, blocks: Int) -> [UInt8] {
    var data = (0..<blocks * encoding.blockByteCount).map { UInt8(truncatingIfNeeded: 37 * $0 + 11) }
    let scales: [Int] =
      switch encoding {
      case .f32, .f16, .bf16: []
      case .q4Zero, .q5Zero, .q8Zero: [0]
      case .q6K: [208]
      default: [0, 2]
      }
    for block in 0..<blocks {
      for (at, bits) in zip(scales, [0x2e66, 0xa4cd] as [UInt16]) {
        let start = block * encoding.blockByteCount + at
        (data[start], data[start + 1]) = (UInt8(bits & 255), UInt8(bits >> 8))
      }
    }
    if encoding == .f16 { for i in stride(from: 1, to: data.count, by: 2) { data[i] &= 0xbb } }
    return data
  }

  private static func decoded(_ encoding: WeightEncoding, blocks: Int) -> [Float] {
    bytes(encoding, blocks: blocks).withUnsafeBytes {
      encoding.decoded($0, shape: [blocks * encoding.blockSize]).floats
    }
  }

  /// Values of the package gguf (Scripts/make-weight-goldens.py): weights at 0, 1, 17, 31, n / 2, n - 1, and the sum of
  /// all.
  private static let goldens: [(String, [Double], Double)] = [
    (
      "F16",
      [
        0.1263427734375, 0.79150390625, 0.0033969879150390625, 0.01172637939453125, -0.0005698204040527344,
        0.01172637939453125,
      ], -0.24828803539276123
    ),
    (
      "BF16",
      [
        5.056790541857481e-10, 2.7648980771697957e+35, 1.0132962503774589e-22, 4.475586568020162e-16, -22951231488.0,
        4.475586568020162e-16,
      ], -1.4397899256510907e+38
    ),
    (
      "Q4_0", [-0.2999267578125, 0.199951171875, -0.0999755859375, 0.0, 0.6998291015625, -0.6998291015625], -3.19921875
    ),
    (
      "Q4_1",
      [
        1.4808807373046875, 0.3811492919921875, 1.1809539794921875, 1.1809539794921875, 0.2811737060546875,
        0.9810028076171875,
      ], 48.187744140625
    ),
    (
      "Q5_0", [0.8997802734375, -0.199951171875, 0.0, 0.0999755859375, 0.6998291015625, 0.39990234375], -0.39990234375
    ),
    (
      "Q5_1",
      [
        1.8807830810546875, 2.3806610107421875, 0.4811248779296875, 0.4811248779296875, 2.6805877685546875,
        2.8805389404296875,
      ], 97.375732421875
    ),
    (
      "Q8_0",
      [8.4979248046875, 12.197021484375, -5.398681640625, -4.798828125, 6.2984619140625, -6.998291015625], -28.79296875
    ),
    (
      "Q4_K",
      [
        35.04808044433594, 0.9564056396484375, 0.9564056396484375, 19.551864624023438, 51.74363708496094,
        43.489501953125,
      ], 13476.015625
    ),
    (
      "Q5_K",
      [
        84.63597106933594, 0.9564056396484375, 0.9564056396484375, 19.551864624023438, 41.14646911621094,
        26.581085205078125,
      ], 22860.9453125
    ),
    (
      "Q6_K", [-143.0650634765625, 169.55859375, 51.1875, -9.59765625, -40.6900634765625, -159.9609375], 543.8671875
    ),
  ]

  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE]) func agreesWithTheReference(_ set: ck_instruction_set) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for (name, picked, sum) in Self.goldens {
      let encoding = try #require(WeightEncoding.allCases.first { $0.name == name })
      let values = Self.decoded(encoding, blocks: encoding.blockSize == 1 ? 32 : 2)
      let n = values.count
      // A weight is made by three roundings at most; sums are exact to those of their terms.
      let scale = values.map { Double(abs($0)) }.max()!
      let tolerance = rounding(.float32, terms: 3, scale: scale)
      for (index, expected) in zip([0, 1, 17, 31, n / 2, n - 1], picked) {
        #expect(abs(Double(values[index]) - expected) <= tolerance, "\(name) \(index): \(values[index]) \(expected)")
      }
      #expect(abs(values.map(Double.init).reduce(0, +) - sum) <= tolerance * drift(of: n), "\(name)")
    }
  }

  @Test func specialHalves() {
    let bits: [UInt16] = [0, 0x8000, 1, 0x83ff, 0x0400, 0x7bff, 0x7c00, 0xfc00, 0x7e00]
    let values = bits.withUnsafeBytes { WeightEncoding.f16.decoded($0, shape: [bits.count]).floats }
    #expect(values[0] == 0 && values[1].sign == .minus && values[1] == 0)
    #expect(Array(values[2...7]) == [0x1p-24, -1023 * 0x1p-24, 0x1p-14, 65504, .infinity, -.infinity])
    #expect(values[8].isNaN)
  }

  private static let inWholeNumbers: Set<WeightEncoding> = [.q4Zero, .q4One, .q8Zero]

  /// Rows as columns, in their order and in another; rows that fill no group.
  @Test(arguments: [WeightEncoding.f16, .q4One, .q8Zero, .q6K]) func rowsBecomeColumns(_ encoding: WeightEncoding) {
    let (rows, columns) = (37, 512)
    let data = Self.bytes(encoding, blocks: rows * columns / encoding.blockSize)
    let plain = data.withUnsafeBytes { encoding.decoded($0, shape: [rows, columns]).floats }
    for order in [nil, (0..<rows).map { Int64($0 * 5 % rows) }] {
      var result = [Float](repeating: .nan, count: rows * columns)
      ck_weights_decode_columns(encoding.kernelType, data, Int64(rows), Int64(columns), order, &result)
      let expected = (0..<columns).flatMap { c in (0..<rows).map { plain[Int(order?[$0] ?? Int64($0)) * columns + c] } }
      #expect(result == expected)
    }
  }

  /// A number that is none, or infinite, shows in the product of each row.
  @Test(arguments: [Float.nan, .infinity]) func whatIsNoNumberShows(_ number: Float) {
    for encoding in Self.inWholeNumbers {
      let data = Self.bytes(encoding, blocks: 40 * 64 / 32)
      var x = RandomKey(seed: 3).normal([64]).floats
      x[37] = number
      var y = [Float](repeating: 0, count: 40)
      y.withUnsafeMutableBufferPointer { y in
        data.withUnsafeBytes {
          let rows = ck_weight_rows(
            type: encoding.kernelType, weights: $0.baseAddress!, rows: 40, y: y.baseAddress!, y_stride: 40)
          ck_weights_multiply([rows], 1, 64, x, 1)
        }
      }
      #expect(y.allSatisfy { !$0.isFinite }, "\(encoding.name)")
    }
  }

  /// Products straight from encoded rows, for rows that fill no group, for few and for many tokens.
  @Test(arguments: WeightEncoding.allCases) func productsAgreeWithDecodedRows(_ encoding: WeightEncoding) throws {
    let (rows, columns) = (37, 512)
    var data = Self.bytes(encoding, blocks: rows * columns / encoding.blockSize)
    if encoding.blockSize == 1 {
      // Numbers of ordinary size.
      let numbers = RandomKey(seed: 1).normal([rows * columns]).floats
      switch encoding {
      case .f32: data = numbers.withUnsafeBytes { Array($0) }
      case .bf16: data = numbers.flatMap { [UInt8($0.bitPattern >> 16 & 255), UInt8($0.bitPattern >> 24)] }
      default: break
      }
    }
    let weights = data.withUnsafeBytes { encoding.decoded($0, shape: [rows, columns]).doubles }
    for tokens in [1, 2, 3, 21] {
      let x = RandomKey(seed: 2).normal([tokens, columns]).floats
      let largest = stride(from: 0, to: x.count, by: 32).map { start in
        x[start..<start + 32].map { Double(abs($0)) }.max()!
      }
      func product() -> [Float] {
        var y = [Float](repeating: .nan, count: tokens * rows)
        // As two matrices, of which the second begins within a group.
        y.withUnsafeMutableBufferPointer { y in
          data.withUnsafeBytes { data in
            let first = 9
            let bytes = data.count / rows
            let parts = [(0, first), (first, rows - first)].map { start, count in
              ck_weight_rows(
                type: encoding.kernelType, weights: data.baseAddress! + start * bytes, rows: Int64(count),
                y: y.baseAddress! + start, y_stride: Int64(rows))
            }
            ck_weights_multiply(parts, 2, Int64(columns), x, Int64(tokens))
          }
        }
        return y
      }
      for set in [CK_AVX512, CK_AVX2, CK_PORTABLE] {
        ck_limit_instruction_set(set)
        defer { ck_limit_instruction_set(CK_AVX512) }
        let y = product()
        for t in 0..<tokens {
          for r in 0..<rows {
            var (sum, size, whole) = (0.0, 0.0, 0.0)
            for c in 0..<columns {
              sum += weights[r * columns + c] * Double(x[t * columns + c])
              size += abs(weights[r * columns + c] * Double(x[t * columns + c]))
              whole += abs(weights[r * columns + c]) * largest[(t * columns + c) / 32]
            }
            // A minimum or an offset is summed apart, and may be larger than what it is added to: twice as large here.
            var tolerance = rounding(.float32, terms: drift(of: columns), condition: 3, scale: size)
            // With few tokens an input is a whole number of 16 bits, off by half of a 32767th of its block's largest; signs
            // as they come, the errors are a walk of `columns` steps.
            if tokens < 3, set != CK_PORTABLE, Self.inWholeNumbers.contains(encoding) {
              tolerance += whole / 65534 / Double(columns) * drift(of: columns)
            }
            #expect(abs(Double(y[t * rows + r]) - sum) <= tolerance, "\(encoding.name) \(set) \(t) \(r)")
          }
        }
      }
      let before = ck_thread_count()
      defer { ck_set_thread_count(before) }
      let results = [1, 2, 3].map { count -> [Float] in
        ck_set_thread_count(Int32(count))
        return product()
      }
      #expect(results[1] == results[0] && results[2] == results[0])
    }
  }
}
