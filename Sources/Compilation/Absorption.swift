import Graphs

/// Element-wise operations that a matrix product does on the way: adding to a program's own argument (a velocity that
/// takes up a gradient) or to another product (a layer and its low-rank change), moving another argument by a multiple of
/// that sum (the parameter that follows the velocity), and adding a bias. Rows that are scattered onto a product are added
/// where it lies.
struct Absorption {
  /// What a product computes besides a b.
  enum Extra {
    /// scale * value + a b; the value has the result's shape and lies in an argument, or was written by a product.
    case accumulate(Value, scale: Double)
    /// a b + bias; the bias has one element for each column.
    case bias(Value)
  }

  struct Product {
    var matmul: Int
    var extra: Extra
    var follower: Follower?
  }

  /// argument + factor * (what the product accumulates). Each element is at hand when its sum is, and need not be read again.
  struct Follower {
    /// The node that is this sum.
    var sum: Int
    var argument: Value
    var factor: Factor
    /// The multiple, which nobody else reads.
    var multiple: Int
  }

  enum Factor {
    case number(Double)
    /// A value of one element.
    case value(Value)
  }

  /// Rows added at positions to what a product has just written, and nobody else reads.
  struct Scatter {
    var onto: Value
    var scatterAdd: Int
  }

  /// By the node whose value the call writes.
  private(set) var products: [Int: Product] = [:]
  /// By the sum.
  private(set) var scatters: [Int: Scatter] = [:]
  /// Nodes that are computed inside of such a call.
  private(set) var absorbed: Set<Int> = []

  /// Smaller sums cost nothing beside the rest of their cluster.
  static let smallestAccumulation = 16384
  /// In a deep product the sum is a small part, and the library adds to it in more than one pass (measured: 128 x 2048 x
  /// 512 takes 1.0 ms alone and 1.1 ms accumulated).
  static let deepestAccumulation = 1024

  private let graph: Graph
  private var readers: [[Int]]
  private let takesFollowers: Bool

  /// - Parameter takesFollowers: whether large products are ours, which can move an argument on the way.
  init(of graph: Graph, live: [Bool], outputs: [Value], takesFollowers: Bool) {
    self.graph = graph
    self.takesFollowers = takesFollowers
    readers = Array(repeating: [], count: graph.nodes.count)
    for index in graph.nodes.indices where live[index] {
      for input in graph.nodes[index].inputs { readers[input.node].append(index) }
    }
    // A result has a reader outside.
    for output in outputs { readers[output.node].append(-1) }
    for index in graph.nodes.indices where live[index] { consider(index) }
  }

  private mutating func consider(_ index: Int) {
    let node = graph.nodes[index]
    if let (product, follower) = follower(index) {
      products[product]!.follower = follower
      return
    }
    guard case .elementwise(.binary(.add)) = node.operation, node.outputs[0].elementType == .float32 else { return }
    for (other, sum) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      if case .index(.scatterAdd) = graph.nodes[sum.node].operation, readers[sum.node].count == 1,
        readers[other.node].count == 1, products[other.node] != nil
      {
        scatters[index] = Scatter(onto: other, scatterAdd: sum.node)
        absorbed.insert(sum.node)
        return
      }
      guard let (matmul, chain) = product(behind: sum) else { continue }
      if let (value, scale, scaling) = scaledArgument(other), node.outputs[0].shape.count >= Self.smallestAccumulation,
        type(of: graph.nodes[matmul].inputs[0]).shape[-1] <= Self.deepestAccumulation
      {
        products[index] = Product(matmul: matmul, extra: .accumulate(value, scale: scale))
        absorbed.formUnion(chain + scaling)
        return
      }
      if let bias = bias(other, columns: node.outputs[0].shape[-1]) {
        products[index] = Product(matmul: matmul, extra: .bias(bias))
        absorbed.formUnion(chain)
        return
      }
    }
    if let (matmul, chain, other) = productsOfASum(node), node.outputs[0].shape.count >= Self.smallestAccumulation {
      products[index] = Product(matmul: matmul, extra: .accumulate(other, scale: 1))
      absorbed.formUnion(chain)
    }
  }

  /// The flatter of two products, which is added where the other lies that nobody else reads.
  private func productsOfASum(_ sum: Node) -> (matmul: Int, chain: [Int], other: Value)? {
    let pairs = [(sum.inputs[0], sum.inputs[1]), (sum.inputs[1], sum.inputs[0])]
    return pairs.compactMap { other, value -> (matmul: Int, chain: [Int], other: Value, steps: Int)? in
      guard other.node != value.node, let (matmul, chain) = product(behind: value), isWrittenByAProduct(other) else {
        return nil
      }
      let steps = type(of: graph.nodes[matmul].inputs[0]).shape[-1]
      return steps <= Self.deepestAccumulation ? (matmul, chain, other, steps) : nil
    }.min { $0.steps < $1.steps }.map { ($0.matmul, $0.chain, $0.other) }
  }

  /// Whether a product's call writes a value, perhaps with leading axes split, that nobody else reads.
  private func isWrittenByAProduct(_ value: Value) -> Bool {
    products[value.node].map { $0.follower == nil && readers[value.node].count == 1 } ?? (product(behind: value) != nil)
  }

  /// The product that a value is, perhaps with leading axes split, where nobody else reads it.
  private func product(behind value: Value) -> (matmul: Int, chain: [Int])? {
    var chain: [Int] = []
    var current = value.node
    let columns = graph.nodes[current].outputs[0].shape
    while readers[current].count == 1 {
      let node = graph.nodes[current]
      chain.append(current)
      switch node.operation {
      case .matmul where node.outputs[0].shape.rank == 2 && node.outputs[0].shape.count > 0:
        return type(of: node.inputs[0]).shape[-1] > 0 ? (current, chain) : nil
      case .rearrange(.reshape) where type(of: node.inputs[0]).shape.dimensions.last == columns.dimensions.last:
        current = node.inputs[0].node
      default: return nil
      }
    }
    return nil
  }

  /// An argument of the program, or a multiple of one that nobody else reads.
  private func scaledArgument(_ value: Value) -> (Value, scale: Double, nodes: [Int])? {
    let node = graph.nodes[value.node]
    if case .source(.input) = node.operation { return (value, 1, []) }
    guard case .elementwise(.binary(.multiply)) = node.operation, readers[value.node].count == 1 else { return nil }
    for (factor, argument) in [(node.inputs[0], node.inputs[1]), (node.inputs[1], node.inputs[0])] {
      // A factor that vanishes in float32 would drop the addend, NaN included.
      guard case .source(.fill(let scale)) = graph.nodes[factor.node].operation, Float(scale) != 0, scale.isFinite,
        case .source(.input) = graph.nodes[argument.node].operation
      else { continue }
      return (argument, scale, [value.node])
    }
    return nil
  }

  /// An argument of the program plus or minus a multiple, read by nobody else, of what a product accumulates.
  private func follower(_ sum: Int) -> (product: Int, Follower)? {
    let node = graph.nodes[sum]
    guard takesFollowers, case .elementwise(.binary(let operation)) = node.operation else { return nil }
    // Nothing but a known number changes its sign for nothing.
    let isDifference = operation == .subtract
    guard isDifference || operation == .add else { return nil }
    let pairs = [(node.inputs[0], node.inputs[1])] + (isDifference ? [] : [(node.inputs[1], node.inputs[0])])
    for (argument, multiple) in pairs {
      guard case .source(.input) = graph.nodes[argument.node].operation, readers[multiple.node].count == 1,
        case .elementwise(.binary(.multiply)) = graph.nodes[multiple.node].operation
      else { continue }
      let inputs = graph.nodes[multiple.node].inputs
      for (value, velocity) in [(inputs[0], inputs[1]), (inputs[1], inputs[0])] {
        guard let product = products[velocity.node], product.follower == nil, isLarge(product, velocity),
          case .accumulate(let addend, _) = product.extra, addend != argument,
          let factor = factor(value, isNegative: isDifference), isReady(factor, before: product.matmul),
          isFree(argument, for: sum, of: product, velocity)
        else { continue }
        return (velocity.node, Follower(sum: sum, argument: argument, factor: factor, multiple: multiple.node))
      }
    }
    return nil
  }

  /// Whether only little was recorded after a product that its follower's factor is made of: else the product would wait for it,
  /// and keep what it is made of.
  private func isReady(_ factor: Factor, before matmul: Int) -> Bool {
    guard case .value(let value) = factor else { return true }
    var late: Set<Int> = []
    var pending = [value.node]
    while let node = pending.popLast() {
      guard node >= matmul, late.insert(node).inserted else { continue }
      let isSmall = graph.nodes[node].outputs.allSatisfy { $0.shape.count == 1 }
      guard isSmall, late.count <= Self.longestFactor else { return false }
      pending += graph.nodes[node].inputs.map(\.node)
    }
    return true
  }

  /// Most operations of a factor that were recorded after the product.
  private static let longestFactor = 64

  /// Whether the sum can take the place of an argument: neither the product nor anything after the velocity reads it.
  private func isFree(_ argument: Value, for sum: Int, of product: Product, _ velocity: Value) -> Bool {
    readers[argument.node].allSatisfy { $0 == sum || $0 < velocity.node }
      && graph.nodes[product.matmul].inputs.allSatisfy { input in
        var node = input.node
        while case .view = graph.nodes[node].role, let next = graph.nodes[node].inputs.first { node = next.node }
        return node != argument.node
      }
  }

  /// Whether a product is one of those that are cut into blocks.
  private func isLarge(_ product: Product, _ result: Value) -> Bool {
    let shape = type(of: result).shape
    let terms = type(of: graph.nodes[product.matmul].inputs[0]).shape[-1]
    return shape.rank == 2 && shape[0] > 1 && shape[1] > 1
      && 2 * Double(shape.count) * Double(terms) >= Lowering.smallestLibraryProduct
  }

  /// The number, or the value of one element, that a value repeats.
  private func factor(_ value: Value, isNegative: Bool) -> Factor? {
    let node = graph.nodes[value.node]
    switch node.operation {
    case .source(.fill(let number)): return .number(isNegative ? -number : number)
    case .rearrange(.broadcast) where !isNegative && type(of: node.inputs[0]).shape.count == 1:
      return .value(node.inputs[0])
    default: return nil
    }
  }

  /// A vector that is repeated along all axes but the last.
  private func bias(_ value: Value, columns: Int) -> Value? {
    let node = graph.nodes[value.node]
    guard case .rearrange(.broadcast) = node.operation, type(of: node.inputs[0]).shape == [columns] else { return nil }
    return node.inputs[0]
  }

  private func type(of value: Value) -> TensorType { graph.nodes[value.node].outputs[value.output] }
}
