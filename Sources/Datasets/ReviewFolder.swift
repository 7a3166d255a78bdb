import Foundation

/// A text with its class.
public struct LabelledText: Sendable, Equatable {
  /// As `Tokenizer` cuts them.
  public var words: [String]
  /// Its class.
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
  ///
  /// - Throws: `DatasetError` where the folder is not here or broken.
  public func loadReviews() throws -> (train: [LabelledText], test: [LabelledText]) {
    let folder = try presentFolder(of: "imdb")
    return (try ReviewFolder.read(folder + "/train"), try ReviewFolder.read(folder + "/test"))
  }
}
