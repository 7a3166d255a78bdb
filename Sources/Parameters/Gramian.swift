/// The inner products of several losses' gradients, [S, S] in float64, without the gradients themselves in memory: each
/// parameter's are multiplied as soon as they are there, and forgotten.
public func gramian(
  of losses: [Tensor], withRespectTo parameters: Parameters, file: String = #fileID, line: Int = #line
) -> Tensor {
  precondition(!losses.isEmpty, "products of gradients need losses")
  let count = losses.count
  let graph = losses[0].graph
  let zero = graph.fill(0, TensorType(.scalar, .float64))
  var products = [Tensor](repeating: zero, count: count * count)
  forEachGradient(of: losses, withRespectTo: parameters.tree.leaves, file: file, line: line) { _, gradients in
    for i in 0..<count {
      for j in i..<count {
        products[i * count + j] = products[i * count + j] + (gradients[i] * gradients[j]).sum().cast(to: .float64)
      }
    }
  }
  for i in 0..<count { for j in 0..<i { products[i * count + j] = products[j * count + i] } }
  return stack(products).reshaped(to: [count, count])
}
