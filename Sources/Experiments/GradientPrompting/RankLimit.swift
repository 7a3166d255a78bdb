import Compilation
import Training

/// Holds what an outer descent learns to a low rank: a matrix w of the model becomes w + a b, and only the thin a and b
/// are learnt. Vectors and the embedding stay.
struct RankLimit {
  let rank: Int

  private static let names = (a: "/change/a", b: "/change/b")

  private func isHeld(_ path: String, _ type: TensorType) -> Bool {
    type.shape.rank == 2 && path.hasPrefix("block")
  }

  /// The factors at the start, where the product is zero: a normal with variance 1 / rows, b zero.
  func start(for weights: Tree<NDArray>, key: RandomKey) -> Tree<NDArray> {
    var factors = Tree<NDArray>()
    for (path, array) in weights where isHeld(path, TensorType(of: array)) {
      let (rows, columns) = (array.shape[0], array.shape[1])
      factors[path + Self.names.a] = key.split(path).normal(
        [rows, rank], standardDeviation: 1 / Double(rows).squareRoot())
      factors[path + Self.names.b] = .zeros([rank, columns])
    }
    return factors
  }

  /// The weights with the product of their factors added.
  func changed(_ weights: Tree<Tensor>, by factors: Tree<Tensor>) -> Tree<Tensor> {
    weights.mapWithPaths { path, weight in
      guard let a = factors[path + Self.names.a], let b = factors[path + Self.names.b] else { return weight }
      return weight + a.matmul(b)
    }
  }

  /// The same of numbers.
  func changed(_ weights: Tree<NDArray>, by factors: Tree<NDArray>) throws -> Tree<NDArray> {
    let n = weights.count
    let program = try Program(inputs: weights.types.leaves + factors.types.leaves) { _, x in
      changed(
        Tree(sortedPaths: weights.paths, leaves: Array(x[0..<n])),
        by: Tree(sortedPaths: factors.paths, leaves: Array(x[n...]))
      ).leaves
    }
    return Tree(sortedPaths: weights.paths, leaves: try program.run(weights.leaves + factors.leaves))
  }
}
