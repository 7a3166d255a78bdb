/// Text from tokens as they come: what is not yet a whole character waits for the next token.
public struct TextStream: Sendable {
  private let tokenizer: TextTokenizer
  private var waiting: [UInt8] = []

  /// A stream of nothing yet.
  public init(_ tokenizer: TextTokenizer) { self.tokenizer = tokenizer }

  /// The text that a token completes; special tokens have none.
  public mutating func append(_ token: Int32) -> String {
    guard !tokenizer.isSpecial(token) else { return "" }
    waiting += tokenizer.bytes(of: token)
    let whole = waiting.count - Self.openBytes(waiting)
    defer { waiting.removeFirst(whole) }
    return String(decoding: waiting.prefix(whole), as: UTF8.self)
  }

  /// What is left when no token follows.
  public mutating func finish() -> String {
    defer { waiting = [] }
    return String(decoding: waiting, as: UTF8.self)
  }

  /// Bytes at the end that begin a character of more bytes than are there.
  private static func openBytes(_ bytes: [UInt8]) -> Int {
    for count in 1...3 where count <= bytes.count {
      let byte = bytes[bytes.count - count]
      if byte & 0xc0 == 0x80 { continue }
      let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
      return length > count ? count : 0
    }
    return 0
  }
}
