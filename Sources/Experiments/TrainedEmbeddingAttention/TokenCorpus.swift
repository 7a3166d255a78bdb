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

/// Where texts come from.
package struct TokenCorpus: Sendable {
  package let name: String
  package let words: [String]
  private let configuration: TrainedEmbeddingAttentionConfiguration
  private let train: [(tokens: [Int32], label: Double)]
  private let test: [(tokens: [Int32], label: Double)]

  package init(_ name: String, _ configuration: TrainedEmbeddingAttentionConfiguration, _ data: DataLocator) throws {
    self.name = name
    self.configuration = configuration
    guard name == "imdb" else {
      let labels = configuration.synthetic.labelTokens
      words =
        (0..<labels).map { "positive \($0)" } + (0..<labels).map { "negative \($0)" }
        + (0..<configuration.synthetic.neutralTokens).map { "neutral \($0)" }
      (train, test) = ([], [])
      return
    }
    let reviews = try data.loadReviews()
    let vocabulary = Vocabulary(
      reviews.train.map(\.words), fewest: configuration.reviews.fewest, limit: configuration.reviews.vocabulary)
    let length = configuration.data.length
    // Texts of one length: the first tokens of every review that has enough of them.
    func encoded(_ texts: [LabelledText]) -> [(tokens: [Int32], label: Double)] {
      texts.compactMap { text in
        let tokens = vocabulary.encode(text.words).prefix(length)
        return tokens.count == length ? (Array(tokens), text.isPositive ? 1 : -1) : nil
      }
    }
    words = vocabulary.words
    (train, test) = (encoded(reviews.train), encoded(reviews.test))
    for (part, found, wanted) in [
      ("train", train.count, configuration.data.train), ("test", test.count, configuration.data.test),
    ]
    where found < wanted {
      throw DatasetError("imdb", "has \(found) reviews of \(length) known words for data.\(part) = \(wanted)")
    }
  }

  /// A training and a test set of a seed.
  package func draw(_ key: RandomKey) -> (train: TokenTexts, test: TokenTexts) {
    let data = configuration.data
    guard name == "imdb" else {
      return (synthetic(data.train, key.split("train")), synthetic(data.test, key.split("test")))
    }
    func chosen(_ texts: [(tokens: [Int32], label: Double)], _ count: Int, _ key: RandomKey) -> TokenTexts {
      let order = key.permutation(texts.count).prefix(count)
      return TokenTexts(
        tokens: order.flatMap { texts[$0].tokens }, labels: order.map { texts[$0].label }, length: data.length)
    }
    return (chosen(train, data.train, key.split("train")), chosen(test, data.test, key.split("test")))
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
