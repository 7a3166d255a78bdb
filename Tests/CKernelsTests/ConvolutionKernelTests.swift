import CKernels
import Compilation
import TestSupport
import Testing

/// Our own convolutions, which a program has only where they are faster than a library's.
@Suite(.serialized) struct ConvolutionKernelTests {
  private static let shapes = direct + fewerMultiplications

  private static let direct = [
    shape(3, 9, 7, channels: 5, size: 3, features: 10, stride: 1, pad: 1),
    shape(5, 8, 8, channels: 16, size: 3, features: 20, stride: 2, pad: 0),
    shape(2, 7, 9, channels: 3, size: 1, features: 17, stride: 2, pad: 0),
    shape(4, 6, 5, channels: 4, size: 5, features: 3, stride: 3, pad: 2),
    // Images enough for several threads; more sets of pixels that lie a stride apart than are done together; one tap that sees
    // beyond the edge; fewer taps than a stride has pixels.
    shape(8, 24, 24, channels: 32, size: 3, features: 40, stride: 2, pad: 1),
    shape(7, 11, 13, channels: 8, size: 3, features: 8, stride: 5, pad: 1),
    shape(7, 9, 8, channels: 9, size: 1, features: 8, stride: 2, pad: 1),
    shape(7, 2, 2, channels: 3, size: 2, features: 3, stride: 3, pad: 3),
    // Pixels that no tap sees, of one image, and none that is seen.
    shape(1, 9, 10, channels: 8, size: 1, features: 8, stride: 3, pad: 0),
    shape(2, 2, 2, channels: 4, size: 1, features: 5, stride: 4, pad: 2),
    // Sets of pixels a stride apart, each of several bands of many images.
    shape(7, 24, 24, channels: 5, size: 3, features: 280, stride: 2, pad: 1),
    // An image of several bands.
    shape(1, 40, 30, channels: 15, size: 3, features: 18, stride: 1, pad: 1),
    // So many weights of a tap that their gradients are a product: pixels of several groups of images, with an edge and a stride, and where
    // they lie already.
    shape(3, 40, 40, channels: 200, size: 1, features: 170, stride: 1, pad: 1),
    shape(2, 5, 6, channels: 190, size: 3, features: 180, stride: 2, pad: 1),
    shape(2, 5, 6, channels: 190, size: 1, features: 180, stride: 1, pad: 0),
    // More weights' gradients than are kept for many parts of a batch; a window whose weights leave the first-level cache.
    shape(7, 4, 4, channels: 160, size: 3, features: 170, stride: 1, pad: 1),
  ]

  /// Those that go by fewer multiplications: channels and features that fill no vector, odd images, more and less than a
  /// tile beyond the edge, several parts of a batch, and one.
  private static let fewerMultiplications = [
    shape(3, 12, 9, channels: 17, size: 3, features: 16, stride: 1, pad: 1),
    shape(13, 6, 7, channels: 24, size: 3, features: 21, stride: 1, pad: 0),
    shape(4, 8, 8, channels: 16, size: 3, features: 40, stride: 1, pad: 2),
    shape(5, 9, 6, channels: 16, size: 3, features: 16, stride: 1, pad: 3),
    shape(9, 24, 24, channels: 18, size: 3, features: 34, stride: 1, pad: 1),
    shape(18, 4, 4, channels: 300, size: 3, features: 330, stride: 1, pad: 1),
  ]

  private static func shape(
    _ batch: Int64, _ height: Int64, _ width: Int64, channels: Int64, size: Int64, features: Int64, stride: Int64,
    pad: Int64
  ) -> ck_convolution {
    ck_convolution(
      batch: batch, height: height, width: width, channels: channels, kernel_height: size, kernel_width: size,
      features: features, stride_height: stride, stride_width: stride, pad_top: pad, pad_left: pad,
      output_height: (height + 2 * pad - size) / stride + 1, output_width: (width + 2 * pad - size) / stride + 1)
  }

  private typealias Sizes = (source: Int, weights: Int, destination: Int)

  private func sizes(_ p: ck_convolution) -> Sizes {
    (
      Int(p.batch * p.height * p.width * p.channels), Int(p.kernel_height * p.kernel_width * p.channels * p.features),
      Int(p.batch * p.output_height * p.output_width * p.features)
    )
  }

  private func arrays(_ p: ck_convolution) -> [[Float]] {
    let sizes = sizes(p)
    return [sizes.source, sizes.weights, sizes.destination].enumerated().map {
      RandomKey(seed: $0).normal([$1]).floats
    }
  }

  /// Destination, the source's gradient, the weights' gradient.
  private func results(_ shape: ck_convolution) -> [[Float]] {
    var p = shape
    let (x, w, y) = (arrays(p)[0], arrays(p)[1], arrays(p)[2])
    func run(_ kernel: ck_kernel, _ a: [Float], _ b: [Float], count: Int, scratch: Int) -> [Float] {
      var (a, b) = (a, b)
      var result = [Float](repeating: .nan, count: count)
      var space = [Float](repeating: .nan, count: scratch / 4 + 16)
      a.withUnsafeMutableBytes { a in
        b.withUnsafeMutableBytes { b in
          result.withUnsafeMutableBytes { result in
            space.withUnsafeMutableBytes { space in
              kernel(&p, [a.baseAddress, b.baseAddress, result.baseAddress, space.baseAddress])
            }
          }
        }
      }
      #expect(space.suffix(16).allSatisfy { $0.isNaN }, "more scratch memory than was asked for")
      return result
    }
    let sizes = sizes(p)
    return [
      run(
        ck_convolution_forward, x, w, count: sizes.destination, scratch: ck_convolution_forward_scratch_bytes(&p)),
      run(
        ck_convolution_data_gradient, y, w, count: sizes.source,
        scratch: ck_convolution_data_gradient_scratch_bytes(&p)),
      run(
        ck_convolution_weight_gradient, x, y, count: sizes.weights,
        scratch: ck_convolution_weight_gradient_scratch_bytes(&p)),
    ]
  }

  private func expected(_ p: ck_convolution) -> [[Double]] {
    let (x, w, y) = (arrays(p)[0], arrays(p)[1], arrays(p)[2])
    let sizes = sizes(p)
    var (forward, source) = (
      [Double](repeating: 0, count: sizes.destination), [Double](repeating: 0, count: sizes.source)
    )
    var weights = [Double](repeating: 0, count: sizes.weights)
    let (C, F) = (Int(p.channels), Int(p.features))
    for n in 0..<p.batch {
      for oy in 0..<p.output_height {
        for ox in 0..<p.output_width {
          let to = Int((n * p.output_height + oy) * p.output_width + ox) * F
          for ky in 0..<p.kernel_height {
            for kx in 0..<p.kernel_width {
              let (iy, ix) = (oy * p.stride_height + ky - p.pad_top, ox * p.stride_width + kx - p.pad_left)
              guard iy >= 0, iy < p.height, ix >= 0, ix < p.width else { continue }
              let from = Int((n * p.height + iy) * p.width + ix) * C
              for c in 0..<C {
                let at = (Int(ky * p.kernel_width + kx) * C + c) * F
                for f in 0..<F {
                  forward[to + f] += Double(x[from + c]) * Double(w[at + f])
                  source[from + c] += Double(y[to + f]) * Double(w[at + f])
                  weights[at + f] += Double(x[from + c]) * Double(y[to + f])
                }
              }
            }
          }
        }
      }
    }
    return [forward, source, weights]
  }

  @Test(arguments: shapes.indices) func agreesWithPlainSums(_ index: Int) {
    let p = Self.shapes[index]
    let truth = expected(p)
    for set in [CK_AVX512, CK_AVX2, CK_PORTABLE] {
      ck_limit_instruction_set(set)
      defer { ck_limit_instruction_set(CK_AVX512) }
      for (which, (result, values)) in zip(results(p), truth).enumerated() {
        let scale = values.map { abs($0) }.max()!
        let worst = zip(result, values).map { abs(Double($0) - $1) }.reduce(0) { $1 <= $0 ? $0 : $1 }
        // Sums of at most 9 x 330 products; transforms round twice as much.
        #expect(
          worst <= rounding(.float32, terms: drift(of: 9 * 330), condition: 2, scale: scale),
          "shape \(index), \(which): \(worst)")
      }
    }
  }

  /// A result is one chain of sums whatever the registers' width, and memory asked for under one serves another.
  @Test(arguments: shapes.indices) func bitsDoNotDependOnRegisters(_ index: Int) {
    var p = Self.shapes[index]
    let sizes = [
      ck_convolution_forward_scratch_bytes, ck_convolution_data_gradient_scratch_bytes,
      ck_convolution_weight_gradient_scratch_bytes,
    ]
    guard ck_instruction_set_in_use() != CK_PORTABLE else { return }
    let (wide, asked) = (results(p), sizes.map { $0(&p) })
    ck_limit_instruction_set(CK_AVX2)
    defer { ck_limit_instruction_set(CK_AVX512) }
    #expect(results(p) == wide)
    #expect(sizes.map { $0(&p) } == asked)
  }

  @Test func someGoByFewerMultiplications() {
    let taken = Self.shapes.map { shape -> Bool in
      var p = shape
      return ck_winograd_takes(&p)
    }
    #expect(taken == Self.shapes.indices.map { $0 >= Self.direct.count })
  }

  /// Sums of nothing are 0.
  @Test func nothingIsConvolved() {
    for p in [
      Self.shape(0, 6, 6, channels: 4, size: 3, features: 5, stride: 1, pad: 1),
      Self.shape(0, 6, 6, channels: 4, size: 3, features: 5, stride: 2, pad: 1),
      Self.shape(2, 6, 6, channels: 0, size: 3, features: 5, stride: 1, pad: 1),
      Self.shape(2, 6, 6, channels: 4, size: 3, features: 0, stride: 1, pad: 1),
    ] {
      for result in results(p) { #expect(result.allSatisfy { $0 == 0 }) }
    }
  }

  @Test(arguments: shapes.indices) func bitsDoNotDependOnThreads(_ index: Int) {
    let before = ck_thread_count()
    defer { ck_set_thread_count(before) }
    let bits = ([1, 2, 3] as [Int32]).map { threads -> [[Float]] in
      ck_set_thread_count(threads)
      return results(Self.shapes[index])
    }
    #expect(bits[1] == bits[0] && bits[2] == bits[0])
  }
}
