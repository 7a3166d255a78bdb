@_exported import Graphs

/// A function of arrays: traced once, compiled once, run many times.
///
/// A program belongs to one thread at a time; its kernels use all threads of the engine.
public final class Program {
  /// Types of the arguments, in order.
  public let inputTypes: [TensorType]
  /// Types of the results, in order.
  public let outputTypes: [TensorType]
  /// Argument position -> position of the result that takes over its memory.
  public let donations: [Int: Int]

  /// Most element-wise operations that share a kernel; fewer than usual where a kernel would need too many registers.
  package let largestCluster: Int

  let plan: ExecutionPlan
  private let outputBuffers: [Int?]
  // By argument, and by result: small steps feel it when such are looked up by name or number.
  let isDonated: [Bool]
  let donors: [Int?]
  // Small results are written where those of the run before stood, once nobody holds these any more. Small steps feel an allocation.
  private var spares: [NDArray?]
  private static let largestSpare = 1024

  /// Traces and compiles.
  ///
  /// - Parameters:
  ///   - inputTypes: one for each argument.
  ///   - donations: argument position -> result position: where the caller gives up an argument, the result takes
  ///     over its memory and is updated in place. Types must agree.
  ///   - keepsRowsApart: whether a row of a float32 product of matrices has the same bits at any place and with any number
  ///     of threads. It is then computed on one.
  ///   - trace: called once with symbolic arguments; records the function.
  /// - Throws: `ShapeError`, the first operation whose operands do not fit; `CompilationError`.
  public init(
    inputs inputTypes: [TensorType], donating donations: [Int: Int] = [:], keepsRowsApart: Bool = false,
    _ trace: (Graph, [Tensor]) throws -> [Tensor]
  ) throws {
    let traced = Graph()
    let results = try trace(traced, inputTypes.map { traced.input($0) })
    if let failure = traced.failure { throw failure }
    let simple = traced.simplified(outputs: results)
    let gradients = TakenUpGradients(of: simple.graph, outputs: simple.outputs)
    let (graph, outputs) = gradients.rewritten(outputs: simple.outputs)
    self.inputTypes = inputTypes
    self.outputTypes = outputs.map(\.type)
    self.donations = donations
    guard Set(donations.values).count == donations.count else {
      throw CompilationError(reason: "two arguments cannot become one result: \(donations)")
    }
    isDonated = inputTypes.indices.map { donations[$0] != nil }
    let donorsByResult = Dictionary(uniqueKeysWithValues: donations.map { ($0.value, $0.key) })
    donors = outputs.indices.map { donorsByResult[$0] }
    spares = [NDArray?](repeating: nil, count: outputs.count)
    for (input, output) in donations {
      guard inputTypes.indices.contains(input), outputs.indices.contains(output) else {
        throw CompilationError(reason: "there is no argument \(input) or no result \(output) to donate to")
      }
      guard inputTypes[input] == outputs[output].type else {
        throw CompilationError(
          reason:
            "argument \(input) is \(inputTypes[input]) and cannot become result \(output), \(outputs[output].type)")
      }
    }
    var size = Fusion.largestCluster
    var lowering = Lowering(graph, outputs: outputs, donating: donations, keepsRowsApart: keepsRowsApart)
    while lowering.failure?.asksForSmallerKernels == true, size > 1 {
      size /= 2
      lowering = Lowering(
        graph, outputs: outputs, donating: donations, largestCluster: size, keepsRowsApart: keepsRowsApart)
    }
    largestCluster = size
    outputBuffers = lowering.finish()
    if let failure = lowering.failure { throw failure }
    plan = ExecutionPlan(lowering, inputCount: inputTypes.count, outputCount: outputs.count)
  }

  /// Whether any kernel reads an argument; one that none reads may hold anything.
  package func reads(argument position: Int) -> Bool { plan.reads(position) }

  /// Runs on arrays of the input types and returns the results in order.
  ///
  /// - Throws: `ArgumentError` when an array has another type.
  public func run(_ inputs: [NDArray]) throws -> [NDArray] {
    var inputs = inputs
    var others = try run(updating: &inputs).makeIterator()
    return outputTypes.indices.map { donors[$0].map { inputs[$0] } ?? others.next()! }
  }

  /// Runs with donated arguments: the arrays at donated positions are replaced by their results, in place where this
  /// is their only owner. The other results are returned in order.
  ///
  /// - Throws: `ArgumentError` when an array has another type.
  public func run(updating inputs: inout [NDArray]) throws -> [NDArray] { try run(updating: &inputs, knowing: 0) }

  /// - Parameter known: of how many arguments, the first ones, the caller knows that their types are right.
  package func run(updating inputs: inout [NDArray], knowing known: Int) throws -> [NDArray] {
    let results = try bind(&inputs, knowing: known)
    plan.run()
    return results
  }

  /// Positions of the results in the order in which they are final during a run.
  public var finishingOrder: [Int] { plan.finishingOrder }

  /// Runs, and gives away results while the rest is still computed, as to send them.
  ///
  /// - Parameter finished: called with the position of each result, once, and the result as it stays.
  /// - Throws: `ArgumentError` when an array has another type.
  public func run(_ inputs: [NDArray], finishing finished: (_ position: Int, NDArray) -> Void) throws -> [NDArray] {
    var inputs = inputs
    var others = try bind(&inputs).makeIterator()
    let results = outputTypes.indices.map { donors[$0].map { inputs[$0] } ?? others.next()! }
    plan.run { finished($0, results[$0]) }
    return results
  }

  private func bind(_ inputs: inout [NDArray], knowing known: Int = 0) throws -> [NDArray] {
    guard inputs.count == inputTypes.count else {
      throw ArgumentError(reason: "the program takes \(inputTypes.count) arrays and was given \(inputs.count)")
    }
    for position in inputs.indices {
      guard position < known || inputTypes[position] == TensorType(of: inputs[position]) else {
        throw ArgumentError(
          reason: "argument \(position) must be \(inputTypes[position]) and is \(TensorType(of: inputs[position]))")
      }
      if isDonated[position] { inputs[position].makeUnique() }
      plan.bindInput(position, to: inputs[position].storage.pointer)
    }
    var results: [NDArray] = []
    results.reserveCapacity(outputTypes.count - donations.count)
    for position in outputTypes.indices {
      if let donor = donors[position] {
        plan.bindOutput(position, to: inputs[donor].storage.pointer)
      } else {
        let array = result(position)
        plan.bindOutput(position, to: array.storage.pointer)
        results.append(array)
      }
    }
    return results
  }

  /// Memory for a result.
  private func result(_ position: Int) -> NDArray {
    if spares[position]?.isAlone() == true { return spares[position]! }
    let type = outputTypes[position]
    let array = NDArray(uninitialized: type.shape, type.elementType)
    if array.byteCount <= Self.largestSpare { spares[position] = array }
    return array
  }
}

/// A program was given an array of another type than it was compiled for.
public struct ArgumentError: Error, CustomStringConvertible {
  /// Which argument, what was expected and what was given, in one sentence.
  public var reason: String
  public var description: String { reason }
}

extension Program {
  /// One call of a compiled program, with what it cost.
  public struct ProfileEntry: Sendable {
    /// What it does: "matmul 128x784x512".
    public var name: String
    /// Mean wall time of one run, in seconds.
    public var seconds: Double
    /// Floating-point operations, where the call is a product, a convolution or an attention.
    public var flops: Double
  }

  /// Runs several times and reports the mean time of each call, in order.
  ///
  /// - Throws: `ArgumentError` where an input is not of the type that was compiled.
  public func profile(_ inputs: [NDArray], runs: Int) throws -> [ProfileEntry] {
    var inputs = inputs
    var seconds = [Double](repeating: 0, count: max(plan.calls.count, 1))
    let results = try bind(&inputs)
    plan.run()
    for _ in 0..<runs { plan.run(addingSecondsTo: &seconds) }
    withExtendedLifetime(results) {}
    return zip(plan.calls, seconds).map { ProfileEntry(name: $0.name, seconds: $1 / Double(runs), flops: $0.flops) }
  }

  /// Bytes of working memory that the program keeps besides its arguments and results.
  public var workingByteCount: Int { plan.arenaByteCount }

  /// Number of kernel calls in one run.
  public var callCount: Int { plan.calls.count }

  /// Floating-point operations of the products in one run: those of matrices, of convolutions as they are defined, and of attention.
  public var flops: Double { plan.calls.reduce(0) { $0 + $1.flops } }
}
