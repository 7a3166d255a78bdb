import Compilation
import LanguageModels
import Parameters
import Testing

/// The numbers of an independent implementation (PyTorch, float64) for SmolLM2-135M-Instruct.
@Suite(.serialized, .enabled(if: Golden.path != nil, "\(Golden.reason)")) struct GoldenTests {
  private let model: PretrainedModel

  init() throws { model = try PretrainedModel.open(Golden.path!) }

  @Test func tokens() {
    for (text, ids) in Golden.ids {
      #expect(model.tokenizer.encode(text) == ids, "\(text)")
      #expect(model.tokenizer.decode(ids) == text)
    }
    #expect(model.tokenizer.encode(Golden.sentence) == Golden.tokens)
  }

  @Test func chatTemplate() throws {
    let template = try ChatTemplate(of: model.tokenizer)
    #expect(template.standardSystem == "You are a helpful AI assistant named SmolLM, trained by Hugging Face")
  }

  @Test func generation() throws {
    let session = try DecoderSession(model)
    let logits = try session.append(Golden.tokens)
    // The file's weights are exact in both; activations are float32 here.
    for (token, value) in Golden.logits { #expect(abs(Double(logits[token]) - value) < 1e-3) }
    session.keep(0)
    let generator = TextGenerator(session, tokenizer: model.tokenizer, sampling: try Sampling())
    #expect(try generator.generate(from: Golden.tokens, limit: 20) == Golden.continuation)
  }

  @Test func lossAndGradients() throws {
    let weights = try model.parameters()
    let (decoder, paths) = (model.decoder, weights.paths)
    let time = Golden.tokens.count
    let program = try Program(inputs: weights.types.leaves + [TensorType([1, time], .int32)]) { _, x in
      let point = Parameters(Tree(sortedPaths: paths, leaves: Array(x.dropLast())))
      let tokens = x[x.count - 1]
      let logits = try decoder(tokens, point).output
      let loss = nextTokenLosses(logits, tokens: tokens).mean()
      let gradient = gradients(of: loss, withRespectTo: point)
      let norms = ["tokens/weight", "block0/query/weight", "block15/down/weight", "norm/scale"].map {
        gradient[$0]!.norm()
      }
      return [logits.part(time - 1, axis: 1), loss, gradient.norm] + norms
    }
    let results = try program.run(weights.leaves + [NDArray(Golden.tokens, shape: [1, time])])
    for (token, value) in Golden.logits { #expect(abs(results[0][flat: token] - value) < 1e-3) }
    #expect(abs(results[1].item - 3.7808039) < 1e-5)
    for (result, norm) in zip(results[2...], [17.6041829, 8.6278115, 0.0489092, 0.5050473, 0.4168956]) {
      #expect(abs(result.item - norm) < 1e-4 * norm)
    }
  }
}
