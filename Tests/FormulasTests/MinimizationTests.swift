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

  /// How often a path is looked at changes nothing of it: updates between two looks are made within few calls.
  @Test(arguments: [
    "noise 0.1 | rate 0.01", "adam | rate linear(0.1, 0, 200updates)", "rate 0.01 | average 0.9", "rate 0.4",
  ])
  func looksChangeNothing(_ method: String) throws {
    let problem = try Minimization(Formula("x^4 - 3*x + y^2"), from: StartPoint("x=2, y=1"))
    func descent(looks: Int) throws -> Minimization.Path { try problem.descent(by: method, updates: 300, looks: looks) }
    let (often, rarely) = (try descent(looks: 300), try descent(looks: 3))
    #expect(often.failure == rarely.failure && (often.failure != nil) == (method == "rate 0.4"))
    #expect(rarely.updates.count < 30 || often.failure != nil)
    for (update, (value, point)) in zip(rarely.updates, zip(rarely.values, rarely.points)) {
      let place = try #require(often.updates.firstIndex(of: update))
      #expect(often.values[place] == value && often.points[place] == point, "\(update)")
    }
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
    #expect(abs(bowl.quadraticGain! / size - 3) < 1e-12 && bowl.account.contains("bends up in all directions"))
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

  /// Whether a descent has come to rest is told from the function itself, also where nothing bends.
  @Test(arguments: [
    ("x^2", "x=1", Ground.falling), ("x^2", "x=0", .other), ("x^2", "x=1e-6", .other),
    ("1e6*x^2", "x=1e-5", .other),
    ("x", "x=3", .falling), ("abs(x)", "x=0", .other), ("abs(x)", "x=1e-16", .kink),
    ("abs(x) + y^2", "x=-1e-12, y=1e-9", .kink),
    ("norm(v)", "v=[1e-14, -1e-15]", .kink), ("(x^2+y-11)^2+(x+y^2-7)^2", "x=-0.27, y=-0.92", .falling),
    ("1e-200*x^2", "x=1", .falling),
    ("1e200*x^2", "x=1e-9", .other), ("log(x)", "x=1e-5", .other), ("exp(x)", "x=-800", .other),
    ("x^4", "x=0.5", .falling),
    ("max(x, 0)", "x=-1", .other), ("relu(x) - x", "x=-1", .falling), ("1e9 + x", "x=5", .falling),
    ("x^2", "x=1e150", .falling),
  ])
  func theGroundIsTold(_ formula: String, _ start: String, _ ground: Ground) throws {
    let shape = try LocalShape(of: Formula(formula), at: StartPoint(start).values)
    #expect(shape.ground == ground, "\(formula) at \(start): \(shape.ground), \(shape.account)")
    #expect(
      shape.account.contains("not at rest") == (ground == .falling)
        && shape.account.contains("kink") == (ground == .kink))
  }

  /// A line search that tries too few lengths stands still, before it has come to rest.
  @Test func aStandstillIsSeen() throws {
    let problem = try Minimization(Formula("(x^2+y-11)^2+(x+y^2-7)^2"), from: StartPoint("x=-0.27, y=-0.92"))
    let stuck = try problem.descent(by: "linesearch trials=8 (lbfgs | rate 1)", updates: 200)
    let since = try #require(stuck.standstill)
    #expect(since < 20 && stuck.stillness == nil)
    #expect(try LocalShape(of: problem.formula, at: stuck.end).ground == .falling)
    let free = try problem.descent(by: "linesearch trials=20 (lbfgs | rate 1)", updates: 200)
    #expect(try free.values.last! < 1e-20 && LocalShape(of: problem.formula, at: free.end).ground == .other)
    #expect(try problem.descent(by: "rate 0.001", updates: 20).standstill == nil)
  }

  /// Numbers at a bound beyond which the function falls are held there, and the others are looked at.
  @Test func boundsHoldNumbers() throws {
    let problem = try Minimization(
      Formula("(x - 3)^2 + sum((v - 0.5)^2 * v[0]^2) + 3*v[0]"), from: StartPoint("x=0.5, v=[0.7, 0.3]"))
    let path = try problem.descent(by: "rate 0.05 | bounds 0.25 only=v | bounds none 1 only=x", updates: 4000)
    #expect(path.bounds("x") == -.infinity...1 && path.bounds("v") == 0.25...(.infinity) && path.bounds("y") == nil)
    let shape = try LocalShape(of: problem.formula, at: path.end, bounds: path.bounds)
    #expect(
      shape.account.hasPrefix(
        "held at a bound, beyond which the function would fall: 2 of 3 numbers; along the others: gradient"))
    #expect(shape.gradientNorm < 1e-9 && shape.curvatures!.count == 1 && abs(shape.curvatures![0] - 0.125) < 1e-12)
    let free = try LocalShape(of: problem.formula, at: path.end)
    #expect(free.gradientNorm > 3 && free.curvatures!.count == 3)
    // A mean of points comes near to its bound, and ways end there.
    for chain in [
      "rate 0.1 | bounds 0 2 | average 0.9", "lookahead (rate 0.1 | bounds 0 2)",
    ] {
      let bowl = try Minimization(Formula("(x - 3)^2 + y^2"), from: StartPoint("x=1, y=1"))
      let mean = try bowl.descent(by: chain, updates: 2000)
      let account = try LocalShape(of: bowl.formula, at: mean.end, bounds: mean.bounds, nearness: mean.nearness).account
      #expect(account.contains("held at") && !account.contains("at rest"), "\(chain): \(account)")
    }
    // Near to a bound is not at it, on whatever scale.
    for (formula, start, chain) in [
      ("(x - 1000000000500)^2", "x=999999999500", "rate 1e-5 | bounds none 1e12"),
      ("1e20*(x - 1e-10)^2", "x=9e-10", "rate 1e-22 | bounds 0"),
      ("x", "x=1e-10", "rate 1e-14 | bounds 0"),
    ] {
      let path = try Minimization(Formula(formula), from: StartPoint(start)).descent(by: chain, updates: 10)
      let account = try LocalShape(of: Formula(formula), at: path.end, bounds: path.bounds, nearness: path.nearness)
        .account
      #expect(!account.contains("held"), "\(formula): \(account)")
    }
    // What does not move for another reason is not held.
    let slow = try Minimization(Formula("x"), from: StartPoint("x=1")).descent(
      by: "rate 1e-20 | bounds 0 1", updates: 3)
    #expect(slow.stillness?.contains("too small to change it") == true)
    let held = try Minimization(Formula("x"), from: StartPoint("x=0")).descent(
      by: "linesearch (rate 0.1 | bounds 0)", updates: 3)
    #expect(held.stillness == "its bounds hold it there")
    // At a bound that it leaves by itself a number is free.
    let inward = try LocalShape(of: Formula("(x - 3)^2"), at: StartPoint("x=0").values) { _ in 0...10 }
    #expect(inward.gradientNorm == 6 && !inward.account.contains("held"))
    let all = try Minimization(Formula("x^2"), from: StartPoint("x=2")).descent(
      by: "linesearch (rate 0.3 | bounds 2 4)", updates: 5)
    #expect(all.stillness != nil)
    #expect(
      try LocalShape(of: Formula("x^2"), at: all.end, bounds: all.bounds).account
        == "it is held at its bound: from there the function rises")
    #expect { try problem.descent(by: "rate 0.1 | bounds 1 2 only=x", updates: 1) } throws: {
      "\($0)".contains("x starts at 0.5, outside its bounds")
    }
    #expect(
      try problem.descent(by: "sam (groups (x: rate 0.1 | l1 0.1; v: rate 0.1 | bounds 0 1))", updates: 1).isThresholded
    )
    #expect(try !problem.descent(by: "rate 0.1", updates: 1).isThresholded)
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
    #expect(abs(bowl.quadraticGain! - 12) < 1e-12 && bowl.account.contains("bends up in all directions"))
    let saddle = try shape("x^2 - y^2", "x=0, y=0")
    #expect(saddle.quadraticGain == nil && saddle.account.contains("bends down in 1 of 2 directions"))
    let valley = try shape("(x + y)^2", "x=1, y=1")
    #expect(valley.quadraticGain == nil)
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
    #expect(
      try shape("x", "x=1").account.hasSuffix(
        "it does not bend; it is not at rest there: further against the gradient the value falls"))
    #expect(try shape("sqrt(x)", "x=0").account.contains("the Hessian is not finite there"))
    // Rosenbrock's valley at its minimum, of which Examples/OwnFunction prints the same numbers.
    let lists = try shape("sum(100 * (x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)", "x=[1]*10")
    #expect(lists.curvatures!.count == 10 && lists.curvatures![0] > 0.49 && lists.curvatures![0] < 0.5)
  }
}
