extension Collection<Double> {
  /// The root of the sum of squares, of numbers whose squares are too large or too small for a double, too, as BLAS's nrm2.
  package var euclideanNorm: Double {
    let squares = reduce(0) { $0 + $1 * $1 }
    // Powers of two, which change no digit.
    let scale = squares > 0x1p1000 ? 0x1p-600 : squares < 0x1p-900 ? 0x1p600 : 1
    guard scale != 1 else { return squares.squareRoot() }
    return reduce(0) { $0 + (scale * $1) * (scale * $1) }.squareRoot() / scale
  }
}
