import Descending
import Foundation
import TestSupport
import Testing

/// Roots of moments of a matrix's sides, where they are hard to take.
@Suite struct ShampooTests {
  /// Roots against eigenvalues, of moments that have lost nearly all directions, too.
  @Test(arguments: [2, 4])
  func stepsOfOneDirectionAreRoots(_ order: Int) throws {
    // One update of an ungrafted Shampoo on G = u vᵀ: (|u| |v|)^(-1) G but for the ridge, whatever the lengths are.
    for scale in [1e-6, 1, 1e6] {
      let (u, v) = ([3.0, 0, 4], [1.0, 2, 2])
      let g = u.flatMap { a in v.map { scale * a * $0 } }
      let chain = "shampoo 0 0 epsilon=1e-10 graft=false\(order == 2 ? " largest=3" : "") | rate 1"
      let shape: Shape = order == 2 ? [3, 12] : [3, 3]
      let wide = order == 2 ? u.flatMap { a in (0..<12).map { scale * a * v[$0 % 3] } } : g
      let run = try DescentRun(try ChainParser.parse(chain), from: ["w": NDArray.zeros(shape, .float64)]) { p in
        (p["w"]! * p["w"]!.graph.constant(NDArray(wide, shape: shape))).sum()
      }
      try run.run(1)
      let norm = wide.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for (step, g) in zip(run.parameters["w"]!.doubles, wide) { #expect(abs(step + g / norm) < 1e-6, "\(scale)") }
    }
  }

  /// A gradient of zeros has no directions: nothing moves, nothing is NaN. One of one number, one row, one column is scaled as by Adam.
  @Test(arguments: ["shampoo | rate 0.3", "soap | rate 0.5", "shampoo epsilon=0.1 graft=false | rate 0.3"])
  func degenerateMatrices(_ chain: String) throws {
    for type in [ElementType.float32, .float64] {
      let start: Tree<NDArray> = [
        "flat": NDArray([1.0, 2, 3, 4], shape: [2, 2]).converted(to: type),
        "row": NDArray([1.0, 2], shape: [1, 2]).converted(to: type),
        "column": NDArray([1.0, 2], shape: [2, 1]).converted(to: type), "one": NDArray(1.0).converted(to: type),
        "none": NDArray.zeros([0, 3], type), "kernel": NDArray.zeros([2, 1, 2, 3], type),
      ]
      let run = try DescentRun(try ChainParser.parse(chain), from: start) { p in
        let moving = ["row", "column", "one", "kernel"].map { (p[$0]! - 3).squared.sum() }
        return moving.dropFirst().reduce(moving[0] + 0 * p["flat"]!.sum() + p["none"]!.sum(), +)
      }
      try run.run(25)
      #expect(run.parameters["flat"] == start["flat"])
      #expect(run.losses.last!.isFinite && run.losses.last! < 0.9 * run.losses[0], "\(type): \(run.losses.last!)")
    }
  }

  /// Gradients that never take a direction leave rounding there, which must not be taken for curvature below zero.
  @Test(arguments: [1e-12, 1e-6]) func unusedDirectionsStayFinite(_ epsilon: Double) throws {
    // As of a softmax: the columns of each gradient add up to nothing.
    let start = NDArray((0..<60).map { Float(0.1 * sin(Double($0))) }, shape: [12, 5])
    let run = try DescentRun(
      try ChainParser.parse("shampoo 0.9 0.999 \(epsilon) | noise 0 | rate 0.003"), from: ["w": start]
    ) {
      p in
      let w = p["w"]!
      let turned = Tensor.random(.normal, [16, 12], key: w.graph.constant(RandomKey(seed: 1).array), w.elementType)
      let logits = turned.matmul(w)
      return (logits.logSumExp([1]) - logits.sliced(from: [0, 0], to: [16, 1]).reshaped(to: [16])).mean()
    }
    try run.run(3000)
    #expect(run.losses.last!.isFinite && run.losses.last! < run.losses[0], "\(run.losses.last!)")
    #expect(run.state.leaves.allSatisfy { $0.doubles.allSatisfy(\.isFinite) })
  }
}
