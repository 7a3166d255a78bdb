@_exported import Graphs

/// The gradient of a scalar with respect to tensors of the same graph, in reverse mode.
///
/// The result is recorded in the same graph, so it can be differentiated again: derivatives of any order are the same
/// call. A tensor that the scalar does not depend on has the gradient zero.
///
/// - Parameters:
///   - output: one element, of a floating type.
///   - inputs: tensors of floating types. Where one depends on another, each gets its total derivative.
public func gradients(
  of output: Tensor, withRespectTo inputs: [Tensor], file: String = #fileID, line: Int = #line
) -> [Tensor] {
  guard output.count == 1, output.elementType.isFloatingPoint else {
    let poison = output.at(file, line).graph.fail("gradients", [output], "only a floating scalar has a gradient")
    return inputs.map { _ in poison }
  }
  return pullback(of: [output], cotangents: [output.filled(with: 1)], to: inputs, file: file, line: line)
}

/// The vector-Jacobian product: sum over the outputs of cotangent times derivative, for each input.
///
/// - Parameters:
///   - outputs: tensors of floating types.
///   - cotangents: one for each output, of its shape and type; nil stands for zero.
public func pullback(
  of outputs: [Tensor], cotangents: [Tensor?], to inputs: [Tensor], file: String = #fileID, line: Int = #line
) -> [Tensor] {
  precondition(outputs.count == cotangents.count, "one cotangent for each output")
  for (output, cotangent) in zip(outputs, cotangents) {
    guard let cotangent, cotangent.type != output.type, !output.isPoisoned else { continue }
    let poison = output.at(file, line).graph.fail("pullback", [output, cotangent], "the cotangent's type differs")
    return inputs.map { _ in poison }
  }
  let results = ReverseSweep(to: inputs, stopping: false).run(outputs, cotangents)
  return zip(inputs, results).map { $1 ?? $0.filled(with: 0) }
}

/// The derivative of tensors along a direction (a Jacobian-vector product), by differentiating a pullback.
///
/// - Parameters:
///   - inputs: where the outputs are differentiated.
///   - directions: one for each input, of its shape and type.
public func pushforward(
  of outputs: [Tensor], from inputs: [Tensor], along directions: [Tensor], file: String = #fileID, line: Int = #line
) -> [Tensor] {
  guard let graph = outputs.first?.graph else { return [] }
  // The pullback is linear in its cotangents; its transpose is the derivative. The point where a linear map is
  // differentiated does not matter, but it must be a value of its own: a random one is never folded away.
  let key = graph.constant(NDArray([Int32(0x70), Int32(0x75)]))
  let seeds = outputs.enumerated().map { index, output in
    Tensor.random(.uniform, [output.count + index], key: key, output.elementType)
      .slice(0..<output.count, axis: 0).reshaped(to: output.shape)
  }
  let pulled = pullback(of: outputs, cotangents: seeds, to: inputs, file: file, line: line)
  return pullback(of: pulled, cotangents: directions, to: seeds, file: file, line: line)
}
