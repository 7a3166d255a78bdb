import Differentiation

/// A random function of a few arrays, the same for the same seed: element-wise chains, broadcasts, reductions,
/// rearrangements, products and indexing in any order, with several results, some of them gradients.
///
/// Comparisons and orders look only at rearranged arguments, so that rounding decides nothing, and values stay
/// moderate: what differs between two evaluations is wrong, not rounded.
public struct RandomFunction: Sendable {
  public let inputs: [NDArray]
  private let key: RandomKey
  private let steps: Int
  private let order: Int
  private let segment: Int?

  /// - Parameters:
  ///   - steps: operations to record; a smaller number gives the beginning of the same function.
  ///   - order: the results end with derivatives up to this order; nil lets the seed choose between none and first.
  ///   - segment: so many operations, one after the other, are recomputed together for derivatives; none when nil.
  ///   - scale: factor on the extents; from 20 on, kernels work in several tiles and threads.
  public init(
    seed: Int, steps: Int, scale: Int = 1, order: Int? = nil, segment: Int? = nil, elementType: ElementType
  ) {
    key = RandomKey(seed: seed)
    (self.steps, self.segment) = (steps, segment)
    self.order = order ?? RandomKey(seed: seed).split("order").integers(count: 1, below: 2)[0]
    let shapes: [Shape] = [
      [3, 4 * scale], [4 * scale], [3, 1], [2, 3, 4 * scale], [2, 4, 5 * scale, 3], [], [2, 2, 3, 4], [4, 4],
    ]
    inputs = shapes.enumerated().map { RandomKey(seed: seed).split("input").split($0).normal($1, elementType) }
  }

  /// Records the function.
  public func callAsFunction(_ graph: Graph, _ arguments: [Tensor]) -> [Tensor] {
    trace(graph, arguments).results
  }

  /// The names of the operations, in order.
  public var names: [String] {
    let graph = Graph()
    return trace(graph, inputs.map { graph.input(TensorType(of: $0)) }).names
  }

  private func trace(_ graph: Graph, _ arguments: [Tensor]) -> (results: [Tensor], names: [String]) {
    var pool = RandomPool(key.split("operations"), arguments)
    var names: [String] = []
    func grow(_ count: Int) { for _ in 0..<count { names.append(pool.grow()) } }
    if let segment {
      for first in stride(from: 0, to: steps, by: segment) {
        graph.recomputing { grow(min(segment, steps - first)) }
      }
    } else {
      grow(steps)
    }
    var dice = Dice(key.split("results"))
    var results = (0..<1 + dice.roll(4)).map { _ in pool.values[dice.roll(pool.values.count)].tensor }
    results.append(pool.values.last!.tensor)
    var loss = results.map { tanh($0).mean() }.reduce(arguments[0].scalar(0), +)
    for level in 0..<order {
      let derivatives = gradients(of: loss, withRespectTo: arguments)
      results += derivatives
      names.append("gradients of order \(level + 1)")
      loss = derivatives.map { tanh($0).mean() }.reduce(arguments[0].scalar(0), +)
    }
    return (results, names)
  }

  /// Arguments that give up their memory to results of their type, chosen at random.
  public func donations(_ outputs: [TensorType]) -> [Int: Int] {
    var dice = Dice(key.split("donations"))
    var result: [Int: Int] = [:]
    for (position, input) in inputs.enumerated() where dice.roll(4) > 0 {
      let fitting = outputs.indices.filter { outputs[$0] == TensorType(of: input) && !result.values.contains($0) }
      if !fitting.isEmpty { result[position] = fitting[dice.roll(fitting.count)] }
    }
    return result
  }
}

/// Whole numbers of a key, one after the other.
struct Dice {
  private let key: RandomKey
  private var count = 0

  init(_ key: RandomKey) { self.key = key }

  /// Uniform in `0..<sides`.
  mutating func roll(_ sides: Int) -> Int {
    count += 1
    return key.split(count).integers(count: 1, below: sides)[0]
  }

  mutating func pick<T>(_ items: [T]) -> T { items[roll(items.count)] }

  mutating func order(_ count: Int) -> [Int] {
    self.count += 1
    return key.split(self.count).permutation(count)
  }
}
