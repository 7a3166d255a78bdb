extension Tree where Leaf == NDArray {
  /// A short name for exactly these numbers (FNV-1a over all bytes): equal trees, equal digests.
  public var digest: String {
    let hash = leaves.reduce(FNV.start) { hash, array in
      FNV.hash(UnsafeRawBufferPointer(start: array.storage.pointer, count: array.byteCount), from: hash)
    }
    return String(hash, radix: 16)
  }
}
