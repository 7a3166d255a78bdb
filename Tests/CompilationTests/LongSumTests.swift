import Compilation
import Differentiation
import TestSupport
import Testing

/// Sums of thousands of small terms beside a large one: one chain of additions would lose the small ones, all in the same
/// direction. Kernels add in parts.
@Suite struct LongSumTests {
  /// Rows whose largest logit stands far above the others, which together count as much.
  private func logits(_ rows: Int, _ classes: Int) -> NDArray {
    var values = RandomKey(seed: 5).normal([rows, classes], standardDeviation: 3).floats
    for row in 0..<rows { values[row * classes + row % classes] = 15 }
    return NDArray(values, shape: [rows, classes])
  }

  private func outputs(_ logits: NDArray, _ labels: NDArray) throws -> [[Double]] {
    try Program(inputs: [TensorType(logits.shape, logits.elementType), TensorType(labels.shape, .int32)]) { _, x in
      let shifted = exp(x[0] - 15)
      return [
        softmaxCrossEntropy(x[0], labels: x[1]),
        gradients(of: softmaxCrossEntropy(x[0], labels: x[1]).sum(), withRespectTo: [x[0]])[0],
        shifted.sum([1]), shifted.sum([0]).sum(), shifted.sum(),
      ]
    }.run([logits, labels]).map(\.doubles)
  }

  @Test(arguments: [1000, 49_152]) func smallTermsCount(_ classes: Int) throws {
    let rows = 16
    let x = logits(rows, classes)
    let labels = NDArray((0..<rows).map { Int32($0 * 31 % classes) }, shape: [rows])
    let found = try outputs(x, labels)
    let exact = try outputs(x.converted(to: .float64), labels)
    // The exponential itself is right to some 2e-6 at arguments of -30, all in the same direction at most.
    for (index, (a, b)) in zip(found, exact).enumerated() where index != 1 {
      for (a, b) in zip(a, b) { #expect(abs(a - b) < 1.5e-6 * max(abs(b), 1), "output \(index): \(a) \(b)") }
    }
    // Probabilities of a row add up to one.
    for row in 0..<rows {
      let sum = found[1][row * classes..<(row + 1) * classes].reduce(0, +)
      #expect(abs(sum) < 1.5e-6, "row \(row): \(sum)")
    }
  }
}
