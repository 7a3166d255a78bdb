import Descending
import TestSupport
import Testing

/// A preconditioner that is fitted step by step.
@Suite struct PsgdTests {
  /// Of gradients with correlated rows and columns what goes on has elements of about size 1, and next to no correlation.
  @Test(arguments: [ElementType.float32, .float64]) func itWhitens(_ type: ElementType) throws {
    let (rows, columns) = (3, 4)
    let mixing = NDArray([2.0, 0, 0, 1.5, 0.5, 0, -1, 0.3, 0.1], shape: [3, 3]).converted(to: type)
    let run = try DescentRun(
      try ChainParser.parse("groups (z: noise 1 | rate 1; w: psgd 0 step=0.3 | rate 1)"),
      from: ["w": .zeros([rows, columns], type), "z": .zeros([rows, columns], type)]
    ) { p in
      // z is a random walk, and so w's gradient another one each step.
      let turned = p["w"]!.graph.constant(mixing).matmul(sin(100 * p["z"]!.stoppingGradient))
      return (p["w"]! * turned).sum() + 0 * p["z"]!.sum()
    }
    try run.run(600)
    var moment = [Double](repeating: 0, count: rows * rows)
    var before = run.parameters["w"]!.doubles
    let count = 400
    for _ in 0..<count {
      try run.run(1)
      let now = run.parameters["w"]!.doubles
      let step = zip(now, before).map { $0 - $1 }
      before = now
      for i in 0..<rows {
        for j in 0..<rows {
          moment[i * rows + j] +=
            (0..<columns).reduce(0.0) { $0 + step[i * columns + $1] * step[j * columns + $1] } / Double(count * columns)
        }
      }
    }
    // Means of 1600 products. A gradient is fitted before it is multiplied, and by a large step, so that sizes are somewhat below 1.
    for i in 0..<rows {
      #expect((0.5...1.1).contains(moment[i * rows + i]), "\(moment)")
      for j in 0..<rows where j != i { #expect(abs(moment[i * rows + j]) < 0.1, "\(moment)") }
    }
  }

  /// Without a gradient, or with gradients of any size, nothing leaves its type.
  @Test(arguments: [0, 1e-25, 1e25]) func nothingOverflows(_ size: Double) throws {
    let start: Tree<NDArray> = [
      "matrix": NDArray([1.0, -2, 3, 0.5], shape: [2, 2]).converted(to: .float32), "vector": NDArray([Float(1), 2]),
      "one": NDArray(Float(2)), "none": .zeros([0, 3], .float32),
    ]
    let run = try DescentRun(try ChainParser.parse("psgd | rate 0.1"), from: start) { p in
      size * (p["matrix"]!.squared.sum() + p["vector"]!.squared.sum() + p["one"]!.squared + p["none"]!.sum())
    }
    try run.run(500)
    #expect((run.parameters.leaves + run.state.leaves).allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
    // What is small beside the damping stands still.
    #expect(size < 1 || run.losses.last! < 0.1 * run.losses[0], "\(run.losses.last!) of \(run.losses[0])")
  }
}
