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
}
