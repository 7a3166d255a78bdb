import Arrays
import Compilation
import Datasets
import Distributed
import Foundation
import TestSupport
import Testing

private func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

@Suite struct ObjectiveTests {
  static func table() throws -> LogisticRegression {
    let (n, d) = (60, 4)
    let features = RandomKey(seed: 1).normal(count: n * d)
    let labels = (0..<n).map { Int32(features[$0 * d] + 0.5 * features[$0 * d + 1] + 0.3 > 0 ? 1 : 0) }
    return try LogisticRegression(
      Dataset(
        name: "made-up", features: .numbers(NDArray(features.map { Float($0) }, shape: [n, d])),
        targets: .classes(labels), classNames: ["no", "yes"]), positive: "yes", decay: 0.01)
  }

  static func all() throws -> [any StochasticObjective] {
    [
      TridiagonalQuadratic(dimension: 9, smoothness: 2, variance: 3),
      WorstCaseObjective(WorstCaseFunction(length: 9, window: 2, base: 1.5), chance: 0.3), try table(),
    ]
  }

  /// True gradients against central differences; L bounds how fast they change and Δ the fall from the start.
  @Test(arguments: 0..<3) func gradientsAreThoseOfTheValue(_ index: Int) throws {
    let objective = try Self.all()[index]
    for trial in 0..<20 {
      let x = RandomKey(seed: trial).normal(count: objective.dimension)
      let gradient = try objective.gradient(at: x)
      let h = 1e-5
      for i in x.indices {
        var (up, down) = (x, x)
        up[i] += h
        down[i] -= h
        let slope = (try objective.value(at: up) - objective.value(at: down)) / (2 * h)
        // Third derivatives of the chain reach 10⁴ where Ψ sets in; values are below 100.
        #expect(abs(slope - gradient[i]) < h * h / 6 * 1e4 + rounding(terms: 50, scale: 100) / h)
      }
      let other = zip(x, RandomKey(seed: 100 + trial).normal(count: x.count)).map { $0 + 0.1 * $1 }
      let change = norm(zip(try objective.gradient(at: other), gradient).map { $0 - $1 })
      #expect(change <= objective.smoothness * norm(zip(other, x).map { $0 - $1 }))
      #expect(try objective.value(at: objective.start) - objective.value(at: x) <= objective.gap)
      #expect(try objective.squaredGradientNorm(at: x) == gradient.reduce(0) { $0 + $1 * $1 })
    }
  }

  /// Stochastic gradients have the true mean and at most the variance, b of them a b-th; some coordinates are those of all.
  @Test(arguments: 0..<3, [1, 8]) func stochasticGradientsAreUnbiased(_ index: Int, _ batch: Int) throws {
    let objective = try Self.all()[index]
    // Near the start, where the logistic bound holds; the chain's next coordinate is then the first.
    let x = objective.start
    let (exact, draws) = (try objective.gradient(at: x), 4000)
    var (sums, squares) = (exact.map { _ in 0.0 }, exact.map { _ in 0.0 })
    for draw in 0..<draws {
      let key = RandomKey(seed: 7).split(draw)
      let g = try objective.stochasticGradient(at: x, batch: batch, key: key, positions: nil)
      if draw < 20 {
        let some = try objective.stochasticGradient(at: x, batch: batch, key: key, positions: [3, 0])
        #expect(some == [g[3], g[0]])
      }
      for i in g.indices {
        sums[i] += g[i]
        squares[i] += (g[i] - exact[i]) * (g[i] - exact[i])
      }
    }
    let n = Double(draws)
    for i in sums.indices {
      #expect(
        abs(sums[i] / n - exact[i]) <= 5 * (squares[i]).squareRoot() / n + rounding(terms: n, scale: abs(exact[i])))
    }
    let variance = squares.reduce(0, +) / n * Double(batch)
    // A mean of 4,000 squares of kurtosis below 10 is known to some 5 %; five times that.
    #expect(variance <= 1.25 * objective.variance)
    if index != 1 { #expect(variance >= 0.75 * objective.variance) }
  }

  @Test func quadraticKnowsItsMinimum() {
    let f = TridiagonalQuadratic(dimension: 7, smoothness: 3)
    let x = (1...7).map { -Double(8 - $0) / 8 }
    #expect(norm(f.gradient(at: x)) < rounding(terms: 5, scale: 3 * 7))
    #expect(abs(f.value(at: x) - f.infimum) < rounding(terms: 20, scale: 3))
  }

  @Test func tablesAreChecked() throws {
    let rows = NDArray([Float](repeating: 1, count: 4), shape: [2, 2])
    func dataset(_ targets: Dataset.Targets) -> Dataset {
      Dataset(name: "t", features: .numbers(rows), targets: targets, classNames: ["a", "b"])
    }
    #expect(throws: DatasetError.self) { try LogisticRegression(dataset(.classes([0, 0]))) }
    #expect(throws: DatasetError.self) { try LogisticRegression(dataset(.classes([0, 1])), positive: "c") }
    #expect(throws: DatasetError.self) { try LogisticRegression(dataset(.numbers(rows))) }
    // Columns that do not vary are left out.
    #expect(try LogisticRegression(dataset(.classes([0, 1]))).gradient(at: [0, 0, 0])[..<2] == [0, 0])
  }

  /// A closure and a compiled program descend alike.
  @Test func anyObjective() throws {
    let target = [1.0, -2, 3]
    func noise(_ key: RandomKey) -> [Double] { key.normal(count: 3) }
    let closure = YourObjective(
      start: [0, 0, 0], smoothness: 1, gap: 7, variance: 3, gradient: { zip($0, target).map { $0 - $1 } },
      stochastic: { x, key in zip(zip(x, target).map { $0 - $1 }, noise(key)).map { $0 + $1 } })
    let type = TensorType([3], .float64)
    let program = try Program(inputs: [type, type]) { graph, x in [x[0] - graph.constant(NDArray(target)) + x[1]] }
    let compiled = try YourObjective(
      program: program, start: [0, 0, 0], smoothness: 1, gap: 7, variance: 3, batch: { [NDArray(noise($0))] },
      all: [NDArray([0.0, 0, 0])])
    let records = try [closure, compiled].map {
      try DistributedDescent.simulate(
        BatchDescent(batch: 2, uplink: RandK(2)), on: $0, Cluster(workers: 3), goal: Goal(accuracy: 0.1),
        key: RandomKey(seed: 0))
    }
    #expect(records[0].isReached && records[0].rounds == records[1].rounds)
    for (a, b) in zip(records[0].point, records[1].point) {
      #expect(abs(a - b) < rounding(terms: Double(10 * records[0].rounds), scale: 10))
    }
    #expect(throws: DistributedError.self) {
      try YourObjective(program: program, start: [0], smoothness: 1, batch: { _ in [] }, all: [])
    }
  }
}

@Suite struct WorstCaseFunctionTests {
  static let shapes = [1, 2, 3, 5].flatMap { k in [M_E, 1 + 1 / Double(k)].map { (k, $0) } }

  /// The lemmas of the paper at random points with a random number of leading coordinates, some of them 0.
  @Test(arguments: shapes) func lemmas(_ window: Int, _ base: Double) {
    let f = WorstCaseFunction(length: 12, window: window, base: min(base, M_E))
    let start = [Double](repeating: 0, count: 12)
    for trial in 0..<400 {
      let key = RandomKey(seed: trial)
      let known = key.split("known").integers(count: 1, below: 12)[0]
      let isZero = key.split("zero").uniform(count: 12).map { $0 < 0.15 }
      let x = key.normal(count: 12).enumerated().map { i, v in
        i >= known || isZero[i] ? 0 : [1.0, 3, 1][i % 3] * v + 0.7
      }
      let (gradient, progress) = (f.gradient(at: x), f.progress(x))
      for i in 0..<12 where i > progress && x[i] == 0 { #expect(gradient[i] == 0) }
      if progress < 12 { #expect(norm(gradient) > 1) }
      #expect(gradient.allSatisfy { abs($0) <= f.largestSlope })
      #expect(f.value(at: start) - f.value(at: x) <= f.gapPerCoordinate * 12)
      let other = zip(x, key.split("other").normal(count: 12)).map { $0 + 0.05 * $1 }
      let change = norm(zip(f.gradient(at: other), gradient).map { $0 - $1 })
      #expect(change <= f.smoothness * norm(zip(other, x).map { $0 - $1 }))
    }
  }

  @Test func progressAsksForTheWholeWindow() {
    let f = WorstCaseFunction(length: 6, window: 3, base: 1.3)
    #expect(f.progress([0, 0, 0, 0, 0, 0]) == 0)
    #expect(f.progress([1, 0, 0, 0, 0, 0]) == 1)  // with those before the first
    #expect(f.progress([0, 1, 1, 0, 0, 0]) == 0)
    #expect(f.progress([0, 1, 1, 1, 0, 1]) == 4)
    #expect(f.progress([1, 1, 1, 1, 1, 1]) == 6)
  }

  /// The oracle shows the next coordinate with its chance, and all others exactly.
  @Test func oracleHidesTheNextCoordinate() {
    let objective = WorstCaseObjective(WorstCaseFunction(length: 5, window: 1, base: M_E), chance: 0.25)
    let x = [1.0, 1, 0, 0, 0]
    let exact = objective.gradient(at: x)
    var shown = 0
    for draw in 0..<4000 {
      let g = objective.stochasticGradient(at: x, batch: 1, key: RandomKey(seed: draw), positions: nil)
      #expect(g[0] == exact[0] && g[1] == exact[1] && (g[2] == 0 || g[2] == 4 * exact[2]))
      if g[2] != 0 { shown += 1 }
    }
    #expect(abs(Double(shown) - 1000) < 5 * (4000 * 0.25 * 0.75).squareRoot())
    let byVariance = WorstCaseObjective(objective.function, variance: objective.variance)
    #expect(abs(byVariance.chance - 0.25) < rounding(terms: 10))
  }
}
