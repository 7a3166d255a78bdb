/// A compiled update: trees of arrays are updated in place, other arrays go in, numbers to read come out.
///
/// Everything that learns runs one: `TrainingStep`, whose trees are parameters, running values and optimizer state, and
/// methods that move several networks by turns, as an actor and its critics.
public final class CompiledUpdate {
  /// What a trace records: the trees as they are afterwards, of the same paths and types, and scalars by tag.
  public typealias Trace = (_ state: [Tree<Tensor>], _ inputs: [Tensor]) throws -> (
    state: [Tree<Tensor>], readings: [(tag: String, value: Tensor)]
  )

  /// Arguments are the trees, leaf by leaf, all donated; then the inputs.
  public let program: Program
  /// Tags of what each run reports, in order.
  public let readingTags: [String]
  private let packing: TreePacking
  private let inputTypes: [TensorType]
  private var arrays: [NDArray]

  /// - Parameters:
  ///   - state: where the trees start.
  ///   - inputs: types of the other arrays, in order.
  /// - Throws: `TrainingError` where the trace changes paths; `ShapeError`; `CompilationError`.
  public init(_ state: [Tree<NDArray>], inputs: [TensorType], _ trace: Trace) throws {
    packing = TreePacking(state.map(\.types))
    arrays = packing.pack(state)
    inputTypes = inputs
    (program, readingTags) = try Self.compiled(packing, inputs, trace)
  }

  private static func compiled(
    _ packing: TreePacking, _ inputs: [TensorType], _ trace: Trace
  ) throws -> (Program, readingTags: [String]) {
    var tags: [String] = []
    let program = try Program(
      inputs: packing.types + inputs,
      donating: Dictionary(uniqueKeysWithValues: (0..<packing.count).map { ($0, $0) })
    ) { _, x in
      let (after, readings) = try trace(packing.unpack(x), Array(x[packing.count...]))
      guard after.map(\.paths) == packing.trees.map(\.paths) else {
        throw TrainingError("an update changes the paths of its state")
      }
      tags = readings.map(\.tag)
      return after.flatMap(\.leaves) + readings.map(\.value)
    }
    return (program, tags)
  }

  /// Another update of the same trees by the same inputs, which reports the same.
  /// - Throws: as the initializer, and `TrainingError` where it reports something else.
  func alternative(_ trace: Trace) throws -> Program {
    let (program, tags) = try Self.compiled(packing, inputTypes, trace)
    guard tags == readingTags else { throw TrainingError("not all updates report the same numbers") }
    return program
  }

  /// The trees between two runs.
  public var state: [Tree<NDArray>] { packing.unpack(arrays) }

  /// Goes on from other trees.
  /// - Throws: `TrainingError` where paths, shapes or element types differ.
  public func restore(_ state: [Tree<NDArray>]) throws {
    guard state.map(\.types) == packing.trees else {
      throw TrainingError("the state is not that of this step: paths, shapes or element types differ")
    }
    arrays = packing.pack(state)
  }

  /// One update.
  /// - Returns: the readings in the order of `readingTags`.
  /// - Throws: `ArgumentError` where an input is of another type.
  public func run(_ inputs: [NDArray]) throws -> [Double] { try run(inputs, by: nil) }

  /// - Parameter alternative: that makes it; nil for the program.
  func run(_ inputs: [NDArray], by alternative: Program?) throws -> [Double] {
    try readings(inputs, by: alternative).map(\.item)
  }

  /// One update of a step, whose readings are arrays.
  ///
  /// - Parameters:
  ///   - counters, key: the first two inputs.
  ///   - inputs: the others.
  func readings(
    counters: NDArray, key: NDArray, _ inputs: [NDArray], by alternative: Program? = nil
  ) throws -> [NDArray] {
    let count = arrays.count
    // One by one: joined they would be an array of their own.
    arrays.append(counters)
    arrays.append(key)
    arrays.append(contentsOf: inputs)
    defer { arrays.removeLast(arrays.count - count) }
    return try (alternative ?? program).run(updating: &arrays, knowing: count)
  }

  /// Several updates of a step within one call.
  ///
  /// - Parameters:
  ///   - counters, key, inputs: as of one update; what changes from one to the next has a first axis of updates.
  ///   - goesOn: asked after each update, with the number of updates so far and the readings, of which as many parts are there.
  /// - Returns: the readings, each with a first axis of updates, and how many were made.
  func readings(
    counters: NDArray, key: NDArray, _ inputs: [NDArray], times updates: Int,
    while goesOn: (_ done: Int, _ readings: [NDArray]) -> Bool
  ) throws -> (readings: [NDArray], done: Int) {
    let count = arrays.count
    arrays.append(counters)
    arrays.append(key)
    arrays.append(contentsOf: inputs)
    defer { arrays.removeLast(arrays.count - count) }
    let found = try program.run(updating: &arrays, times: updates, knowing: count, while: goesOn)
    return (found.results, found.done)
  }

  /// One update, whose readings are arrays.
  func readings(_ inputs: [NDArray], by alternative: Program? = nil) throws -> [NDArray] {
    // The arrays are owned here alone, so that they are updated in place.
    let count = arrays.count
    arrays.append(contentsOf: inputs)
    defer { arrays.removeLast(arrays.count - count) }
    return try (alternative ?? program).run(updating: &arrays, knowing: count)
  }

  /// The mean time of each kernel call; the state stays.
  /// - Throws: as `run`.
  public func profile(_ inputs: [NDArray], runs: Int) throws -> [Program.ProfileEntry] {
    try program.profile(arrays + inputs, runs: runs)
  }

  /// The results of a program on the same arguments that changes nothing.
  /// - Throws: as `run`.
  func look(_ program: Program, _ inputs: [NDArray]) throws -> [NDArray] { try program.run(arrays + inputs) }
}
