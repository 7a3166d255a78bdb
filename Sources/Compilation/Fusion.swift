import Graphs

/// Which element-wise operations and reductions run together in one kernel.
///
/// A cluster holds element-wise nodes of one shape and reductions over one set of axes of that shape. A node joins the
/// cluster of what it reads when no path leads out of the cluster and back to the node.
struct Fusion {
  /// Nodes of each cluster in topological order; a node that is no part of one stands alone.
  private(set) var clusters: [Int: [Int]] = [:]
  /// The unit (named by its first node) that computes each node; views have none.
  private(set) var unit: [Int]

  private let graph: Graph
  /// Keeps clusters from waiting for one another.
  private var order: UnitOrder
  private var shapes: [Int: Shape] = [:]
  private var reducedAxes: [Int: [Int]] = [:]
  private var lastNode: [Int: Int] = [:]
  private var readers: [Value: [Int]] = [:]
  /// Products that compute what follows them, too, and what they wait for because of it.
  private(set) var followed: [Int: Set<Int>] = [:]

  /// Most nodes of one cluster.
  static let largestCluster = 64
  private let largest: Int

  init(of graph: Graph, live: [Bool], _ absorption: Absorption, largest: Int = Self.largestCluster) {
    self.graph = graph
    self.largest = largest
    unit = [Int](repeating: -1, count: graph.nodes.count)
    order = UnitOrder(count: graph.nodes.count)
    let followers = Dictionary(
      uniqueKeysWithValues: absorption.products.compactMap { unit, product in
        product.follower.map { ($0.sum, (product: unit, multiple: $0.multiple)) }
      })
    let multiples = Set(followers.values.map(\.multiple))
    for index in graph.nodes.indices
    where live[index] && !absorption.absorbed.contains(index) && !multiples.contains(index) {
      if absorption.products[index] != nil || absorption.scatters[index] != nil {
        open(index)
        continue
      }
      if let (product, multiple) = followers[index] {
        if follow(index, product) { continue }
        place(multiple, shape: graph.nodes[multiple].outputs[0].shape, axes: nil)
      }
      switch graph.nodes[index].role {
      case .view: break
      case .elementwise: place(index, shape: graph.nodes[index].outputs[0].shape, axes: nil)
      case .reduction(_, let axes):
        let source = graph.nodes[index].inputs[0]
        place(index, shape: graph.nodes[source.node].outputs[source.output].shape, axes: axes)
      case .kernel: open(index)
      }
    }
  }

  /// Units in an order in which each follows what it reads.
  ///
  /// Of the units that could run, the one recorded first comes first: values die soon after they are made. An update that
  /// takes the place of an argument comes as soon as all that reads the argument has: what it is made of dies there.
  ///
  /// - Parameter updates: arguments of the program, and the values that take over their memory.
  mutating func schedule(updating updates: [(argument: Int, result: Value)]) -> [Int] {
    let readers = unitsReading(Set(updates.map(\.argument)))
    var early: Set<Int> = []
    for (argument, result) in updates where unit[result.node] >= 0 {
      let unit = unit[result.node]
      if order.require(readers[argument, default: []].subtracting([unit]), before: unit) { early.insert(unit) }
    }
    var priorities: [Int: Int] = [:]
    // Right after the last of what it waits for, whose own place may be early too.
    for unit in order.units {
      // A product does not wait for the factor of what follows it, which was recorded after the backward pass: that is made early.
      let factors = Set(followed[unit, default: []].map(order.current))
      let needed = order.dependencies[unit].subtracting(factors).map { priorities[$0]! }
      priorities[unit] = early.contains(unit) ? (needed.max() ?? 0) + 1 : Self.room * lastNode[unit]!
    }
    for unit in followed.keys.sorted() {
      let place = priorities[unit]!
      var pending = Array(order.dependencies[unit])
      while let needed = pending.popLast() {
        guard priorities[needed]! > place else { continue }
        priorities[needed] = place
        pending += order.dependencies[needed]
      }
    }
    return order.schedule { priorities[$0]! }
  }

  /// Places for early units between two others.
  private static let room = 1024

  /// The value behind operations that change neither numbers nor shape.
  static func source(of value: Value, in graph: Graph) -> Value {
    var current = value
    while graph.nodes[current.node].passesItsInput { current = graph.nodes[current.node].inputs[0] }
    return current
  }

  /// Nodes that a node's value is made from, or waits for.
  private func sources(of index: Int) -> [Int] {
    let node = graph.nodes[index]
    if case .pass(.later) = node.operation { return node.inputs.map(\.node) }
    return node.passesItsInput ? [node.inputs[0].node] : node.inputs.map(\.node)
  }

  /// Units that a node reads, looking through views.
  private func unitsRead(by index: Int) -> Set<Int> {
    var result: Set<Int> = []
    var pending = sources(of: index)
    while let node = pending.popLast() {
      if unit[node] >= 0 {
        result.insert(unit[node])
      } else {
        pending.append(contentsOf: sources(of: node))
      }
    }
    return result
  }

  /// By argument, the units that read it, looking through views and what is done on the way.
  private func unitsReading(_ arguments: Set<Int>) -> [Int: Set<Int>] {
    var result: [Int: Set<Int>] = [:]
    for index in graph.nodes.indices where unit[index] >= 0 {
      var pending = sources(of: index)
      while let node = pending.popLast() {
        guard unit[node] < 0 else { continue }
        if case .source(.input(let argument)) = graph.nodes[node].operation, arguments.contains(argument) {
          result[argument, default: []].insert(unit[index])
        }
        pending += sources(of: node)
      }
    }
    return result
  }

  /// Lets a product compute what follows it, where nothing that this needs waits for the product.
  private mutating func follow(_ index: Int, _ product: Int) -> Bool {
    let before = order.dependencies[product]
    guard order.require(unitsRead(by: index).subtracting([product]), before: product) else { return false }
    unit[index] = product
    followed[product] = order.dependencies[product].subtracting(before)
    return true
  }

  private mutating func open(_ index: Int) {
    unit[index] = index
    order.append(index, after: unitsRead(by: index))
    lastNode[index] = index
  }

  private mutating func place(_ index: Int, shape: Shape, axes: [Int]?) {
    let sources = graph.nodes[index].inputs.map { Self.source(of: $0, in: graph) }
    let needed = unitsRead(by: index)
    var candidates: [Int] = []
    for source in sources {
      if unit[source.node] >= 0 { candidates.append(unit[source.node]) }
    }
    // Clusters that read the same memory can read it once. A large value that repeats a number is no memory.
    for source in sources
    where graph.nodes[source.node].outputs[source.output].shape == shape && !isRepeated(source, shape) {
      candidates.append(contentsOf: readers[source]?.suffix(4).reversed().map(order.current) ?? [])
    }
    var home: Int?
    for candidate in candidates where clusters[candidate] != nil && candidate != home {
      guard shapes[candidate] == shape, fits(candidate, axes) else { continue }
      if let current = home {
        merge(candidate, into: current)
      } else if !needsFinished(candidate, index),
        order.require(needed.subtracting([candidate]), before: candidate)
      {
        home = candidate
        join(index, candidate, axes)
      }
    }
    if home == nil {
      clusters[index] = []
      shapes[index] = shape
      order.append(index, after: needed)
      join(index, index, axes)
    }
    for source in sources { readers[source, default: []].append(unit[index]) }
  }

  /// Whether a value is one number, repeated so often that clusters which have it in common are better left apart.
  private func isRepeated(_ value: Value, _ shape: Shape) -> Bool {
    guard shape.count >= Recomputation.smallestElementCount else { return false }
    let node = graph.nodes[value.node]
    switch node.operation {
    case .source(.fill): return true
    case .rearrange(.broadcast):
      return graph.nodes[node.inputs[0].node].outputs[node.inputs[0].output].shape.count == 1
    default: return false
    }
  }

  /// Whether a node needs a result that is complete only after a cluster has run: a reduction's, or that of a member
  /// which it reads through a view, and so from memory.
  private func needsFinished(_ cluster: Int, _ index: Int) -> Bool {
    graph.nodes[index].inputs.contains { input in
      let source = Self.source(of: input, in: graph).node
      if unit[source] == cluster {
        if case .reduction = graph.nodes[source].role { return true }
        return false
      }
      return unit[source] < 0 && unitsRead(by: source).contains(cluster)
    }
  }

  private func fits(_ cluster: Int, _ axes: [Int]?) -> Bool {
    guard clusters[cluster]!.count < largest else { return false }
    guard let axes, let existing = reducedAxes[cluster] else { return true }
    return axes == existing
  }

  private mutating func join(_ index: Int, _ cluster: Int, _ axes: [Int]?) {
    unit[index] = cluster
    clusters[cluster]!.append(index)
    lastNode[cluster] = index
    if let axes { reducedAxes[cluster] = axes }
  }

  /// Two clusters that a node reads become one, where neither waits for the other.
  private mutating func merge(_ other: Int, into cluster: Int) {
    guard other != cluster, clusters[cluster]!.count + clusters[other]!.count <= largest,
      reducedAxes[other] == nil || reducedAxes[cluster] == nil || reducedAxes[other] == reducedAxes[cluster],
      !readsThroughMemory(cluster, other), !readsThroughMemory(other, cluster), order.merge(other, into: cluster)
    else { return }
    for node in clusters[other]! { unit[node] = cluster }
    clusters[cluster] = (clusters[cluster]! + clusters[other]!).sorted()
    clusters[other] = nil
    lastNode[cluster] = clusters[cluster]!.last
    if let axes = reducedAxes.removeValue(forKey: other) { reducedAxes[cluster] = axes }
  }

  /// Whether a cluster reads a member of another otherwise than element by element.
  private func readsThroughMemory(_ reader: Int, _ written: Int) -> Bool {
    clusters[reader]!.contains { needsFinished(written, $0) }
  }
}
