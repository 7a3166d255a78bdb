/// The hash of Fowler, Noll and Vo (1a): short names for texts and numbers, the same on every machine.
package enum FNV {
  package static let start: UInt64 = 0xcbf2_9ce4_8422_2325

  /// 64 bits over bytes, going on from those before.
  package static func hash(_ bytes: UnsafeRawBufferPointer, from start: UInt64 = Self.start) -> UInt64 {
    var hash = start
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash
  }

  /// 64 bits of a text.
  package static func hash(_ text: String) -> UInt64 {
    var text = text
    return text.withUTF8 { hash(UnsafeRawBufferPointer($0)) }
  }

  /// 32 bits of a text.
  package static func shortHash(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}
