/// The words of a corpus that occur often enough, the most frequent first.
public struct Vocabulary: Sendable {
  /// By falling frequency; a word's number is its position.
  public let words: [String]
  private let positions: [String: Int32]

  /// - Parameters:
  ///   - texts: the corpus, as words.
  ///   - fewest: words that occur less often are left out.
  ///   - limit: the largest number of words.
  public init(_ texts: [[String]], fewest: Int, limit: Int) {
    var counts: [String: Int] = [:]
    for text in texts { for word in text { counts[word, default: 0] += 1 } }
    words = Array(
      counts.filter { $0.value >= fewest }
        .sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.prefix(limit).map(\.key))
    positions = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, Int32($0)) })
  }

  /// The positions of known words, in order; unknown ones are left out.
  public func encode(_ text: [String]) -> [Int32] { text.compactMap { positions[$0] } }
}
