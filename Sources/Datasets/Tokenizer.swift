import Foundation

/// Cuts texts into words: lower case, letters, digits and apostrophes; all else separates, and HTML line breaks go.
public enum Tokenizer {
  /// The words in their order.
  public static func words(_ text: String) -> [String] {
    var words: [String] = []
    var current: [UInt8] = []
    func close() {
      while current.last == 39 { current.removeLast() }
      if !current.isEmpty { words.append(String(decoding: current, as: UTF8.self)) }
      current.removeAll(keepingCapacity: true)
    }
    for byte in text.replacing("<br />", with: " ").utf8 {
      switch byte {
      case 65...90: current.append(byte + 32)
      case 97...122, 48...57, 128...255: current.append(byte)
      case 39 where !current.isEmpty: current.append(byte)
      default: close()
      }
    }
    close()
    return words
  }
}
