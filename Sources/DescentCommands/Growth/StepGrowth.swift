import Descent
import Foundation

/// How long a training step takes, and how long it takes to compile, by one of its sizes.
enum StepGrowth {
  /// A perceptron's step of SGD with momentum.
  private struct Size {
    var batch = 128
    var columns = 256
    var width = 512
    var depth = 3
    var classes = 10

    init(_ axis: GrowthAxis, _ size: Int) {
      switch axis {
      case .batch: batch = size
      case .width: width = size
      case .depth: depth = size
      case .columns: columns = size
      case .classes: classes = size
      case .rows: break
      }
    }

    /// Of parameters, velocities, a gradient and what a batch leaves on its way; and the largest matrix as it is drawn.
    var bytes: Double {
      let (input, hidden, output) = (Double(columns), Double(width), Double(classes))
      let matrices = [input * hidden, hidden * hidden, hidden * output]
      let parameters = matrices[0] + Double(depth - 1) * matrices[1] + matrices[2]
      let values = Double(batch) * (input + Double(depth) * hidden + output)
      return 12 * parameters + 24 * (depth > 1 ? matrices.max()! : max(matrices[0], matrices[2])) + 24 * values
    }

    var workload: Workload {
      let key = RandomKey(seed: 0)
      return Workload(
        name: "mlp", model: MLP([columns] + Array(repeating: width, count: depth) + [classes]), loss: .crossEntropy,
        features: key.normal([batch, columns]),
        targets: NDArray(key.integers(count: batch, below: classes).map { Int32($0) }))
    }
  }

  /// - Returns: a sentence for each axis that has sizes left out.
  static func printTable(_ axes: [GrowthAxis], most: Int?, _ stopwatch: Stopwatch) throws -> [String] {
    printAtOnce("| axis | size | step ms | compile s | working MB | GFLOP/s |\n|---|---|---|---|---|---|")
    var omissions: [String] = []
    for axis in axes {
      let (sizes, omission) = axis.affordableSizes(most: most) { Size(axis, $0).bytes }
      if let omission { omissions.append(omission) }
      var (times, compileTimes): ([Double], [Double]) = ([], [])
      for size in sizes {
        let workload = Size(axis, size).workload
        let (step, compile) = try compiled(workload)
        let (program, inputs) = (step.program, workload.inputs)
        let seconds = try stopwatch.median { try step.advance(inputs) }
        times.append(seconds)
        compileTimes.append(compile)
        printAtOnce(
          "| \(axis.rawValue) | \(size) | "
            + String(
              format: "%.3f | %.3f | %.2f | %.0f |", seconds * 1000, compile,
              Double(program.workingByteCount) / 1_048_576, program.flops / seconds / 1e9))
      }
      printAtOnce(
        "| \(axis.rawValue) | exponent | \(try GrowthAxis.exponent(sizes, times)) "
          + "| \(try GrowthAxis.exponent(sizes, compileTimes)) | | |")
    }
    return omissions
  }

  /// The step, and the seconds that it took to compile: initial values are drawn before.
  private static func compiled(_ workload: Workload) throws -> (TrainingStep, seconds: Double) {
    // So small that deep networks stay finite however often they step; a step takes as long at any rate.
    let method = GradientDescent {
      Momentum(0.9)
      LearningRate(1e-6)
    }
    let key = RandomKey(seed: 1)
    let start = try Trainer.initialState(workload.model, method, key)
    let begin = Date()
    let step = try TrainingStep(
      .supervised(workload.model, workload.loss), method: method, inputs: workload.inputs.types, from: start,
      key: key.split("step"), sampleCount: workload.features.shape[0])
    return (step, Date().timeIntervalSince(begin))
  }
}
