import CKernels
import Compilation
import Differentiation
import Foundation
import TestSupport
import Testing

@Suite(.serialized) struct CrossEntropyTests {
  /// The losses, and the gradient of their sum with a weight for each row.
  private func run(_ logits: NDArray, _ labels: [Int32], _ weights: [Float]) throws -> [NDArray] {
    let types = [TensorType(of: logits), TensorType([labels.count], .int32), TensorType([labels.count])]
    return try Program(inputs: types) { _, x in
      let losses = softmaxCrossEntropy(x[0], labels: x[1])
      return [losses, gradients(of: (x[2] * losses).sum(), withRespectTo: [x[0]])[0]]
    }.run([logits, NDArray(labels), NDArray(weights)])
  }

  /// From 1 to 2, another for each row nearby.
  private func weights(_ rows: Int) -> [Float] { (0..<rows).map { 1 + Float($0 % 8) / 8 } }

  /// Few classes, whose rows are done together, and many; rows that fill sixteen and that do not.
  @Test(arguments: [CK_AVX512, CK_AVX2, CK_PORTABLE], [1, 2, 3, 10, 15, 16, 17, 40])
  func agreesWithItsDefinition(_ set: ck_instruction_set, _ classes: Int) throws {
    ck_limit_instruction_set(set)
    defer { ck_limit_instruction_set(CK_AVX512) }
    for rows in [1, 15, 16, 17, 50] {
      let logits = RandomKey(seed: rows).normal([rows, classes], mean: 0, standardDeviation: 4)
      let labels = (0..<rows).map { Int32($0 * 7 % classes) }
      let results = try run(logits, labels, weights(rows))
      for row in 0..<rows {
        let x = logits.floats[row * classes..<(row + 1) * classes].map(Double.init)
        let sum = x.max()! + log(x.map { exp($0 - x.max()!) }.reduce(0, +))
        let tolerance = rounding(.float32, terms: drift(of: classes) + 8, scale: abs(sum) + abs(x[Int(labels[row])]))
        #expect(abs(Double(results[0].floats[row]) - (sum - x[Int(labels[row])])) < tolerance, "\(rows), row \(row)")
        for i in 0..<classes {
          let slope = Double(weights(rows)[row]) * (exp(x[i] - sum) - (i == labels[row] ? 1 : 0))
          #expect(abs(Double(results[1].floats[row * classes + i]) - slope) < 2 * tolerance, "\(rows), row \(row)")
        }
      }
    }
  }

  /// A row has the same bits at any place, and what is no number or no class spoils its own row alone.
  @Test(arguments: [2, 10, 15, 20]) func rowsAreTheirOwn(_ classes: Int) throws {
    let rows = 37
    var values = RandomKey(seed: 3).normal([rows, classes]).floats
    values[5 * classes + 1] = .nan
    values[6 * classes] = .infinity
    values[7 * classes] = -.infinity
    values[8 * classes + 1] = 300
    var labels = (0..<rows).map { Int32($0 % classes) }
    (labels[9], labels[10], labels[7]) = (-1, Int32(classes), 1)
    let logits = NDArray(values, shape: [rows, classes])
    let together = try run(logits, labels, weights(rows)).map(\.floats)
    for row in 0..<rows {
      let own = try run(logits.rows(row..<row + 1), [labels[row]], [weights(rows)[row]]).map(\.floats)
      #expect(own[0][0].bitPattern == together[0][row].bitPattern, "row \(row)")
      let slopes = together[1][row * classes..<(row + 1) * classes].map(\.bitPattern)
      #expect(own[1].map(\.bitPattern) == slopes, "row \(row)")
      let isSpoilt = [5, 6, 9, 10].contains(row)
      #expect(together[0][row].isNaN == isSpoilt && own[1].allSatisfy(\.isNaN) == isSpoilt, "row \(row)")
    }
  }
}
