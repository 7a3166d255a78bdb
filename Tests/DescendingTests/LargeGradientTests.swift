import Descending
import TestSupport
import Testing

/// Gradients whose squares overflow.
@Suite struct LargeGradientTests {
  private static let sizes: [(ElementType, Double)] = [(.float32, 1e25), (.float64, 1e200)]

  /// A bowl with curvatures of that size.
  private func bowl(_ chain: String, _ type: ElementType, _ size: Double) throws -> DescentRun {
    func make(_ method: some DescentMethod) throws -> DescentRun {
      try DescentRun(method, from: ["w": NDArray([1.0, -2, 3, 0.5], shape: [2, 2]).converted(to: type)]) { p in
        let curvatures = NDArray([1.0, 0.5, 2, 1], shape: [2, 2]).converted(to: type)
        return (0.5 * size) * (p["w"]!.graph.constant(curvatures) * p["w"]!.squared).sum()
      }
    }
    return try make(try DescentMethodKind.parse(chain))
  }

  /// These take them by themselves or by a clip.
  @Test(arguments: [
    "clip 1 | adam | rate 0.1", "adafactor | rate 0.1", "mars | rate 0.1", "sam (clip 1 | rate 0.1)", "newton (rate 1)",
    "orthogonal | clip 1 | rate 0.5", "trustratio 0.1 | rate 0.5",
  ])
  func theyAreDescended(_ chain: String) throws {
    for (type, size) in Self.sizes {
      let run = try bowl(chain, type, size)
      try run.run(10)
      #expect(run.losses.allSatisfy(\.isFinite) && run.losses.last! < 0.8 * run.losses[0], "\(type): \(run.losses)")
      #expect(run.state.leaves.allSatisfy { $0.doubles.allSatisfy(\.isFinite) }, "\(type)")
    }
  }

  /// The length that a clip reads and takes out is right for all sizes, and one that is not finite is no length.
  @Test(arguments: [(ElementType.float32, 1e25), (.float64, 1e200), (.float32, 1), (.float64, 1)])
  func clippedToTheirDirection(_ type: ElementType, _ size: Double) throws {
    func step(_ gradient: [Double]) throws -> (run: DescentRun, step: [Double]) {
      let run = try DescentRun(
        try ChainParser.parse("clip 0.5 | rate 1"), from: ["w": NDArray.zeros([gradient.count], type)]
      ) { p in (p["w"]! * p["w"]!.graph.constant(NDArray(gradient).converted(to: type))).sum() }
      try run.run(1)
      return (run, run.parameters["w"]!.doubles)
    }
    let (run, clipped) = try step([3 * size, -4 * size])
    let tolerance = rounding(type, terms: 4)
    #expect(zip(clipped, [-0.3, 0.4]).allSatisfy { abs($0 - $1) < tolerance }, "\(clipped)")
    #expect(abs(run.readings["optimizer/gradientNorm"]! / (5 * size) - 1) < tolerance)
    #expect(run.readings["optimizer/clipped"] == 1)
    let infinite = try step([3 * size, .infinity]).step
    #expect(infinite.contains { !$0.isFinite })
  }

  /// Up to its bound for large ones a step of adafactor is that of the gradient, and what is no number stays none.
  @Test func adafactorKeepsWhatIsNoNumber() throws {
    let small = try bowl("adafactor | rate 0.1", .float32, 1)
    let large = try bowl("adafactor | rate 0.1", .float32, 0x1p40)
    try small.run(5)
    try large.run(5)
    #expect(
      zip(small.parameters["w"]!.doubles, large.parameters["w"]!.doubles).allSatisfy { abs($0 - $1) < 1e-6 })
    let broken = try bowl("adafactor | rate 0.1", .float32, .nan)
    try? broken.run(1)
    #expect(broken.parameters["w"]!.doubles.contains { !$0.isFinite })
  }
}
