import Compilation
import Differentiation
import TestSupport
import Testing

/// A derivative with respect to a tensor on the way counts all that reads it, also what undoes the step that made it.
@Suite struct IntermediateTests {
  typealias Step = @Sendable (Tensor) -> Tensor

  /// A step from x of [2, 3], and a second one of the same kind.
  private static let cases: [(name: String, make: Step, again: Step)] = [
    ("reshape", { $0.reshaped(to: [3, 2]) }, { $0.reshaped(to: [6]) }),
    ("reshape and back", { $0.reshaped(to: [6]) }, { $0.reshaped(to: [2, 3]) }),
    ("transpose and back", { $0.transposed() }, { $0.transposed() }),
    ("transpose", { $0.expanded(axis: 0).transposed([2, 0, 1]) }, { $0.transposed([1, 2, 0]) }),
    ("broadcast", { $0.broadcast(to: [4, 2, 3]) }, { $0.broadcast(to: [5, 4, 2, 3]) }),
    ("negation", { -$0 }, { -$0 }),
    ("slice", { $0.slice(0..<2, axis: 1) }, { $0.slice(1..<2, axis: 1) }),
    ("reversal", { $0.reversed(axes: [1]) }, { $0.reversed(axes: [1]) }),
  ]

  /// A loss of what the first step made, read through the second: the same gradient as of an argument.
  @Test(arguments: cases.indices) func theGradientIsThatOfAnArgument(_ index: Int) throws {
    let (name, make, again) = Self.cases[index]
    let x = RandomKey(seed: 3).normal([2, 3])
    func loss(_ y: Tensor) -> Tensor { (again(y).squared * again(y)).sum() }
    let onTheWay = try Program(inputs: [TensorType(of: x)]) { _, x in
      let y = make(x[0])
      return [y] + gradients(of: loss(y), withRespectTo: [y])
    }.run([x])
    let asArgument = try Program(inputs: [TensorType(of: onTheWay[0])]) { _, y in
      gradients(of: loss(y[0]), withRespectTo: Array(y))
    }.run([onTheWay[0]])
    // Products of three factors, summed over five readers at most, in an order that fusing chooses.
    let slack = rounding(.float32, terms: 5 + 3)
    #expect(Deviation.worst(of: [onTheWay[1]], from: [asArgument[0]]) < slack, "\(name)")
    #expect(onTheWay[1].floats.contains { $0 != 0 }, "\(name)")
  }

  /// What derivatives must see while they are taken costs nothing afterwards.
  @Test func successiveRearrangementsAreOne() {
    let graph = Graph()
    let x = graph.input(TensorType([2, 3]))
    let y = -(-x.reshaped(to: [3, 2]).reshaped(to: [2, 3]).transposed().transposed())
    let z = x.expanded(axis: 0).broadcast(to: [4, 2, 3]).broadcast(to: [5, 4, 2, 3])
    let simple = graph.simplified(outputs: [y, z])
    func node(_ value: Value) -> Node { simple.graph.nodes[value.node] }
    #expect(node(simple.outputs[0].value).operation == .source(.input(0)))
    // One broadcast of x under the shape [1, 2, 3].
    let broadcast = node(simple.outputs[1].value)
    #expect(broadcast.operation == .rearrange(.broadcast))
    #expect(node(broadcast.inputs[0]).operation == .rearrange(.reshape))
    #expect(node(node(broadcast.inputs[0]).inputs[0]).operation == .source(.input(0)))
    #expect(simple.outputs.map(\.shape) == [[2, 3], [5, 4, 2, 3]])
  }
}
