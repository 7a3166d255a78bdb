import CKernels
import Graphs

/// Turns a graph into kernel calls on buffers: one call for each cluster of element-wise work and for each other
/// operation; rearrangements of axes become views.
final class Lowering {
  let graph: Graph
  let memory = ParameterMemory()
  var buffers: [Buffer] = []
  private(set) var calls: [KernelCall] = []
  /// The first operation that cannot be run; what is lowered after it does not matter.
  private(set) var failure: CompilationError?
  /// What oneDNN last said of an operation that it did not take.
  var libraryReason = ""
  /// Arrays known while compiling, by buffer.
  private(set) var constants: [Int: NDArray] = [:]

  private var views: [Value: View] = [:]
  private var fusion: Fusion
  private var inputBuffers: [Int: Int] = [:]
  private let outputs: [Value]
  private let donations: [Int: Int]
  private let inMemory: Set<Value>
  private let absorption: Absorption
  private let recomputation: Recomputation
  /// Whether float32 products are our own.
  let hasOwnProducts: Bool
  /// Whether a call wakes the library's own threads: a convolution of fewer images than threads.
  var usesLibraryThreads = false
  /// Whether each row of a float32 matrix product is computed as it would be at any other place.
  let keepsRowsApart: Bool

  /// - Parameters:
  ///   - donations: argument -> result that takes over its memory.
  ///   - largestCluster: most nodes that share a kernel.
  init(
    _ graph: Graph, outputs: [Tensor], donating donations: [Int: Int], largestCluster: Int = Fusion.largestCluster,
    keepsRowsApart: Bool = false
  ) {
    self.graph = graph
    self.donations = donations
    self.keepsRowsApart = keepsRowsApart
    hasOwnProducts = Engine.hasOwnProducts
    self.outputs = outputs.map { Fusion.source(of: $0.value, in: graph) }
    let live = Self.liveNodes(graph, self.outputs)
    absorption = Absorption(
      of: graph, live: live, outputs: self.outputs, takesFollowers: hasOwnProducts && !keepsRowsApart)
    fusion = Fusion(of: graph, live: live, absorption, largest: largestCluster)
    let reads = Self.valuesInMemory(graph, live, self.outputs, fusion)
    let recomputation = Recomputation(of: graph, live: live, fusion, readByKernel: reads.byKernels)
    inMemory = reads.byKernels.union(reads.byClusters.filter { !recomputation.nodes.contains($0.node) })
    self.recomputation = recomputation
    let updates = donations.sorted { $0.key < $1.key }.map { (argument: $0.key, result: self.outputs[$0.value]) }
    for unit in fusion.schedule(updating: updates) {
      if let members = fusion.clusters[unit] {
        lowerCluster(members)
      } else if let product = absorption.products[unit] {
        lowerProduct(
          Value(node: unit), graph.nodes[product.matmul], product.extra,
          fusion.followed[unit] == nil ? nil : product.follower)
      } else if let scatter = absorption.scatters[unit] {
        lowerScatter(Value(node: unit), graph.nodes[scatter.scatterAdd], onto: scatter.onto)
      } else {
        lowerKernel(unit)
      }
    }
  }

  private static func liveNodes(_ graph: Graph, _ outputs: [Value]) -> [Bool] {
    var live = [Bool](repeating: false, count: graph.nodes.count)
    for output in outputs { live[output.node] = true }
    for index in graph.nodes.indices.reversed() where live[index] {
      for input in graph.nodes[index].inputs { live[input.node] = true }
    }
    return live
  }

  /// Results of clusters that something outside of the cluster reads: another cluster, element by element, or anything
  /// else.
  private static func valuesInMemory(
    _ graph: Graph, _ live: [Bool], _ outputs: [Value], _ fusion: Fusion
  ) -> (byKernels: Set<Value>, byClusters: Set<Value>) {
    var byKernels = Set(outputs)
    var byClusters: Set<Value> = []
    for index in graph.nodes.indices where live[index] && !graph.nodes[index].passesItsInput {
      for input in graph.nodes[index].inputs {
        let source = Fusion.source(of: input, in: graph)
        if fusion.clusters[fusion.unit[index]] == nil {
          byKernels.insert(source)
        } else if fusion.unit[index] != fusion.unit[source.node] {
          byClusters.insert(source)
        }
      }
    }
    return (byKernels, byClusters)
  }

  func newBuffer(_ type: TensorType, _ kind: Buffer.Kind = .temporary) -> Int {
    newBuffer(bytes: type.shape.count * type.elementType.byteCount, kind)
  }

  func newBuffer(bytes: Int, _ kind: Buffer.Kind = .temporary) -> Int {
    buffers.append(Buffer(byteCount: bytes, kind: kind))
    return buffers.count - 1
  }

  func append(_ call: KernelCall) { calls.append(call) }

  /// Notes why an operation cannot be run, so that compiling throws it.
  func fail(_ reason: String, at location: SourceLocation?, asksForSmallerKernels: Bool = false) {
    guard failure == nil else { return }
    failure = CompilationError(
      reason: location.map { "\($0): \(reason)" } ?? reason, asksForSmallerKernels: asksForSmallerKernels)
  }

  private func append(_ kernel: FusedKernel, name: String, location: SourceLocation) {
    var kernel = kernel
    do throws(CompilationError) {
      append(try kernel.call(in: memory, name: name, location: location))
    } catch {
      fail(error.reason, at: location, asksForSmallerKernels: error.asksForSmallerKernels)
    }
  }

  /// The last call adds to what was in `addend` and may leave the sum there, which is the first or the last that it writes.
  func mayTakeThePlace(of addend: View, beside others: [View], isLast: Bool = false) {
    let written = calls[calls.count - 1].operands.filter(\.isWritten)
    guard let result = isLast ? written.last : written.first, !others.contains(where: { $0.buffer == addend.buffer })
    else { return }
    calls[calls.count - 1].aliases.append((read: addend.buffer, written: result.buffer))
  }

  func type(of value: Value) -> TensorType { graph.nodes[value.node].outputs[value.output] }

  // MARK: Values in memory

  /// A dense place for the result of a kernel.
  func place(_ value: Value) -> View {
    let view = View.dense(newBuffer(type(of: value)), type(of: value))
    views[value] = view
    return view
  }

  func assign(_ view: View, to value: Value) { views[value] = view }

  /// Where a value is, as strides over a buffer.
  func view(of value: Value) -> View {
    let value = Fusion.source(of: value, in: graph)
    if let known = views[value] { return known }
    let node = graph.nodes[value.node]
    let type = node.outputs[value.output]
    let result: View
    switch node.operation {
    case .source(let source): result = view(of: source, type)
    case .rearrange(let rearrangement): result = view(rearranging: node.inputs[0], by: rearrangement, type.shape)
    case .pass: result = view(of: node.inputs[0])
    case .random, .elementwise, .reduce, .scan, .assemble, .index, .matmul, .convolve, .pool, .composite:
      preconditionFailure("\(node.operation) was read before it was computed")
    }
    views[value] = result
    return result
  }

  private func view(of source: Operation.Source, _ type: TensorType) -> View {
    switch source {
    case .input(let position):
      let buffer = newBuffer(type, .input(position))
      inputBuffers[position] = buffer
      return .dense(buffer, type)
    case .constant(let position): return .dense(constantBuffer(graph.constants[position]), type)
    case .fill(let number):
      let single = constantBuffer(NDArray(repeating: number, shape: [1], elementType: type.elementType))
      return View(
        buffer: single, offset: 0, shape: type.shape, strides: type.shape.dimensions.map { _ in 0 },
        elementType: type.elementType)
    case .iota(let axis):
      let indices = NDArray((0..<type.shape[axis]).map { Int32($0) }).converted(to: type.elementType)
      return View(
        buffer: constantBuffer(indices), offset: 0, shape: type.shape,
        strides: (0..<type.shape.rank).map { $0 == axis ? 1 : 0 }, elementType: type.elementType)
    }
  }

  private func view(rearranging value: Value, by rearrangement: Operation.Rearrangement, _ shape: Shape) -> View {
    let source = view(of: value)
    switch rearrangement {
    case .broadcast: return source.broadcast(to: shape)
    case .transpose(let order): return source.transposed(order)
    case .slice(let starts, let strides): return source.sliced(starts, strides, shape)
    case .reverse(let axes): return source.reversed(axes)
    case .reshape: return source.reshaped(to: shape) ?? copied(source).reshaped(to: shape)!
    }
  }

  func constantBuffer(_ array: NDArray) -> Int {
    let buffer = newBuffer(bytes: array.byteCount, .constant(constants.count))
    constants[buffer] = array
    return buffer
  }

  /// A value as a dense array.
  func dense(_ value: Value) -> View {
    let view = view(of: value)
    return view.isDense ? view : copied(view)
  }

  /// A dense copy.
  func copied(_ view: View) -> View {
    let target = View.dense(
      newBuffer(TensorType(view.shape, view.elementType)), TensorType(view.shape, view.elementType))
    copy(view, to: target, name: "copy")
    return target
  }

  func copy(_ source: View, to target: View, name: String) {
    let value = Value(node: -2)
    var kernel = FusedKernel(graph: graph, shape: source.shape)
    kernel.load(value, source)
    kernel.store(value, to: target)
    append(kernel, name: "\(name) \(source.shape)", location: graph.location)
  }

  /// The number that a value is everywhere, where that is known.
  private func number(of value: Value) -> Double? {
    let node = graph.nodes[value.node]
    switch node.operation {
    case .source(.fill(let number)): return number
    case .rearrange, .pass: return number(of: node.inputs[0])
    case .source, .random, .elementwise, .reduce, .scan, .assemble, .index, .matmul, .convolve, .pool, .composite:
      return nil
    }
  }

  // MARK: Clusters

  private func lowerCluster(_ members: [Int]) {
    let first = graph.nodes[members[0]]
    var shape = first.outputs[0].shape
    if case .reduce = first.operation { shape = type(of: first.inputs[0]).shape }
    var kernel = FusedKernel(graph: graph, shape: shape)
    let inside = Set(members)
    // What only others need, and compute for themselves, is not computed here.
    var needed: Set<Int> = []
    for index in members.reversed() {
      guard !graph.nodes[index].isElementwise || inMemory.contains(Value(node: index)) || needed.contains(index) else {
        continue
      }
      needed.insert(index)
      for input in graph.nodes[index].inputs { needed.insert(Fusion.source(of: input, in: graph).node) }
    }
    var again = 0
    func compute(_ value: Value, _ node: Node, _ sources: [Value]) {
      switch node.role {
      case .elementwise(let operation): kernel.compute(value, operation, node, sources)
      case .reduction(let kind, let axes): kernel.reduce(sources[0], kind, axes: axes, into: place(value).buffer)
      case .view, .kernel: preconditionFailure("\(node.operation) is in a cluster")
      }
    }
    func hold(_ source: Value) {
      guard !kernel.holds(source) else { return }
      precondition(!inside.contains(source.node), "a cluster reads its own result from memory")
      if let number = number(of: source) {
        kernel.constant(source, number, type(of: source).elementType)
      } else if recomputation.nodes.contains(source.node) {
        let node = graph.nodes[source.node]
        let sources = node.inputs.map { Fusion.source(of: $0, in: graph) }
        sources.forEach(hold)
        compute(source, node, sources)
        again += 1
      } else {
        kernel.load(source, view(of: source))
      }
    }
    for index in members where needed.contains(index) {
      let node = graph.nodes[index]
      let sources = node.inputs.map { Fusion.source(of: $0, in: graph) }
      sources.forEach(hold)
      compute(Value(node: index), node, sources)
    }
    for index in members {
      let value = Value(node: index)
      guard graph.nodes[index].isElementwise, inMemory.contains(value) else { continue }
      kernel.store(value, to: place(value))
    }
    guard kernel.hasResults else { return }
    append(kernel, name: clusterName(members, shape) + (again > 0 ? ", \(again) again" : ""), location: first.location)
  }

  private func clusterName(_ members: [Int], _ shape: Shape) -> String {
    let names = members.suffix(3).map { index -> String in
      switch graph.nodes[index].role {
      case .elementwise(.unary(let operation)): operation.rawValue
      case .elementwise(.binary(let operation)): operation.rawValue
      case .elementwise(.compare(let comparison)): comparison.rawValue
      case .elementwise(.select): "select"
      case .elementwise(.cast): "cast"
      case .reduction(let kind, _): "reduce " + kind.rawValue
      case .view, .kernel: ""
      }
    }
    return "fused \(shape) \(members.count > 3 ? "\(members.count): ..., " : "")\(names.joined(separator: ", "))"
  }

  // MARK: Results

  /// Gives each result a buffer of its own.
  ///
  /// - Returns: the buffer of each result; nil where a donated argument is its own result.
  func finish() -> [Int?] {
    let donors = Dictionary(uniqueKeysWithValues: donations.map { ($0.value, $0.key) })
    // What results take from donated memory is saved first: another result may be written there.
    let views = outputs.enumerated().map { position, value -> View in
      let view = view(of: value)
      guard case .input(let argument) = buffers[view.buffer].kind, donations[argument] != nil else { return view }
      return argument == donors[position] && view.isDense ? view : copied(view)
    }
    var taken: Set<Int> = []
    return views.enumerated().map { position, view in
      let donor = donors[position]
      if let donor, buffers[view.buffer].kind == .input(donor) { return nil }
      var buffer = view.buffer
      let exact = buffers[buffer].byteCount == view.shape.count * view.elementType.byteCount
      let free = buffers[buffer].kind == .temporary && view.isDense && exact && !taken.contains(buffer)
      if free, donor == nil || canOverwrite(donor!, with: buffer) {
        buffers[buffer].kind = .output(position)
      } else {
        buffer = newBuffer(type(of: outputs[position]), .output(position))
        copy(view, to: .dense(buffer, type(of: outputs[position])), name: "result")
      }
      taken.insert(buffer)
      return buffer
    }
  }

  /// Whether no call reads the argument after the first one that writes its successor.
  private func canOverwrite(_ argument: Int, with buffer: Int) -> Bool {
    guard let input = inputBuffers[argument] else { return true }
    let firstWrite = calls.firstIndex { $0.operands.contains { $0.isWritten && $0.buffer == buffer } } ?? 0
    guard let lastRead = calls.lastIndex(where: { $0.operands.contains { !$0.isWritten && $0.buffer == input } }) else {
      return true
    }
    if lastRead < firstWrite { return true }
    return lastRead == firstWrite && calls[firstWrite].aliases.contains { $0.read == input && $0.written == buffer }
  }
}
