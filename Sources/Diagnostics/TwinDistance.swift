import Compilation
import Parameters

/// Watches two descents that differ in one training sample: how far apart they are, and how their updates differ.
///
/// It only reads parameters, so the descents stay what they are, bit for bit.
public final class TwinDistance {
  /// D_k = ‖θ - θ'‖ at the last observation; 0 before the first.
  public private(set) var distance = 0.0
  /// Σ_t ‖u_t - u'_t‖² over the observations, u_t the change since the observation before: for plain SGD observed at
  /// each step, Σ η_t² ‖g_t - g'_t‖².
  public private(set) var pathSquare = 0.0

  private let program: Program
  private var difference: [NDArray]

  /// For twins that start at one point.
  ///
  /// - Throws: `CompilationError` where the program cannot be made.
  public init(_ types: Tree<TensorType>) throws {
    precondition(!types.isEmpty, "twins without parameters have no distance")
    let n = types.count
    difference = types.leaves.map { NDArray.zeros($0.shape, $0.elementType) }
    // Arguments: θ, θ', the difference before, which the new one replaces.
    program = try Program(
      inputs: types.leaves + types.leaves + types.leaves,
      donating: Dictionary(uniqueKeysWithValues: (0..<n).map { (2 * n + $0, $0) })
    ) { _, x in
      let now = (0..<n).map { x[$0] - x[n + $0] }
      let squares = Updates(Tree(sortedPaths: types.paths, leaves: now)).squaredNorm
      let moves = (0..<n).map { now[$0] - x[2 * n + $0] }
      let path = Updates(Tree(sortedPaths: types.paths, leaves: moves)).squaredNorm
      return now + [squares, path]
    }
  }

  /// Takes in where both descents are now.
  /// - Throws: `ArgumentError` where the parameters are of other types than those given at the start.
  public func observe(_ first: Tree<NDArray>, _ second: Tree<NDArray>) throws {
    var arguments = first.leaves + second.leaves + difference
    difference.removeAll(keepingCapacity: true)
    defer { difference = Array(arguments.suffix(first.count)) }
    let results = try program.run(updating: &arguments)
    distance = results[0].item.squareRoot()
    pathSquare += results[1].item
  }
}
