import CImages
import Foundation

/// An image of bytes, row by row: height x width x channels.
public struct RasterImage: Sendable, Equatable {
  /// In pixels.
  public let height: Int
  /// In pixels.
  public let width: Int
  /// 1 for grey, 3 for red, green, blue.
  public let channels: Int
  /// From the upper left corner on, 0 for black.
  public let pixels: [UInt8]

  public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    precondition(pixels.count == height * width * channels, "the extents say how many bytes there are")
    (self.height, self.width, self.channels, self.pixels) = (height, width, channels, pixels)
  }

  /// Reads PNG (any depth; what is transparent stands on white) or JPEG, told apart by their first bytes.
  ///
  /// - Throws: `DatasetError` where it is neither, is damaged, cut off or has four colours.
  public init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else { throw DatasetError(path, "cannot be read") }
    var header = cimages_header()
    var message = [CChar](repeating: 0, count: 128)
    var pixels: [UInt8] = []
    let code = data.withUnsafeBytes { raw -> Int32 in
      let bytes = raw.bindMemory(to: UInt8.self)
      guard let start = bytes.baseAddress else { return 1 }
      let code = cimages_read_header(start, bytes.count, &header, &message)
      guard code == 0 else { return code }
      pixels = [UInt8](repeating: 0, count: Int(header.width) * Int(header.height) * Int(header.channels))
      return cimages_decode(start, bytes.count, &header, &pixels, &message)
    }
    guard code == 0 else {
      let reason = message.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
      throw DatasetError(path, data.isEmpty ? "is empty" : "cannot be read as an image: \(reason)")
    }
    self.init(height: Int(header.height), width: Int(header.width), channels: Int(header.channels), pixels: pixels)
  }

  /// The same image with red, green and blue, or as grey: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
  public func withChannels(_ count: Int) -> RasterImage {
    precondition(count == 1 || count == 3, "images are grey or coloured")
    if count == channels { return self }
    if count == 3 {
      return RasterImage(
        height: height, width: width, channels: 3, pixels: pixels.flatMap { [$0, $0, $0] })
    }
    let grey = stride(from: 0, to: pixels.count, by: 3).map { start -> UInt8 in
      let sum = 299 * Int(pixels[start]) + 587 * Int(pixels[start + 1]) + 114 * Int(pixels[start + 2])
      return UInt8((sum + 500) / 1000)
    }
    return RasterImage(height: height, width: width, channels: 1, pixels: grey)
  }

  /// The image in another size, by linear interpolation whose triangle is as wide as the pixels that it makes: what
  /// becomes smaller is averaged, not sampled. Sides are stretched as they must.
  public func resized(height newHeight: Int, width newWidth: Int) -> RasterImage {
    precondition(newHeight > 0 && newWidth > 0, "an image has pixels")
    if newHeight == height && newWidth == width { return self }
    let across = ResamplingWeights(from: width, to: newWidth)
    let down = ResamplingWeights(from: height, to: newHeight)
    // Rows first, then columns, in single precision.
    var narrow = [Float](repeating: 0, count: height * newWidth * channels)
    for row in 0..<height {
      for column in 0..<newWidth {
        for channel in 0..<channels {
          var sum: Float = 0
          for (offset, weight) in across.weights[column].enumerated() {
            sum += weight * Float(pixels[(row * width + across.starts[column] + offset) * channels + channel])
          }
          narrow[(row * newWidth + column) * channels + channel] = sum
        }
      }
    }
    var result = [UInt8](repeating: 0, count: newHeight * newWidth * channels)
    let line = newWidth * channels
    for row in 0..<newHeight {
      for position in 0..<line {
        var sum: Float = 0
        for (offset, weight) in down.weights[row].enumerated() {
          sum += weight * narrow[(down.starts[row] + offset) * line + position]
        }
        result[row * line + position] = UInt8(max(0, min(255, sum.rounded())))
      }
    }
    return RasterImage(height: newHeight, width: newWidth, channels: channels, pixels: result)
  }
}

/// What each new pixel takes of which old ones, along one axis; weights sum to 1.
private struct ResamplingWeights {
  var starts: [Int] = []
  var weights: [[Float]] = []

  init(from old: Int, to new: Int) {
    let scale = Double(old) / Double(new)
    let support = max(scale, 1)
    for index in 0..<new {
      let center = (Double(index) + 0.5) * scale
      let first = max(0, Int((center - support + 0.5).rounded(.down)))
      let last = min(old, Int((center + support + 0.5).rounded(.down)))
      let triangle = (first..<last).map { max(0, 1 - abs((Double($0) + 0.5 - center) / support)) }
      let sum = triangle.reduce(0, +)
      starts.append(first)
      weights.append(triangle.map { Float($0 / sum) })
    }
  }
}
