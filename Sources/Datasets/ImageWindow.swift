/// A window of an image's own size, somewhere over it: what lies beyond the image is black before it is scaled.
package struct ImageWindow {
  let height: Int
  let width: Int
  /// How far the window is moved, in pixels.
  package var down = 0
  package var right = 0
  /// Whether left and right are exchanged, after the window was cut out.
  package var isMirrored = false

  private let channels: Int
  /// Of each number of a row of pixels, so that a row is one loop whatever its channels.
  private let offset: [Float]
  private let factor: [Float]
  private let black: [Float]
  private var mirrored: [UInt8]

  /// - Parameters:
  ///   - offset: what is added to each channel's numbers.
  ///   - factor: what its bytes are multiplied by before.
  package init(height: Int, width: Int, offset: [Float], factor: [Float]) {
    (self.height, self.width, channels) = (height, width, offset.count)
    self.offset = (0..<width).flatMap { _ in offset }
    self.factor = (0..<width).flatMap { _ in factor }
    black = zip(self.factor, self.offset).map { 0 * $0 + $1 }
    mirrored = [UInt8](repeating: 0, count: width * offset.count)
  }

  /// - Parameters:
  ///   - image: [height, width, channels] bytes.
  ///   - target: as many numbers, byte * factor + offset.
  package mutating func read(_ image: UnsafePointer<UInt8>, into target: UnsafeMutablePointer<Float>) {
    let count = width * channels
    // A mirrored row is moved the other way.
    let shift = isMirrored ? -right : right
    let first = min(max(0, -shift), width)
    let columns = first * channels..<max(first, min(width, width - shift)) * channels
    for y in 0..<height {
      let row = target + y * count
      guard 0..<height ~= y + down else {
        blacken(0..<count, row)
        continue
      }
      let source = image + (y + down) * count
      blacken(0..<columns.lowerBound, row)
      if isMirrored {
        mirror(source)
        mirrored.withUnsafeBufferPointer { scale($0.baseAddress! + shift * channels, columns, row) }
      } else {
        scale(source + shift * channels, columns, row)
      }
      blacken(columns.upperBound..<count, row)
    }
  }

  private func blacken(_ columns: Range<Int>, _ row: UnsafeMutablePointer<Float>) {
    black.withUnsafeBufferPointer { black in for i in columns { row[i] = black[i] } }
  }

  private func scale(_ bytes: UnsafePointer<UInt8>, _ columns: Range<Int>, _ row: UnsafeMutablePointer<Float>) {
    factor.withUnsafeBufferPointer { factor in
      offset.withUnsafeBufferPointer { offset in
        for i in columns { row[i] = Float(bytes[i]) * factor[i] + offset[i] }
      }
    }
  }

  private mutating func mirror(_ row: UnsafePointer<UInt8>) {
    mirrored.withUnsafeMutableBufferPointer { mirrored in
      for channel in 0..<channels {
        var (from, to) = ((width - 1) * channels + channel, channel)
        for _ in 0..<width {
          mirrored[to] = row[from]
          from -= channels
          to += channels
        }
      }
    }
  }
}
