import Foundation

/// Damage to images at five severities: our own corruptions, in the manner of CIFAR-10-C but not its files.
///
/// | corruption | severity 1...5 |
/// |---|---|
/// | noise | Gaussian, standard deviation 0.04, 0.06, 0.08, 0.09, 0.10 |
/// | blur | Gaussian, standard deviation 0.4, 0.6, 0.8, 1.0, 1.4 pixels |
/// | contrast | deviation from the image's mean times 0.75, 0.5, 0.4, 0.3, 0.15 |
/// | brightness | plus 0.05, 0.1, 0.15, 0.2, 0.3 |
/// | pixelate | pixels that a size of 0.95, 0.9, 0.85, 0.75, 0.65 would merge take their mean |
public enum Corruption: String, CaseIterable, Sendable, Codable {
  case noise, blur, contrast, brightness, pixelate

  private var strengths: [Float] {
    switch self {
    case .noise: [0.04, 0.06, 0.08, 0.09, 0.10]
    case .blur: [0.4, 0.6, 0.8, 1.0, 1.4]
    case .contrast: [0.75, 0.5, 0.4, 0.3, 0.15]
    case .brightness: [0.05, 0.1, 0.15, 0.2, 0.3]
    case .pixelate: [0.95, 0.9, 0.85, 0.75, 0.65]
    }
  }

  /// Damaged copies of float32 NHWC images in [0, 1]; the result is in [0, 1].
  ///
  /// - Parameters:
  ///   - severity: 1...5.
  ///   - key: decides the noise.
  public func apply(to images: NDArray, severity: Int, key: RandomKey) -> NDArray {
    precondition((1...5).contains(severity), "severity \(severity) is not in 1...5")
    precondition(images.shape.rank == 4 && images.elementType == .float32, "needs float32 NHWC images")
    let strength = strengths[severity - 1]
    var result = images
    let (height, width, channels) = (images.shape[1], images.shape[2], images.shape[3])
    let size = height * width * channels
    result.withUnsafeMutableElements(of: Float.self) { values in
      switch self {
      case .noise:
        for (i, z) in key.normal(count: values.count).enumerated() { values[i] += strength * Float(z) }
      case .brightness:
        for i in values.indices { values[i] += strength }
      case .contrast:
        for start in stride(from: 0, to: values.count, by: size) {
          let mean = values[start..<start + size].reduce(0, +) / Float(size)
          for i in start..<start + size { values[i] = mean + strength * (values[i] - mean) }
        }
      case .blur:
        let weights = Self.gaussian(strength)
        for start in stride(from: 0, to: values.count, by: size) {
          Self.blur(values, start, height, width, channels, weights)
        }
      case .pixelate:
        for start in stride(from: 0, to: values.count, by: size) {
          Self.pixelate(values, start, height, width, channels, strength)
        }
      }
      for i in values.indices { values[i] = min(max(values[i], 0), 1) }
    }
    return result
  }

  private static func gaussian(_ deviation: Float) -> [Float] {
    let radius = Int((3 * deviation).rounded(.up))
    let raw = (-radius...radius).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
    let total = raw.reduce(0, +)
    return raw.map { $0 / total }
  }

  private static func pixelate(
    _ values: UnsafeMutableBufferPointer<Float>, _ start: Int, _ height: Int, _ width: Int, _ channels: Int,
    _ fraction: Float
  ) {
    let source = Array(values[start..<start + height * width * channels])
    func cell(_ position: Int) -> Int { Int(Float(position) * fraction) }
    for y in 0..<height {
      let rows = (0..<height).filter { cell($0) == cell(y) }
      for x in 0..<width {
        let columns = (max(x - 2, 0)..<min(x + 3, width)).filter { cell($0) == cell(x) }
        for c in 0..<channels {
          var total: Float = 0
          for row in rows { for column in columns { total += source[(row * width + column) * channels + c] } }
          values[start + (y * width + x) * channels + c] = total / Float(rows.count * columns.count)
        }
      }
    }
  }

  /// Rows, then columns; the border pixel goes on outside.
  private static func blur(
    _ values: UnsafeMutableBufferPointer<Float>, _ start: Int, _ height: Int, _ width: Int, _ channels: Int,
    _ weights: [Float]
  ) {
    let radius = weights.count / 2
    for vertical in [false, true] {
      let source = Array(values[start..<start + height * width * channels])
      for y in 0..<height {
        for x in 0..<width {
          for c in 0..<channels {
            var total: Float = 0
            for (k, weight) in weights.enumerated() {
              let sy = vertical ? min(max(y + k - radius, 0), height - 1) : y
              let sx = vertical ? x : min(max(x + k - radius, 0), width - 1)
              total += weight * source[(sy * width + sx) * channels + c]
            }
            values[start + (y * width + x) * channels + c] = total
          }
        }
      }
    }
  }
}
