import Compilation
import Foundation
import Models
import TestSupport
import Testing

@Suite struct ModelTests {
  private func count(_ layer: some Layer) -> Int {
    layer.layout.entries.filter { !$1.isState }.map(\.type).elementCount
  }

  @Test func parameterCounts() {
    #expect(count(ResNet.resNet18()) == 11_173_962)  // torchvision's with the small stem
    #expect(count(MLP([784, 512, 10])) == 784 * 512 + 512 + 512 * 10 + 10)
    let width = 128
    #expect(
      count(GPT(vocabulary: 96, context: 128, width: width, layers: 4, heads: 4)) == 2 * 96 * width + 128 * width
        + 4 * (12 * width * width + 13 * width) + 2 * width)
  }

  /// In training, hidden weights before batch normalisation may have any length; the head's may not.
  @Test func hiddenWeightsOfANormalizedMLPAreScaleInvariant() throws {
    let model = NormalizedMLP(inputs: 12, hidden: [9, 8], classes: 5)
    #expect(count(model) == 12 * 9 + 2 * 9 + 9 * 8 + 2 * 8 + 8 * 5 + 5)
    let parameters = try model.initialParameters(key: RandomKey(seed: 1), .float64)
    let state = try model.initialState(.float64)
    func output(scaling path: String) throws -> [Double] {
      try Evaluation.compiled.run([RandomKey(seed: 2).normal([16, 2, 6, 1], .float64)]) { graph, x in
        let scaled = parameters.mapWithPaths { $0 == path ? graph.constant($1) * 100 : graph.constant($1) }
        return [try model(x[0], Parameters(scaled), state: state.map { graph.constant($0) }).output]
      }[0].doubles
    }
    func deviation(_ path: String) throws -> Double {
      zip(try output(scaling: path), try output(scaling: "none")).map { abs($0 - $1) }.max()!
    }
    // All that is left is epsilon, 1e-5, beside the variance.
    #expect(try deviation("hidden1/weight") < 1e-3 && deviation("hidden2/weight") < 1e-3)
    #expect(try deviation("head/weight") > 1)
  }

  @Test func shapesAndState() throws {
    let model = ResNet.resNet8(channels: 1, classes: 7, width: 4)
    let parameters = try model.initialParameters(key: RandomKey(seed: 1))
    let state = try model.initialState()
    let x = RandomKey(seed: 2).normal([3, 12, 12, 1])
    func run(_ mode: ModelMode) throws -> (NDArray, Tree<NDArray>) {
      let paths = state.paths
      let results = try Evaluation.compiled.run([x]) { graph, x in
        let (y, next) = try model(
          x[0], Parameters(parameters.map { graph.constant($0) }), state: state.map { graph.constant($0) }, mode: mode)
        #expect(next.paths == paths)
        return [y] + next.leaves
      }
      return (results[0], Tree(sortedPaths: paths, leaves: Array(results.dropFirst())))
    }
    let (trained, moved) = try run(.training)
    let (predicted, kept) = try run(.inference)
    #expect(trained.shape == [3, 7])
    #expect(moved != state && kept == state)
    #expect(trained != predicted)
    let finite = trained.floats.filter { $0.isFinite }.count
    #expect(finite == trained.count)
  }

  @Test func initialisationDependsOnKeyAndPathOnly() throws {
    let a = try MLP([4, 8, 2]).initialParameters(key: RandomKey(seed: 1))
    let b = try MLP([4, 8, 3]).initialParameters(key: RandomKey(seed: 1))
    #expect(a["linear0/weight"] == b["linear0/weight"])
    let c = try MLP([4, 8, 2]).initialParameters(key: RandomKey(seed: 2))
    #expect(a != c)
  }

  @Test func wrongParametersAreNamed() throws {
    let model = MLP([4, 8, 2])
    var types = try model.initialParameters(key: RandomKey(seed: 1)).types
    try model.check(types, Tree())
    types["linear0/bias"] = TensorType([9])
    #expect { try model.check(types, Tree()) } throws: {
      "\($0)".contains("linear0/bias must have the shape [8] and has [9]")
    }
    types["linear0/bias"] = nil
    #expect { try model.check(types, Tree()) } throws: { "\($0)".contains("needs a parameter linear0/bias") }
    types["linear0/bias"] = TensorType([8])
    types["extra"] = TensorType([8])
    #expect { try model.check(types, Tree()) } throws: { "\($0)".contains("no parameter extra") }
  }

  @Test func laterTokensDoNotChangeEarlierOutputs() throws {
    let model = GPT(vocabulary: 11, context: 6, width: 8, layers: 2, heads: 2)
    let parameters = try model.initialParameters(key: RandomKey(seed: 1))
    func output(_ tokens: [Int32]) throws -> [Float] {
      try Evaluation.compiled.run([NDArray(tokens, shape: [1, 6])]) { graph, x in
        [try model(x[0], Parameters(parameters.map { graph.constant($0) })).output]
      }[0].floats
    }
    let (a, b) = (try output([1, 2, 3, 4, 5, 6]), try output([1, 2, 3, 4, 9, 0]))
    #expect(a.prefix(4 * 11).elementsEqual(b.prefix(4 * 11)))
    #expect(!a.suffix(11).elementsEqual(b.suffix(11)))
  }

  @Test func dropoutKeepsTheMeanAndIsKeyed() throws {
    func run(_ seed: Int, _ mode: ModelMode) throws -> [Float] {
      try Evaluation.compiled.run([NDArray.ones([100, 100]), RandomKey(seed: seed).array]) { _, x in
        var scope = ModelScope(Parameters(Tree()), mode: mode, key: x[1])
        return [try Dropout(0.3).forward(x[0], in: &scope)]
      }[0].floats
    }
    let a = try run(1, .training)
    let again = try run(1, .training)
    let other = try run(2, .training)
    #expect(a == again)
    #expect(a != other)
    // Four standard errors of 10,000 draws: 0.0046 of a share, 0.0065 of the mean.
    #expect(abs(Double(a.filter { $0 == 0 }.count) / 10000 - 0.3) < 0.02)
    #expect(abs(a.reduce(0, +) / 10000 - 1) < 0.03)
    #expect(try run(1, .inference).allSatisfy { $0 == 1 })
  }
}

@Suite struct GoldenTests {
  private let x = NDArray((0..<24).map { sin(Double($0)) }, shape: [4, 6])
  private let scale = NDArray((0..<6).map { 0.5 + Double($0) / 5 })
  private let shift = NDArray((0..<6).map { -1 + 2 * Double($0) / 5 })

  /// The value at 5, the sum, and of each input's gradient the value at 3 and the sum of magnitudes; printed by
  /// Scripts/make-model-goldens.py with torch 2.13.0.
  private func check(_ expected: [Double], _ inputs: [NDArray], _ function: @escaping TracedFunction) throws {
    let results = try Evaluation.compiled.run(inputs) { graph, x in
      let y = try function(graph, x)[0]
      let weights = graph.constant(NDArray((0..<y.count).map { cos(Double($0)) }, shape: y.shape))
      return [y] + gradients(of: dot(y, weights), withRespectTo: x)
    }
    var actual = [results[0][flat: 5], results[0].doubles.reduce(0, +)]
    for g in results.dropFirst() { actual += [g[flat: 3], g.doubles.map { abs($0) }.reduce(0, +)] }
    #expect(actual.count == expected.count)
    // Ten digits were printed, of numbers below 100.
    for (a, b) in zip(actual, expected) { #expect(abs(a - b) < 1e-8, "\(actual) \(expected)") }
  }

  @Test func batchNormalisation() throws {
    try check(
      [0.5491600432, 0, 0.174320685, 45.65376763, 0.6480823488, 3.23258273, -3.208539932, 13.85030837],
      [x, scale, shift]
    ) { _, x in [batchNorm(x[0], scale: x[1], shift: x[2], epsilon: 1e-5).output] }
    let x = x
    let results = try Evaluation.compiled.run([x]) { graph, x in
      var scope = ModelScope(
        Parameters(
          Tree(["scale": graph.fill(1, TensorType([6], .float64)), "shift": graph.fill(0, TensorType([6], .float64))])),
        state: Tree([
          "mean": graph.fill(0, TensorType([6], .float64)), "variance": graph.fill(1, TensorType([6], .float64)),
        ]))
      _ = try BatchNorm(6).forward(x[0], in: &scope)
      return [scope.newState["mean"]!, scope.newState["variance"]!]
    }
    // Printed with ten digits.
    #expect(abs(results[0][flat: 2] - 0.095055207) < 1e-10)
    #expect(abs(results[1][flat: 2] - 0.9002075521) < 1e-10)
  }

  @Test func layerNormalisation() throws {
    try check(
      [-1.081950732, -3.379791922, -1.297673429, 20.82206679, -1.934260342, 8.48600754, -3.208539932, 13.85030837],
      [x, scale, shift]
    ) { _, x in [layerNorm(x[0], scale: x[1], shift: x[2])] }
  }

  @Test func geluAndAttention() throws {
    try check([-0.1618649288, 4.645829496, -0.6057302355, 8.218523698], [x]) { _, x in [gelu(x[0])] }
    try check([-0.6934049616, 3.118348748, -1.224266231, 14.25009651], [x]) { _, x in
      let heads = x[0].reshaped(to: [1, 2, 4, 3])
      return [attention(query: heads, key: heads * 0.7, value: heads * 1.3, causal: true)]
    }
  }

  @Test func convolutionInOurLayout() throws {
    let image = NDArray((0..<72).map { sin(Double($0)) }, shape: [1, 2, 6, 6])
    let kernel = NDArray((0..<36).map { cos(Double($0)) }, shape: [2, 2, 3, 3])
    try check([-0.7479633384, 4.569255268, 1.009906511, 20.04007335, 0.0668116224, 14.74080517], [image, kernel]) {
      _, x in
      // From NCHW and OIHW to NHWC and HWIO, and back.
      let y = x[0].transposed([0, 2, 3, 1]).convolved(
        with: x[1].transposed([2, 3, 1, 0]), strides: 2, padding: .explicit(1))
      return [y.transposed([0, 3, 1, 2])]
    }
  }

  /// The fractions whose negative logarithm is the loss.
  @Test(arguments: [LossFunction.crossEntropy, .stableMax]) func probabilitiesAreThoseOfTheLoss(
    _ loss: LossFunction
  ) throws {
    let logits = [1.5, -0.5, 0.25, 700]
    for count in 3...4 {
      let fractions = loss.probabilities(logits[..<count])
      #expect(abs(fractions.reduce(0, +) - 1) < 1e-12)
      let rows = NDArray(Array(repeating: logits[..<count], count: count).flatMap { $0 }, shape: [count, count])
      let own = try Evaluation.compiled.run([rows, NDArray((0..<count).map { Int32($0) })]) { _, x in
        [loss.perSample(x[0], x[1])]
      }[0].doubles
      for (fraction, value) in zip(fractions, own) { #expect(abs(fraction - exp(-value)) < 1e-9) }
    }
  }

  @Test func stableMax() throws {
    let loss = try Evaluation.compiled.run([NDArray([1.0, -1.0, 0.0], shape: [1, 3]), NDArray([Int32(0)])]) { _, x in
      [LossFunction.stableMax(x[0], x[1])]
    }[0].item
    #expect(abs(loss + log(2 / 3.5)) < rounding(terms: 8))
  }

  /// Two parameters of one path would be one: that is no start.
  @Test func namesAreDeclaredOnce() throws {
    let twins = Sequential([("a", Linear(5, 5)), ("a", Linear(5, 5))])
    #expect { try twins.initialParameters(key: RandomKey(seed: 0)) } throws: {
      "\($0)".contains("a/weight is declared twice")
    }
    #expect { try twins.outputShape(of: [2, 5]) } throws: { "\($0)".contains("a/weight is declared twice") }
    #expect(try Sequential([Linear(5, 3), Linear(3, 2)]).outputShape(of: [4, 5]) == [4, 2])
    #expect(throws: ShapeError.self) { try Sequential([Linear(5, 3), Linear(4, 2)]).outputShape(of: [4, 5]) }
  }
}
