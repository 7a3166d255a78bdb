extension Tensor {
  /// The matrix product of the last two axes; earlier axes are a batch and broadcast. [..., m, k] x [..., k, n].
  public func matmul(_ other: Tensor, file: String = #fileID, line: Int = #line) -> Tensor {
    let (a, b) = (at(file, line), other)
    guard a.rank >= 2, b.rank >= 2, a.elementType == b.elementType, a.elementType.isFloatingPoint,
      a.shape[-1] == b.shape[-2],
      let batch = Shape(Array(a.shape.dimensions.dropLast(2))).broadcast(
        with: Shape(Array(b.shape.dimensions.dropLast(2))))
    else { return graph.fail("matmul", [a, b], "inner extents, batch axes or element types do not fit") }
    let (m, k, n) = (a.shape[-2], a.shape[-1], b.shape[-1])
    // A batch against one matrix is one larger product.
    if b.rank == 2, a.rank > 2 {
      let flat = a.reshaped(to: [batch.count * m, k], file: file, line: line)
      return flat.matmul(b, file: file, line: line).reshaped(
        to: Shape(batch.dimensions + [m, n]), file: file, line: line)
    }
    let left = a.broadcastIfNeeded(to: Shape(batch.dimensions + [m, k]))
    let right = b.broadcastIfNeeded(to: Shape(batch.dimensions + [k, n]))
    return graph.record(.matmul, [left, right], TensorType(Shape(batch.dimensions + [m, n]), a.elementType))
  }

  /// A 2-d convolution (cross-correlation, as in the field): NHWC images with HWIO weights.
  ///
  /// - Parameter weights: [height, width, channels / groups, features].
  /// - Returns: [batch, height', width', features].
  public func convolved(
    with weights: Tensor, strides: Int = 1, padding: Padding = .same, dilation: Int = 1, groups: Int = 1,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    guard at(file, line).rank == 4, weights.rank == 4, elementType == weights.elementType, elementType.isFloatingPoint,
      strides > 0, dilation > 0, groups > 0, shape[3] == weights.shape[2] * groups, weights.shape[3] % groups == 0
    else { return graph.fail("convolution", [self, weights], "needs NHWC images, HWIO weights and fitting channels") }
    let size = [weights.shape[0], weights.shape[1]]
    let vertical = padding.resolved(extent: shape[1], size: size[0], stride: strides, dilation: dilation)
    let horizontal = padding.resolved(extent: shape[2], size: size[1], stride: strides, dilation: dilation)
    let window = Window(
      size: size, strides: [strides, strides], dilations: [dilation, dilation],
      paddingLow: [vertical.low, horizontal.low], paddingHigh: [vertical.high, horizontal.high], groups: groups)
    return convolved(with: weights, window)
  }

  package func convolved(with weights: Tensor, _ window: Window) -> Tensor {
    let height = window.outputExtent(0, of: shape[1])
    let width = window.outputExtent(1, of: shape[2])
    guard height > 0, width > 0 else {
      return graph.fail("convolution", [self, weights], "the window is larger than the padded image")
    }
    return graph.record(
      .convolve(.forward(window)), [self, weights],
      TensorType([shape[0], height, width, weights.shape[3]], elementType))
  }

  private func window(_ name: String, _ size: Int, _ stride: Int?, _ padding: Padding) -> Window? {
    let step = stride ?? size
    guard rank == 4, size > 0, step > 0 else { return nil }
    let vertical = padding.resolved(extent: shape[1], size: size, stride: step, dilation: 1)
    let horizontal = padding.resolved(extent: shape[2], size: size, stride: step, dilation: 1)
    let window = Window(
      size: [size, size], strides: [step, step], paddingLow: [vertical.low, horizontal.low],
      paddingHigh: [vertical.high, horizontal.high])
    return window.outputExtent(0, of: shape[1]) > 0 && window.outputExtent(1, of: shape[2]) > 0 ? window : nil
  }

  /// The largest element under each window of an NHWC image; the first of equals gets the derivative.
  public func maxPooled(
    size: Int, stride: Int? = nil, padding: Padding = .valid, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    guard let window = at(file, line).window("maxPool", size, stride, padding) else {
      return graph.fail("maxPool", [self], "needs NHWC images no smaller than the window")
    }
    guard shape[1] > 0, shape[2] > 0, (window.paddingLow + window.paddingHigh).allSatisfy({ $0 < size }) else {
      return graph.fail(
        "maxPool", [self], "needs padding smaller than the window, or some windows have no largest element")
    }
    let (height, width) = (window.outputExtent(0, of: shape[1]), window.outputExtent(1, of: shape[2]))
    let (n, c) = (shape[0], shape[3])
    let indices = graph.record(.pool(.argument(window)), [self], TensorType([n, height * width, c], .int32))
    return reshaped(to: [n, shape[1] * shape[2], c], file: file, line: line)
      .gatheringElements(indices, axis: 1, file: file, line: line)
      .reshaped(to: [n, height, width, c], file: file, line: line)
  }

  /// The mean under each window of an NHWC image; padding counts as zeros.
  public func averagePooled(
    size: Int, stride: Int? = nil, padding: Padding = .valid, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    guard let window = at(file, line).window("averagePool", size, stride, padding) else {
      return graph.fail("averagePool", [self], "needs NHWC images no smaller than the window")
    }
    let output = Shape([shape[0], window.outputExtent(0, of: shape[1]), window.outputExtent(1, of: shape[2]), shape[3]])
    return graph.record(.pool(.sum(window)), [self], TensorType(output, elementType)) * (1 / Double(size * size))
  }
}
