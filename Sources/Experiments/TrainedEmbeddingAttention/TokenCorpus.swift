import Datasets
import Foundation

/// Texts of one length as token numbers, with labels 1 and -1.
package struct TokenTexts: Sendable {
  package var tokens: [Int32]
  package var labels: [Double]
  package let length: Int

  package init(tokens: [Int32], labels: [Double], length: Int) {
    precondition(tokens.count == labels.count * length, "tokens of \(labels.count) texts")
    (self.tokens, self.labels, self.length) = (tokens, labels, length)
  }

  package var count: Int { labels.count }

  /// The average signed frequency of each token: (1 / nT) sum over texts of y times the token's count.
  package func signedFrequencies(vocabulary: Int) -> [Double] { frequencies(vocabulary) { $0 } }

  /// The share of each token among all positions.
  package func frequencies(vocabulary: Int) -> [Double] { frequencies(vocabulary) { _ in 1 } }

  private func frequencies(_ vocabulary: Int, _ weight: (Double) -> Double) -> [Double] {
    var result = [Double](repeating: 0, count: vocabulary)
    for text in 0..<count {
      for position in 0..<length { result[Int(tokens[text * length + position])] += weight(labels[text]) }
    }
    return result.map { $0 / Double(count * length) }
  }
}

/// Where texts come from: synthetic sequences, or texts of words with their class.
package struct TokenCorpus: Sendable {
  package let source: TokenSource
  package let words: [String]
  private let configuration: TrainedEmbeddingAttentionConfiguration
  private let pools: (train: Pool, test: Pool)?

  /// Texts of which each seed draws its own.
  private struct Pool: Sendable {
    var texts: [(tokens: [Int32], label: Double)]
    var count: Int
    var length: Int

    func draw(_ key: RandomKey) -> TokenTexts {
      let order = key.permutation(texts.count).prefix(count)
      return TokenTexts(
        tokens: order.flatMap { texts[$0].tokens }, labels: order.map { texts[$0].label }, length: length)
    }
  }

  package init(_ source: TokenSource, _ configuration: TrainedEmbeddingAttentionConfiguration, _ data: DataLocator)
    throws
  {
    (self.source, self.configuration) = (source, configuration)
    let texts: (train: [LabelledText], test: [LabelledText])
    let counts: (train: Int, test: Int)
    let (length, fewest, limit): (Int, Int, Int)
    switch source {
    case .imdb:
      texts = try data.loadReviews()
      counts = (configuration.data.train, configuration.data.test)
      (length, fewest) = (configuration.data.length, configuration.reviews.fewest)
      limit = configuration.reviews.vocabulary
    case .movieSentences:
      let s = configuration.sentences
      texts = Self.split(MovieSentences.labelled(try data.loadMovieSentences(), neutral: s.neutral))
      counts = (s.train, s.test)
      (length, fewest, limit) = (s.length, s.fewest, .max)
    case .synthetic:
      let labels = configuration.synthetic.labelTokens
      words =
        (0..<labels).map { "positive \($0)" } + (0..<labels).map { "negative \($0)" }
        + (0..<configuration.synthetic.neutralTokens).map { "neutral \($0)" }
      pools = nil
      return
    }
    let vocabulary = Vocabulary(texts.train.map(\.words), fewest: fewest, limit: limit)
    words = vocabulary.words
    // Texts of one length: the first tokens of every text that has enough of them.
    func pool(_ texts: [LabelledText], _ part: String, _ count: Int) throws -> Pool {
      let encoded = texts.compactMap { text -> (tokens: [Int32], label: Double)? in
        let tokens = vocabulary.encode(text.words).prefix(length)
        return tokens.count == length ? (Array(tokens), text.isPositive ? 1 : -1) : nil
      }
      guard encoded.count >= count else {
        throw DatasetError(
          source.rawValue, "has \(encoded.count) texts of \(length) known words to \(part), and not \(count)")
      }
      return Pool(texts: encoded, count: count, length: length)
    }
    pools = (try pool(texts.train, "train", counts.train), try pool(texts.test, "test", counts.test))
  }

  /// Six tenths of the texts train, the rest tests: a data set without a split of its own has this one for all seeds.
  private static func split(_ texts: [LabelledText]) -> (train: [LabelledText], test: [LabelledText]) {
    let order = RandomKey(seed: 0).split("split").permutation(texts.count)
    let cut = texts.count * 6 / 10
    return (order.prefix(cut).map { texts[$0] }, order.dropFirst(cut).map { texts[$0] })
  }

  /// A training and a test set of a seed.
  package func draw(_ key: RandomKey) -> (train: TokenTexts, test: TokenTexts) {
    let (train, test) = (key.split("train"), key.split("test"))
    if let pools { return (pools.train.draw(train), pools.test.draw(test)) }
    return (synthetic(configuration.data.train, train), synthetic(configuration.data.test, test))
  }

  /// One to `mostImportant` tokens of the class at random places, the rest neutral.
  private func synthetic(_ count: Int, _ key: RandomKey) -> TokenTexts {
    let s = configuration.synthetic
    let classes = key.split("labels").integers(count: count, below: 2)
    let important = key.split("important").integers(count: count, below: s.mostImportant).map { $0 + 1 }
    let neutral = key.split("neutral").integers(count: count * s.length, below: s.neutralTokens)
    let label = key.split("label tokens").integers(count: count * s.length, below: s.labelTokens)
    var tokens = neutral.map { Int32(2 * s.labelTokens + $0) }
    for text in 0..<count {
      let places = key.split("places").split(text).permutation(s.length).prefix(important[text])
      for place in places {
        let index = text * s.length + place
        tokens[index] = Int32(label[index] + (classes[text] == 1 ? 0 : s.labelTokens))
      }
    }
    return TokenTexts(tokens: tokens, labels: classes.map { $0 == 1 ? 1 : -1 }, length: s.length)
  }
}
