import Foundation
import Reports
import RunLogs
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
      name: "quick", summary: "minutes: synthetic sequences, 2,000 film reviews, 4,000 sentences of reviews; ten seeds",
      configuration: .standard
    ),
    .init(name: "paper", summary: "12,000 reviews of 128 words, 20 seeds", configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "data.names": "synthetic, imdb, movie-sentences", "data.train": "training sequences, and reviews",
    "data.test": "test sequences, and reviews",
    "data.length": "words of each review, after those outside of the vocabulary are left out",
    "width": "embedding dimension", "synthetic.labelTokens": "tokens of each class",
    "synthetic.neutralTokens": "tokens that occur in both classes alike",
    "synthetic.mostImportant": "largest number of label tokens in a sequence",
    "synthetic.length": "tokens of a sequence", "synthetic.rate": "rate of the one step on the embeddings",
    "reviews.vocabulary": "most frequent words that are kept", "reviews.fewest": "rarer words are left out",
    "reviews.rate": "rate of the one step on the embeddings", "sentences.train": "training sentences of film reviews",
    "sentences.test": "test sentences", "sentences.length": "words of each, as of a review",
    "sentences.neutral": "sentences with a mean rating nearer to 0 have no class and are left out",
    "sentences.fewest": "rarer words are left out", "sentences.rate": "rate of the one step on the embeddings",
    "flow.steps": "steps on the query",
    "flow.length": "length of each of these steps on sequences", "flow.textLength": "and on texts",
    "flow.looks": "times at which the query is looked at",
    "seeds.count": "seeds", "seeds.first": "the first seed", "decision.alpha": "level of each test",
    "decision.slopeMargin": "how far the slope may be from its prediction, as a fraction",
    "decision.threshold": "cosines and attention above this count as alignment and selection",
  ]

  private var tasks: [(data: String, seed: Int)] {
    configuration.data.names.flatMap { data in reportedSeeds.map { (data, $0) } }
  }

  private func waiting(_ context: RunContext) -> [(data: String, seed: Int)] {
    tasks.filter { !context.hasResult(TrainedEmbeddingAttentionTask.name($0, $1)) }
  }

  public func estimate(_ context: RunContext) throws -> String {
    let waiting = waiting(context)
    guard !waiting.isEmpty else { return "all descents are done; drawing the report" }
    let workers = min(Workers.count, waiting.count)
    var total = 0.0
    for data in configuration.data.names {
      let tasks = waiting.filter { $0.data == data }
      guard let first = tasks.first else { continue }
      let corpus = try TokenCorpus(data, configuration, context.data)
      let step = try Engine.withThreadCount(1) {
        try TrainedEmbeddingAttentionTask(configuration, corpus, seed: first.seed).secondsPerStep()
      }
      total += step * Double(configuration.flow.steps * tasks.count)
    }
    return "\(waiting.count) descents of \(configuration.flow.steps) steps on the query: about "
      + "\(ProgressBar.duration(total / Double(workers))), \(workers) at a time"
  }

  public func run(_ context: RunContext) throws {
    let configuration = configuration
    let corpora = try Dictionary(
      uniqueKeysWithValues: Set(waiting(context).map(\.data)).sorted().map {
        ($0, try TokenCorpus($0, configuration, context.data))
      })
    let first = configuration.seeds.first
    try context.perform(
      tasks, named: { TrainedEmbeddingAttentionTask.name($0, $1) },
      run: { data, seed in
        let corpus = corpora[data]!
        let task = TrainedEmbeddingAttentionTask.name(data, seed)
        let start = context.elapsed
        var outcome = try TrainedEmbeddingAttentionTask(configuration, corpus, seed: seed).outcome()
        outcome.values["seconds"] = context.elapsed - start
        if seed == first {
          for (token, word) in corpus.words.enumerated() where outcome.count[token] > 0 {
            try context.record(
              "token", task: task, step: token,
              [
                "difference": outcome.difference[token], "score": outcome.score[token],
                "frequency": outcome.signedFrequency[token], "alignment": outcome.alignment[token],
                "count": outcome.count[token], "selected": outcome.selected[token],
              ], text: word)
          }
        }
        try context.record("result", task: task, step: configuration.flow.steps, outcome.values)
      })
  }
}
