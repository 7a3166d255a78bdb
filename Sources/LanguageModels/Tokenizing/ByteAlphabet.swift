/// The printable characters that stand for bytes in the vocabularies of byte-level tokenizers (Radford et al. 2019):
/// printable Latin-1 characters for themselves, the others shifted beyond 255.
package enum ByteAlphabet {
  package static let characters: [Unicode.Scalar] = {
    var next: UInt32 = 256
    return (0..<256).map { byte -> Unicode.Scalar in
      switch byte {
      case 33...126, 161...172, 174...255: return Unicode.Scalar(UInt32(byte))!
      default:
        defer { next += 1 }
        return Unicode.Scalar(next)!
      }
    }
  }()

  private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

  /// The bytes that a vocabulary's text stands for, or nil where it holds a character that is none of the alphabet.
  static func bytes(of text: some StringProtocol) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }

  /// The vocabulary's text for bytes.
  static func text(of bytes: some Sequence<UInt8>) -> String {
    var result = String.UnicodeScalarView()
    for byte in bytes { result.append(characters[Int(byte)]) }
    return String(result)
  }
}
