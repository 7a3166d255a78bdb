import Foundation

/// Sentences of film reviews with the mean of several people's ratings (Hutto and Gilbert 2014): a table with the columns
/// id, sentiment and text, separated by tabs.
public enum MovieSentences {
  static let fileName = "movieReviewSnippets_GroundTruth.txt"

  /// One sentence with what people thought of it.
  public struct Sentence: Sendable, Equatable {
    /// As it stands in the review.
    public var text: String
    /// Mean rating, from -4 (very negative) to 4.
    public var sentiment: Double
  }

  /// - Throws: `DatasetError` with the line for what is no such table.
  public static func read(_ path: String) throws -> [Sentence] {
    guard let data = FileManager.default.contents(atPath: path) else { throw DatasetError(path, "cannot be read") }
    guard let text = String(data: data, encoding: .utf8) else { throw DatasetError(path, "is no UTF-8 text") }
    let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
    let header = ["id", "sentiment", "text"]
    guard lines[0].split(separator: "\t").map(String.init) == header else {
      throw DatasetError(path, "does not begin with the columns \(header.joined(separator: ", ")), separated by tabs")
    }
    var sentences: [Sentence] = []
    var ids: Set<Int> = []
    for (index, line) in lines.enumerated().dropFirst() where !(line.isEmpty && index == lines.count - 1) {
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard cells.count == 3 else {
        throw DatasetError(path, "line \(index + 1) has \(cells.count) cells and not 3")
      }
      guard let id = Int(cells[0]), ids.insert(id).inserted else {
        throw DatasetError(path, "line \(index + 1): \"\(cells[0])\" is no number, or no new one")
      }
      guard let sentiment = Double(cells[1]), abs(sentiment) <= 4 else {
        throw DatasetError(path, "line \(index + 1): \"\(cells[1])\" is no number from -4 to 4")
      }
      sentences.append(Sentence(text: String(cells[2]), sentiment: sentiment))
    }
    guard !sentences.isEmpty else { throw DatasetError(path, "holds no sentence") }
    return sentences
  }

  /// Sentences with a class, the sign of the rating; those nearer to 0 than `neutral` have none and are left out, as is
  /// each repetition of a text (our choices).
  public static func labelled(_ sentences: [Sentence], neutral: Double) -> [LabelledText] {
    var known: Set<[String]> = []
    return sentences.compactMap { sentence in
      let words = Tokenizer.words(sentence.text)
      guard abs(sentence.sentiment) >= neutral, sentence.sentiment != 0, known.insert(words).inserted else {
        return nil
      }
      return LabelledText(words: words, isPositive: sentence.sentiment > 0)
    }
  }
}

extension DataLocator {
  /// The rated sentences of film reviews.
  ///
  /// - Throws: `DatasetError` where the file is not here or broken.
  public func loadMovieSentences() throws -> [MovieSentences.Sentence] {
    try MovieSentences.read(try presentFolder(of: "movie-sentences") + "/" + MovieSentences.fileName)
  }
}
