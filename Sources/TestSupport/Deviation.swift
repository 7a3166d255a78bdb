import Arrays

/// How far computed arrays are from expected ones.
public enum Deviation {
  /// The worst difference, relative to 1 + the largest finite magnitude of the expected array.
  ///
  /// Infinite where the arrays differ in number, shape or element type, or an element that is not finite in one of
  /// them is not the same in the other.
  public static func worst(of actual: [NDArray], from expected: [NDArray]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    return zip(actual, expected).map { worst(of: $0, from: $1) }.max() ?? 0
  }

  private static func worst(of actual: NDArray, from expected: NDArray) -> Double {
    guard actual.shape == expected.shape, actual.elementType == expected.elementType else { return .infinity }
    let scale = 1 + (expected.doubles.filter(\.isFinite).map { abs($0) }.max() ?? 0)
    return zip(actual.doubles, expected.doubles).map { a, b in
      if a.isFinite && b.isFinite { return abs(a - b) / scale }
      return a == b || (a.isNaN && b.isNaN) ? 0 : .infinity
    }.max() ?? 0
  }
}
