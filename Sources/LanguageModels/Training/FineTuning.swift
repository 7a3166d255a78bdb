/// Which weights of a model a descent moves.
public enum FineTuning: Sendable, Hashable {
  case full
  /// So many blocks at the end, and the last normalisation.
  case lastBlocks(Int)
  /// The factors of an adapter.
  case lowRank(LowRankAdapter)

  /// What stays as it is below the moving weights, where there is something, and the part that moves.
  ///
  /// - Parameter recomputes: as `CausalDecoder.recomputesBlocks`.
  /// - Throws: `LanguageModelError` where the model has no such blocks.
  func parts(
    of configuration: DecoderConfiguration, recomputesBlocks recomputes: Bool
  ) throws -> (trunk: CausalDecoder?, top: CausalDecoder) {
    let first: Int
    var adapter: LowRankAdapter?
    switch self {
    case .full: first = 0
    case .lastBlocks(let count):
      guard count >= 1, count <= configuration.layers else {
        throw LanguageModelError("the model has \(configuration.layers) blocks, and \(count) are to be trained")
      }
      first = configuration.layers - count
    case .lowRank(let own): (first, adapter) = (own.blocks.lowerBound, own)
    }
    let whole = CausalDecoder(configuration, adapter: adapter, recomputesBlocks: recomputes)
    guard first > 0 else { return (nil, whole) }
    return (try whole.part(0..<first), try whole.part(first..<configuration.layers))
  }

  /// Whether a parameter of the moving part moves. The head that is the embedding stays, where the embedding is below.
  func moves(_ path: String, _ top: CausalDecoder) -> Bool {
    switch self {
    case .full: true
    case .lastBlocks: path != "tokens/weight" && path != "head/weight"
    case .lowRank: LowRankAdapter.owns(path)
    }
  }
}
