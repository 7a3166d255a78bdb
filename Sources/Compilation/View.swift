import Graphs

/// How a value lies in memory: strides, in elements, over a buffer. Transposes, slices and broadcasts cost nothing.
struct View {
  var buffer: Int
  var offset: Int
  var shape: Shape
  var strides: [Int]
  var elementType: ElementType

  static func dense(_ buffer: Int, _ type: TensorType) -> View {
    View(
      buffer: buffer, offset: 0, shape: type.shape, strides: type.shape.denseStrides, elementType: type.elementType)
  }

  /// Whether elements follow one another in row-major order from the buffer's start on.
  var isDense: Bool { offset == 0 && isContiguous }

  /// Whether elements follow one another in row-major order.
  var isContiguous: Bool {
    var expected = 1
    for axis in stride(from: shape.rank - 1, through: 0, by: -1) where shape[axis] != 1 {
      if strides[axis] != expected { return false }
      expected *= shape[axis]
    }
    return true
  }

  func broadcast(to target: Shape) -> View {
    var result = self
    let lead = target.rank - shape.rank
    result.shape = target
    result.strides = (0..<target.rank).map { axis in
      axis < lead || (shape[axis - lead] == 1 && target[axis] != 1) ? 0 : strides[axis - lead]
    }
    return result
  }

  func transposed(_ order: [Int]) -> View {
    var result = self
    result.shape = Shape(order.map { shape[$0] })
    result.strides = order.map { strides[$0] }
    return result
  }

  func sliced(_ starts: [Int], _ steps: [Int], _ extents: Shape) -> View {
    var result = self
    result.shape = extents
    for axis in 0..<shape.rank {
      result.offset += extents[axis] == 0 ? 0 : starts[axis] * strides[axis]
      result.strides[axis] = strides[axis] * steps[axis]
    }
    return result
  }

  func reversed(_ axes: [Int]) -> View {
    var result = self
    for axis in axes {
      result.offset += Swift.max(shape[axis] - 1, 0) * strides[axis]
      result.strides[axis] = -strides[axis]
    }
    return result
  }

  /// The same elements in row-major order under another shape, where strides can express that, or nil.
  func reshaped(to target: Shape) -> View? {
    if target.count == 0 {
      return View(buffer: buffer, offset: 0, shape: target, strides: target.denseStrides, elementType: elementType)
    }
    // Runs of axes that lie evenly in memory, each to be cut into target axes.
    let kept = (0..<shape.rank).filter { shape[$0] != 1 }
    var runs: [(count: Int, stride: Int)] = []
    for axis in kept {
      if let last = runs.last, last.stride == strides[axis] * shape[axis] {
        runs[runs.count - 1] = (last.count * shape[axis], strides[axis])
      } else {
        runs.append((shape[axis], strides[axis]))
      }
    }
    var result = [Int](repeating: 0, count: target.rank)
    var axis = target.rank - 1
    for run in runs.reversed() {
      var remaining = run.count
      var stride = run.stride
      while remaining > 1 {
        while axis >= 0 && target[axis] == 1 { axis -= 1 }
        guard axis >= 0, remaining % target[axis] == 0 else { return nil }
        result[axis] = stride
        stride *= target[axis]
        remaining /= target[axis]
        axis -= 1
      }
    }
    return View(buffer: buffer, offset: offset, shape: target, strides: result, elementType: elementType)
  }
}
