import Formulas
import Foundation
import TestSupport
import Testing
import Training

@Suite struct MinimizationTests {
  /// Plain descent on a parabola, by hand.
  @Test func aDescentIsThatOfItsChain() throws {
    let problem = try Minimization(Formula("(x - 3)^2 + 2 * sum(v^2)"), from: StartPoint("x=0, v=[1, -2]"))
    let path = try problem.descent(by: "rate 0.1", updates: 50)
    #expect(path.failure == nil && path.updates == Array(0...50) && path.method == "rate 0.1")
    var (x, v) = (0.0, [1.0, -2.0])
    for index in 0...50 {
      #expect(abs(path.values[index] - ((x - 3) * (x - 3) + 2 * (v[0] * v[0] + v[1] * v[1]))) < 1e-12)
      #expect(abs(path.points[index]["x"]!.item - x) < 1e-12)
      x -= 0.1 * 2 * (x - 3)
      v = v.map { $0 - 0.1 * 4 * $0 }
    }
    // Rates follow their schedule, and what is random its seed.
    let falling = try problem.descent(by: "rate linear(0.1, 0, 10updates)", updates: 20)
    #expect(falling.points[10] == falling.points[20])
    let noisy = try [1, 1, 2].map { try problem.descent(by: "noise 1 | rate 0.1", updates: 20, seed: $0).end }
    #expect(noisy[0] == noisy[1] && noisy[0] != noisy[2])
  }

  /// A long path has few looks, and those at powers of ten.
  @Test func looksAreFew() throws {
    let path = try Minimization(Formula("x^2"), from: StartPoint("x=1")).descent(
      by: "rate 0.001", updates: 12_345, looks: 100)
    #expect(path.updates.count < 140 && path.updates == path.updates.sorted())
    for look in [0, 10, 100, 1000, 10_000, 12_345] { #expect(path.updates.contains(look), "\(look)") }
  }

  /// Lines of equal value of a bowl are circles, as many as are asked for; what is not finite is left out.
  @Test(arguments: ["x=1, y=1", "v=[1, 1]"]) func contoursOfABowl(_ start: String) throws {
    let formula = try Formula(start.hasPrefix("v") ? "v[0]^2 + v[1]^2" : "x^2 + y^2")
    let lines = try Contours(of: formula, like: StartPoint(start).values, -2...2, -2...2, levels: 5)
    let radii = zip(lines.x, lines.y).filter { $0.0.isFinite }.map { ($0.0 * $0.0 + $0.1 * $0.1).squareRoot() }.sorted()
    #expect(radii.count > 500 && lines.x.count == lines.y.count)
    // Straight lines between the corners of cells that are an eighteenth wide are that near to a circle.
    var groups = 1
    for (before, after) in zip(radii, radii.dropFirst()) where after - before > 0.05 { groups += 1 }
    #expect(groups == 5, "\(groups)")
    let half = try Contours(of: Formula("sqrt(x) + y"), like: StartPoint("x=1, y=1").values, -1...1, -1...1)
    #expect(half.x.contains { $0 > 0.5 } && !half.x.contains { $0 < -0.05 })
    #expect(throws: FormulaError.self) {
      try Contours(of: Formula("x^2"), like: StartPoint("x=1").values, 0...1, 0...1)
    }
  }

  /// Of a long list few points are kept.
  @Test func longListsAreSeenRarely() throws {
    let path = try Minimization(Formula("sum(x^2)"), from: StartPoint("x=[1]*100000"))
      .descent(by: "rate 0.01", updates: 300)
    #expect(path.points.count < 50 && path.updates.last == 300)
    #expect(abs(path.values.last! / (1e5 * pow(0.98, 600)) - 1) < 1e-9)
  }

  /// A descent that runs away ends with a sentence, and what was seen stays.
  @Test func aPathMayBreakDown() throws {
    let path = try Minimization(Formula("x^2"), from: StartPoint("x=1")).descent(by: "rate 3", updates: 1000)
    #expect(path.failure?.contains("not finite") == true || path.failure?.contains("inf") == true)
    #expect(path.values.allSatisfy(\.isFinite) && path.values.count > 100)
  }

  /// Slopes whose squares are beyond doubles are told, and descended where a stage takes their length.
  @Test(arguments: [1e200, 1e-200]) func squaresDoNotCount(_ size: Double) throws {
    let point = try StartPoint("x=1, y=1").values
    let plane = try LocalShape(of: Formula("\(size) * (3 * x + 4 * y)"), at: point)
    #expect(abs(plane.gradientNorm / size - 5) < 1e-14)
    let bowl = try LocalShape(of: Formula("\(size) * (x^2 + 2 * y^2)"), at: point)
    #expect(abs(bowl.gradientNorm / size - 20.0.squareRoot()) < 1e-14)
    #expect(abs(bowl.newtonGain! / size - 3) < 1e-12 && bowl.account.contains("bends up in all directions"))
    let list = try StartPoint("v=[\(3 * size), \(-4 * size)]")
    let norm = try LocalShape(of: Formula("norm(v)"), at: list.values)
    #expect(abs(norm.value / size - 5) < 1e-14 && abs(norm.gradientNorm - 1) < 1e-14)
    // Along the list it is straight, across it bends by one over its length.
    #expect(abs(norm.curvatures![1] * size - 0.2) < 1e-12)
    guard size > 1 else { return }
    let start = try StartPoint("x=1, y=1")
    for chain in ["clip 1 | rate 0.1", "clip 1 | adam | rate 0.1", "adafactor | rate 0.1", "newton (rate 1)"] {
      let path = try Minimization(Formula("\(size) * (x^2 + 2 * y^2)"), from: start).descent(by: chain, updates: 20)
      #expect(path.failure == nil && path.values.last! < 0.05 * path.values[0], "\(chain): \(path.values.last!)")
    }
  }

  @Test(arguments: [
    ("x + y", "x=1", "y has no start"), ("x", "x=1, y=2", "the formula has no y"), ("1", "x=1", "has no variable"),
    ("sqrt(x)", "x=-1", "at the start is not a number"),
  ])
  func whatDoesNotFitIsNamed(_ formula: String, _ start: String, _ hint: String) throws {
    #expect { try Minimization(Formula(formula), from: StartPoint(start)) } throws: { "\($0)".contains(hint) }
  }

  /// Minima, saddles and flat directions; what Newton's step gains is exact on a parabola.
  @Test func shapes() throws {
    func shape(_ formula: String, _ start: String) throws -> LocalShape {
      try LocalShape(of: Formula(formula), at: StartPoint(start).values)
    }
    let bowl = try shape("2 * x^2 + x * y + 3 * y^2 + 5", "x=1, y=-2")
    #expect(bowl.value == 17 && abs(bowl.gradientNorm - (4 + 121).squareRoot()) < 1e-12)
    // Eigenvalues of [[4, 1], [1, 6]].
    let root = 2.0.squareRoot()
    #expect(zip(bowl.curvatures!, [5 - root, 5 + root]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(abs(bowl.newtonGain! - 12) < 1e-12 && bowl.account.contains("bends up in all directions"))
    let saddle = try shape("x^2 - y^2", "x=0, y=0")
    #expect(saddle.newtonGain == nil && saddle.account.contains("bends down in 1 of 2 directions"))
    let valley = try shape("(x + y)^2", "x=1, y=1")
    #expect(valley.newtonGain == nil)
    #expect(valley.account.contains("in 1 of 2 directions the curvature is not told from 0"))
    // The dense Hessian of a long list is not made.
    let long = try shape("sum(x^2)", "x=[1]*\(LocalShape.mostNumbers + 1)")
    #expect(long.curvatures == nil && long.account.contains("of up to 200 numbers, and these are 201"))
    // A small curvature is one, and what rounding hides is neither flat nor a minimum.
    let graded = try shape("1e6*x^2 + 1e-6*y^2", "x=1, y=1")
    #expect(graded.account.contains("curvatures 2e-06 to 2e+06: it bends up in all directions"))
    let bent = try shape("1e6*x^2 - 1e-6*y^2", "x=0, y=1")
    #expect(bent.account.contains("-2e-06 to 2e+06") && bent.account.contains("bends down in 1 of 2 directions"))
    let hidden = try shape("1e9*x^2 + 1e-9*y^2", "x=1, y=1")
    #expect(hidden.account.contains("2e-09 to 2e+09: in 1 of 2 directions the curvature is not told from 0"))
    let steep = try shape("x^2 + log(y)", "x=1, y=2e-7")
    #expect(abs(steep.curvatures!.last! - 2) < 1e-9 && steep.account.contains("bends down in 1 of 2"))
    #expect(try shape("x", "x=1").account.hasSuffix("it does not bend"))
    #expect(try shape("sqrt(x)", "x=0").account.contains("the Hessian is not finite there"))
    // Rosenbrock's valley at its minimum, of which Examples/OwnFunction prints the same numbers.
    let lists = try shape("sum(100 * (x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)", "x=[1]*10")
    #expect(lists.curvatures!.count == 10 && lists.curvatures![0] > 0.49 && lists.curvatures![0] < 0.5)
  }
}
