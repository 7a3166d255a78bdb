import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct LipschitzProbeTests {
  private var convolutional: Sequential {
    Sequential([
      ("conv1", Convolution2D(2, 3, size: 3)), ("tanh", Activation.tanh),
      ("conv2", Convolution2D(3, 4, size: 3, stride: 2, padding: .same)), ("relu", Activation.relu),
      ("flatten", Flatten()), ("head", Linear(3 * 3 * 4, 3)),
    ])
  }

  private func examples(_ shape: [Int], _ classes: Int, _ count: Int, _ type: ElementType = .float64) -> ExampleArrays {
    let key = RandomKey(seed: 50)
    return ExampleArrays(
      features: key.split("x").normal(Shape([count] + shape), type),
      targets: NDArray(key.split("y").integers(count: count, below: classes).map { Int32($0) }))
  }

  private let loss: @Sendable (Tensor, Tensor) -> Tensor = { LossFunction.crossEntropy.perSample($0, $1) }

  /// Drivers against gradients of one example at a time, covariance and full forms by plain sums.
  private func check(_ model: any Layer, _ examples: ExampleArrays, batchSize: Int) throws {
    let parameters = try model.initialParameters(key: RandomKey(seed: 51), .float64)
    let probe = try LipschitzProbe(model, batchSize: batchSize, loss: loss)
    let look = try probe.look(parameters, on: examples)
    let risks = RiskProbe(model, loss: loss)
    let count = examples.count
    let gradients = try (0..<count).map { i in
      try risks.gradient(
        parameters,
        on: ExampleArrays(features: examples.features.rows(i..<i + 1), targets: examples.targets.rows(i..<i + 1)))
    }
    var joint = [Double](repeating: 0, count: count)
    var relativeSize = 0.0
    for (path, layer) in zip(probe.paths, look.layers) {
      let matrix = ConvolutionNorm.matrix(parameters[path]!)
      let norm = try OperatorNorm(matrix)
      let single = gradients.map { NDArray($0[path]!, shape: matrix.shape) }
      let mean = NDArray(
        (0..<matrix.count).map { k in single.reduce(0) { $0 + $1[flat: k] } / Double(count) }, shape: matrix.shape)
      let deviations = single.map { g in
        NDArray(zip(g.doubles, mean.doubles).map { $0 - $1 }, shape: matrix.shape)
      }
      let n = Double(count - 1)
      let projections = try deviations.map { try norm.jacobianProduct($0) }
      let noise = projections.reduce(0) { $0 + $1 * $1 } / n
      let curvature = try deviations.reduce(0) { $0 + (try norm.hessianForm($1)) } / n
      for i in 0..<count { joint[i] += projections[i] / norm.value }
      // Gradients are sums of up to 100 terms, and projections are not longer than they are. Forms are of their squares over
      // the gap of the singular values.
      let size = single.map { $0.doubles.reduce(0) { $0 + $1 * $1 }.squareRoot() }.max()!
      let gap = norm.value * min(1, norm.relativeGap)
      relativeSize += size / gap
      func near(_ a: Double, _ b: Double, _ scale: Double) -> Bool {
        abs(a - b) < rounding(terms: 100, condition: norm.value / gap, scale: scale)
      }
      #expect(layer.path == path && near(layer.norm, norm.value, norm.value))
      #expect(near(layer.gradientProjection, try norm.jacobianProduct(mean), size))
      #expect(near(layer.gradientCurvature, try norm.hessianForm(mean), size * size / gap))
      #expect(near(layer.noiseProjection, noise, size * size))
      #expect(near(layer.noiseCurvature, curvature, size * size / gap))
      #expect(curvature > 0)
    }
    let jointNoise = joint.reduce(0) { $0 + $1 * $1 } / Double(count - 1)
    #expect(abs(look.jointNoise - jointNoise) < rounding(terms: 100, scale: relativeSize * relativeSize))
    let risk = try risks.risk(parameters, on: examples)
    #expect(abs(look.loss - risk) < rounding(terms: 100, scale: 1 + risk))
    try checkLightLook(model, examples, probe, after: look)
  }

  /// At another point a light look has the first order of that point, and the second order of the look before.
  private func checkLightLook(
    _ model: any Layer, _ examples: ExampleArrays, _ probe: LipschitzProbe, after first: LipschitzLook
  ) throws {
    let point = try model.initialParameters(key: RandomKey(seed: 53), .float64)
    let (whole, light) = (
      try probe.look(point, on: examples), try probe.look(point, on: examples, curvaturesOf: first)
    )
    // Sums of up to 100 products in another order: of size at most that of the noise and the mean together.
    let size = whole.layers.map { abs($0.gradientProjection) + $0.noiseProjection.squareRoot() }.max()!
    let tolerance = rounding(terms: 100, condition: 10, scale: size)
    for (layer, (other, before)) in zip(light.layers, zip(whole.layers, first.layers)) {
      #expect(layer.norm == other.norm && layer.relativeGap == other.relativeGap)
      #expect(abs(layer.gradientProjection - other.gradientProjection) < tolerance)
      #expect(abs(layer.noiseProjection - other.noiseProjection) < size * tolerance)
      #expect(layer.noiseCurvature == before.noiseCurvature && layer.gradientCurvature == before.gradientCurvature)
      #expect(layer.gradientProjection != before.gradientProjection)
    }
    let least = whole.layers.map(\.norm).min()!
    #expect(abs(light.jointNoise - whole.jointNoise) < 10 * size * tolerance / (least * least))
    // Another program may add in another order.
    #expect(abs(light.loss - whole.loss) < rounding(terms: 100, scale: 1 + whole.loss))
    #expect(light.accuracy == whole.accuracy)
  }

  @Test(arguments: [3, 7, 100]) func linearLayersAgreeWithSingleGradients(batchSize: Int) throws {
    try check(MLP([6, 5, 4, 3]), examples([6], 3, 12), batchSize: batchSize)
  }

  /// Stride, padding, and a wide matrix.
  @Test func convolutionsAgreeWithSingleGradients() throws {
    try check(convolutional, examples([6, 6, 2], 3, 9), batchSize: 4)
  }

  /// A linear layer over positions: several places for each sample.
  @Test func sequencesAgreeWithSingleGradients() throws {
    let model = Sequential([
      ("each", Linear(4, 5)), ("tanh", Activation.tanh), ("flatten", Flatten()), ("head", Linear(15, 3)),
    ])
    try check(model, examples([3, 4], 3, 8), batchSize: 8)
  }

  @Test func whatIsNoWeightIsNamed() throws {
    let model = MLP([6, 5, 3])
    #expect { try LipschitzProbe(model, paths: ["linear9/weight"], loss: loss) } throws: {
      "\($0)".contains("linear0/weight")
    }
    let probe = try LipschitzProbe(model, loss: loss)
    let parameters = try model.initialParameters(key: RandomKey(seed: 1))
    #expect(throws: LipschitzError.self) { try probe.look(parameters, on: examples([6], 3, 1, .float32)) }
    let zero = parameters.mapWithPaths { path, leaf in path == "linear1/weight" ? .zeros(leaf.shape) : leaf }
    #expect { try probe.look(zero, on: examples([6], 3, 4, .float32)) } throws: { "\($0)".contains("linear1/weight") }
    let table = Sequential([("table", Embedding(4, 3)), ("flatten", Flatten()), ("head", Linear(3, 3))])
    let symbols = ExampleArrays(
      features: NDArray([Int32(0), 1, 2, 3], shape: [4, 1]), targets: NDArray([Int32(0), 1, 2, 0]))
    let embedded = try LipschitzProbe(table, loss: loss)
    #expect(throws: (any Error).self) {
      try embedded.look(table.initialParameters(key: RandomKey(seed: 1)), on: symbols)
    }
  }

  /// The mean and the spread of a noisy step's log K against 40,000 draws of it.
  @Test func oneStepHasThePredictedMoments() throws {
    let (rate, batch, draws) = (0.1, 4, 40_000)
    let key = RandomKey(seed: 60)
    let weight = key.split("w").normal([4, 3], .float64)
    let population = (0..<16).map { key.split("g").split($0).normal([4, 3], mean: 0.5, .float64) }
    let norm = try OperatorNorm(weight)
    let count = Double(population.count)
    let mean = NDArray(
      (0..<12).map { k in population.reduce(0) { $0 + $1[flat: k] } / count }, shape: [4, 3])
    let deviations = population.map { g in NDArray(zip(g.doubles, mean.doubles).map { $0 - $1 }, shape: [4, 3]) }
    let layer = LayerDrivers(
      path: "w", norm: norm.value, relativeGap: norm.relativeGap, flooredPairs: 0,
      gradientProjection: try norm.jacobianProduct(mean), gradientCurvature: try norm.hessianForm(mean),
      noiseProjection: try deviations.reduce(0) { $0 + pow(try norm.jacobianProduct($1), 2) } / count,
      noiseCurvature: try deviations.reduce(0) { $0 + (try norm.hessianForm($1)) } / count)
    let rates = DriverTotals(layer, rate: rate, batch: batch)
    let picks = key.split("draws").integers(count: draws * batch, below: population.count)
    var (sum, squares) = (0.0, 0.0)
    for draw in 0..<draws {
      var moved = weight.doubles
      for pick in picks[draw * batch..<(draw + 1) * batch] {
        let g = population[pick].doubles
        for k in 0..<12 { moved[k] -= rate / Double(batch) * g[k] }
      }
      let change = log(try OperatorNorm(NDArray(moved, shape: [4, 3])).value / norm.value)
      sum += change
      squares += change * change
    }
    let found = sum / Double(draws)
    let variance = squares / Double(draws) - found * found
    let error = (variance / Double(draws)).squareRoot()
    let predicted = rate * (rates.total + rates.step)
    #expect(abs(found - predicted) < 4 * error)
    // Without the drift by curvature the mean would be missed.
    #expect(abs(found - (predicted - rate * rates.curvature)) > 5 * error)
    // Four deviations of a variance of 40,000 draws are 3 %; what is of second order in the rate is the rest.
    #expect(abs(variance / (rate * rates.diffusion) - 1) < 0.05)
  }

  /// Integrals of rates that are linear in time are exact, and the band is that of the diffusion.
  @Test func predictionIntegratesFromLookToLook() throws {
    func look(_ t: Double) -> LipschitzLook {
      let layer = LayerDrivers(
        path: "w", norm: exp(t), relativeGap: 1, flooredPairs: 0, gradientProjection: -exp(t) * (1 + t),
        gradientCurvature: 0, noiseProjection: exp(2 * t) * 8, noiseCurvature: exp(t) * 16)
      return LipschitzLook(layers: [layer, layer], jointNoise: 30, loss: 0, accuracy: nil)
    }
    var path = LipschitzPrediction(rate: 0.5, batch: 4, decay: 0.25, from: look(0))
    var layer = LipschitzPrediction(rate: 0.5, batch: 4, decay: 0.25, layer: 1, from: look(0))
    path.extend(to: 2, look(1))
    path.extend(to: 6, look(3))
    layer.extend(to: 6, look(3))
    let tolerance = rounding(terms: 20, scale: 14)
    // t = 3 in the end: ∫ 2 (1 + t - 0.25) dt = 13.5; κ = 2 · 1, |λ|² = 2 · 1.
    #expect(abs(path.totals.drift - 13.5) < tolerance)
    #expect(abs(path.totals.curvature - 6) < tolerance)
    #expect(abs(path.totals.diffusion - 6) < tolerance)
    #expect(abs(path.jointDiffusion - 0.5 * 30 / 4 * 3) < tolerance)
    #expect(abs(path.predicted - (13.5 + 6 - 3)) < tolerance)
    #expect(abs(path.band - 2 * 6.0.squareRoot()) < tolerance)
    #expect(path.observed == 6 && path.start == 0 && path.step == 6)
    #expect(abs(layer.predicted - path.predicted / 2) < tolerance)
    #expect(layer.observed == 3)
  }

  /// Itô's sum takes the drivers where each stretch begins, and says what the next step should do.
  @Test func predictionByLeftPointsIsItosSum() throws {
    func look(_ t: Double) -> LipschitzLook {
      let layer = LayerDrivers(
        path: "w", norm: exp(t), relativeGap: 1, flooredPairs: 0, gradientProjection: -exp(t) * (1 + t),
        gradientCurvature: exp(t) * (1 + t) * (1 + t), noiseProjection: exp(2 * t) * 8, noiseCurvature: exp(t) * 16)
      return LipschitzLook(layers: [layer], jointNoise: 4 * (1 + t), loss: 0, accuracy: nil)
    }
    var path = LipschitzPrediction(rate: 0.5, batch: 4, rule: .leftPoint, from: look(0))
    let tolerance = rounding(terms: 20, scale: 14)
    // μ = 1 + t, κ = 1, |λ|² = 1; one step is ½ in time. The discrete step's second order is made 0.
    #expect(abs(path.nextChange - 0.5 * (1 + 1 - 0.5)) < tolerance)
    #expect(abs(path.nextVariance - 0.5 * 0.5) < tolerance)
    path.extend(to: 2, look(1))
    path.extend(to: 6, look(3))
    // One unit at t = 0, then two at t = 1.
    #expect(abs(path.totals.drift - (1 + 2 * 2)) < tolerance)
    #expect(abs(path.totals.curvature - 3) < tolerance && abs(path.totals.diffusion - 3) < tolerance)
    #expect(abs(path.jointDiffusion - 0.5 * (1 + 2 * 2)) < tolerance)
    #expect(abs(path.jointDeviation - 2.5.squareRoot()) < tolerance)
    #expect(abs(path.steppedPrediction - path.predicted) < tolerance)
  }

  /// Norms of convolutions where the model has them: against the whole map's matrix, and the plane after a stride.
  @Test func convolutionsOfAModel() throws {
    let model = convolutional
    let parameters = try model.initialParameters(key: RandomKey(seed: 52), .float64)
    let probe = try LipschitzProbe(model, loss: loss)
    let found = try probe.convolutionNorms(parameters, on: examples([6, 6, 2], 3, 2), tolerance: 1e-12)
    #expect(found.map(\.path) == ["conv1/weight", "conv2/weight"])
    let tolerance = rounding(terms: 36 * 3)
    for (norm, strides, channels) in zip3(found, [1, 2], [2, 3]) {
      let weight = parameters[norm.path]!
      // The map's matrix, column by column.
      let size = 36 * channels
      let program = try Program(inputs: [TensorType([size, 6, 6, channels], .float64), TensorType(of: weight)]) {
        _, x in
        [x[0].convolved(with: x[1], strides: strides, padding: strides == 1 ? .explicit(1) : .same)]
      }
      var unit = [Double](repeating: 0, count: size * size)
      for i in 0..<size { unit[i * size + i] = 1 }
      let image = try program.run([NDArray(unit, shape: [size, 6, 6, channels]), weight])[0]
      let matrix = image.reshaped(to: [size, image.count / size])
      let exact = try LinearAlgebra.singularValueDecomposition(of: matrix).s[flat: 0]
      // It ends where the value changes by 1e-12, a millionth of what neighbouring singular values may leave.
      #expect(abs(norm.padded - exact) < 1e-6 * exact)
      #expect(exact <= norm.matrixBound && norm.matrix < norm.matrixBound)
      #expect((norm.torus == nil) == (strides == 2))
      if let torus = norm.torus {
        #expect(torus >= exact * (1 - tolerance) && torus <= norm.matrixBound * (1 + tolerance))
      }
    }
  }

  private func zip3<A, B, C>(_ a: [A], _ b: [B], _ c: [C]) -> [(A, B, C)] {
    a.indices.map { (a[$0], b[$0], c[$0]) }
  }
}
