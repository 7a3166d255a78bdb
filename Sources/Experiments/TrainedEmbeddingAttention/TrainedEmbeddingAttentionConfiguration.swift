import Foundation

/// One step on the embeddings, then normalised descent on the query, on synthetic sequences, film reviews and sentences of
/// such reviews.
public struct TrainedEmbeddingAttentionConfiguration: SeededConfiguration {
  public struct Data: Codable, Sendable, Equatable {
    public var names: [String]
    public var train: Int
    public var test: Int
    public var length: Int
  }

  public struct Synthetic: Codable, Sendable, Equatable {
    public var labelTokens: Int
    public var neutralTokens: Int
    public var mostImportant: Int
    public var length: Int
    public var rate: Double
  }

  public struct Reviews: Codable, Sendable, Equatable {
    public var vocabulary: Int
    public var fewest: Int
    public var rate: Double
  }

  public struct Sentences: Codable, Sendable, Equatable {
    public var train: Int
    public var test: Int
    public var length: Int
    public var neutral: Double
    public var fewest: Int
    public var rate: Double
  }

  public struct Flow: Codable, Sendable, Equatable {
    public var steps: Int
    public var length: Double
    public var textLength: Double
    public var looks: Int
  }

  public struct Decisions: DecisionRules {
    public var alpha: Double
    public var slopeMargin: Double
    public var threshold: Double
  }

  public var data: Data
  public var width: Int
  public var synthetic: Synthetic
  public var reviews: Reviews
  public var sentences: Sentences
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
