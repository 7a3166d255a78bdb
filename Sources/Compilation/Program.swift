@_exported import Graphs

/// A function of arrays: traced once, compiled once, run many times.
public final class Program {
  /// Types of the arguments, in order.
  public let inputTypes: [TensorType]
  /// Types of the results, in order.
  public let outputTypes: [TensorType]

  /// Traces and compiles.
  ///
  /// - Parameters:
  ///   - inputTypes: one for each argument.
  ///   - donations: argument position -> result position: where the caller gives up an argument, the result takes
  ///     over its memory and is updated in place. Types must agree.
  ///   - trace: called once with symbolic arguments; records the function.
  /// - Throws: `ShapeError`, the first operation whose operands do not fit.
  public init(
    inputs inputTypes: [TensorType], donating donations: [Int: Int] = [:],
    _ trace: (Graph, [Tensor]) throws -> [Tensor]
  ) throws {
    let graph = Graph()
    let outputs = try trace(graph, inputTypes.map { graph.input($0) })
    if let failure = graph.failure { throw failure }
    self.inputTypes = inputTypes
    self.outputTypes = outputs.map(\.type)
  }

  /// Runs on arrays of the input types.
  public func run(_ inputs: [NDArray]) throws -> [NDArray] { [] }

  /// Runs with donated arguments: the arrays at donated positions are replaced by their results, in place where this
  /// is their only owner. The other results are returned in order.
  public func run(updating inputs: inout [NDArray]) throws -> [NDArray] { [] }
}
