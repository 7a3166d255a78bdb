import Arrays
import Compilation
import Parameters

/// The blocks below those that move: run once for each text, its output kept.
public final class FrozenTrunk {
  private let decoder: CausalDecoder
  private let weights: Tree<NDArray>
  private var programs: [Shape: Program] = [:]

  /// - Parameters:
  ///   - decoder: a part that begins with the embedding and does not reach the head.
  ///   - weights: its parameters.
  public init(_ decoder: CausalDecoder, weights: Tree<NDArray>) {
    (self.decoder, self.weights) = (decoder, weights)
  }

  /// Hidden vectors [batch, time, width] of tokens [batch, time]. A new shape compiles a program.
  ///
  /// - Throws: `ModelError` where tokens are not [batch, time] or too long.
  public func output(_ tokens: NDArray) throws -> NDArray {
    let program: Program
    if let known = programs[tokens.shape] {
      program = known
    } else {
      let (decoder, paths) = (decoder, weights.paths)
      program = try Program(inputs: weights.types.leaves + [TensorType(of: tokens)]) { _, x in
        let parameters = Parameters(Tree(sortedPaths: paths, leaves: Array(x.dropLast())))
        return [try decoder(x[x.count - 1], parameters, mode: .inference).output]
      }
      programs[tokens.shape] = program
    }
    return try program.run(weights.leaves + [tokens])[0]
  }
}
