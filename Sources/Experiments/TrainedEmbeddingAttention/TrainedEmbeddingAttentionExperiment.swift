import Training

/// Do embeddings align with signed frequencies after one step, and does the query then select the predictive tokens?
///
/// Wu, Shevchenko, Oymak, Mondelli, "Attention with trained embeddings provably selects important tokens",
/// arXiv 2505.17282.
public struct TrainedEmbeddingAttentionExperiment: Experiment {
  public let configuration: TrainedEmbeddingAttentionConfiguration

  public init(_ configuration: TrainedEmbeddingAttentionConfiguration) { self.configuration = configuration }

  public static let name = "trained-embedding-attention"
  public static let summary = "attention with trained embeddings selects predictive tokens (arXiv 2505.17282)"

  public static let presets: [Preset<TrainedEmbeddingAttentionConfiguration>] = [
    .init(name: "smoke", summary: "seconds: synthetic sequences, three seeds", configuration: .smoke),
    .init(
      name: "quick", summary: "minutes: synthetic sequences, film reviews, sentences of reviews; ten seeds",
      configuration: .quick),
    .init(
      name: "standard", summary: "hours: 4,500 reviews of 128 words for each of five seeds, width 1,024",
      configuration: .standard),
    .init(name: "paper", summary: "12,000 reviews of 128 words for each of two seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "data.names": "synthetic, imdb, movie-sentences", "data.train": "training sequences",
    "data.test": "test sequences", "width": "embedding dimension on sequences", "textWidth": "and on texts",
    "reviews.train": "training reviews of each seed, no two seeds share one",
    "reviews.test": "test reviews of each seed",
    "reviews.length": "words of each review, after those outside of the vocabulary are left out",
    "synthetic.labelTokens": "tokens of each class",
    "synthetic.neutralTokens": "tokens that occur in both classes alike",
    "synthetic.mostImportant": "largest number of label tokens in a sequence",
    "synthetic.length": "tokens of a sequence", "synthetic.rate": "rate of the one step on the embeddings",
    "reviews.vocabulary": "most frequent words that are kept",
    "reviews.fewest": "words that are rarer in a seed's own reviews are left out",
    "reviews.rate": "rate of the one step on the embeddings", "sentences.train": "training sentences of each seed",
    "sentences.test": "test sentences of each seed", "sentences.length": "words of each, as of a review",
    "sentences.neutral": "sentences with a mean rating nearer to 0 have no class and are left out",

    "sentences.fewest": "words that are rarer in a seed's own sentences are left out",
    "sentences.rate": "rate of the one step on the embeddings",
    "flow.steps": "steps on the query",
    "flow.length": "length of each of these steps on sequences", "flow.textLength": "and on texts",
    "flow.looks": "times at which the query is looked at",
    "seeds.count": "seeds", "seeds.first": "the first seed", "decision.alpha": "level of each test",
    "decision.slopeMargin": "how far the slope may be from its prediction, as a fraction",
    "decision.threshold": "cosines and attention above this count as alignment and selection",
  ]

  public func sweep() throws -> Sweep<TokenSource> {
    let first = configuration.seeds.first
    var sweep = Sweep(configuration.sources.tasks(on: reportedSeeds)) { locator, waiting in
      let corpora = try Dictionary(
        uniqueKeysWithValues: Set(waiting.map(\.arm)).map { ($0, try TokenCorpus($0, configuration, locator)) })
      @Sendable func task(_ task: SweepTask<TokenSource>) throws -> TrainedEmbeddingAttentionTask {
        TrainedEmbeddingAttentionTask(configuration, try corpora[task.arm]!.sample(task.seed), seed: task.seed)
      }
      return Workbench(
        cost: { TaskCost(seconds: try task($0).secondsPerStep() * Double(configuration.flow.steps)) },
        run: { item, log in
          let start = log.elapsed
          var outcome = try task(item).outcome()
          outcome.values[.seconds] = log.elapsed - start
          if item.seed == first { try record(outcome, log) }
          return TaskOutcome(outcome.values, step: configuration.flow.steps)
        })
    }
    sweep.costClass = \.rawValue
    return sweep
  }

  /// Records each token that occurs, its number as the step.
  private func record(
    _ outcome: TrainedEmbeddingAttentionTask.Outcome, _ log: TaskLog<TokenSource>
  ) throws {
    for (token, word) in outcome.words.enumerated() where outcome.count[token] > 0 {
      try log.record(
        "token", step: token,
        [
          .tokenDifference: outcome.difference[token], .tokenScore: outcome.score[token],
          .tokenFrequency: outcome.signedFrequency[token], .tokenAlignment: outcome.alignment[token],
          .tokenCount: outcome.count[token], .tokenSelected: outcome.selected[token],
        ], text: word)
    }
  }
}
