import LanguageModels
import Synchronization
import Training

extension PromptingGround {
  // MARK: Trained on the spot

  /// A small decoder that has read about the world of facts.
  ///
  /// - Parameter updates: fewer than the configuration's for a guess at the time.
  package static func small(
    _ configuration: GradientPromptingConfiguration, seed: Int, updates: Int? = nil
  ) throws -> PromptingGround {
    let (c, key) = (configuration.small, RandomKey(seed: seed))
    let world = FactWorld(facts: c.facts, names: c.names, key: key.split("world"))
    let decoder = CausalDecoder(
      .llama(
        vocabulary: world.words.count, context: 2 * world.documentLength, width: c.width, layers: c.layers,
        heads: 4, feedForwardWidth: 2 * c.width))
    let updates = updates ?? c.updates
    let method = GradientDescent(
      Chain {
        ClipByGlobalNorm(1)
        Adam(beta2: 0.99)
        LearningRate(.warmUp(.updates(100), then: .linear(from: c.rate, to: 0, over: .updates(Double(updates)))))
      })
    let reading = try TrainingStep(
      Objective { point, inputs, _ in
        let tokens = try inputs["tokens"]
        return ObjectiveValue(try decoder.nextTokenLosses(tokens, tokens: tokens, point).mean())
      }, method: method, inputs: ["tokens": TensorType([c.batch, world.documentLength], .int32)],
      from: try TrainingState(
        startingFrom: try decoder.initialParameters(key: key.split("weights")), method: method),
      key: key.split("reading"))
    var last: [Double] = []
    for update in 0..<updates {
      let documents = world.documents(c.batch, key: key.split("documents").split(update))
      last.append(try reading.advance(["tokens": documents])[0])
    }
    let end = last.suffix(50)
    return PromptingGround(
      decoder: decoder, trunk: nil, trunkWeights: Tree(), weights: reading.state.parameters,
      moving: "block*/down/weight", learnsAll: true, learnsEmbedding: configuration.outer.embedding,
      tasks: { world.tasks($0, $1, kind: $2, key: $3) }, text: { world.text($0) },
      pretrainingLoss: end.reduce(0, +) / Double(max(end.count, 1)),
      shape: TaskShape(context: 8 * c.facts, prompt: 6, answer: 1))
  }

  // MARK: From a file

  /// Weights of a pre-trained model, read once for all seeds.
  final class PretrainedWeights: Sendable {
    private let known = Mutex([String: Tree<NDArray>]())

    func named(_ name: String, _ read: () -> Tree<NDArray>) -> Tree<NDArray> {
      known.withLock { known in
        if let weights = known[name] { return weights }
        let weights = read()
        known[name] = weights
        return weights
      }
    }
  }

  /// A pre-trained model whose last blocks have an adapter, with fictitious facts.
  static func pretrained(
    _ model: PretrainedModel, _ configuration: GradientPromptingConfiguration, seed: Int, _ shared: PretrainedWeights
  ) throws -> PromptingGround {
    let (c, key) = (configuration.adapter, RandomKey(seed: seed))
    let layers = model.configuration.layers
    guard c.blocks <= layers else {
      throw SettingsError("adapter.blocks is \(c.blocks), and the model has \(layers) blocks")
    }
    let first = layers - c.blocks
    let adapter = try LowRankAdapter(rank: c.rank, blocks: first..<layers, of: model.configuration)
    let whole = CausalDecoder(model.configuration, adapter: adapter)
    let decoder = try whole.part(first..<layers)
    let trunk = first > 0 ? try whole.part(0..<first) : nil
    let source = try TaskSource.named(in: configuration, model.tokenizer, key: key)
    let shape = source.shape
    guard shape.context + shape.prompt <= model.configuration.context else {
      throw SettingsError(
        "a prompt of \(shape.context + shape.prompt) tokens is longer than the model's context of "
          + "\(model.configuration.context)")
    }
    let tokenizer = model.tokenizer
    return PromptingGround(
      decoder: decoder, trunk: trunk,
      trunkWeights: trunk.map { trunk in shared.named("trunk") { model.parameters(of: trunk) } } ?? Tree(),
      weights: shared.named("decoder") { model.parameters(of: decoder) }
        .merging(try FineTuner.initialFactors(adapter, model.configuration, key: key.split("adapter"))),
      moving: "*/adapter/*", learnsAll: false, learnsEmbedding: false, tasks: source.tasks,
      text: { tokenizer.decode($0) }, pretrainingLoss: nil, shape: shape)
  }
}
