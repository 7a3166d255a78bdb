/// A low-rank change of chosen matrices: w becomes w + scale a b with a [inputs, rank], b [rank, outputs] (Hu et al.
/// 2021, LoRA).
///
/// a starts normal with variance 1 / inputs and b at zero, so the adapted model starts as the plain one.
public struct LowRankAdapter: Sendable, Hashable {
  /// Columns of a and rows of b, at least 1.
  public let rank: Int
  /// What the product is multiplied with; alpha / rank in the paper's terms.
  public let scale: Double
  /// Which matrices of a block are changed.
  public let matrices: Set<DecoderMatrix>
  /// In which blocks.
  public let blocks: Range<Int>

  /// - Parameters:
  ///   - matrices: all of a block when nil.
  ///   - blocks: all of the model when nil.
  /// - Throws: `LanguageModelError` where the model has no such blocks, or the rank cannot be.
  public init(
    rank: Int, scale: Double = 1, matrices: Set<DecoderMatrix>? = nil, blocks: Range<Int>? = nil,
    of configuration: DecoderConfiguration
  ) throws {
    let all = Set(DecoderMatrix.all(in: configuration))
    let chosen = matrices ?? all
    guard !chosen.isEmpty, chosen.isSubset(of: all) else {
      throw LanguageModelError("an adapter takes some of the matrices \(all.map(\.rawValue).sorted())")
    }
    let range = blocks ?? 0..<configuration.layers
    guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= configuration.layers else {
      throw LanguageModelError(
        "the model has \(configuration.layers) blocks and no blocks \(range.lowerBound)..<\(range.upperBound)")
    }
    let limit = chosen.map { min($0.extents(in: configuration).inputs, $0.extents(in: configuration).outputs) }.min()!
    guard rank >= 1, rank <= limit else {
      throw LanguageModelError("the rank of an adapter of this model is 1 to \(limit), not \(rank)")
    }
    guard scale.isFinite, scale != 0 else { throw LanguageModelError("an adapter's scale cannot be \(scale)") }
    (self.rank, self.scale, self.matrices, self.blocks) = (rank, scale, chosen, range)
  }

  /// The last part of the paths of the two factors.
  static let names = (a: "adapter/a", b: "adapter/b")

  /// Whether a path is that of an adapter's factor.
  public static func owns(_ path: String) -> Bool { path.hasSuffix("/" + names.a) || path.hasSuffix("/" + names.b) }
}
