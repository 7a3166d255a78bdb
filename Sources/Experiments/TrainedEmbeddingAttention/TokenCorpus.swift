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

  /// The tokens of one text.
  func words(of text: Int) -> [Int] { tokens[text * length..<(text + 1) * length].map { Int($0) } }

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

/// The texts of one seed, and the words that their tokens stand for.
package struct TokenSample: Sendable {
  package let source: TokenSource
  package let words: [String]
  package let train: TokenTexts
  package let test: TokenTexts
}

/// Where texts come from: synthetic sequences, or texts of words with their class.
///
/// Each seed has a share of the texts for itself, and a vocabulary made of that share: samples of two seeds have no text
/// in common. A tenth of all texts is nobody's share: seeds from `firstChoosing` on draw from it, to choose settings.
package struct TokenCorpus: Sendable {
  package let source: TokenSource
  private let configuration: TrainedEmbeddingAttentionConfiguration
  private let texts: [LabelledText]

  /// Seeds from here on choose settings and are not reported.
  static let firstChoosing = 1000

  package init(_ source: TokenSource, _ configuration: TrainedEmbeddingAttentionConfiguration, _ data: DataLocator)
    throws
  {
    (self.source, self.configuration) = (source, configuration)
    let all: [LabelledText]
    switch source {
    case .imdb:
      let reviews = try data.loadReviews()
      all = reviews.train + reviews.test
    case .movieSentences:
      all = MovieSentences.labelled(try data.loadMovieSentences(), neutral: configuration.sentences.neutral)
    case .synthetic: all = []
    }
    texts = RandomKey(seed: 0).split("shares").permutation(all.count).map { all[$0] }
  }

  /// The training and the test texts of a seed.
  ///
  /// - Throws: `DatasetError` where its share holds too few texts.
  package func sample(_ seed: Int) throws -> TokenSample {
    let key = RandomKey(seed: seed).split("texts")
    guard source != .synthetic else { return synthetic(key) }
    let (share, cut) = (share(seed), configuration.cut(source))
    // The first texts make the vocabulary, in the proportion of training texts to all.
    let known = share.prefix(share.count * cut.train / (cut.train + cut.test)).map(\.words)
    let vocabulary = Vocabulary(Array(known), fewest: cut.fewest, limit: cut.vocabulary)
    // Texts of one length: the first tokens of every text that has enough of them.
    func encode(_ texts: ArraySlice<LabelledText>, _ count: Int, _ part: String) throws -> TokenTexts {
      var (tokens, labels): ([Int32], [Double]) = ([], [])
      for text in texts where labels.count < count {
        let found = vocabulary.encode(text.words).prefix(cut.length)
        guard found.count == cut.length else { continue }
        tokens += found
        labels.append(text.isPositive ? 1 : -1)
      }
      guard labels.count == count else {
        throw DatasetError(
          source.rawValue,
          "has \(labels.count) texts of \(cut.length) known words to \(part) in a seed's share, and not \(count): take "
            + "fewer seeds, or fewer texts of each")
      }
      return TokenTexts(tokens: tokens, labels: labels, length: cut.length)
    }
    return TokenSample(
      source: source, words: vocabulary.words,
      train: try encode(share.prefix(known.count), cut.train, "train"),
      test: try encode(share.dropFirst(known.count), cut.test, "test"))
  }

  /// The texts that are a seed's alone.
  private func share(_ seed: Int) -> ArraySlice<LabelledText> {
    let reported = configuration.seeds
    let choosing = texts.count / 10
    guard seed >= reported.first, seed < reported.first + reported.count, seed < Self.firstChoosing else {
      // Those that choose settings may share texts with each other.
      return texts.suffix(choosing)
    }
    let size = (texts.count - choosing) / reported.count
    return texts[(seed - reported.first) * size..<(seed - reported.first + 1) * size]
  }

  /// One to `mostImportant` tokens of the class at random places, the rest neutral.
  private func synthetic(_ key: RandomKey) -> TokenSample {
    let s = configuration.synthetic
    let words =
      (0..<s.labelTokens).map { "positive \($0)" } + (0..<s.labelTokens).map { "negative \($0)" }
      + (0..<s.neutralTokens).map { "neutral \($0)" }
    func draw(_ count: Int, _ key: RandomKey) -> TokenTexts {
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
    return TokenSample(
      source: .synthetic, words: words, train: draw(configuration.data.train, key.split("train")),
      test: draw(configuration.data.test, key.split("test")))
  }
}
