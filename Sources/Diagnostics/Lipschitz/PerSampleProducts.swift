import Compilation
import Parameters

/// A place where a weight meets its input: y = x w, or y = x * w.
struct WeightUse {
  enum Kind {
    case product
    case convolution(Window)
  }
  var kind: Kind
  var input: Tensor
  var output: Tensor
}

extension Tensor {
  /// Where this weight is used so far in its graph.
  ///
  /// - Throws: `LipschitzError` where it is used in another way than as the right operand of a product or a convolution.
  func weightUses(_ path: String) throws -> [WeightUse] {
    var uses: [WeightUse] = []
    for (index, node) in graph.nodes.enumerated() where node.inputs.contains(value) {
      let output = graph.tensor(Value(node: index))
      guard node.inputs.count == 2, node.inputs[1] == value, node.inputs[0] != value else {
        throw LipschitzError("\(path) is not used as the weight of a product or convolution")
      }
      let input = graph.tensor(node.inputs[0])
      switch node.operation {
      case .matmul where rank == 2: uses.append(WeightUse(kind: .product, input: input, output: output))
      case .convolve(.forward(let window)) where window.groups == 1:
        uses.append(WeightUse(kind: .convolution(window), input: input, output: output))
      default: throw LipschitzError("\(path) is used in another way than as the weight of a product or convolution")
      }
    }
    guard !uses.isEmpty else { throw LipschitzError("the loss does not depend on \(path)") }
    return uses
  }
}

extension WeightUse {
  /// G_i v and G_iᵀ u of each sample i's gradient G_i by this use, without building G_i: with inputs a and output
  /// gradients δ at the places t of a sample, G_i = Σ_t a_t δ_tᵀ.
  ///
  /// - Parameters:
  ///   - delta: the gradient of the summed loss with respect to the output.
  ///   - left: u [m]; right: v [n], of the weight as a matrix [m, n].
  ///   - count: samples; rows of a product belong to samples in order, equally many to each.
  func products(_ delta: Tensor, left: Tensor, right: Tensor, count: Int) -> (right: Tensor, left: Tensor) {
    let (m, n) = (left.count, right.count)
    let places = delta.count / (count * n)
    let deltas = delta.reshaped(to: [count, places, n])
    let (onRight, onLeft) = (along(right, delta, count, places), along(left, count, places))
    switch kind {
    case .product:
      let inputs = input.reshaped(to: [count, places, m])
      if places == 1 {
        return (
          inputs.reshaped(to: [count, m]) * onRight.reshaped(to: [count, 1]),
          deltas.reshaped(to: [count, n]) * onLeft.reshaped(to: [count, 1])
        )
      }
      return (
        onRight.matmul(inputs).reshaped(to: [count, m]), onLeft.matmul(deltas).reshaped(to: [count, n])
      )
    case .convolution(let window):
      let channels = input.shape[3]
      let taps = patches(window).map { onRight.matmul($0.reshaped(to: [count, places, channels])) }
      return (
        concatenate(taps, axis: 2).reshaped(to: [count, m]), onLeft.matmul(deltas).reshaped(to: [count, n])
      )
    }
  }

  /// uᵀ G_i v of each sample's gradient by this use, [count]: Σ_t <a_t, u> <δ_t, v>. Neither G_i v nor G_iᵀ u is built.
  func projections(_ delta: Tensor, left: Tensor, right: Tensor, count: Int) -> Tensor {
    let places = delta.count / (count * right.count)
    return (along(right, delta, count, places) * along(left, count, places)).reshaped(to: [count, places])
      .sum([1])
  }

  /// <δ_t, v> at each place, [count, 1, places].
  private func along(_ right: Tensor, _ delta: Tensor, _ count: Int, _ places: Int) -> Tensor {
    delta.reshaped(to: [count * places, right.count]).matmul(right.reshaped(to: [right.count, 1]))
      .reshaped(to: [count, 1, places])
  }

  /// <a_t, u> at each place, [count, 1, places].
  private func along(_ left: Tensor, _ count: Int, _ places: Int) -> Tensor {
    switch kind {
    case .product:
      return input.reshaped(to: [count * places, left.count]).matmul(left.reshaped(to: [left.count, 1]))
        .reshaped(to: [count, 1, places])
    case .convolution(let window):
      let filter = left.reshaped(to: [window.size[0], window.size[1], input.shape[3], 1])
      return input.convolved(with: filter, window).reshaped(to: [count, 1, places])
    }
  }

  /// What each element of the window sees: [count, height', width', channels], in the order of the weight's rows.
  private func patches(_ window: Window) -> [Tensor] {
    let padded = input.padded(
      low: [0, window.paddingLow[0], window.paddingLow[1], 0],
      high: [0, window.paddingHigh[0], window.paddingHigh[1], 0])
    let (height, width) = (output.shape[1], output.shape[2])
    return (0..<window.size[0]).flatMap { y in
      (0..<window.size[1]).map { x in
        let (top, start) = (y * window.dilations[0], x * window.dilations[1])
        return padded.sliced(
          from: [0, top, start, 0],
          to: [
            input.shape[0], top + (height - 1) * window.strides[0] + 1, start + (width - 1) * window.strides[1] + 1,
            input.shape[3],
          ], strides: [1, window.strides[0], window.strides[1], 1])
      }
    }
  }
}
