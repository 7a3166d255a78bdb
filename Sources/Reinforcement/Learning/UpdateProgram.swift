import Compilation
import Parameters

/// A compiled update of named arrays: all of the state goes in and comes out in place, other arrays go in.
final class UpdateProgram {
  private let program: Program
  private let paths: [String]
  private var arrays: [NDArray]
  /// Names of what each run reports.
  private(set) var readingNames: [String] = []

  /// What a trace gives: the next state, of the same paths and types, and scalars to read.
  typealias Trace = (_ state: Tree<Tensor>, _ inputs: [Tensor]) throws -> (
    state: Tree<Tensor>, readings: [String: Tensor]
  )

  init(state: Tree<NDArray>, inputs: [TensorType], _ trace: Trace) throws {
    paths = state.paths
    arrays = state.leaves
    let (paths, count) = (paths, state.count)
    var names: [String] = []
    program = try Program(
      inputs: state.leaves.map { TensorType(of: $0) } + inputs,
      donating: Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, $0) })
    ) { _, x in
      let result = try trace(Tree(sortedPaths: paths, leaves: Array(x[..<count])), Array(x[count...]))
      guard result.state.paths == paths else {
        throw ControlError("an update turned the state \(paths) into \(result.state.paths)")
      }
      names = result.readings.keys.sorted()
      return result.state.leaves + names.map { result.readings[$0]!.cast(to: .float32) }
    }
    readingNames = names
  }

  /// The state between two runs.
  var state: Tree<NDArray> { Tree(sortedPaths: paths, leaves: arrays) }

  /// - Throws: `ControlError` where it has other paths, shapes or element types.
  func restore(_ state: Tree<NDArray>) throws {
    guard state.types == self.state.types else {
      throw ControlError("networks of a saved run are not those of this one")
    }
    arrays = state.leaves
  }

  func run(_ inputs: [NDArray]) throws -> [NDArray] {
    var arguments = arrays
    arguments.append(contentsOf: inputs)
    // The only references are now those of the arguments, so that the state is updated in place.
    let count = arrays.count
    arrays.removeAll(keepingCapacity: true)
    defer { arrays.append(contentsOf: arguments.prefix(count)) }
    return try program.run(updating: &arguments)
  }

  var callCount: Int { program.callCount }
  func profile(_ inputs: [NDArray], runs: Int) throws -> [Program.ProfileEntry] {
    try program.profile(arrays + inputs, runs: runs)
  }
}
