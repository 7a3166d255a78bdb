/// How a convolution or pooling window moves over an image.
public struct Window: Hashable, Sendable {
  /// Extent of the window: [height, width].
  public var size: [Int]
  /// Distance from one place of the window to the next: [height, width].
  public var strides: [Int]
  /// Distance between the window's elements; 1 is dense.
  public var dilations: [Int]
  /// Zeros added before: [top, left].
  public var paddingLow: [Int]
  /// Zeros added after: [bottom, right].
  public var paddingHigh: [Int]
  /// Channel groups of a convolution.
  public var groups: Int

  public init(
    size: [Int], strides: [Int] = [1, 1], dilations: [Int] = [1, 1], paddingLow: [Int] = [0, 0],
    paddingHigh: [Int] = [0, 0], groups: Int = 1
  ) {
    self.size = size
    self.strides = strides
    self.dilations = dilations
    self.paddingLow = paddingLow
    self.paddingHigh = paddingHigh
    self.groups = groups
  }

  /// Number of window positions along a spatial axis (0: height, 1: width) of the given extent.
  public func outputExtent(_ axis: Int, of extent: Int) -> Int {
    let span = (size[axis] - 1) * dilations[axis] + 1
    let room = extent + paddingLow[axis] + paddingHigh[axis] - span
    return room < 0 ? 0 : room / strides[axis] + 1
  }
}

/// Zeros around an image before a window moves over it.
public enum Padding: Hashable, Sendable {
  /// None: the window stays inside.
  case valid
  /// As many as make the output ceil(extent / stride), the odd one after the image.
  case same
  /// The same number on every side.
  case explicit(Int)

  func resolved(extent: Int, size: Int, stride: Int, dilation: Int) -> (low: Int, high: Int) {
    switch self {
    case .valid: return (0, 0)
    case .explicit(let amount): return (amount, amount)
    case .same:
      let span = (size - 1) * dilation + 1
      let total = max(((extent + stride - 1) / stride - 1) * stride + span - extent, 0)
      return (total / 2, total - total / 2)
    }
  }
}
