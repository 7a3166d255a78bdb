import Arrays
import Testing

@Suite struct EuclideanNormTests {
  /// Also of numbers whose squares no double holds, of the largest and of the smallest.
  @Test(arguments: [1, 1e200, 1e-200, 0x1p1020, 0x1p-1070])
  func lengthsKeepTheirScale(_ size: Double) { #expect([3 * size, -4 * size, 0].euclideanNorm == 5 * size) }

  @Test func manyAddUp() {
    #expect(abs([Double](repeating: 1e200, count: 10_000).euclideanNorm / 1e202 - 1) < 10_000 * Double.ulpOfOne)
    #expect([1e200, 1e-200].euclideanNorm == 1e200 && [1e-200, 1e-300].euclideanNorm == 1e-200)
  }

  @Test func whatIsNotFiniteStaysSo() {
    #expect([Double]().euclideanNorm == 0 && [0.0, 0].euclideanNorm == 0)
    #expect([1, .infinity].euclideanNorm == .infinity && [1e200, .nan].euclideanNorm.isNaN)
  }
}
