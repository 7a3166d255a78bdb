import Arrays
import Compilation
import Foundation
import Parameters

/// How well a model predicts a text.
public struct Perplexity: Sendable, Hashable {
  /// Mean loss of a token, in nats.
  public var loss: Double
  /// The mean's standard error, blocks being the unit; nil for one block.
  public var standardError: Double?
  /// Tokens that were predicted.
  public var tokens: Int
  /// Blocks that were read.
  public var blocks: Int

  /// exp(loss).
  public var value: Double { exp(loss) }

  /// Measures a model on blocks of tokens.
  ///
  /// - Parameters:
  ///   - adapter: with its factors, where there is one.
  ///   - report: is told the number of blocks that are done.
  /// - Throws: `LanguageModelError` where blocks are longer than the model's context, or the factors are not the
  ///   adapter's.
  public static func measure(
    _ model: PretrainedModel, adapter: (LowRankAdapter, Tree<NDArray>)? = nil, on blocks: TokenBlocks,
    report: (Int) -> Void = { _ in }
  ) throws -> Perplexity {
    guard blocks.length <= model.configuration.context else {
      throw LanguageModelError(
        "blocks of \(blocks.length) tokens are longer than the model's context of \(model.configuration.context)")
    }
    let decoder = CausalDecoder(model.configuration, adapter: adapter?.0)
    var weights = model.parameters(of: decoder)
    if let adapter {
      try AdapterFile.check(adapter.1, adapter.0, model.configuration)
      weights = weights.merging(adapter.1)
    }
    let paths = weights.paths
    let program = try Program(inputs: weights.types.leaves + [TensorType([1, blocks.length], .int32)]) { _, x in
      let tokens = x[x.count - 1]
      let parameters = Parameters(Tree(sortedPaths: paths, leaves: Array(x.dropLast())))
      return [try decoder.nextTokenLosses(tokens, tokens: tokens, parameters, mode: .inference).mean()]
    }
    let losses = try (0..<blocks.count).map { position in
      defer { report(position + 1) }
      return try program.run(weights.leaves + [blocks.array(at: [position])])[0].item
    }
    let mean = losses.reduce(0, +) / Double(losses.count)
    let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let n = Double(losses.count)
    return Perplexity(
      loss: mean, standardError: losses.count > 1 ? (squares / (n - 1) / n).squareRoot() : nil,
      tokens: losses.count * (blocks.length - 1), blocks: losses.count)
  }
}
