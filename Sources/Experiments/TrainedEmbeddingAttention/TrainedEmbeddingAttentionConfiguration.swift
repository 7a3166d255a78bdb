import Foundation

/// One step on the embeddings, then normalised descent on the query, on synthetic sequences, film reviews and sentences of
/// such reviews; each seed has texts of its own.
public struct TrainedEmbeddingAttentionConfiguration: SeededConfiguration {
  /// Corpora, and how many sequences.
  public struct Data: Codable, Sendable, Equatable {
    /// Any of synthetic, imdb, movie-sentences.
    public var names: [String]
    /// Training sequences.
    public var train: Int
    /// Test sequences.
    public var test: Int
  }

  /// Sequences of label tokens among neutral ones.
  public struct Synthetic: Codable, Sendable, Equatable {
    /// Tokens of each class.
    public var labelTokens: Int
    /// Tokens that occur in both classes alike.
    public var neutralTokens: Int
    /// Largest number of label tokens in a sequence.
    public var mostImportant: Int
    /// Tokens of a sequence.
    public var length: Int
    /// Rate of the one step on the embeddings.
    public var rate: Double
  }

  /// Film reviews, imdb.
  public struct Reviews: Codable, Sendable, Equatable {
    /// Training reviews of each seed.
    public var train: Int
    /// Test reviews of each seed.
    public var test: Int
    /// Words of each, after those outside of the vocabulary are left out.
    public var length: Int
    /// Most frequent words that are kept.
    public var vocabulary: Int
    /// Words that occur less often than this in a seed's own reviews are left out.
    public var fewest: Int
    /// Rate of the one step on the embeddings.
    public var rate: Double
  }

  /// Rated sentences of film reviews, movie-sentences.
  public struct Sentences: Codable, Sendable, Equatable {
    /// Training sentences of each seed.
    public var train: Int
    /// Test sentences of each seed.
    public var test: Int
    /// Words of each, as of a review.
    public var length: Int
    /// Sentences with a mean rating nearer to 0 have no class and are left out.
    public var neutral: Double
    /// Words that occur less often than this in a seed's own sentences are left out.
    public var fewest: Int
    /// Rate of the one step on the embeddings.
    public var rate: Double
  }

  /// Normalised descent on the query, which stands for its gradient flow.
  public struct Flow: Codable, Sendable, Equatable {
    /// Steps on the query.
    public var steps: Int
    /// The length of each step on the query, on synthetic sequences.
    public var length: Double
    /// The same on texts.
    public var textLength: Double
    /// Times at which the query is looked at.
    public var looks: Int
  }

  /// Level and margins of the tests.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// How far the slope may be from its prediction, as a fraction.
    public var slopeMargin: Double
    /// Cosines and attention above this count as alignment and selection.
    public var threshold: Double
  }

  /// Where texts come from.
  public var data: Data
  /// The dimension of embeddings and query on sequences.
  public var width: Int
  /// The same on texts.
  public var textWidth: Int
  /// How synthetic sequences are made.
  public var synthetic: Synthetic
  /// How reviews become tokens.
  public var reviews: Reviews
  /// How sentences become tokens.
  public var sentences: Sentences
  /// The descent on the query.
  public var flow: Flow
  public var seeds: PlainSeeds
  public var decision: Decisions

  static let quick = TrainedEmbeddingAttentionConfiguration(
    data: Data(names: TokenSource.allCases.map(\.rawValue), train: 2000, test: 2000), width: 256, textWidth: 512,
    synthetic: Synthetic(labelTokens: 4, neutralTokens: 24, mostImportant: 3, length: 8, rate: 200),
    reviews: Reviews(train: 3000, test: 400, length: 64, vocabulary: 2000, fewest: 50, rate: 4000),
    sentences: Sentences(train: 380, test: 110, length: 8, neutral: 0.5, fewest: 10, rate: 4000),
    flow: Flow(steps: 4000, length: 0.02, textLength: 0.1, looks: 10),
    seeds: PlainSeeds(count: 10, first: 0),
    decision: Decisions(alpha: 0.05, slopeMargin: 0.1, threshold: 0.95))

  static var smoke: TrainedEmbeddingAttentionConfiguration {
    var c = quick
    c.data = Data(names: ["synthetic"], train: 300, test: 100)
    c.width = 64
    c.flow = Flow(steps: 300, length: 0.05, textLength: 0.05, looks: 3)
    c.seeds.count = 3
    return c
  }

  /// Longer reviews, more of each seed, wider: as many as independent samples of this size there are.
  static var standard: TrainedEmbeddingAttentionConfiguration {
    var c = quick
    c.textWidth = 1024
    (c.reviews.train, c.reviews.test, c.reviews.length, c.reviews.vocabulary) = (4500, 600, 128, 4000)
    (c.sentences.train, c.sentences.test) = (900, 250)
    c.flow.steps = 10_000
    c.seeds.count = 5
    return c
  }

  /// All reviews at hand, in two samples of 12,000.
  static var paper: TrainedEmbeddingAttentionConfiguration {
    var c = standard
    (c.reviews.train, c.reviews.test, c.reviews.vocabulary) = (12_000, 1500, 8000)
    (c.sentences.train, c.sentences.test) = (2500, 700)
    c.flow.steps = 40_000
    c.seeds.count = 2
    return c
  }

  /// The corpora, of names that were checked.
  package var sources: [TokenSource] { data.names.compactMap(TokenSource.init(rawValue:)) }

  /// The rate of the one step on the embeddings.
  package func rate(_ source: TokenSource) -> Double {
    switch source {
    case .synthetic: synthetic.rate
    case .imdb: reviews.rate
    case .movieSentences: sentences.rate
    }
  }

  /// How the texts of a source are cut.
  func cut(_ source: TokenSource) -> (train: Int, test: Int, length: Int, vocabulary: Int, fewest: Int) {
    switch source {
    case .synthetic: (data.train, data.test, synthetic.length, .max, 1)
    case .imdb: (reviews.train, reviews.test, reviews.length, reviews.vocabulary, reviews.fewest)
    case .movieSentences: (sentences.train, sentences.test, sentences.length, .max, sentences.fewest)
    }
  }

  /// The dimension of embeddings and query.
  package func width(_ source: TokenSource) -> Int { source == .synthetic ? width : textWidth }

  /// The length of a step on the query.
  package func stepLength(_ source: TokenSource) -> Double { source == .synthetic ? flow.length : flow.textLength }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.train": data.train, "data.test": data.test, "width": width, "textWidth": textWidth,
      "reviews.train": reviews.train, "reviews.test": reviews.test, "reviews.length": reviews.length,
      "synthetic.labelTokens": synthetic.labelTokens, "synthetic.neutralTokens": synthetic.neutralTokens,
      "synthetic.mostImportant": synthetic.mostImportant, "reviews.vocabulary": reviews.vocabulary,
      "reviews.fewest": reviews.fewest, "sentences.train": sentences.train, "sentences.test": sentences.test,
      "sentences.length": sentences.length, "sentences.fewest": sentences.fewest, "flow.steps": flow.steps,
      "flow.looks": flow.looks,
    ])
    try require(positive: [
      "synthetic.rate": synthetic.rate, "reviews.rate": reviews.rate, "sentences.rate": sentences.rate,
      "flow.length": flow.length, "flow.textLength": flow.textLength,
      "decision.slopeMargin": decision.slopeMargin,
      "decision.threshold": decision.threshold,
    ])
    guard synthetic.length > synthetic.mostImportant else {
      throw SettingsError("synthetic.length must exceed synthetic.mostImportant")
    }
    guard sentences.neutral >= 0, sentences.neutral < 4 else {
      throw SettingsError("sentences.neutral must be at least 0 and below 4, not \(sentences.neutral)")
    }
    guard flow.looks <= flow.steps else { throw SettingsError("flow.looks must not exceed flow.steps") }
    try require(data.names, in: "data.names", among: TokenSource.allCases.map(\.rawValue))
    guard !data.names.isEmpty, Set(data.names).count == data.names.count else {
      throw SettingsError("data.names must not be empty, nor name a corpus twice")
    }
  }
}
