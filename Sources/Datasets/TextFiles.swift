import Foundation

/// Cuts texts into words: lower case, letters, digits and apostrophes; all else separates, and HTML line breaks go.
public enum Tokenizer {
  public static func words(_ text: String) -> [String] {
    var words: [String] = []
    var current: [UInt8] = []
    func close() {
      while current.last == 39 { current.removeLast() }
      if !current.isEmpty { words.append(String(decoding: current, as: UTF8.self)) }
      current.removeAll(keepingCapacity: true)
    }
    for byte in text.replacing("<br />", with: " ").utf8 {
      switch byte {
      case 65...90: current.append(byte + 32)
      case 97...122, 48...57, 128...255: current.append(byte)
      case 39 where !current.isEmpty: current.append(byte)
      default: close()
      }
    }
    close()
    return words
  }
}

/// The words of a corpus that occur often enough, the most frequent first.
public struct Vocabulary: Sendable {
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

/// A text with its class.
public struct LabelledText: Sendable, Equatable {
  public var words: [String]
  public var isPositive: Bool

  public init(words: [String], isPositive: Bool) {
    self.words = words
    self.isPositive = isPositive
  }
}

/// Film reviews in the layout of Maas et al. 2011: FOLDER/pos/*.txt and FOLDER/neg/*.txt.
public enum ReviewFolder {
  /// - Throws: `DatasetError` for a missing or empty folder and for files that are no UTF-8 text.
  public static func read(_ folder: String) throws -> [LabelledText] {
    try [("neg", false), ("pos", true)].flatMap { name, isPositive -> [LabelledText] in
      let path = folder + "/" + name
      guard let files = try? FileManager.default.contentsOfDirectory(atPath: path) else {
        throw DatasetError(path, "is no folder that can be read; expected text files, one review each")
      }
      let texts = files.filter { $0.hasSuffix(".txt") }.sorted()
      guard !texts.isEmpty else { throw DatasetError(path, "holds no .txt file; expected one review in each") }
      return try texts.map { file in
        guard let data = FileManager.default.contents(atPath: path + "/" + file) else {
          throw DatasetError(path + "/" + file, "cannot be read")
        }
        guard let text = String(data: data, encoding: .utf8) else {
          throw DatasetError(path + "/" + file, "is no UTF-8 text")
        }
        return LabelledText(words: Tokenizer.words(text), isPositive: isPositive)
      }
    }
  }
}

extension DataLocator {
  /// The film reviews of IMDB.
  public func loadReviews() throws -> (train: [LabelledText], test: [LabelledText]) {
    guard let folder = try folder(of: "imdb") else {
      throw DatasetError(
        "imdb", "is not here. \(CatalogueEntry.all.first { $0.name == "imdb" }!.instructions), and name DIR by --data")
    }
    return (try ReviewFolder.read(folder + "/train"), try ReviewFolder.read(folder + "/test"))
  }
}
