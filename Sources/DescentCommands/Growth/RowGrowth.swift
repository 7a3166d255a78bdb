import Descent
import Foundation

/// How long an epoch takes, with its order and its batches, by the rows of a table.
enum RowGrowth {
  private static let columns = 8
  private static let batch = 512
  /// Features and a target as float32, and the orders of two epochs.
  private static let bytesPerRow = 4.0 * Double(columns + 1) + 16

  /// - Returns: a sentence where sizes are left out.
  static func printTable(most: Int?, _ stopwatch: Stopwatch) throws -> [String] {
    let (sizes, omission) = GrowthAxis.rows.affordableSizes(most: most) { bytesPerRow * Double($0) }
    printAtOnce("| axis | size | epoch ms | ns a row | data MB | largest memory so far MB |\n|---|---|---|---|---|---|")
    var times: [Double] = []
    for size in sizes {
      let trainer = try trainer(rows: size)
      let seconds = try stopwatch.median {
        for _ in 0..<trainer.batches.batchesPerEpoch { _ = try trainer.advance() }
      }
      times.append(seconds)
      let peak = RunEnvironment.peakMemory().map { "\($0 / 1_048_576)" } ?? "not known"
      printAtOnce(
        "| rows | \(size) | "
          + String(
            format: "%.3f | %.1f | %.1f", seconds * 1000, seconds / Double(size) * 1e9,
            4 * Double(size) * Double(columns + 1) / 1_048_576) + " | \(peak) |")
    }
    printAtOnce("| rows | exponent | \(try GrowthAxis.exponent(sizes, times)) | | | |")
    return omission.map { [$0] } ?? []
  }

  private static func trainer(rows: Int) throws -> Trainer {
    let key = RandomKey(seed: 0)
    let table = Dataset(
      name: "rows", features: .numbers(numbers([rows, columns], key.split("features"))),
      targets: .numbers(numbers([rows, 1], key.split("targets"))))
    return try Trainer(
      model: MLP([columns, 64, 64, 1]), loss: .squaredError,
      method: GradientDescent {
        Momentum(0.9)
        LearningRate(0.01)
      },
      batches: try BatchSequence(table, batchSize: min(batch, rows), key: key.split("batches")),
      key: key.split("training"))
  }

  /// Uniform in [-1, 1), drawn piece by piece: numbers are drawn as float64, and all at once would take twice the table.
  private static func numbers(_ shape: Shape, _ key: RandomKey) -> NDArray {
    let piece = 1 << 20
    var array = NDArray(uninitialized: shape, .float32)
    array.withUnsafeMutableElements(of: Float.self) { values in
      for start in stride(from: 0, to: values.count, by: piece) {
        let drawn = key.split(start).uniform(count: min(piece, values.count - start))
        for (index, number) in drawn.enumerated() { values[start + index] = Float(2 * number - 1) }
      }
    }
    return array
  }
}
