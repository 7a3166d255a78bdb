import Differentiation
import Foundation

/// Evaluates a graph by plain loops over indices in Double: the oracle for the compiled engine, independent of every
/// kernel.
public struct ReferenceEvaluator {
  /// A dense array of Doubles; int32 and bool are whole numbers.
  struct Plain {
    var shape: Shape
    var values: [Double]

    /// Whole numbers of 32 bits: sums beyond them wrap round.
    var wrapped: Plain { Plain(shape: shape, values: values.map { Double(Int32(truncatingIfNeeded: Int($0))) }) }
  }

  /// Traces a function on arrays and evaluates its results.
  ///
  /// - Throws: `ShapeError`, the first operation whose operands do not fit.
  public static func run(_ inputs: [NDArray], _ function: TracedFunction) throws -> [NDArray] {
    let graph = Graph()
    let outputs = try function(graph, inputs.map { graph.input(TensorType(of: $0)) })
    if let failure = graph.failure { throw failure }
    return evaluate(outputs, inputs: inputs)
  }

  /// The outputs' values for arrays in the order of the graph's inputs.
  public static func evaluate(_ outputs: [Tensor], inputs: [NDArray]) -> [NDArray] {
    zip(outputs, evaluatePlain(outputs, inputs: inputs)).map { output, result in
      NDArray(result.values, shape: output.shape).converted(to: output.elementType)
    }
  }

  private static func evaluatePlain(_ outputs: [Tensor], inputs: [NDArray]) -> [Plain] {
    guard let graph = outputs.first?.graph else { return [] }
    var needed = Set(outputs.map(\.value.node))
    for index in graph.nodes.indices.reversed() where needed.contains(index) {
      needed.formUnion(graph.nodes[index].inputs.map(\.node))
    }
    var known: [Value: Plain] = [:]
    for index in needed.sorted() {
      let node = graph.nodes[index]
      let arguments = node.inputs.map { known[$0]! }
      let results = evaluate(node, arguments, graph, inputs)
      for (position, result) in results.enumerated() {
        precondition(result.values.count == node.outputs[position].shape.count, "\(node.operation)")
        let isWhole = node.outputs[position].elementType == .int32
        known[Value(node: index, output: position)] = isWhole ? result.wrapped : result
      }
    }
    return outputs.map { known[$0.value]! }
  }

  private static func evaluate(_ node: Node, _ x: [Plain], _ graph: Graph, _ inputs: [NDArray]) -> [Plain] {
    let type = node.outputs[0]
    let shape = type.shape
    func each(_ value: ([Int]) -> Double) -> [Plain] { [Plain(shape: shape, values: indices(shape).map(value))] }
    switch node.operation {
    case .source(.input(let position)): return [Plain(shape: shape, values: inputs[position].doubles)]
    case .source(.constant(let position)): return [Plain(shape: shape, values: graph.constants[position].doubles)]
    case .source(.fill(let value)): return each { _ in value }
    case .source(.iota(let axis)): return each { Double($0[axis]) }
    case .random(let distribution): return [Plain(shape: shape, values: random(distribution, type, keys: x[0].values))]
    case .elementwise(let operation): return [elementwise(operation, x, type)]
    case .reduce(let kind, let axes): return [reduce(kind, axes, x[0], shape)]
    case .scan(let scan): return [self.scan(scan, x[0], shape)]
    case .rearrange(let rearrangement): return [rearrange(rearrangement, x[0], shape)]
    case .assemble(let assembly): return [assemble(assembly, x, shape)]
    case .index(let indexing): return [index(indexing, x, type)]
    case .matmul:
      let inner = x[0].shape[-1]
      return each { index in
        let batch = Array(index.dropLast(2))
        let (i, j) = (index[index.count - 2], index[index.count - 1])
        return (0..<inner).reduce(0) { $0 + x[0][batch + [i, $1]] * x[1][batch + [$1, j]] }
      }
    case .convolve(let convolution): return [self.convolution(convolution, x, shape)]
    case .pool(let pooling): return [pool(pooling, x[0], shape)]
    case .pass: return [x[0]]
    case .composite(let composite):
      let local = Graph()
      let arguments = zip(x, node.inputs).map { plain, value in
        local.input(graph.nodes[value.node].outputs[value.output])
      }
      let arrays = x.map { NDArray($0.values, shape: $0.shape) }
      return evaluatePlain(composite.decomposed(arguments), inputs: arrays)
    }
  }

  private static func elementwise(_ operation: Graphs.Operation.Elementwise, _ x: [Plain], _ type: TensorType) -> Plain
  {
    func pairs(_ value: (Double, Double) -> Double) -> Plain {
      Plain(shape: type.shape, values: zip(x[0].values, x[1].values).map(value))
    }
    switch operation {
    case .unary(let operation):
      let isProduct = operation == .square && type.elementType == .int32
      return Plain(
        shape: type.shape, values: x[0].values.map { isProduct ? integer(.multiply, $0, $0) : unary(operation, $0) })
    case .binary(let operation):
      let value = type.elementType == .int32 ? integer : binary
      return pairs { value(operation, $0, $1) }
    case .compare(let comparison): return pairs { compare(comparison, $0, $1) ? 1 : 0 }
    case .select:
      return Plain(shape: type.shape, values: x[0].values.indices.map { x[x[0].values[$0] != 0 ? 1 : 2].values[$0] })
    case .cast:
      let round: (Double) -> Double =
        type.elementType == .int32
        ? { $0.isNaN ? 0 : Swift.min(Swift.max($0.rounded(.towardZero), -0x1p31), 0x1p31 - 1) }
        : type.elementType == .bool ? { $0 != 0 ? 1 : 0 } : { $0 }
      return Plain(shape: type.shape, values: x[0].values.map(round))
    }
  }

  static func indices(_ shape: Shape) -> [[Int]] {
    shape.dimensions.reduce([[]]) { prefixes, extent in
      prefixes.flatMap { prefix in (0..<extent).map { prefix + [$0] } }
    }
  }

  private static func rearrange(_ rearrangement: Graphs.Operation.Rearrangement, _ x: Plain, _ shape: Shape) -> Plain {
    var result = Plain(shape: shape, values: [Double](repeating: 0, count: shape.count))
    switch rearrangement {
    case .reshape: result.values = x.values
    case .broadcast:
      let lead = shape.rank - x.shape.rank
      for index in indices(shape) {
        result[index] = x[(0..<x.shape.rank).map { x.shape[$0] == 1 ? 0 : index[$0 + lead] }]
      }
    case .transpose(let order):
      for index in indices(x.shape) { result[order.map { index[$0] }] = x[index] }
    case .slice(let starts, let strides):
      for index in indices(shape) { result[index] = x[index.indices.map { starts[$0] + index[$0] * strides[$0] }] }
    case .reverse(let axes):
      for index in indices(shape) {
        result[index] = x[index.indices.map { axes.contains($0) ? shape[$0] - 1 - index[$0] : index[$0] }]
      }
    }
    return result
  }

  private static func assemble(_ assembly: Graphs.Operation.Assembly, _ x: [Plain], _ shape: Shape) -> Plain {
    var result = Plain(shape: shape, values: [Double](repeating: 0, count: shape.count))
    switch assembly {
    case .pad(let low, _, let interior):
      for index in indices(x[0].shape) {
        result[index.indices.map { low[$0] + index[$0] * (interior[$0] + 1) }] = x[0][index]
      }
    case .concatenate(let axis):
      var start = 0
      for part in x {
        for index in indices(part.shape) {
          var target = index
          target[axis] += start
          result[target] = part[index]
        }
        start += part.shape[axis]
      }
    }
    return result
  }

  private static func reduce(_ kind: Reduction, _ axes: [Int], _ x: Plain, _ shape: Shape) -> Plain {
    let start: Double = kind == .sum ? 0 : kind == .maximum ? -.infinity : .infinity
    var result = Plain(shape: shape, values: [Double](repeating: start, count: shape.count))
    for index in indices(x.shape) {
      let kept = index.indices.filter { !axes.contains($0) }.map { index[$0] }
      let (a, b) = (result[kept], x[index])
      result[kept] = binary(kind == .sum ? .add : kind == .maximum ? .maximum : .minimum, a, b)
    }
    return result
  }

  private static func index(_ indexing: Graphs.Operation.Indexing, _ x: [Plain], _ type: TensorType) -> Plain {
    let shape = type.shape
    var result = Plain(shape: shape, values: [Double](repeating: 0, count: shape.count))
    // Outside of the axis there is nothing to read, and what is written there is dropped.
    let missing: Double = type.elementType.isFloatingPoint ? .nan : 0
    switch indexing {
    case .gather(let axis):
      for var index in indices(shape) {
        let target = index
        index[axis] = Int(x[1].values[index[axis]])
        result[target] = (0..<x[0].shape[axis]).contains(index[axis]) ? x[0][index] : missing
      }
    case .scatterAdd(let axis, let extent):
      for var index in indices(x[0].shape) {
        let value = x[0][index]
        index[axis] = Int(x[1].values[index[axis]])
        if (0..<extent).contains(index[axis]) { result[index] += value }
      }
    case .gatherElements(let axis):
      for index in indices(shape) {
        var source = index
        source[axis] = Int(x[1][index])
        result[index] = (0..<x[0].shape[axis]).contains(source[axis]) ? x[0][source] : missing
      }
    case .scatterAddElements(let axis, let extent):
      for index in indices(x[0].shape) {
        var target = index
        target[axis] = Int(x[1][index])
        if (0..<extent).contains(target[axis]) { result[target] += x[0][index] }
      }
    }
    return result
  }

  private static func scan(_ scan: Graphs.Operation.Scan, _ x: Plain, _ shape: Shape) -> Plain {
    var result = Plain(shape: shape, values: [Double](repeating: 0, count: shape.count))
    switch scan {
    case .argument(let axis, let largest):
      for index in indices(shape) {
        let line = (0..<x.shape[axis]).map { position -> Double in
          var full = index
          full.insert(position, at: axis)
          return x[full]
        }
        // The first that is not a number counts as the most extreme.
        let extreme = largest ? line.max()! : line.min()!
        result[index] = Double(line.firstIndex { $0.isNaN } ?? line.firstIndex(of: extreme)!)
      }
    case .argumentSort(let descending):
      let extent = shape[-1]
      for row in 0..<(shape.count / Swift.max(extent, 1)) {
        let line = Array(x.values[row * extent..<(row + 1) * extent])
        // What is not a number stands last in either order.
        let numbers = line.indices.filter { !line[$0].isNaN }.sorted {
          line[$0] == line[$1] ? $0 < $1 : descending ? line[$0] > line[$1] : line[$0] < line[$1]
        }
        let order = numbers + line.indices.filter { line[$0].isNaN }
        for (position, source) in order.enumerated() { result.values[row * extent + position] = Double(source) }
      }
    case .cumulativeSum(let axis, let reverse):
      for index in indices(shape) {
        let range = reverse ? index[axis]..<shape[axis] : 0..<index[axis] + 1
        result[index] = range.reduce(0) { total, position in
          var source = index
          source[axis] = position
          return total + x[source]
        }
      }
    }
    return result
  }
}

extension ReferenceEvaluator.Plain {
  private func offset(_ index: [Int]) -> Int { zip(index, shape.dimensions).reduce(0) { $0 * $1.1 + $1.0 } }

  subscript(index: [Int]) -> Double {
    get { values[offset(index)] }
    set { values[offset(index)] = newValue }
  }
}
