extension Shape {
  /// Bytes of an array as a file claims it, or nil where an extent is negative or no memory could hold it, even without the
  /// extents that are 0.
  package static func byteCount(_ dimensions: [Int], elementSize: Int) -> Int? {
    var bytes = elementSize
    for extent in dimensions {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow else { return nil }
      bytes = product
    }
    return dimensions.contains(0) ? 0 : bytes
  }
}
