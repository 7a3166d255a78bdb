import Datasets
import Experiments
import Foundation
import Training

/// Small problems whose truth is known.
enum MadeUpTable {
  /// y = sin 2a + b c / 2 with noise, or its sign: 240 rows to learn from and to validate, 120 that nothing is chosen by.
  static func problem(_ name: String = "made-up", table: Int, isClassified: Bool = false) -> MethodComparison.Problem {
    let key = RandomKey(seed: table).split("table")
    let x = key.split("x").normal([360, 3])
    let noise = key.split("noise").normal(count: 360)
    let y = (0..<360).map { row in
      Float(sin(2 * x[flat: 3 * row]) + 0.5 * x[flat: 3 * row + 1] * x[flat: 3 * row + 2] + 0.3 * noise[row])
    }
    let all = Dataset(
      name: name, features: .numbers(x),
      targets: isClassified ? .classes(y.map { $0 > 0 ? 1 : 0 }) : .numbers(NDArray(y, shape: [360, 1])),
      classNames: isClassified ? ["low", "high"] : [])
    return MethodComparison.Problem(name) { seed in
      let parts = try all.subset(Array(0..<240)).split([180, 60], key: RandomKey(seed: seed).split("parts"))
      return TrainingProblem(train: parts[0], validation: parts[1], test: all.subset(Array(240..<360)))
    }
  }

  /// A comparison in seconds: 60 updates of a small network, 6 trials on 2 seeds, the best 3 on 4 more, 8 fresh seeds.
  static func comparison(
    _ arms: [String], on problems: [MethodComparison.Problem],
    _ change: (inout ComparisonConfiguration) -> Void = { _ in }
  ) throws -> MethodComparison {
    var c = ComparisonConfiguration(
      data: [], arms: arms.map { $0.contains("model") ? $0 : $0 + "; hidden 8" }, trials: 6, budget: "60updates",
      looks: 10, seeds: TunedSeeds(count: 8, tuningCount: 2), finalists: Finalists(count: 3, seeds: 6))
    change(&c)
    return try MethodComparison(c, on: problems)
  }

  /// Runs it in a folder that is removed again.
  static func verdict(
    _ arms: [String], table: Int = 1, _ change: (inout ComparisonConfiguration) -> Void = { _ in }
  ) throws -> ComparisonOutcome {
    let folder = NSTemporaryDirectory() + "descent-compare-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try comparison(arms, on: [problem(table: table)], change).run(out: folder)
  }
}
