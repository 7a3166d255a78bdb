import Descending
import Foundation
import TestSupport
import Testing

/// A loss times a constant, at a rate over it, is descended alike: no stage has a floor that is not said.
@Suite struct ScaleTests {
  /// Beyond the squares that double precision holds, on both sides, and where a floor may hide.
  private static let scales = [0x1p530, 0x1p-530, 0x1p-133, 0x1p-47]

  private func end(_ text: String, scale: Double, steps: Int = 10) throws -> [Double] {
    func run(_ method: some DescentMethod) throws -> [Double] {
      let start = Tree(["w": NDArray([1.0, 0.5], shape: [2, 1]), "x": NDArray([1.0, -1])])
      let run = try DescentRun(method, from: start) { p in
        let (x, y) = (p["w"]!.slice(0..<1, axis: 0).sum(), p["w"]!.slice(1..<2, axis: 0).sum())
        return scale * ((x - 2).squared + (y - 3 * x).squared + (p["x"]! - 0.5).squared.sum())
      }
      try run.run(steps)
      return run.parameters.leaves.flatMap(\.doubles)
    }
    return try run(try DescentMethodKind.parse(text))
  }

  @Test(arguments: [
    "clip LIMIT | rate RATE", "sam 0.3 (rate RATE)", "trustratio | rate 0.1", "linesearch trials=40 (rate RATE)",
    "linesearch shrink=0.25 trials=40 (momentum 0.5 | rate RATE)", "orthogonal epsilon=TINY | rate RATE",
    "groups (w: polar epsilon=TINY | rate 0.1; x: rate RATE)", "cautious (momentum 0.9) | rate RATE",
    "groups (w: shampoo adamepsilon=TINY | rate 0.1; x: rate RATE)",
    "newton least=TINY most=1e300 damping=LIMIT (rate 1)",
  ])
  func scaleChangesNothing(_ text: String) throws {
    func chain(_ scale: Double) -> String {
      // An ε far below every length; limits and rates as gradients and what they are divided by.
      [("LIMIT", 0.5 * scale), ("RATE", 0.1 / scale), ("TINY", 1e-40 * min(scale, 1))].reduce(text) {
        $0.replacing($1.0, with: "\($1.1)")
      }
    }
    // Squares of shampoo's means and of Newton's products are kept as they are.
    let keepsSquares = text.contains("shampoo") || text.contains("newton")
    let plain = try end(chain(1), scale: 1)
    #expect(plain.allSatisfy(\.isFinite) && plain != [1, 0.5, 1, -1])
    for scale in Self.scales where !keepsSquares || (1e-100...1e100).contains(scale) {
      for (a, b) in zip(plain, try end(chain(scale), scale: scale)) {
        // Ten steps, some of which turn on a square root or a quotient, each of some thirty roundings.
        #expect(abs(a - b) < rounding(terms: 3000, scale: 2), "\(chain(scale)): \(a) and \(b)")
      }
    }
  }

  /// A first step of L-BFGS has at most the length 1, so it is compared where gradients are longer.
  @Test func curvatureOfMovesIsKnownAtAnyScale() throws {
    let text = "linesearch trials=20 (lbfgs | rate 1)"
    let plain = try end(text, scale: 0x1p20)
    #expect(plain.allSatisfy { $0.isFinite } && abs(plain[0] - 2) < 0.1)
    for (a, b) in zip(plain, try end(text, scale: 0x1p530)) { #expect(abs(a - b) < 1e-9) }
  }

  /// Nothing is shorter than a limit that a type does not hold.
  @Test func limitsBelowTheType() throws {
    let start = Tree(["w": NDArray([Float(0), 0])])
    let run = try DescentRun(try Chain("clip 1e-60 | rate 1"), from: start) { $0["w"]!.squared.sum() }
    try run.run(3)
    #expect(run.parameters == start)
  }

  @Test(arguments: [
    "adam epsilon=1e-40 | rate 0.1", "finite (rmsprop epsilon=1e-200 | rate 0.1)",
    "groups (*: momentum | orthogonal epsilon=1e-39 | rate 0.1)", "linesearch (dog epsilon=1e-50 | rate 1)",
  ])
  func whatATypeHoldsMayDivide(_ text: String) throws {
    let method = try DescentMethodKind.parse(text)
    _ = try method.initialState(for: ["w": TensorType([2], .float64)])
    #expect { try method.initialState(for: ["w": TensorType([2])]) } throws: {
      "\($0)".contains("is 0 in float32, the type of w: at least 1.2e-38")
    }
    #expect { try DescentMethodKind.parse("adam epsilon=1e-310 | rate 0.1") } throws: { "\($0)".contains("1e-307") }
  }
}
