import Graphs

extension DerivativeRule {
  /// Rearrangements are linear: each rule is the adjoint.
  func rearrange(_ rearrangement: Operation.Rearrangement, _ g: Tensor) -> Tensor {
    let x = input(0)
    switch rearrangement {
    case .reshape: return g.reshaped(to: x.shape)
    case .broadcast:
      let offset = g.rank - x.rank
      let repeated = (0..<g.rank).filter { $0 < offset || (x.shape[$0 - offset] == 1 && g.shape[$0] != 1) }
      return g.sum(repeated).reshaped(to: x.shape)
    case .transpose(let order):
      var inverse = order
      for (position, axis) in order.enumerated() { inverse[axis] = position }
      return g.transposed(inverse)
    case .slice(let starts, let strides):
      let high = (0..<x.rank).map { axis -> Int in
        let extent = g.shape[axis]
        let covered = starts[axis] + (extent == 0 ? 0 : (extent - 1) * strides[axis] + 1)
        return x.shape[axis] - covered
      }
      return g.padded(low: starts, high: high, interior: strides.map { $0 - 1 })
    case .reverse(let axes): return g.reversed(axes: axes)
    }
  }

  func assemble(_ assembly: Operation.Assembly, _ g: Tensor) -> [Tensor?] {
    switch assembly {
    case .pad(let low, let high, let interior):
      let ends = (0..<g.rank).map { g.shape[$0] - high[$0] }
      return [g.sliced(from: low, to: ends, strides: interior.map { $0 + 1 })]
    case .concatenate(let axis):
      var start = 0
      return node.inputs.indices.map { position in
        let extent = input(position).shape[axis]
        defer { start += extent }
        return g.slice(start..<start + extent, axis: axis)
      }
    }
  }

  /// Products are linear in each factor; the convolution triple is closed under differentiation.
  func convolve(_ convolution: Operation.Convolution, _ g: Tensor) -> [Tensor?] {
    switch convolution {
    case .forward(let window):
      return [dataGradient(window, g, input(1), input(0).shape), weightGradient(window, input(0), g, input(1).shape)]
    case .dataGradient(let window, _):
      let (upstream, weights) = (input(0), input(1))
      return [g.convolved(with: weights, window), weightGradient(window, g, upstream, weights.shape)]
    case .weightGradient(let window, _):
      let (source, upstream) = (input(0), input(1))
      return [dataGradient(window, upstream, g, source.shape), source.convolved(with: g, window)]
    }
  }

  func pool(_ pooling: Operation.Pooling, _ g: Tensor) -> Tensor? {
    switch pooling {
    case .argument: nil
    case .sum(let window):
      graph.record(.pool(.sumGradient(window, sourceShape: input(0).shape)), [g], input(0).type)
    case .sumGradient(let window, _): graph.record(.pool(.sum(window)), [g], input(0).type)
    }
  }

  private func dataGradient(_ window: Window, _ g: Tensor, _ weights: Tensor, _ shape: Shape) -> Tensor {
    graph.record(
      .convolve(.dataGradient(window, sourceShape: shape)), [g, weights], TensorType(shape, g.elementType))
  }

  private func weightGradient(_ window: Window, _ source: Tensor, _ g: Tensor, _ shape: Shape) -> Tensor {
    graph.record(
      .convolve(.weightGradient(window, weightShape: shape)), [source, g], TensorType(shape, g.elementType))
  }
}
