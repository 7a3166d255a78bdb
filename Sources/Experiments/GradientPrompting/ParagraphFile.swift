import Arrays
import Foundation
import LanguageModels

/// A plain text of the user's, whose paragraphs are learned from and continued (as WikiText is in the paper).
package struct ParagraphFile {
  /// In the order of the file, each once, with one space for any white space.
  package let paragraphs: [String]

  /// An empty line ends a paragraph; in a file without any, each line is one.
  ///
  /// - Throws: `FileError` where there is no such file, or it is empty or no UTF-8.
  package init(_ path: String) throws {
    func refuse(_ reason: String) -> FileError { FileError(path: path, reason: reason) }
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      throw refuse("is a folder")
    }
    guard FileManager.default.fileExists(atPath: path) else { throw refuse("there is no such text file") }
    guard let data = FileManager.default.contents(atPath: path) else { throw refuse("cannot be read") }
    guard var text = String(data: data, encoding: .utf8) else { throw refuse("is no text in UTF-8") }
    // A byte order mark is no letter of the text.
    if text.unicodeScalars.first == "\u{FEFF}" { text.unicodeScalars.removeFirst() }
    let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
    guard let last = lines.lastIndex(where: { !$0.isEmpty }) else { throw refuse("is empty") }
    let written = lines[...last].drop { $0.isEmpty }
    let blocks =
      written.contains("")
      ? written.split(whereSeparator: \.isEmpty).map { $0.joined(separator: " ") } : Array(written)
    // One that comes twice could be held out and learned from.
    var known: Set<String> = []
    paragraphs = blocks.filter { known.insert($0).inserted }
  }

  /// A task of each paragraph that is long enough, which is its group: the earlier part is the context, the tokens behind
  /// it the question, and the tokens behind those the answer.
  ///
  /// - Parameter longest: tokens of a context; what follows the answer is left out.
  package func tasks(
    _ tokenizer: TextTokenizer, _ lengths: GradientPromptingConfiguration.Text, longest: Int
  ) -> [ContextTask] {
    let asked = lengths.question + lengths.continuation
    return paragraphs.enumerated().compactMap { number, paragraph in
      let tokens = tokenizer.encode(paragraph, recognisingSpecials: false, addingStart: false).prefix(longest + asked)
      let end = tokens.count - asked
      guard end >= lengths.shortest else { return nil }
      return ContextTask(
        context: Array(tokens[..<end]), query: Array(tokens[end..<end + lengths.question]),
        answer: Array(tokens[(end + lengths.question)...]), group: number)
    }
  }
}
