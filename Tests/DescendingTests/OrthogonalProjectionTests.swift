import Descending
import TestSupport
import Testing

@Suite struct OrthogonalProjectionTests {
  /// A step takes some twenty roundings of numbers whose squares are up to 25.
  private let tolerance = rounding(terms: 20, scale: 25)

  private func step(_ projection: OrthogonalProjection, _ w: [Double], gradient: [Double]) throws -> [Double] {
    let run = try DescentRun(
      Chain {
        projection
        LearningRate(0.1)
      }, from: Tree(["w": NDArray(w)])
    ) { p in dot(p["w"]!, p["w"]!.graph.constant(NDArray(gradient))) }
    try run.run(1)
    return run.parameters["w"]!.doubles
  }

  /// |w'|^2 = |w|^2 + rate^2 |g'|^2, and g' is orthogonal to w.
  @Test func normsAddUp() throws {
    let (w, g) = ([3.0, 4.0, 0.0], [1.0, 0.0, 2.0])
    let plain = try step(OrthogonalProjection(renormalizes: false), w, gradient: g)
    let moved = zip(plain, w).map { $0 - $1 }
    #expect(abs(zip(moved, w).reduce(0) { $0 + $1.0 * $1.1 }) < tolerance)
    let square = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 } }
    #expect(abs(square(plain) - square(w) - square(moved)) < tolerance)
    let scaled = try step(OrthogonalProjection(), w, gradient: g)
    let length = square(zip(scaled, w).map { $0 - $1 }).squareRoot()
    #expect(abs(length - 0.1 * square(g).squareRoot()) < tolerance)
  }

  @Test func guardsAgainstParallelGradientsAndSingles() throws {
    #expect(try step(OrthogonalProjection(), [2.0], gradient: [1.0])[0] == 1.9)
    let parallel = try step(OrthogonalProjection(), [1.0, 2.0, 3.0], gradient: [0.1, 0.2, 0.3])
    for (a, b) in zip(parallel, [1.0, 2.0, 3.0]) { #expect(abs(a - b) < tolerance) }
  }

  /// A weight followed by normalisation does not change the loss when scaled: the projection has nothing to remove.
  @Test func isIdentityOnScaleInvariantWeights() throws {
    func run(_ chain: Chain) throws -> [Double] {
      let x = RandomKey(seed: 1).normal([16, 3], .float64)
      let run = try DescentRun(chain, from: Tree(["w": RandomKey(seed: 2).normal([3, 4], .float64)])) { p in
        let graph = p["w"]!.graph
        let y = graph.constant(x).matmul(p["w"]!)
        let ones = graph.fill(1, TensorType([4], .float64))
        let z = batchNorm(y, scale: ones, shift: ones * 0, epsilon: 0).output
        return (tanh(z) * graph.constant(RandomKey(seed: 3).normal([16, 4], .float64))).sum()
      }
      try run.run(1)
      return run.parameters["w"]!.doubles
    }
    let plain = try run(Chain { LearningRate(0.01) })
    let projected = try run(
      Chain {
        OrthogonalProjection()
        LearningRate(0.01)
      })
    // Means of 16 rows, and gradients up to 10 at the rate 0.01.
    for (a, b) in zip(plain, projected) { #expect(abs(a - b) < rounding(terms: 16 * 16)) }
  }

  /// With the published form, rounding noise of a parallel gradient is blown up to the gradient's length.
  @Test func thePublishedFormHasNoGuards() throws {
    let raw = OrthogonalProjection(guarded: false)
    #expect(try abs(step(raw, [2.0], gradient: [1.0])[0] - 1.9) > 0.05)
    let (w, g) = ([0.3, 0.7, 1.1], [0.03, 0.07, 0.11])
    let moved = zip(try step(raw, w, gradient: g), w).map { $0 - $1 }
    let noise = moved.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let guarded = zip(try step(OrthogonalProjection(), w, gradient: g), w).map { $0 - $1 }
    #expect(noise > 1e-3 && guarded.reduce(0) { $0 + $1 * $1 }.squareRoot() < tolerance)
  }

  @Test func aParameterAtZeroKeepsItsGradient() throws {
    #expect(try step(OrthogonalProjection(), [0.0, 0.0], gradient: [1.0, 2.0]) == [-0.1, -0.2])
  }

  @Test func onlyNamedPathsAreProjected() throws {
    let start = Tree(["fc/weight": NDArray([1.0, 2]), "norm/scale": NDArray([1.0, 2])])
    let run = try DescentRun(try Chain("orthogonal renormalize=false only=fc/* | rate 1"), from: start) { p in
      p["fc/weight"]!.sum() + p["norm/scale"]!.sum()
    }
    try run.run(1)
    #expect(run.parameters["norm/scale"]!.doubles == [0, 1])
    for (a, b) in zip(run.parameters["fc/weight"]!.doubles, [0.6, 2.2]) { #expect(abs(a - b) < tolerance) }
  }

  /// Plain projected descent on an L-smooth loss, 0 < rate < 2 / L: the norm never falls, the loss never rises,
  /// min |g'|^2 <= (L0 - Linf) / (T rate (1 - rate L / 2)), and |w|^2 <= |w0|^2 + rate (L0 - Linf) / (1 - rate L / 2).
  /// It ends where the gradient is radial.
  @Test func convergesToRadialGradients() throws {
    let curvature = [2.0, 0.5, 1.0]
    let (rate, smoothness, steps) = (0.3, 2.0, 400)
    func loss(_ p: Parameters) -> Tensor {
      0.5 * dot((p["w"]! - 1).squared, p["w"]!.graph.constant(NDArray(curvature)))
    }
    let run = try DescentRun(
      try Chain("orthogonal renormalize=false guard=false | rate \(rate)"),
      from: Tree(["w": NDArray([0.2, -0.9, 1.4])]),
      loss: loss)
    let square = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 } }
    let start = square(run.parameters["w"]!.doubles)
    var smallest = Double.infinity
    var before = run.parameters["w"]!.doubles
    for _ in 0..<steps {
      try run.run(1)
      let now = run.parameters["w"]!.doubles
      let projected = square(zip(now, before).map { ($0 - $1) / rate })
      #expect(abs(square(now) - square(before) - rate * rate * projected) < tolerance)
      smallest = min(smallest, projected)
      before = now
    }
    // A loss is the square of a difference of numbers near 1.
    for (a, b) in zip(run.losses, run.losses.dropFirst()) {
      #expect(b <= a + rounding(terms: 8, scale: a + a.squareRoot()))
    }
    let share = 1 - rate * smoothness / 2
    #expect(smallest <= run.losses[0] / (Double(steps) * rate * share))
    #expect(square(before) <= start + rate * run.losses[0] / share)
    let gradient = zip(before, curvature).map { ($0 - 1) * $1 }
    let along = zip(before, gradient).reduce(0) { $0 + $1.0 * $1.1 } / square(before)
    // Aims of 400 steps: as good as nothing beside the gradient, and a gradient.
    #expect(square(zip(gradient, before).map { $0 - along * $1 }) < 1e-12)
    #expect(square(gradient) > 1e-3, "the projection stops where the loss itself could still be lowered")
  }

  /// The renormalised form takes steps of length rate |g| even there.
  @Test func renormalisedStepsKeepTheirLength() throws {
    let run = try DescentRun(
      try Chain("orthogonal guard=false | rate 0.05"), from: Tree(["w": NDArray([0.2, -0.9, 1.4])])
    ) { 0.5 * ($0["w"]! - 1).squared.sum() }
    for _ in 0..<200 {
      let before = run.parameters["w"]!.doubles
      try run.run(1)
      let length = zip(run.parameters["w"]!.doubles, before).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let gradient = before.reduce(0) { $0 + ($1 - 1) * ($1 - 1) }
      #expect(abs(length.squareRoot() - 0.05 * gradient.squareRoot()) < tolerance)
    }
  }
}
