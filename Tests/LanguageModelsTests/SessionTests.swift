import Compilation
import Foundation
import LanguageModels
import Parameters
import TestSupport
import Testing

@Suite struct SessionTests {
  private static let tokens: [Int32] = [1, 40, 90, 7, 200, 31, 31, 5]

  /// The logits after the last token by the traced decoder in float64.
  private func traced(
    _ model: PretrainedModel, _ tokens: [Int32], adapter: LowRankAdapter? = nil, _ factors: Tree<NDArray> = Tree()
  )
    throws -> [Double]
  {
    let decoder = CausalDecoder(model.configuration, adapter: adapter)
    let weights = model.parameters(of: decoder).merging(factors).map { $0.converted(to: .float64) }
    let paths = weights.paths
    return try Program(inputs: weights.types.leaves + [TensorType([1, tokens.count], .int32)]) { _, x in
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x.dropLast())))
      return [try decoder(x[x.count - 1], point).output.part(tokens.count - 1, axis: 1)]
    }.run(weights.leaves + [NDArray(tokens, shape: [1, tokens.count])])[0].doubles
  }

  private func agree(_ a: [Float], _ b: [Double]) -> Bool {
    let scale = b.map { abs($0) }.max()!
    // Two blocks of seven products with up to 96 terms, and attention. A token that comes alone is multiplied in whole
    // numbers: the 14 products' inputs are off by 2^-16 of the largest of 32, which the sum of all mostly cancels.
    let tolerance = rounding(.float32, terms: drift(of: 14 * 96), condition: 4, scale: scale) + 14 * 0x1p-16 * scale
    return zip(a, b).allSatisfy { abs(Double($0) - $1) < tolerance }
  }

  /// Stored weights, adjacent pairs and a cache against dense weights, pairs in halves and all positions at once; whole,
  /// token by token, and in two goes.
  @Test func storedWeightsGiveTheTracedLogits() throws {
    let model = try TinyModel.model()
    let expected = try traced(model, Self.tokens)
    for cuts in [[8], [1, 1, 1, 1, 1, 1, 1, 1], [5, 3], [2, 6]] {
      let session = try DecoderSession(model)
      var (logits, start) = ([Float](), 0)
      for count in cuts {
        logits = try session.append(Array(Self.tokens[start..<start + count]))
        start += count
      }
      #expect(agree(logits, expected), "\(cuts)")
      #expect(session.tokens == Self.tokens)
    }
    let session = try DecoderSession(model)
    _ = try session.append(Self.tokens)
    session.keep(3)
    #expect(agree(try session.append([11]), try traced(model, Self.tokens.prefix(3) + [11])))
  }

  @Test func adaptersWorkOnStoredWeights() throws {
    let model = try TinyModel.model()
    let adapter = try LowRankAdapter(rank: 2, scale: 0.5, of: model.configuration)
    let factors = try FineTuner.initialFactors(adapter, model.configuration, key: RandomKey(seed: 1))
      .mapWithPaths { RandomKey(seed: 2).split($0).normal($1.shape, standardDeviation: 0.2) }
    let session = try DecoderSession(model, adapter: adapter, factors: factors)
    let logits = try session.append(Self.tokens)
    #expect(agree(logits, try traced(model, Self.tokens, adapter: adapter, factors)))
    #expect(!agree(logits, try traced(model, Self.tokens)))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let session = try DecoderSession(try TinyModel.model())
    #expect { try session.append([]) } throws: { "\($0)".contains("no token") }
    #expect { try session.append([9999]) } throws: { "\($0)".contains("no token 9999") }
    #expect { try session.append([Int32](repeating: 5, count: 49)) } throws: {
      "\($0)".contains("49 tokens long, and the model's context 48")
    }
  }

  @Test func sampling() throws {
    let logits: [Float] = [1, 3, 2, 3, -.infinity]
    #expect(Sampling.likeliest(logits) == 1)
    #expect(try Sampling().choose(logits, key: RandomKey(seed: 1)) == 1)
    let two = try Sampling(temperature: 1, topK: 2).candidates(logits)
    #expect(two.map(\.token) == [1, 3] && two.allSatisfy { $0.probability == 0.5 })
    let weights = [exp(-2.0), 1, exp(-1.0), 1]
    let shares = weights.map { $0 / weights.reduce(0, +) }
    #expect(try Sampling(temperature: 1, topP: shares[1] * 2 - 0.01).candidates(logits).map(\.token) == [1, 3])
    #expect(try Sampling(temperature: 1, topP: shares[1] * 2 + 0.01).candidates(logits).map(\.token) == [1, 3, 2])
    // Drawn by seed, in the right shares: of 4000, a share is off by less than five deviations, 0.04.
    let sampling = try Sampling(temperature: 1)
    let drawn = (0..<4000).map { sampling.choose(logits, key: RandomKey(seed: 3).split($0)) }
    for (token, share) in shares.enumerated() {
      #expect(abs(Double(drawn.filter { $0 == Int32(token) }.count) / 4000 - share) < 0.04)
    }
    #expect(drawn == (0..<4000).map { sampling.choose(logits, key: RandomKey(seed: 3).split($0)) })
    #expect { try Sampling(temperature: -1) } throws: { "\($0)".contains("temperature is 0 or more") }
    #expect { try Sampling(topK: 0) } throws: { "\($0)".contains("top-k is 1 or more") }
    #expect { try Sampling(topP: 0) } throws: { "\($0)".contains("top-p") }
  }

  @Test func generationStreamsAndStops() throws {
    let model = try TinyModel.model()
    let prompt = model.tokenizer.encode("hello")
    func generator(_ temperature: Double, seed: Int) throws -> TextGenerator {
      TextGenerator(
        try DecoderSession(model), tokenizer: model.tokenizer, sampling: try Sampling(temperature: temperature),
        key: RandomKey(seed: seed))
    }
    var text = ""
    let tokens = try generator(0, seed: 1).generate(from: prompt, limit: 12) { _, part in
      text += part
      return true
    }
    #expect(text == model.tokenizer.decode(tokens, skippingSpecials: true))
    #expect(
      try generator(1, seed: 1).generate(from: prompt, limit: 12)
        == generator(1, seed: 1).generate(from: prompt, limit: 12))
    #expect(
      try generator(1, seed: 1).generate(from: prompt, limit: 12)
        != generator(1, seed: 2).generate(from: prompt, limit: 12))
    var seen = 0
    let cut = try generator(1, seed: 1).generate(from: prompt, limit: 12) { _, _ in
      seen += 1
      return seen < 3
    }
    #expect(cut.count == 3)
    #expect { try generator(0, seed: 1).generate(from: prompt, limit: 100) } throws: {
      "\($0)".contains("more than the model's context of 48")
    }
  }
}
