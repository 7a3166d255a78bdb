import Compilation
import Differentiation
import Foundation
import LanguageModels
import Models
import TestSupport
import Testing

@Suite struct DecoderTests {
  static let llama = DecoderConfiguration.llama(
    vocabulary: 13, context: 16, width: 12, layers: 2, heads: 3, keyHeads: 1, feedForwardWidth: 10, tiedHead: true)
  static let gpt2 = DecoderConfiguration.gpt2(
    vocabulary: 13, context: 16, width: 12, layers: 2, heads: 3, tiedHead: false)

  private static func start(_ layer: some Layer, _ type: ElementType, spread: Double = 8) throws -> Tree<NDArray> {
    // Larger than at a real start, so that attention and gates are far from linear.
    try layer.initialParameters(key: RandomKey(seed: 1), .float64).mapWithPaths { path, array in
      path.contains("Norm") || path.contains("norm") || path.contains("adapter")
        ? array : NDArray(array.doubles.map { spread * $0 }, shape: array.shape)
    }.map { $0.converted(to: .float32).converted(to: type) }
  }

  private static let tokens = NDArray([3, 1, 4, 1, 5, 9, 2, 6, 5, 3] as [Int32], shape: [2, 5])

  private func run(
    _ weights: Tree<NDArray>, _ inputs: [NDArray], _ body: @escaping (Parameters, [Tensor]) throws -> [Tensor]
  ) throws -> [NDArray] {
    let paths = weights.paths
    return try Program(inputs: (weights.leaves + inputs).map { TensorType(of: $0) }) { _, x in
      try body(Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<paths.count]))), Array(x[paths.count...]))
    }.run(weights.leaves + inputs)
  }

  @Test(arguments: [llama, gpt2]) func parameterCount(_ c: DecoderConfiguration) {
    #expect(CausalDecoder(c).layout.entries.map(\.type).elementCount == c.parameterCount)
  }

  /// What the head sees at some positions is what it sees there among all, and so is a gradient.
  @Test(arguments: [(llama, false), (llama, true), (gpt2, false)]) func someRows(
    _ c: DecoderConfiguration, _ recomputes: Bool
  ) throws {
    let decoder = CausalDecoder(c, recomputesBlocks: recomputes)
    let rows = NDArray([7, 0, 4, 7] as [Int32], shape: [4])
    let results = try run(try Self.start(decoder, .float64), [Self.tokens, rows]) { point, x in
      var scope = ModelScope(point)
      let asked = try decoder.hidden(x[0], rows: x[1], in: &scope)
      let all = try decoder.hidden(x[0], in: &scope).reshaped(to: [10, c.width]).gathering(x[1])
      let slopes = [asked, all].map { gradients(of: exp($0).sum(), withRespectTo: point).tree.leaves }
      return [asked, all] + zip(slopes[0], slopes[1]).flatMap { [$0, $1] }
    }
    #expect(results[0].shape == [4, c.width])
    for i in stride(from: 0, to: results.count, by: 2) {
      let scale = results[i + 1].doubles.map(abs).reduce(1, max)
      for (a, b) in zip(results[i].doubles, results[i + 1].doubles) { #expect(abs(a - b) < 1e-12 * scale) }
    }
  }

  /// Loss, gradient, and the gradient of a loss after a gradient step: float32 with its kernels against float64 without,
  /// and float64 against central differences.
  @Test(arguments: [llama, gpt2]) func derivativesOfBothOrders(_ c: DecoderConfiguration) throws {
    let adapter = try LowRankAdapter(rank: 2, scale: 0.5, blocks: 1..<2, of: c)
    let decoder = CausalDecoder(c, adapter: adapter)
    func value(_ point: Parameters, _ tokens: Tensor) throws -> Tensor {
      func loss(_ point: Parameters) throws -> Tensor {
        nextTokenLosses(try decoder(tokens, point).output, tokens: tokens).mean()
      }
      let slope = gradients(of: try loss(point), withRespectTo: point)
      return try loss(point.moved(by: -0.3 * slope))
    }
    func run(_ weights: Tree<NDArray>) throws -> [NDArray] {
      try self.run(weights, [Self.tokens]) { point, x in
        let meta = try value(point, x[0])
        return [meta] + gradients(of: meta, withRespectTo: point).tree.leaves
      }
    }
    // A factor b of zero would hide a's derivative.
    var start = try Self.start(decoder, .float64)
    for path in start.paths where path.hasSuffix("adapter/b") {
      start[path] = RandomKey(seed: 2).split(path).normal(start[path]!.shape, standardDeviation: 0.3, .float32)
        .converted(to: .float64)
    }
    let wide = try run(start)
    let direction = start.mapWithPaths { RandomKey(seed: 3).split($0).normal($1.shape, .float64) }
    let norm = direction.leaves.flatMap(\.doubles).reduce(0) { $0 + $1 * $1 }.squareRoot()
    func moved(_ h: Double) throws -> Double {
      let at = start.zipped(with: direction) { x, d in
        NDArray(zip(x.doubles, d.doubles).map { $0 + h / norm * $1 }, shape: x.shape)
      }
      return try run(at)[0].item
    }
    // With h = 1e-6 the differences are off by h^2 of a third derivative and epsilon / h: both below 1e-9 of what is
    // here.
    let numeric = (try moved(1e-6) - moved(-1e-6)) / 2e-6
    let analytic = zip(wide.dropFirst(), direction.leaves).map { g, d in
      zip(g.doubles, d.doubles).reduce(0) { $0 + $1.0 * $1.1 / norm }
    }.reduce(0, +)
    #expect(abs(numeric - analytic) < 1e-6 * (1 + abs(analytic)), "\(numeric) \(analytic)")
    #expect(abs(analytic) > 1e-3)
    let narrow = try run(start.map { $0.converted(to: .float32) }).map { $0.converted(to: .float64) }
    // Two forward and four backward passes of some 60 operations each; the step's slope doubles errors a few times.
    #expect(Deviation.worst(of: narrow, from: wide) < rounding(.float32, terms: 360, condition: 4))
  }

  /// Blocks run in two parts give what they give in one.
  @Test func partsMakeTheWhole() throws {
    let decoder = CausalDecoder(Self.gpt2)
    let weights = try Self.start(decoder, .float64)
    let (bottom, top) = (try decoder.part(0..<1), try decoder.part(1..<2))
    #expect(bottom.takesTokens && !bottom.givesLogits && !top.takesTokens && top.givesLogits)
    func own(_ layer: CausalDecoder, _ point: Parameters) -> Parameters {
      let paths = Set(layer.layout.entries.paths)
      return Parameters(point.tree.filter { path, _ in paths.contains(path) })
    }
    let results = try run(weights, [Self.tokens]) { point, x in
      let hidden = try bottom(x[0], own(bottom, point)).output
      return [try decoder(x[0], point).output, try top(hidden, own(top, point)).output]
    }
    #expect(results[0] == results[1])
    #expect { try decoder.part(1..<3) } throws: { "\($0)".contains("has 2 blocks and no part 1..<3") }
    let long = NDArray((0..<20).map { Int32($0 % 13) }, shape: [1, 20])
    #expect { try run(weights, [long]) { point, x in [try decoder(x[0], point).output] } } throws: {
      "\($0)".contains("context is 16 tokens, and it was given 20")
    }
  }

  /// Each layout against the formula, number by number; one layout's result with the other's pairs is another.
  @Test(arguments: Rotary.Layout.allCases) func rotaryPairs(_ layout: Rotary.Layout) throws {
    let (time, heads, width) = (4, 2, 6)
    let rotary = Rotary(base: 100, layout: layout, factors: [1, 2, 4])
    let x = RandomKey(seed: 4).normal([1, time, heads, width], .float64)
    let y = try Program(inputs: [TensorType(of: x)]) { _, x in [rotary(x[0], from: 3)] }.run([x])[0]
    for t in 0..<time {
      for h in 0..<heads {
        for i in 0..<width / 2 {
          let angle = Double(3 + t) * pow(100, -2 * Double(i) / Double(width)) / [1, 2, 4][i]
          let start = (t * heads + h) * width
          let (p, q) = layout == .halves ? (start + i, start + i + 3) : (start + 2 * i, start + 2 * i + 1)
          let (a, b) = (x[flat: p], x[flat: q])
          #expect(abs(y[flat: p] - (a * cos(angle) - b * sin(angle))) < rounding(terms: 4, scale: 4))
          #expect(abs(y[flat: q] - (b * cos(angle) + a * sin(angle))) < rounding(terms: 4, scale: 4))
        }
      }
    }
  }

  /// An adapter that starts at zero changes nothing, and its product counts as a change of the matrix.
  @Test func adaptersAreChangesOfMatrices() throws {
    let adapter = try LowRankAdapter(rank: 3, scale: 2, matrices: [.query, .down], blocks: 0..<1, of: Self.llama)
    let (plain, adapted) = (CausalDecoder(Self.llama), CausalDecoder(Self.llama, adapter: adapter))
    let base = try Self.start(plain, .float64)
    var factors = try FineTuner.initialFactors(adapter, Self.llama, key: RandomKey(seed: 5), .float64)
    #expect(factors.count == 4)
    func output(_ layer: CausalDecoder, _ weights: Tree<NDArray>) throws -> NDArray {
      try run(weights, [Self.tokens]) { [try layer($1[0], $0).output] }[0]
    }
    #expect(try output(adapted, base.merging(factors)) == output(plain, base))
    factors = factors.mapWithPaths { RandomKey(seed: 6).split($0).normal($1.shape, .float64) }
    var merged = base
    for matrix in ["query", "down"] {
      let path = "block0/\(matrix)/"
      let product = try LinearAlgebra.product(factors[path + "adapter/a"]!, factors[path + "adapter/b"]!)
      let weight = base[path + "weight"]!
      merged[path + "weight"] = NDArray(zip(weight.doubles, product.doubles).map { $0 + 2 * $1 }, shape: weight.shape)
    }
    let (a, b) = (try output(adapted, base.merging(factors)), try output(plain, merged))
    // Two blocks of some thirty sums of up to 12 terms.
    #expect(Deviation.worst(of: [a], from: [b]) < rounding(terms: 60, condition: 10))
    #expect(a != (try output(plain, base)))
  }

  @Test func configurationsThatCannotBe() {
    func refused(_ change: (inout DecoderConfiguration) -> Void, _ hint: String) {
      var c = Self.llama
      change(&c)
      #expect { try c.check() } throws: { "\($0)".contains(hint) }
    }
    refused({ $0.layers = 0 }, "number of layers cannot be 0")
    refused({ $0.keyHeads = 2 }, "3 heads cannot share 2 key-value heads")
    refused({ $0.headWidth = 3 }, "even head width, not 3")
    refused({ $0.normEpsilon = .nan }, "epsilon cannot be nan")
    refused({ $0.width = 1 << 40 }, "width cannot be")
    #expect { try LowRankAdapter(rank: 99, of: Self.llama) } throws: { "\($0)".contains("rank of an adapter") }
    #expect { try LowRankAdapter(rank: 1, blocks: 1..<5, of: Self.llama) } throws: {
      "\($0)".contains("no blocks 1..<5")
    }
  }
}
