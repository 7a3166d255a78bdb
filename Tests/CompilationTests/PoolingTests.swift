import Compilation
import Differentiation
import TestSupport
import Testing

/// Maxima under windows: in vectors of channels and in what is left of them, beside a plain loop.
@Suite struct PoolingTests {
  struct Case: CustomTestStringConvertible {
    var (channels, size, stride, padding): (Int, Int, Int, Int)
    var testDescription: String { "\(channels) channels, \(size) x \(size), stride \(stride), padding \(padding)" }
  }

  static let cases = [1, 2, 3, 4, 6, 7, 8, 9, 15, 16, 27].flatMap { channels in
    [(2, 2, 0), (3, 2, 1), (3, 1, 1), (1, 2, 0)].map {
      Case(channels: channels, size: $0.0, stride: $0.1, padding: $0.2)
    }
  }

  private let batch = 2, height = 7, width = 6

  /// Few different numbers, so that many are equal, and some that are none.
  private func image(_ channels: Int, _ type: ElementType) -> NDArray {
    let rolls = RandomKey(seed: channels).integers(count: batch * height * width * channels, below: 12)
    return NDArray(
      rolls.map { $0 == 0 && type != .int32 ? .nan : Double($0 / 2) - 2 }, shape: [batch, height, width, channels]
    )
    .converted(to: type)
  }

  /// The largest number of each window, and how often each place of the image is taken: the first of equals, and a number
  /// that is none before all others.
  private func expected(_ image: NDArray, _ c: Case) -> (largest: [Double], taken: [Double]) {
    let x = image.doubles
    let (rows, columns) = (
      (height + 2 * c.padding - c.size) / c.stride + 1, (width + 2 * c.padding - c.size) / c.stride + 1
    )
    var (largest, taken) = ([Double](), [Double](repeating: 0, count: x.count))
    for n in 0..<batch {
      for (oy, ox) in (0..<rows).flatMap({ y in (0..<columns).map { (y, $0) } }) {
        for channel in 0..<c.channels {
          var best: Int?
          for y in oy * c.stride - c.padding..<oy * c.stride - c.padding + c.size where (0..<height).contains(y) {
            for x1 in ox * c.stride - c.padding..<ox * c.stride - c.padding + c.size where (0..<width).contains(x1) {
              let place = ((n * height + y) * width + x1) * c.channels + channel
              guard let held = best else {
                best = place
                continue
              }
              if x[place] > x[held] || (x[place].isNaN && !x[held].isNaN) { best = place }
            }
          }
          largest.append(x[best!])
          taken[best!] += 1
        }
      }
    }
    return (largest, taken)
  }

  /// A window that sees padding alone has no largest element.
  @Test(arguments: [(1, 1, 1), (2, 2, 2), (3, 1, 5)]) func paddingIsSmallerThanTheWindow(
    size: Int, stride: Int, padding: Int
  ) {
    #expect {
      _ = try Program(inputs: [TensorType([1, 4, 4, 2])]) { _, x in
        [x[0].maxPooled(size: size, stride: stride, padding: .explicit(padding))]
      }
    } throws: { "\($0)".contains("padding smaller than the window") }
  }

  @Test(arguments: cases, [ElementType.float32, .float64, .int32])
  func maximaAndTheirPlaces(_ c: Case, _ type: ElementType) throws {
    let image = image(c.channels, type)
    let expected = expected(image, c)
    let results = try Program(inputs: [TensorType(of: image)]) { _, x in
      let y = x[0].maxPooled(size: c.size, stride: c.stride, padding: .explicit(c.padding))
      return [y] + (type == .int32 ? [] : gradients(of: y.sum(), withRespectTo: x))
    }.run([image])
    let found = results[0].converted(to: .float64).doubles
    #expect(zip(found, expected.largest).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
    #expect(found.count == expected.largest.count)
    if type != .int32 { #expect(results[1].converted(to: .float64).doubles == expected.taken) }
  }
}
