import ArgumentParser
import Descent
import Foundation

/// How the cost of a training step grows with batch, width and depth.
struct GrowthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth", abstract: "Measures how a training step's cost grows with batch, width and depth.",
    discussion: """
      A multi-layer perceptron of 256 inputs and 10 classes (batch 128, width 512, 3 hidden layers unless varied), one step \
      of SGD with momentum. The exponent is the slope of log time against log size over the largest four sizes. With \
      --derivatives: the time to compile derivatives of first and second order of a GPT of width 576, by depth.
      """)

  @Option(help: "Threads; all cores when not given.")
  var threads: Int?
  @Option(help: "Rounds a size, of which the median counts.")
  var rounds = 9

  @Flag(help: "The time to compile derivatives of first and second order instead.")
  var derivatives = false

  private struct Axis: Sendable {
    var name: String
    var sizes: [Int]
    var workload: @Sendable (Int) -> Workload
  }

  private static let axes = [
    Axis(name: "batch", sizes: [8, 32, 64, 128, 256, 512]) { workload(batch: $0) },
    Axis(name: "width", sizes: [32, 64, 128, 256, 512, 1024]) { workload(width: $0) },
    Axis(name: "depth", sizes: [1, 2, 4, 8, 16]) { workload(depth: $0) },
  ]

  private static func workload(batch: Int = 128, width: Int = 512, depth: Int = 3) -> Workload {
    let key = RandomKey(seed: 0)
    return Workload(
      name: "mlp", model: MLP([256] + Array(repeating: width, count: depth) + [10]), loss: .crossEntropy,
      features: key.normal([batch, 256]),
      targets: NDArray(key.integers(count: batch, below: 10).map { Int32($0) }))
  }

  func validate() throws {
    guard rounds >= 1 else { throw ValidationError("--rounds must be at least 1 and is \(rounds)") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1 and is \(threads)") }
  }

  func run() throws {
    if let threads { Engine.setThreadCount(threads) }
    if derivatives { return try DerivativeGrowth.printTable() }
    print("| axis | size | step ms | compile s | working MB | GFLOP/s |\n|---|---|---|---|---|---|")
    for axis in Self.axes {
      var times: [Double] = []
      for size in axis.sizes {
        let begin = Date()
        let workload = axis.workload(size)
        let step = try workload.trainingStep()
        let compile = Date().timeIntervalSince(begin)
        let seconds = try median(step, workload.inputs)
        let program = step.program
        times.append(seconds)
        print(
          "| \(axis.name) | \(size) | "
            + String(
              format: "%.3f | %.3f | %.2f | %.0f |", seconds * 1000, compile,
              Double(program.workingByteCount) / 1_048_576, program.flops / seconds / 1e9))
      }
      let fit = try LineFit.powerLaw(axis.sizes.suffix(4).map(Double.init), times.suffix(4))
      let interval = fit.slopeInterval()
      print(
        String(
          format: "| %@ | exponent | %.2f [%.2f, %.2f], n = 4 sizes | | | |", axis.name, fit.slope, interval.low,
          interval.high))
    }
  }

  /// The median over rounds of at least 20 ms each, after a warm-up.
  private func median(_ step: TrainingStep, _ inputs: Tree<NDArray>) throws -> Double {
    func seconds(_ repetitions: Int) throws -> Double {
      let start = Date()
      for _ in 0..<repetitions { try step.advance(inputs) }
      return Date().timeIntervalSince(start) / Double(repetitions)
    }
    let first = try Swift.max(seconds(3), 1e-6)
    let repetitions = Swift.max(1, Int(0.02 / first))
    return try (0..<rounds).map { _ in try seconds(repetitions) }.sorted()[rounds / 2]
  }
}
