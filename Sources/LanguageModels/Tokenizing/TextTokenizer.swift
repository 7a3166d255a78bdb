/// Turns texts into the token numbers of a language model and back: byte-level byte-pair encoding with special tokens.
public struct TextTokenizer: Sendable {
  /// A token that text is not merged into: it marks a start, an end, a role.
  public struct Special: Sendable, Hashable {
    /// As it is written in texts, as `<|endoftext|>`.
    public var text: String
    /// Its number.
    public var token: Int32

    public init(text: String, token: Int32) {
      self.text = text
      self.token = token
    }
  }

  /// What cuts texts into the pieces that are merged.
  public let preTokenizer: PreTokenizer
  /// Tokens that are found in a text before it is cut.
  public let specials: [Special]
  /// The token that begins a text, where there is one.
  public let start: Int32?
  /// What stands for a byte that the vocabulary lacks.
  public let unknown: Int32?
  /// Tokens that end a text.
  public let ends: Set<Int32>
  /// Whether texts begin with `start` unless told otherwise.
  public let addsStart: Bool
  /// The template of a conversation, in Jinja's language, where there is one.
  public let templateText: String?
  /// As it was read, to be written again.
  let vocabulary: [String]
  let merges: [String]

  /// The bytes of each token.
  private let spellings: [[UInt8]]
  private let tokens: [[UInt8]: Int32]
  private let encoding: BytePairEncoding
  private let specialTokens: Set<Int32>

  /// Number of tokens.
  public var count: Int { spellings.count }

  /// - Parameters:
  ///   - vocabulary: each token's text in the byte alphabet, or as it is for special tokens.
  ///   - merges: two texts with a space between them, the earliest first.
  ///   - unknown: the token of a byte that the vocabulary lacks; such bytes are left out when nil.
  /// - Throws: `LanguageModelError` where the parts do not fit.
  public init(
    vocabulary: [String], merges: [String], preTokenizer: PreTokenizer, specials: [Special], start: Int32? = nil,
    ends: Set<Int32> = [], unknown: Int32? = nil, addsStart: Bool = false, templateText: String? = nil
  ) throws {
    (self.preTokenizer, self.vocabulary, self.merges) = (preTokenizer, vocabulary, merges)
    // Of two that begin alike, the longer one is meant.
    self.specials = specials.filter { !$0.text.isEmpty }.sorted {
      ($1.text.utf8.count, $0.token) < ($0.text.utf8.count, $1.token)
    }
    (self.start, self.ends, self.addsStart, self.templateText) = (start, ends, addsStart, templateText)
    self.unknown = unknown
    specialTokens = Set(specials.map(\.token))
    let named = specialTokens.union(ends).union([start, unknown].compactMap { $0 })
    if let stray = named.first(where: { $0 < 0 || $0 >= vocabulary.count }) {
      throw LanguageModelError("the tokenizer names the token \(stray), and has \(vocabulary.count)")
    }
    var spellings: [[UInt8]] = []
    spellings.reserveCapacity(vocabulary.count)
    var tokens: [[UInt8]: Int32] = [:]
    tokens.reserveCapacity(vocabulary.count)
    for (index, text) in vocabulary.enumerated() {
      let token = Int32(index)
      guard !specialTokens.contains(token), let bytes = ByteAlphabet.bytes(of: text) else {
        spellings.append(Array(text.utf8))
        continue
      }
      spellings.append(bytes)
      if tokens[bytes] == nil { tokens[bytes] = token }
    }
    let single = try (0..<256).map { byte -> Int32? in
      // Control characters and bytes of rare scripts may be missing: no text of the vocabulary's makers held them.
      if let token = tokens[[UInt8(byte)]] { return token }
      guard !(32...126).contains(byte) else {
        throw LanguageModelError("the tokenizer has no token for the byte \(byte): it is not byte-level")
      }
      return unknown
    }
    var pairs: [(left: Int32, right: Int32, merged: Int32)] = []
    pairs.reserveCapacity(merges.count)
    for merge in merges {
      let parts = merge.split(separator: " ")
      guard parts.count == 2, let left = ByteAlphabet.bytes(of: parts[0]), let right = ByteAlphabet.bytes(of: parts[1]),
        let a = tokens[left], let b = tokens[right], let merged = tokens[left + right]
      else { throw LanguageModelError("the tokenizer's merge \"\(merge.prefix(40))\" is not of its tokens") }
      pairs.append((a, b, merged))
    }
    self.spellings = spellings
    self.tokens = tokens
    encoding = BytePairEncoding(bytes: single, merges: pairs)
  }

  /// The tokens of a text.
  ///
  /// - Parameters:
  ///   - recognisingSpecials: whether the text of a special token, as `<|im_end|>`, becomes that token.
  ///   - addingStart: whether the start token comes first; as the model wants it when nil.
  public func encode(_ text: String, recognisingSpecials: Bool = true, addingStart: Bool? = nil) -> [Int32] {
    var result: [Int32] = []
    if addingStart ?? addsStart, let start { result.append(start) }
    var known: [Substring: [Int32]] = [:]
    for part in recognisingSpecials ? parts(of: text) : [.text(text[...])] {
      switch part {
      case .special(let token): result.append(token)
      case .text(let text):
        for piece in preTokenizer.pieces(of: String(text)) {
          if let tokens = known[piece] {
            result += tokens
          } else {
            let tokens = encoding.tokens(of: piece.utf8)
            known[piece] = tokens
            result += tokens
          }
        }
      }
    }
    return result
  }

  private enum Part {
    case text(Substring)
    case special(Int32)
  }

  /// Special tokens, and the text between them.
  private func parts(of text: String) -> [Part] {
    let bytes = text.utf8
    let firsts = Set(specials.map { $0.text.utf8.first! })
    var result: [Part] = []
    var (start, position) = (bytes.startIndex, bytes.startIndex)
    while position < bytes.endIndex {
      if firsts.contains(bytes[position]),
        let special = specials.first(where: { bytes[position...].starts(with: $0.text.utf8) })
      {
        if start < position { result.append(.text(text[start..<position])) }
        result.append(.special(special.token))
        position = bytes.index(position, offsetBy: special.text.utf8.count)
        start = position
      } else {
        position = bytes.index(after: position)
      }
    }
    if start < position { result.append(.text(text[start..<position])) }
    return result
  }

  /// Whether a token marks something and stands for no text.
  public func isSpecial(_ token: Int32) -> Bool { specialTokens.contains(token) }

  /// The bytes that a token stands for; none for a number that is no token.
  public func bytes(of token: Int32) -> [UInt8] {
    token >= 0 && token < spellings.count ? spellings[Int(token)] : []
  }

  /// The text of tokens; bytes that are no UTF-8 become replacement characters.
  public func decode(_ tokens: some Sequence<Int32>, skippingSpecials: Bool = false) -> String {
    String(
      decoding: tokens.flatMap { skippingSpecials && isSpecial($0) ? [] : bytes(of: $0) }, as: UTF8.self)
  }

  /// The one token that a text is, or nil where it is more of them.
  public func token(of text: String) -> Int32? {
    let tokens = encode(text, addingStart: false)
    return tokens.count == 1 ? tokens[0] : nil
  }
}
