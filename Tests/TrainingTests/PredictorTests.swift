import Arrays
import Compilation
import Datasets
import Models
import Testing
import Training

/// The bits of a row of a table are its own: whatever stands beside it, wherever it stands, on however many threads.
@Suite struct PredictorTests {
  @Test(arguments: [[1, 2], [3, 64, 64, 2], [13, 64, 64, 1], [300, 7, 5], [40, 512, 300, 11], [9, 17, 1]])
  func rowsAreApart(_ widths: [Int]) throws {
    let key = RandomKey(seed: widths.reduce(0, +))
    let model = try ModelDescription(
      .mlp, input: [widths[0]], hidden: Array(widths.dropFirst().dropLast()), outputs: widths.last!)
    let layer = try model.makeLayer()
    let parameters = try layer.initialParameters(key: key.split("model"))
    let rows = 600
    let features = key.split("rows").normal([rows, widths[0]])
    func outputs(_ order: [Int], threads: Int) throws -> [[Float]] {
      let array = try Engine.withThreadCount(threads) {
        try Predictor(layer, isPadded: true).predict(
          features.rows(at: order), parameters: parameters, modelState: Tree())
      }
      let width = widths.last!
      let values = array.floats
      return order.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
    let expected = try outputs(Array(0..<rows), threads: 1)
    for threads in 1...3 {
      for count in [1, 37, rows] {
        let order = Array(key.split(threads).split(count).permutation(rows).prefix(count))
        #expect(try outputs(order, threads: threads) == order.map { expected[$0] })
      }
    }
  }
}
