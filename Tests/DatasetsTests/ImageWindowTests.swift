import Datasets
import Testing

@Suite struct ImageWindowTests {
  /// Every window over small images, some of which miss them, beside the definition, number by number.
  @Test(arguments: [(3, 4, 1), (2, 5, 3), (1, 1, 2), (4, 3, 4)])
  func everyNumberIsItsPixels(_ height: Int, _ width: Int, _ channels: Int) {
    let bytes = (0..<height * width * channels).map { UInt8(1 + $0 * 37 % 255) }
    let (offset, factor) = (
      (0..<channels).map { $0 == 1 ? -0.0 : Float($0) - 0.3 }, (0..<channels).map { 0.01 * Float($0 + 1) }
    )
    var window = ImageWindow(height: height, width: width, offset: offset, factor: factor)
    for down in -height - 1...height + 1 {
      for right in -width - 1...width + 1 {
        for isMirrored in [false, true] {
          (window.down, window.right, window.isMirrored) = (down, right, isMirrored)
          var found = [Float](repeating: .nan, count: bytes.count)
          found.withUnsafeMutableBufferPointer { window.read(bytes, into: $0.baseAddress!) }
          var expected: [Float] = []
          for y in 0..<height {
            for x in 0..<width {
              let (sy, sx) = (y + down, (isMirrored ? width - 1 - x : x) + right)
              let isInside = 0..<height ~= sy && 0..<width ~= sx
              for c in 0..<channels {
                let byte = isInside ? Float(bytes[(sy * width + sx) * channels + c]) : 0
                expected.append(byte * factor[c] + offset[c])
              }
            }
          }
          #expect(found.map(\.bitPattern) == expected.map(\.bitPattern), "\(down) \(right) \(isMirrored)")
        }
      }
    }
  }
}
