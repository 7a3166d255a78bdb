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
  private var dependencies: [Int: Set<Int>] = [:]
  private var shapes: [Int: Shape] = [:]
  private var reducedAxes: [Int: [Int]] = [:]
  private var lastNode: [Int: Int] = [:]
  private var readers: [Value: [Int]] = [:]

  static let largestCluster = 64

  init(of graph: Graph, live: [Bool], _ absorption: Absorption) {
    self.graph = graph
    unit = [Int](repeating: -1, count: graph.nodes.count)
    for index in graph.nodes.indices where live[index] && !absorption.absorbed.contains(index) {
      if absorption.products[index] != nil {
        open(index)
        continue
      }
      switch graph.nodes[index].role {
      case .view: break
      case .elementwise: place(index, shape: graph.nodes[index].outputs[0].shape, axes: nil)
      case .reduction(let axes):
        let source = graph.nodes[index].inputs[0]
        place(index, shape: graph.nodes[source.node].outputs[source.output].shape, axes: axes)
      case .kernel: open(index)
      }
    }
  }

  /// Units in an order in which each follows what it reads.
  func schedule() -> [Int] {
    var waiting: [Int: Int] = [:]
    var followers: [Int: [Int]] = [:]
    for (unit, needed) in dependencies {
      waiting[unit] = needed.count
      for other in needed { followers[other, default: []].append(unit) }
    }
    // Of the units that could run, the one recorded first: values die soon after they are made.
    var ready = Queue(waiting.filter { $0.value == 0 }.map { (lastNode[$0.key]!, $0.key) })
    var order: [Int] = []
    while let (_, next) = ready.popSmallest() {
      order.append(next)
      for follower in followers[next] ?? [] {
        waiting[follower]! -= 1
        if waiting[follower] == 0 { ready.insert((lastNode[follower]!, follower)) }
      }
    }
    precondition(order.count == dependencies.count, "fusion made a cycle")
    return order
  }

  func dependencies(of unit: Int) -> Set<Int> { dependencies[unit] ?? [] }

  /// The value behind operations that change neither numbers nor shape.
  static func source(of value: Value, in graph: Graph) -> Value {
    var current = value
    while graph.nodes[current.node].passesItsInput { current = graph.nodes[current.node].inputs[0] }
    return current
  }

  /// Nodes that a node's value is made from.
  private func sources(of index: Int) -> [Int] {
    let node = graph.nodes[index]
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

  private mutating func open(_ index: Int) {
    unit[index] = index
    dependencies[index] = unitsRead(by: index)
    lastNode[index] = index
  }

  private mutating func place(_ index: Int, shape: Shape, axes: [Int]?) {
    let sources = graph.nodes[index].inputs.map { Self.source(of: $0, in: graph) }
    let needed = unitsRead(by: index)
    var candidates: [Int] = []
    for source in sources {
      if unit[source.node] >= 0 { candidates.append(unit[source.node]) }
    }
    // Clusters that read the same memory can read it once.
    for source in sources where graph.nodes[source.node].outputs[source.output].shape == shape {
      candidates.append(contentsOf: readers[source]?.suffix(4).reversed() ?? [])
    }
    var home: Int?
    for candidate in candidates where clusters[candidate] != nil && candidate != home {
      guard shapes[candidate] == shape, fits(candidate, axes) else { continue }
      if let current = home {
        merge(candidate, into: current)
      } else if !needed.contains(where: { $0 != candidate && reaches(candidate, from: $0) }),
        !dependsOnReduction(of: candidate, index, sources)
      {
        home = candidate
        join(index, candidate, needed, axes)
      }
    }
    if home == nil {
      clusters[index] = []
      shapes[index] = shape
      dependencies[index] = []
      join(index, index, needed, axes)
    }
    for source in sources { readers[source, default: []].append(unit[index]) }
  }

  /// A reduction's result is complete only after its cluster has run.
  private func dependsOnReduction(of cluster: Int, _ index: Int, _ sources: [Value]) -> Bool {
    var pending = graph.nodes[index].inputs.map { Self.source(of: $0, in: graph).node }
    while let node = pending.popLast() {
      if unit[node] == cluster {
        if case .reduction = graph.nodes[node].role { return true }
        // A member read through a view is read from memory, complete only after the cluster.
        if !sources.contains(where: { $0.node == node }) { return true }
      } else if unit[node] < 0 {
        pending.append(contentsOf: self.sources(of: node))
      }
    }
    return false
  }

  private func fits(_ cluster: Int, _ axes: [Int]?) -> Bool {
    guard clusters[cluster]!.count < Self.largestCluster else { return false }
    guard let axes, let existing = reducedAxes[cluster] else { return true }
    return axes == existing
  }

  private mutating func join(_ index: Int, _ cluster: Int, _ needed: Set<Int>, _ axes: [Int]?) {
    unit[index] = cluster
    clusters[cluster]!.append(index)
    dependencies[cluster]!.formUnion(needed.subtracting([cluster]))
    lastNode[cluster] = index
    if let axes { reducedAxes[cluster] = axes }
  }

  /// Two clusters that a node reads become one, where neither waits for the other.
  private mutating func merge(_ other: Int, into cluster: Int) {
    guard other != cluster, clusters[cluster]!.count + clusters[other]!.count <= Self.largestCluster,
      reducedAxes[other] == nil || reducedAxes[cluster] == nil || reducedAxes[other] == reducedAxes[cluster],
      !reaches(other, from: cluster, ignoringDirect: true), !reaches(cluster, from: other, ignoringDirect: true),
      !readsThroughMemory(cluster, other), !readsThroughMemory(other, cluster)
    else { return }
    for node in clusters[other]! { unit[node] = cluster }
    clusters[cluster] = (clusters[cluster]! + clusters[other]!).sorted()
    clusters[other] = nil
    dependencies[cluster]!.formUnion(dependencies[other]!)
    dependencies[cluster]!.subtract([cluster, other])
    dependencies[other] = nil
    lastNode[cluster] = clusters[cluster]!.last
    if let axes = reducedAxes.removeValue(forKey: other) { reducedAxes[cluster] = axes }
    for (unit, needed) in dependencies where needed.contains(other) {
      dependencies[unit] = needed.subtracting([other]).union([cluster])
    }
    for (value, list) in readers where list.contains(other) {
      readers[value] = list.map { $0 == other ? cluster : $0 }
    }
  }

  /// Whether a cluster reads a member of another otherwise than element by element.
  private func readsThroughMemory(_ reader: Int, _ written: Int) -> Bool {
    clusters[reader]!.contains { index in
      let sources = graph.nodes[index].inputs.map { Self.source(of: $0, in: graph) }
      return dependsOnReduction(of: written, index, sources)
    }
  }

  /// Whether `target` is among what `start` waits for, directly (unless that is to be ignored) or not.
  private func reaches(_ target: Int, from start: Int, ignoringDirect: Bool = false) -> Bool {
    var seen: Set<Int> = [start]
    var pending = Array(dependencies[start] ?? [])
    if ignoringDirect { pending.removeAll { $0 == target } }
    if start == target { return false }
    let floor = clusters[target]?.first ?? target
    while let unit = pending.popLast() {
      if unit == target { return true }
      guard seen.insert(unit).inserted, lastNode[unit]! > floor else { continue }
      pending.append(contentsOf: dependencies[unit] ?? [])
    }
    return false
  }
}

/// Elements by priority.
private struct Queue {
  private var items: [(Int, Int)] = []

  init(_ items: [(Int, Int)]) { self.items = items.sorted { $0.0 > $1.0 } }

  mutating func insert(_ item: (Int, Int)) {
    // Sorted by falling priority; units become ready in small numbers.
    var low = 0
    var high = items.count
    while low < high {
      let middle = (low + high) / 2
      if items[middle].0 > item.0 { low = middle + 1 } else { high = middle }
    }
    items.insert(item, at: low)
  }

  mutating func popSmallest() -> (Int, Int)? { items.popLast() }
}
