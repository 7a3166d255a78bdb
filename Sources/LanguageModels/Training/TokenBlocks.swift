import Arrays

/// Texts packed one after the other and cut into blocks of one length: no token of a batch is padding.
///
/// A text ends with the token that ends a text; attention is not cut there, as is common. What fills no block is left
/// out.
public struct TokenBlocks: Sendable {
  /// [count, length], row-major.
  public let tokens: [Int32]
  /// Tokens of a block, at least 2.
  public let length: Int

  /// Whole blocks.
  public var count: Int { tokens.count / length }

  /// - Throws: `LanguageModelError` where the texts do not fill one block.
  public init(_ texts: [[Int32]], end: Int32?, length: Int) throws {
    guard length >= 2 else { throw LanguageModelError("a block of \(length) tokens has nothing to predict") }
    let ending = end.map { [$0] } ?? []
    let all = texts.flatMap { $0 + ending }
    let whole = all.count / length * length
    guard whole > 0 else {
      throw LanguageModelError("the text has \(all.count) tokens, too few for one block of \(length)")
    }
    self.init(tokens: Array(all.prefix(whole)), length: length)
  }

  private init(tokens: [Int32], length: Int) {
    self.tokens = tokens
    self.length = length
  }

  /// Blocks at positions, as [positions, length].
  public func array(at positions: [Int]) -> NDArray {
    NDArray(positions.flatMap { tokens[$0 * length..<($0 + 1) * length] }, shape: [positions.count, length])
  }

  /// The first blocks; all where there are fewer.
  public func prefix(_ count: Int) -> TokenBlocks {
    TokenBlocks(tokens: Array(tokens.prefix(min(count, self.count) * length)), length: length)
  }

  /// The first blocks, and the rest, at least one each.
  ///
  /// - Throws: `LanguageModelError` where there are too few.
  public func split(holdingOut fraction: Double) throws -> (train: TokenBlocks, held: TokenBlocks) {
    guard count >= 2 else {
      throw LanguageModelError("one block of \(length) tokens cannot be split: shorten the blocks")
    }
    let held = min(max(Int((Double(count) * fraction).rounded()), 1), count - 1)
    let cut = (count - held) * length
    return (
      TokenBlocks(tokens: Array(tokens.prefix(cut)), length: length),
      TokenBlocks(tokens: Array(tokens.suffix(tokens.count - cut)), length: length)
    )
  }
}
