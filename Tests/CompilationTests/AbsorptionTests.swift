import Compilation
import Differentiation
import TestSupport
import Testing

/// Products that add on the way, and results that each reader computes for itself, are what they would be apart.
@Suite struct AbsorptionTests {
  typealias Function = @Sendable (Graph, [Tensor]) -> [Tensor]

  /// The compiled results in float32 against the plain reference in float64, relative to the largest element.
  private func worstError(
    _ shapes: [Shape], donating donations: [Int: Int] = [:], _ function: Function
  ) throws -> (error: Double, calls: [String]) {
    let arrays = shapes.enumerated().map { RandomKey(seed: $0).normal($1) }
    let expected = try ReferenceEvaluator.run(arrays.map { $0.converted(to: .float64) }, function)
    let program = try Program(inputs: arrays.map { TensorType(of: $0) }, donating: donations, function)
    // Once on arrays that others hold too, once in place.
    let results = try program.run(arrays)
    var owned = shapes.enumerated().map { RandomKey(seed: $0).normal($1) }
    var others = try program.run(updating: &owned).makeIterator()
    let inPlace = expected.indices.map { position in
      donations.first { $0.value == position }.map { owned[$0.key] } ?? others.next()!
    }
    #expect(results == inPlace)
    var worst = 0.0
    for (result, value) in zip(results, expected) {
      let scale = value.doubles.map { abs($0) }.max()!
      for (a, b) in zip(result.doubles, value.doubles) { worst = max(worst, abs(a - b) / scale) }
    }
    return (worst, try program.profile(arrays, runs: 1).map(\.name))
  }

  /// How many times a relative error of the inputs appears in the results: the inputs' rounding to float32, made a thousand
  /// times larger so that it stands above that of float64.
  private func condition(_ shapes: [Shape], _ function: Function) throws -> Double {
    let arrays = shapes.enumerated().map { RandomKey(seed: $0).normal($1).converted(to: .float64) }
    let change = 1000 * Double(Float.ulpOfOne)
    let moved = arrays.enumerated().map { index, array in
      let signs = RandomKey(seed: index).split("signs").uniform(count: array.count)
      return NDArray(zip(array.doubles, signs).map { $0 * (1 + ($1 < 0.5 ? change : -change)) }, shape: array.shape)
    }
    var worst = 1.0
    for (a, b) in zip(try ReferenceEvaluator.run(arrays, function), try ReferenceEvaluator.run(moved, function)) {
      let scale = a.doubles.map { abs($0) }.max()!
      for (x, y) in zip(a.doubles, b.doubles) { worst = max(worst, abs(x - y) / scale / change) }
    }
    return worst
  }

  private let square: Shape = [160, 160]
  /// The longest sums here have 160 terms.
  private let tolerance = rounding(.float32, terms: drift(of: 160))

  @Test func aVelocityTakesUpItsGradient() throws {
    let (error, calls) = try worstError([square, square, [24, 160], [24, 160]], donating: [0: 0, 1: 1]) { _, x in
      let velocity = 0.9 * x[1] + x[2].transposed().matmul(x[3])
      return [x[0] - 0.1 * velocity, velocity]
    }
    #expect(error < tolerance)
    #expect(calls.filter { $0.contains("accumulated") }.count == 1)
  }

  /// The parameter moves where its velocity is, with a rate that is known, is an argument, or is made by other kernels: where
  /// large products are ours one call does both, and neither is read again.
  @Test(arguments: 0..<4) func aParameterFollowsItsVelocity(rate: Int) throws {
    let shapes: [Shape] = [square, square, [24, 160], [24, 160], [1], [40, 160]]
    let (error, calls) = try worstError(shapes, donating: [0: 0, 1: 1]) { _, x in
      // The parameter is read while it is descended on.
      let slope = tanh(x[5].matmul(x[0])).sum([1])
      let velocity = 0.9 * x[1] + x[2].transposed().matmul(x[3])
      let rates = [nil, x[4], x[4].squared + 1, nil]
      let step = rates[rate].map { $0.broadcast(to: square) * velocity } ?? 0.1 * velocity
      return [rate == 0 ? x[0] - step : x[0] + step, velocity, slope]
    }
    #expect(error < tolerance)
    #expect(calls.filter { $0.contains("accumulated") }.count == 1)
    if Engine.hasOwnProducts {
      #expect(calls.contains { $0.contains("followed") } && !calls.contains { $0.contains("fused [160, 160]") })
    }
  }

  /// A rate that is made of the velocity, or lies in it, comes after it.
  @Test(arguments: [true, false]) func aRateOfTheVelocityWaitsForIt(isPart: Bool) throws {
    let (error, calls) = try worstError([square, square, [24, 160], [24, 160]], donating: [0: 0, 1: 1]) { _, x in
      let velocity = 0.9 * x[1] + x[2].transposed().matmul(x[3])
      let rate =
        isPart ? velocity.sliced(from: [0, 0], to: [1, 1]) : rsqrt(velocity.squared.mean().reshaped(to: [1, 1]))
      return [x[0] + rate.broadcast(to: square) * velocity, velocity]
    }
    #expect(error < tolerance)
    #expect(!calls.contains { $0.contains("followed") })
  }

  /// Where the old parameter is a factor of the product, or is read beside the new velocity, it moves by itself and in place.
  @Test(arguments: [true, false]) func aParameterThatIsReadBesideItsVelocityMovesAlone(isFactor: Bool) throws {
    let (error, calls) = try worstError([square, square, square], donating: [0: 0, 1: 1]) { _, x in
      let velocity = 0.9 * x[1] + x[2].matmul(isFactor ? x[0].transposed() : x[2])
      let results = [x[0] - 0.1 * velocity, velocity]
      return isFactor ? results : results + [(x[0] * velocity).sum([1])]
    }
    // Sums of 160 products of sums of as many.
    #expect(error < rounding(.float32, terms: drift(of: 160 * 160)))
    #expect(!calls.contains { $0.contains("followed") } && !(isFactor && calls.contains { $0.contains("result") }))
  }

  /// A rate that is made after all velocities does not keep products waiting: in memory are the results of all layers and a few
  /// slopes, not the slopes of all layers, too.
  @Test func aLateRateDoesNotHoldUpTheProducts() throws {
    let (layers, width) = (8, 256)
    let types = Array(repeating: TensorType([width, width]), count: 1 + 2 * layers) + [TensorType([1])]
    let donations = Dictionary(uniqueKeysWithValues: (1...2 * layers).map { ($0, $0 - 1) })
    func bytes(isMade: Bool) throws -> Int {
      try Program(inputs: types, donating: donations) { graph, x in
        let (parameters, velocities) = (Array(x[1...layers]), Array(x[(layers + 1)...(2 * layers)]))
        let y = parameters.reduce(x[0]) { $0.matmul($1) }
        let slopes = gradients(of: y.squared.sum(), withRespectTo: parameters)
        let moved = zip(velocities, slopes).map { 0.9 * $0 + $1 }
        let rate = (x[2 * layers + 1].squared + 1) * -0.01
        return zip(parameters, moved).map { isMade ? $0 + rate.broadcast(to: [width, width]) * $1 : $0 + -0.01 * $1 }
          + moved
      }.workingByteCount
    }
    let most = (layers + 4) * 4 * width * width
    #expect(try bytes(isMade: false) < most)
    #expect(try bytes(isMade: true) < most)
  }

  /// A matrix takes up a multiple of its gradient where it lies, with a rate that is known and one that is not.
  @Test(arguments: [true, false]) func anArgumentTakesUpAScaledGradient(isKnown: Bool) throws {
    let (error, calls) = try worstError([square, [24, 160], [24, 160], [1]], donating: [0: 0]) { _, x in
      let gradient = x[1].transposed().matmul(x[2])
      return [x[0] + (isKnown ? -0.1 * gradient : x[3].squared * gradient), x[1].matmul(x[0])]
    }
    #expect(error < tolerance)
    #expect(calls.filter { $0.contains("accumulated") }.count == 1)
    // What is scaled is a factor, not the gradient.
    #expect(!calls.contains { $0.contains("fused") && $0.contains("160, 160") })
  }

  /// An embedding that is the head too: its gradient is a product and rows at positions, added where it lies.
  @Test(arguments: [true, false]) func anEmbeddingTakesUpProductAndRows(isTurned: Bool) throws {
    let positions = [7, 7, 0, 159, 159, 2].map { Int32($0) }
    let (error, calls) = try worstError([square, [6, 160], [24, 160], [24, 160]], donating: [0: 0]) { graph, x in
      let rows = x[1].scatterAdding(at: graph.constant(NDArray(positions)), extent: 160)
      let product =
        isTurned ? x[3].transposed().matmul(x[2]).transposed() : x[2].transposed().matmul(x[3])
      return [x[0] + -0.1 * (rows + product)]
    }
    #expect(error < tolerance)
    #expect(calls.filter { $0.contains("accumulated") || $0.contains("in place") }.count == 2)
    #expect(!calls.contains { $0.contains("fused") && $0.contains("160, 160") })
  }

  /// A gradient that something else reads too is not taken up.
  @Test func aGradientWithAnotherReaderStays() throws {
    let (error, calls) = try worstError([square, [24, 160], [24, 160]], donating: [0: 0]) { _, x in
      let gradient = x[1].transposed().matmul(x[2])
      return [x[0] + -0.1 * gradient, gradient.squared.sum().reshaped(to: [1])]
    }
    // The sum has 160 x 160 terms of 24 each.
    #expect(error < rounding(.float32, terms: drift(of: 160 * 160 + 24)))
    #expect(!calls.contains { $0.contains("accumulated") })
  }

  /// Updates come as soon as the old values have been read, so that gradients die early: of eight layers' one or two are there
  /// at a time.
  @Test func updatesComeEarly() throws {
    let (layers, width) = (8, 256)
    let types = [TensorType([width, width])] + (0..<layers).flatMap { _ in [TensorType([width, width])] }
    let donations = Dictionary(uniqueKeysWithValues: (1...layers).map { ($0, $0 - 1) })
    let program = try Program(inputs: types, donating: donations) { _, x in
      let y = x.dropFirst().reduce(x[0]) { tanh($0.matmul($1)) }
      let slopes = gradients(of: y.squared.sum(), withRespectTo: Array(x.dropFirst()))
      // The square keeps the gradients from being added by their products.
      return zip(x.dropFirst(), slopes).map { $0 - 0.01 * ($1 * abs($1)) }
    }
    let matrix = 4 * width * width
    // Of each layer its result and its slope are kept until its turn comes, and the library may lay out a matrix; with all
    // gradients it were three.
    #expect(program.workingByteCount < (2 * layers + 4) * matrix)
  }

  @Test func theOldVelocityIsReadToo() throws {
    let (error, calls) = try worstError([square, [160, 24], [24, 160]], donating: [0: 0]) { _, x in
      [x[1].matmul(x[2]) + x[0], x[0].squared.sum([0]), x[0].matmul(x[2].transposed())]
    }
    #expect(error < tolerance)
    #expect(calls.contains { $0.contains("accumulated") })
  }

  /// A layer and its low-rank change, forward and backward: what is thin is added where the layer's product lies.
  @Test(arguments: [1, 2]) func aLowRankChangeIsAddedWhereTheProductLies(examples: Int) throws {
    let shapes: [Shape] = [[examples, 120, 160], square, [160, 8], [8, 160]]
    let (error, calls) = try worstError(shapes) { _, x in
      let y = x[0].matmul(x[1]) + (2 * x[0].matmul(x[2])).matmul(x[3])
      let slopes = gradients(of: (y * y.squared).sum(), withRespectTo: x)
      return [y.sum([2])] + slopes
    }
    #expect(error < 100 * tolerance)
    // y, and the slope with respect to x.
    #expect(calls.filter { $0.contains("accumulated") }.count == 2)
  }

  /// Of three products each but one is added where the one before it lies; one that something else reads stays as it is.
  @Test(arguments: [true, false]) func productsAreAddedToOneAnother(isReadTwice: Bool) throws {
    let shapes: [Shape] = [[160, 24], [24, 160], square, square, square, [160]]
    let (error, calls) = try worstError(shapes, donating: [4: 0]) { _, x in
      let first = x[0].matmul(x[1])
      let sum = first + x[2].matmul(x[3]) + x[4]
      let three = x[2].matmul(x[2]) + x[3].matmul(x[3]) + x[3].matmul(x[2])
      return [sum + x[5].broadcast(to: square), three] + (isReadTwice ? [first.squared.sum([0])] : [])
    }
    #expect(error < 10 * tolerance)
    #expect(calls.filter { $0.contains("accumulated") }.count == (isReadTwice ? 2 : 3))
  }

  @Test func aFactorOfTheProductIsNotOverwritten() throws {
    let (error, calls) = try worstError([square, square], donating: [0: 0]) { _, x in
      [0.5 * x[0] + x[0].matmul(x[1]) * 1]
    }
    #expect(error < tolerance)
    #expect(calls.contains { $0.contains("accumulated") })
  }

  /// A factor that is 0, or becomes 0 in float32, adds nothing and still passes on a velocity that is no number.
  @Test(arguments: [0.0, 1e-60]) func aVanishingFactorIsNotTakenUp(scale: Double) throws {
    let key = RandomKey(seed: 1)
    let (a, b) = (key.split("a").normal([24, 160]), key.split("b").normal([24, 160]))
    var velocity = key.normal(square)
    velocity.withUnsafeMutableElements(of: Float.self) { $0[7] = .nan }
    let inputs = [velocity, a, b]
    let sum = try Program(inputs: inputs.map { TensorType(of: $0) }, donating: [0: 0]) { _, x in
      [scale * x[0] + x[1].transposed().matmul(x[2])]
    }.run(inputs)[0].floats
    let product = try Program(inputs: [a, b].map { TensorType(of: $0) }) { _, x in
      [x[0].transposed().matmul(x[1])]
    }.run([a, b])[0].floats
    #expect(sum[7].isNaN)
    let size = Double(product.map { abs($0) }.max()!)
    for index in sum.indices where index != 7 {
      #expect(abs(Double(sum[index] - product[index])) < rounding(.float32, terms: drift(of: 24), scale: size))
    }
  }

  @Test func aBiasIsAddedWhereAKernelReadsTheSum() throws {
    let (error, calls) = try worstError([[3, 20, 30], [30, 40], [40], [40, 7]]) { _, x in
      let hidden = x[0].matmul(x[1]) + x[2]
      return [hidden.matmul(x[3]), hidden.sum([2])]
    }
    #expect(error < tolerance)
    #expect(calls.filter { $0.contains("bias") }.count == 1)
  }

  /// 512 x 160 elements are enough for shifted values to be computed again by the one who reads them.
  @Test func cheapResultsAreComputedAgain() throws {
    let shapes: [Shape] = [[512, 24], [24, 160], [160], [160], [160, 3]]
    let function: Function = { _, x in
      let shifted = x[0].matmul(x[1]) - x[2]
      // The sum is known only when all has been read.
      let normal = shifted * rsqrt(shifted.squared.mean([0]) + 1) + x[3]
      return [relu(normal).matmul(x[4]).squared.mean() + normal.sum() * 0.01]
    }
    let (error, calls) = try worstError(shapes, function)
    // Sums over 512 rows and 160 columns.
    #expect(
      error < rounding(.float32, terms: drift(of: 512 + 160), condition: try condition(shapes, function)))
    #expect(calls.contains { $0.hasSuffix(" again") })
  }

  @Test(arguments: [1, 2]) func batchNormalisationHasDerivatives(order: Int) throws {
    let key = RandomKey(seed: 5)
    let inputs = [key.normal([4, 3, 2], .float64), key.normal([2], .float64), key.normal([2], .float64)]
    let function: TracedFunction = { _, x in
      let (y, mean, variance) = batchNorm(x[0], scale: x[1], shift: x[2], epsilon: 1e-3)
      return [y * y.squared, mean, variance]
    }
    for engine in Evaluation.allCases {
      #expect(
        try GradientCheck.worstError(of: function, at: inputs, order: order, engine: engine)
          < GradientCheck.tolerance(order: order))
    }
  }
}
