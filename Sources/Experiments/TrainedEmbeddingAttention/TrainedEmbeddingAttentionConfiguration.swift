import Foundation

/// One step on the embeddings, then normalised descent on the query, on synthetic sequences, film reviews and sentences of
/// such reviews.
public struct TrainedEmbeddingAttentionConfiguration: SeededConfiguration {
  /// Corpora, and how many texts of which length.
  public struct Data: Codable, Sendable, Equatable {
    /// Any of synthetic, imdb, movie-sentences.
    public var names: [String]
    /// Training sequences, and reviews.
    public var train: Int
    /// Test sequences, and reviews.
    public var test: Int
    /// Words of each review, after those outside of the vocabulary are left out.
    public var length: Int
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
    /// Most frequent words that are kept.
    public var vocabulary: Int
    /// Words that occur less often than this are left out.
    public var fewest: Int
    /// Rate of the one step on the embeddings.
    public var rate: Double
  }

  /// Rated sentences of film reviews, movie-sentences.
  public struct Sentences: Codable, Sendable, Equatable {
    /// Training sentences of film reviews.
    public var train: Int
    /// Test sentences.
    public var test: Int
    /// Words of each, as of a review.
    public var length: Int
    /// Sentences with a mean rating nearer to 0 have no class and are left out.
    public var neutral: Double
    /// Words that occur less often than this are left out.
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
  /// The dimension of embeddings and query.
  public var width: Int
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

  static let standard = TrainedEmbeddingAttentionConfiguration(
    data: Data(names: TokenSource.allCases.map(\.rawValue), train: 2000, test: 2000, length: 64), width: 256,
    synthetic: Synthetic(labelTokens: 4, neutralTokens: 24, mostImportant: 3, length: 8, rate: 200),
    reviews: Reviews(vocabulary: 2000, fewest: 50, rate: 4000),
    sentences: Sentences(train: 4000, test: 2500, length: 8, neutral: 0.5, fewest: 10, rate: 4000),
    flow: Flow(steps: 4000, length: 0.02, textLength: 0.5, looks: 10), seeds: PlainSeeds(count: 10, first: 0),
    decision: Decisions(alpha: 0.05, slopeMargin: 0.1, threshold: 0.95))

  static var smoke: TrainedEmbeddingAttentionConfiguration {
    var c = standard
    c.data = Data(names: ["synthetic"], train: 300, test: 100, length: 8)
    c.width = 64
    c.flow = Flow(steps: 300, length: 0.05, textLength: 0.05, looks: 3)
    c.seeds.count = 3
    return c
  }

  static var paper: TrainedEmbeddingAttentionConfiguration {
    var c = standard
    c.data = Data(names: TokenSource.allCases.map(\.rawValue), train: 12_000, test: 12_000, length: 128)
    c.width = 512
    c.reviews.vocabulary = 8000
    c.flow.steps = 10_000
    c.seeds.count = 20
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

  /// The length of a step on the query.
  package func stepLength(_ source: TokenSource) -> Double { source == .synthetic ? flow.length : flow.textLength }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "data.train": data.train, "data.test": data.test, "data.length": data.length, "width": width,
      "synthetic.labelTokens": synthetic.labelTokens, "synthetic.neutralTokens": synthetic.neutralTokens,
      "synthetic.mostImportant": synthetic.mostImportant, "reviews.vocabulary": reviews.vocabulary,
      "reviews.fewest": reviews.fewest, "sentences.train": sentences.train, "sentences.test": sentences.test,
      "sentences.length": sentences.length, "sentences.fewest": sentences.fewest, "flow.steps": flow.steps,
      "flow.looks": flow.looks,
    ])
    try require(positive: [
      "synthetic.rate": synthetic.rate, "reviews.rate": reviews.rate, "sentences.rate": sentences.rate,
      "flow.length": flow.length, "flow.textLength": flow.textLength, "decision.slopeMargin": decision.slopeMargin,
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
