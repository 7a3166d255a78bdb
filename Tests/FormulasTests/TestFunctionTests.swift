import Arrays
import Descending
import Formulas
import Foundation
import Testing
import Training

@Suite struct TestFunctionTests {
  /// Value and gradient at a point, turned or not.
  private func evaluate(
    _ function: TestFunction, _ point: Tree<NDArray>, of instance: Tree<NDArray> = Tree()
  ) throws -> (value: Double, gradient: [Double]) {
    let results = try Program(inputs: point.types.leaves) { graph, x in
      let value = try function.value(
        at: Tree(sortedPaths: point.paths, leaves: x), of: instance.map { graph.constant($0) })
      return [value] + gradients(of: value, withRespectTo: x)
    }.run(point.leaves)
    return (results[0].item, results.dropFirst().flatMap(\.doubles))
  }

  private func point(_ values: [Double]) -> Tree<NDArray> { ["x": NDArray(values)] }

  /// A function once more, number by number, and where it is least.
  private struct Reference: Sendable {
    let name: String
    let minimizer: [Double]
    let value: @Sendable ([Double]) -> Double

    init(_ name: String, _ minimizer: [Double], _ value: @escaping @Sendable ([Double]) -> Double) {
      (self.name, self.minimizer, self.value) = (name, minimizer, value)
    }
  }

  private static func sum(_ terms: [Double]) -> Double { terms.reduce(0, +) }

  private static let references: [Reference] = [
    Reference("sphere size=3", [0, 0, 0]) { x in sum(x.map { $0 * $0 }) },
    Reference("ellipsoid size=3 condition=100", [0, 0, 0]) { x in x[0] * x[0] + 10 * x[1] * x[1] + 100 * x[2] * x[2] },
    Reference("worstcase size=3", [0.75, 0.5, 0.25]) { x in
      let chain = [x[0], x[0] - x[1], x[1] - x[2], x[2]]
      return sum(chain.map { $0 * $0 }) / 2 - x[0]
    },
    Reference("absolute size=3", [0, 0, 0]) { x in sum(x.map { Swift.abs($0) }) },
    Reference("zakharov size=3", [0, 0, 0]) { x in
      let s = 0.5 * x[0] + x[1] + 1.5 * x[2]
      return sum(x.map { $0 * $0 }) + s * s + s * s * s * s
    },
    Reference("powell", [0, 0, 0, 0]) { x in
      let (a, b) = (x[0] + 10 * x[1], x[2] - x[3])
      let (c, d) = (x[1] - 2 * x[2], x[0] - x[3])
      return a * a + 5 * b * b + c * c * c * c + 10 * d * d * d * d
    },
    Reference("rosenbrock size=3", [1, 1, 1]) { x in
      sum(
        (0..<2).map { k in
          let (valley, way) = (x[k + 1] - x[k] * x[k], 1 - x[k])
          return 100 * valley * valley + way * way
        })
    },
    Reference("dixonprice size=3", [1, 0.5.squareRoot(), Foundation.pow(2, -0.75)]) { x in
      let (a, b, c) = (x[0] - 1, 2 * x[1] * x[1] - x[0], 2 * x[2] * x[2] - x[1])
      return a * a + 2 * b * b + 3 * c * c
    },
    Reference("beale", [3, 0.5]) { x in
      let y = x[1]
      let (a, b, c) = (1.5 - x[0] + x[0] * y, 2.25 - x[0] + x[0] * y * y, 2.625 - x[0] + x[0] * y * y * y)
      return a * a + b * b + c * c
    },
    Reference("himmelblau", [3, 2]) { x in
      let (a, b) = (x[0] * x[0] + x[1] - 11, x[0] + x[1] * x[1] - 7)
      return a * a + b * b
    },
    Reference("ackley size=3", [0, 0, 0]) { x in
      let squares = sum(x.map { $0 * $0 }) / 3
      let waves = sum(x.map { Foundation.cos(2 * Double.pi * $0) }) / 3
      return 20 + Foundation.exp(1.0) - 20 * Foundation.exp(-0.2 * squares.squareRoot()) - Foundation.exp(waves)
    },
    Reference("rastrigin size=3", [0, 0, 0]) { x in
      30 + sum(x.map { $0 * $0 - 10 * Foundation.cos(2 * Double.pi * $0) })
    },
    Reference("levy size=3", [1, 1, 1]) { x in
      let w = x.map { 1 + ($0 - 1) / 4 }
      func sine(_ angle: Double) -> Double { Foundation.pow(Foundation.sin(angle), 2) }
      let middle = sum((0..<2).map { k in (w[k] - 1) * (w[k] - 1) * (1 + 10 * sine(Double.pi * w[k] + 1)) })
      return sine(Double.pi * w[0]) + middle + (w[2] - 1) * (w[2] - 1) * (1 + sine(2 * Double.pi * w[2]))
    },
    Reference("styblinskitang size=3", [-2.903534, -2.903534, -2.903534]) { x in
      sum(x.map { $0 * $0 * $0 * $0 - 16 * $0 * $0 + 5 * $0 }) / 2
    },
  ]

  @Test func allAreReferred() {
    #expect(Self.references.map { String($0.name.prefix { $0 != " " }) } == TestFunctionKind.all.map(\.name))
  }

  /// What a formula says is the function of the literature; its minimum is one, at rest, and nothing that is tried lies below.
  @Test(arguments: references.map(\.name)) func isWhatItSays(_ name: String) throws {
    let reference = Self.references.first { $0.name == name }!
    let function = try TestFunction(name)
    #expect(function.count == reference.minimizer.count)
    let least = try #require(function.minimum)
    // Rounded numbers of a minimum are near it, and a hair above.
    let found = try evaluate(function, point(reference.minimizer))
    #expect(abs(found.value - least) < 1e-9, "\(found.value) and \(least)")
    let hasKink = ["absolute", "ackley"].contains(name.prefix { $0 != " " })
    #expect(hasKink || found.gradient.allSatisfy { abs($0) < 1e-4 }, "\(found.gradient)")
    for seed in 0..<50 {
      let start = function.start(key: RandomKey(seed: seed))
      let values = start.leaves[0].doubles
      let (low, high) = (function.box.low.leaves[0].doubles, function.box.high.leaves[0].doubles)
      #expect(values.indices.allSatisfy { low[$0] <= values[$0] && values[$0] <= high[$0] })
      let (value, expected) = (try evaluate(function, start).value, reference.value(values))
      #expect(abs(value - expected) <= 1e-12 * max(1, abs(expected)) * 10, "\(value) and \(expected)")
      #expect(value > least)
    }
  }

  /// Turned about its minimum: as low there, elsewhere what it is at the turned point, and its gradient is turned back.
  @Test(arguments: ["rosenbrock size=4; rotated", "own: sum(i*x^2) + x[0]; from x={-1...3}*4; rotated"])
  func turns(_ text: String) throws {
    let function = try TestFunction(text)
    let instance = try function.instance(key: RandomKey(seed: 3))
    let rotation = try #require(instance["rotation"])
    #expect(rotation.shape == [4, 4])
    let (center, x, r) = ([1.0, 1, 1, 1], [0.3, -0.2, 0.9, 1.4], rotation.doubles)
    func product(_ row: (Int) -> Double, _ column: (Int) -> Double) -> Double {
      (0..<4).reduce(0.0) { $0 + row($1) * column($1) }
    }
    let turned = (0..<4).map { i in center[i] + product({ r[4 * i + $0] }, { x[$0] - center[$0] }) }
    let (own, plain) = (try evaluate(function, point(x), of: instance), try evaluate(function, point(turned)))
    #expect(abs(own.value - plain.value) < 1e-9 * abs(plain.value))
    for j in 0..<4 {
      let back = product({ r[4 * $0 + j] }, { plain.gradient[$0] })
      #expect(abs(own.gradient[j] - back) < 1e-9 * max(1, abs(back)))
    }
    #expect(try function.instance(key: RandomKey(seed: 4)).leaves[0] != rotation)
    #expect(
      abs(try evaluate(function, point(center), of: instance).value - evaluate(function, point(center)).value)
        < 1e-12)
  }

  /// Turned, moved or both, with its start: what a start is worth does not change, nor what the minimum is.
  @Test(arguments: ["rotated", "shifted", "rotated; shifted"]) func instancesKeepTheirValues(_ options: String) throws {
    for name in ["rosenbrock size=4", "own: sum(i*x^2) + x[0]; from x={-1...3}*4; minimum -0.25"] {
      let (plain, moved) = (try TestFunction(name), try TestFunction("\(name); \(options)"))
      for seed in 0..<5 {
        let (key, other) = (RandomKey(seed: seed), RandomKey(seed: seed + 100))
        let instance = try moved.instance(key: key)
        #expect(instance.count == options.split(separator: ";").count)
        #expect(try instance != moved.instance(key: other))
        let (start, own) = (plain.start(key: key), moved.start(key: key, in: instance))
        #expect(start != own)
        let (a, b) = (try evaluate(plain, start), try evaluate(moved, own, of: instance))
        #expect(abs(a.value - b.value) < 1e-9 * max(1, abs(a.value)))
        // A rotation keeps the length of a gradient.
        func length(_ x: [Double]) -> Double { x.map { $0 * $0 }.reduce(0, +).squareRoot() }
        #expect(abs(length(a.gradient) - length(b.gradient)) < 1e-9 * length(a.gradient))
        for (low, (high, shift)) in zip(
          moved.box.low.leaves[0].doubles,
          zip(moved.box.high.leaves[0].doubles, instance["shift/x"]?.doubles ?? []))
        {
          #expect(abs(shift) <= (high - low) / 2 && shift != 0)
        }
      }
    }
    // Numbers by their names, too.
    let two = try TestFunction("bowl: x^2 + y^2; from x={-2...2}, y={0...10}; minimum 0; shifted")
    let instance = try two.instance(key: RandomKey(seed: 1))
    #expect(instance.paths == ["shift/x", "shift/y"] && !two.isRotated && two.isShifted)
    #expect(
      try evaluate(two, ["x": instance["shift/x"]!, "y": instance["shift/y"]!], of: instance).value == 0)
  }

  /// Noise of the deviation that was asked for in each number of a gradient, anew in each update; the value beside it has none.
  @Test func noiseIsInGradients() throws {
    let (rate, count) = (0.1, 500)
    let function = try TestFunction("sphere size=2; from {1...1}; noise 0.5")
    let method = try DescentMethodKind.parse("rate \(rate)")
    let keys = (0..<count).map { RandomKey(seed: $0) }
    let steps = try TrainingSteps(
      function.objective, method: method, inputs: Tree(),
      from: keys.map { try TrainingState(startingFrom: function.start(key: $0), method: method) }, keys: keys)
    let exact = try #require(steps.readingTags.firstIndex(of: TestFunction.exactValue))
    var place = [[Double]](repeating: [1, 1], count: count)
    var earlier: [Double] = []
    for _ in 0..<2 {
      let values = try steps.advance()[exact]
      #expect(zip(values, place).allSatisfy { abs($0 - $1.map { $0 * $0 }.reduce(0, +)) < 1e-12 })
      let now = steps.states.map { $0.parameters.leaves[0].doubles }
      let noise = zip(now, place).flatMap { now, old in zip(now, old).map { ($1 - 0.2 * $1 - $0) / rate } }
      let mean = noise.reduce(0, +) / Double(noise.count)
      let deviation = (noise.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(noise.count)).squareRoot()
      #expect(abs(mean) < 0.06 && abs(deviation - 0.5) < 0.04, "\(mean), \(deviation)")
      // Neither alike in both numbers, nor in both updates.
      #expect(Set(noise.map { ($0 * 1e6).rounded() }).count > noise.count - 5 && noise != earlier)
      (place, earlier) = (now, noise)
    }
  }

  @Test func theWholeSuite() throws {
    let all = try TestFunctionKind.suite("all size=4; rotated; shifted")
    #expect(all.count == TestFunctionKind.known.count)
    for text in all.prefix(TestFunctionKind.all.count) {
      let function = try TestFunction(text)
      #expect(function.isRotated && function.isShifted && [2, 4].contains(function.count))
      #expect(function.name.hasSuffix("-rotated-shifted"))
    }
    #expect(try TestFunctionKind.suite("sphere; rotated") == ["sphere; rotated"])
    #expect(try TestFunctionKind.suite("all").contains("beale"))
    for text in ["all condition=3", "all size=3 noise=1"] {
      #expect(throws: FormulaError.self) { try TestFunctionKind.suite(text) }
    }
  }

  @Test func isReadFromText() throws {
    let known = try TestFunction("rosenbrock 5; from {-1...1}; noise 0.5; rotated")
    #expect(known.name == "rosenbrock-5-rotated-noise0.5" && known.count == 5 && known.noise == 0.5 && known.isRotated)
    #expect(known.minimum == 0 && known.box.high == ["x": NDArray([1.0, 1, 1, 1, 1])])
    let own = try TestFunction("bowl : (x - 1)^2 + 10*y^2 ; from x={-2...pi}, y=0.5; minimum -1/2")
    #expect(own.name == "bowl" && own.count == 2 && own.minimum == -0.5 && own.noise == 0 && !own.isRotated)
    #expect(own.box.high == ["x": NDArray(Double.pi), "y": NDArray(0.5)])
    let named = try TestFunction("valley: rosenbrock size=3; shifted")
    #expect(named.name == "valley" && named.count == 3 && named.isShifted && named.minimum == 0)
    #expect(named.account.hasPrefix("rosenbrock size=3; sum("))
    // A colon stands in slices, too, and i and n are the places of one list.
    let list = try TestFunction("mine: sum(i[1:]*x[1:]^2)/n; from x={-1...1}*3")
    #expect(try evaluate(list, point([5, 1, 2])).value == (2 + 12) / 3.0 && list.minimum == nil)
    #expect(try TestFunction("mine: n*i^2; from n={1...2}, i=3").count == 2)
  }

  /// What cannot be is an error in words.
  @Test(arguments: [
    ("", "name a test function"), ("rosenbrok", "rosenbrock"), ("rosenbrock size=1", "at least 2"),
    ("sphere size=0", "size"), ("sphere size=1e9", "size"), ("sphere sise=3", "size"),
    ("sphere; minimum 0", "leave it out"),
    ("sphere; from x={-1...1}*3", "x={-1...1}*10"), ("sphere; noise -1", "noise"), ("sphere; noise", "needs a value"),
    ("sphere; rotated yes", "takes no value"), ("sphere size=1; rotated", "2 to 1000"), ("beale; turned", "rotated"),
    ("sphere;", "empty"), ("sphere; noise 1; noise 2", "twice"), ("x^2 + y^2; from x={-1...1}", "has no name"),
    ("x^2; from x={-1...1}; minimum 0", "has no name"), ("valley: rosenbrok; shifted", "did you mean rosenbrock"),
    ("bowl: x^2", "no starts"), ("a b/c: x^2; from x={-1...1}", "a b/c"), ("../evil: x^2; from x={-1...1}", "letters"),
    ("bowl: x^2 + y; from x={-1...1}", "y has no start"),
    ("bowl: x^2; from x={-1...1}, y={0...1}", "no y"), ("bowl: x^2; from x={1...-1}", "lower end"),
    ("z: 3; from x={-1...1}", "no variable"), ("bowl: x^2; from x={1}", "{-2...2}"),
    ("bowl: x^2; from x={1...2", "no }"),
    ("bowl: x^2; from x={a...2}", "no number"),
    ("bowl: x^2; from x={1...inf}", "no number"), ("bowl: x^2; minimum nan; from x={-1...1}", "minimum"),
    ("bowl: x +; from x={-1...1}", "ends where"), ("bowl: x^2; from x={-1...1}*0", "*N"),
    ("bowl: (x^2; from x={-1...1}", "("), ("ellipsoid condition=0.5", "condition"),
    ("bowl: sum(x*y); from x={0...1}*2, y={0...1}*3; rotated", "one list"),
  ]) func errors(_ text: String, _ part: String) {
    #expect { try TestFunction(text) } throws: { "\($0)".contains(part) }
  }

  @Test func aFunctionInCodeIsKnownByItsName() throws {
    let kind = TestFunctionKind(
      name: "ripplesOfTests", summary: "a bowl with waves", options: [.init("depth", "1", "of the waves")]
    ) { values in
      let depth = try values.positive("depth")
      return try TestFunction(
        "ripples", in: StartBox("x={-5...5}*4"), minimum: 0, at: ["x": NDArray([0.0, 0, 0, 0])]
      ) { point in
        let x = point["x"]!
        return (x.squared + depth * (1 - cos(6 * x))).sum()
      }
    }
    try TestFunctionKind.register(kind)
    #expect(throws: DescentError.self) { try TestFunctionKind.register(kind) }
    let read = try TestFunction("ripplesOfTests depth=2; rotated")
    #expect(read.name == "ripples-rotated" && read.isRotated && read.minimum == 0)
    #expect(abs(try evaluate(read, point([1, 0, 0, 0])).value - (1 + 2 * (1 - cos(6)))) < 1e-12)
    for name in ["bad name", String(repeating: "x", count: 81), ""] {
      #expect(throws: FormulaError.self) { try TestFunction(name, in: StartBox("x={0...1}")) { $0["x"]! } }
    }
    #expect(throws: DescentError.self) {
      try TestFunctionKind.register(TestFunctionKind(name: "all", summary: "") { _ in try TestFunction("sphere") })
    }
    let ends = try StartBox(
      from: ["x": NDArray([0.0, 0]), "y": NDArray(1.0)], to: ["x": NDArray([1.0, 1]), "y": NDArray(2.5)])
    #expect(ends.description == "x={0...1}*2, y={1...2.5}")
    #expect(throws: FormulaError.self) {
      try TestFunction("bad name", in: StartBox("x={0...1}")) { $0["x"]! }
    }
    let list = try TestFunction("list", in: StartBox("x={0...1}*2")) { $0["x"]! }
    #expect { try evaluate(list, point([1, 2])) } throws: { "\($0)".contains("must be one number") }
    #expect(throws: FormulaError.self) {
      try TestFunction("far", in: StartBox("x={0...1}*2"), at: ["x": NDArray(1.0)]) { $0["x"]!.sum() }
    }
    #expect(throws: FormulaError.self) {
      try StartBox(from: ["x": NDArray([Float(0)])], to: ["x": NDArray([Float(1)])])
    }
  }
}
