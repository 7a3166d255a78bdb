import Descending
import Foundation
import LanguageModels
import Parameters
import TestSupport
import Testing

@Suite struct FineTunerTests {
  private static let text = String(repeating: "hello world is hello. ", count: 40)

  private func blocks(_ model: PretrainedModel) throws -> TokenBlocks {
    try TokenBlocks([model.tokenizer.encode(Self.text)], end: 2, length: 16)
  }

  @Test func textsArePacked() throws {
    let blocks = try TokenBlocks([[1, 2, 3], [4, 5, 6, 7]], end: 0, length: 4)
    #expect(blocks.tokens == [1, 2, 3, 0, 4, 5, 6, 7] && blocks.count == 2)
    #expect(blocks.array(at: [1]).integers == [4, 5, 6, 7])
    let (train, held) = try blocks.split(holdingOut: 0.1)
    #expect(train.count == 1 && held.tokens == [4, 5, 6, 7])
    #expect { try TokenBlocks([[1, 2]], end: nil, length: 3) } throws: { "\($0)".contains("2 tokens, too few") }
  }

  private static func tunings(_ c: DecoderConfiguration) throws -> [FineTuning] {
    [
      .full, .lastBlocks(1), .lowRank(try LowRankAdapter(rank: 4, blocks: 1..<2, of: c)),
      .lowRank(try LowRankAdapter(rank: 2, of: c)),
    ]
  }

  /// Each way of tuning learns a repeating text, and moves what it says and nothing else.
  @Test func everyTuningLearns() throws {
    let model = try TinyModel.model()
    let blocks = try blocks(model)
    let before = try Perplexity.measure(model, on: blocks)
    for tuning in try Self.tunings(model.configuration) {
      let tuner = try FineTuner(
        model, tuning, optimizer: try Chain("clip 1 | adam | rate 0.01"), shape: [2, 16], key: RandomKey(seed: 1))
      // An adapter starts as the plain model.
      #expect(abs(try tuner.loss(of: blocks) - before.loss) < 1e-4 * before.loss)
      // How far one block gets below a frozen head of random weights is limited.
      var losses: [Double] = []
      for step in 0..<60 {
        let tokens = blocks.array(at: [step % blocks.count, (step + 1) % blocks.count])
        losses.append(try tuner.advance(tokens, input: try tuner.input(tokens))[0])
      }
      #expect(losses[0] > 3 && losses.suffix(5).reduce(0, +) / 5 < 0.8 * losses[0], "\(tuning) \(losses)")
      #expect(tuner.step.readingTags.contains("optimizer/gradientNorm"))
      let start = try model.parameters()
      for (path, array) in tuner.trained {
        if let old = start[path] { #expect(old.shape == array.shape) }
      }
      switch tuning {
      case .full: #expect(tuner.trained.paths == start.paths)
      case .lastBlocks: #expect(tuner.trained.paths.allSatisfy { $0.hasPrefix("block1/") || $0.hasPrefix("norm/") })
      case .lowRank(let adapter):
        #expect(tuner.trained.paths.allSatisfy(LowRankAdapter.owns) && tuner.trained.count == 14 * adapter.blocks.count)
        // What was trained is what is measured and what is generated with.
        let measured = try Perplexity.measure(model, adapter: (adapter, tuner.trained), on: blocks)
        #expect(abs(measured.loss - (try tuner.loss(of: blocks))) < 1e-4)
      }
    }
  }

  /// Blocks that are computed again give the same descent in less memory.
  @Test func blocksMayBeComputedAgain() throws {
    let model = try TinyModel.model()
    let tokens = try TokenBlocks([model.tokenizer.encode(Self.text)], end: 2, length: 48).array(at: [0])
    for tuning in try Self.tunings(model.configuration) {
      let tuners = try [false, true].map { again in
        try FineTuner(
          model, tuning, optimizer: try Chain("rate 0.1"), shape: [1, 48], key: RandomKey(seed: 1),
          recomputesBlocks: again)
      }
      for tuner in tuners { for _ in 0..<2 { try tuner.advance(tokens, input: try tuner.input(tokens)) } }
      // Sums over 48 tokens and some hundred numbers each, two updates of two blocks.
      let slack = rounding(.float32, terms: drift(of: 48 * 96), condition: 4)
      #expect(
        Deviation.worst(of: tuners[1].trained.leaves, from: tuners[0].trained.leaves) < slack, "\(tuning)")
      #expect(tuners[1].step.program.flops > tuners[0].step.program.flops, "\(tuning)")
    }
  }

  @Test func perplexityCounts() throws {
    let model = try TinyModel.model()
    let result = try Perplexity.measure(model, on: try blocks(model))
    #expect(result.tokens == result.blocks * 15 && result.standardError! > 0)
    #expect(abs(result.value - exp(result.loss)) < 1e-9 * result.value)
    // Random weights know little: near a uniform guess, and not far below it.
    #expect(result.loss > 3)
  }

  @Test func whatCannotBeTrainedIsRefused() throws {
    let model = try TinyModel.model()
    let chain = try Chain("rate 0.1")
    func refused(_ tuning: FineTuning, _ shape: Shape, _ hint: String) {
      #expect { try FineTuner(model, tuning, optimizer: chain, shape: shape, key: RandomKey(seed: 1)) } throws: {
        "\($0)".contains(hint)
      }
    }
    refused(.lastBlocks(3), [1, 8], "2 blocks, and 3 are to be trained")
    refused(.full, [1, 1], "nothing to predict")
    refused(.full, [1, 99], "longer than the model's context of 48")
    let tuner = try FineTuner(
      model, .full, optimizer: try Chain("rate 1e30"), shape: [1, 16], key: RandomKey(seed: 1))
    let tokens = try blocks(model).array(at: [0])
    #expect {
      for _ in 0..<4 { try tuner.advance(tokens, input: tokens) }
    } throws: { "\($0)".contains("a smaller rate or a clip may help") }
  }
}
