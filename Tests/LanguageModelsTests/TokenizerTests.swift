import Foundation
import LanguageModels
import Testing

@Suite struct TokenizerTests {
  @Test(arguments: [
    (PreTokenizer.gpt2, "It's 12,3 ok  now\n\n x", ["It", "'s", " 12", ",", "3", " ok", " ", " now", "\n\n", " x"]),
    (.gpt2, "don't'LL é½ Ⅷ ", ["don", "'t", "'", "LL", " é", "½", " Ⅷ", " "]),
    (.smollm, "a12 b3  4", ["a", "1", "2", " b", "3", "  ", "4"]),
    (
      .llama3, "It'LL cost 12345 é-ok\r\n\n  x",
      ["It", "'LL", " cost", " ", "123", "45", " é", "-ok", "\r\n\n", " ", " x"]
    ),
    (.llama3, "(word) ++\n\n", ["(word", ")", " ++\n\n"]),
    (.qwen2, "x 42", ["x", " ", "4", "2"]),
  ]) func piecesFollowThePatterns(_ kind: PreTokenizer, _ text: String, _ expected: [String]) {
    #expect(kind.pieces(of: text).map(String.init) == expected)
    #expect(kind.pieces(of: text).joined() == text)
  }

  @Test func mergesTakeTheEarliestFirst() throws {
    let tokenizer = try TinyModel.tokenizer()
    func texts(_ text: String) -> [String] { tokenizer.encode(text).map { tokenizer.decode([$0]) } }
    #expect(texts("hello world is") == ["hello", " world", " is"])
    #expect(texts("hell he") == ["hell", " ", "he"])
    #expect(texts("   x") == ["  ", " ", "x"])
    #expect(tokenizer.token(of: " world") == Int32(TinyModel.vocabulary.firstIndex(of: "Ġworld")!))
    #expect(tokenizer.token(of: "help") == nil)
  }

  @Test func specialsComeFirstUnlessToldOtherwise() throws {
    let tokenizer = try TinyModel.tokenizer()
    #expect(tokenizer.encode("<|im_start|>he<|im_end|>").prefix(1) == [1])
    #expect(tokenizer.encode("<|im_start|>he<|im_end|>").count == 3)
    #expect(!tokenizer.encode("<|im_start|>", recognisingSpecials: false).contains(1))
    #expect(tokenizer.encode("he", addingStart: true).first == 1)
    #expect(tokenizer.decode([1, 2], skippingSpecials: true) == "")
    #expect(tokenizer.decode([-5, 100_000]) == "")
  }

  @Test func anyTextComesBack() throws {
    for kind in PreTokenizer.allCases {
      let tokenizer = try TinyModel.tokenizer(kind)
      for text in ["", " ", "naïve — 你好\u{a0}🙂👍🏽\r\n\t", "a\u{301}e\u{0}'", "<|im_end", "١٢٣ 4½"] {
        #expect(tokenizer.decode(tokenizer.encode(text)) == text, "\(kind) \(text)")
      }
    }
  }

  @Test func aStreamWaitsForWholeCharacters() throws {
    let tokenizer = try TinyModel.tokenizer()
    var stream = TextStream(tokenizer)
    let text = "é🙂x"
    let parts = tokenizer.encode(text).map { stream.append($0) }
    #expect(parts == ["", "é", "", "", "", "🙂", "x"])
    _ = stream.append(tokenizer.encode("🙂")[0])
    #expect(stream.finish() == "\u{fffd}" && stream.finish() == "")
    #expect(stream.append(2) == "")
  }

  @Test func conversations() throws {
    let template = try ChatTemplate(of: try TinyModel.tokenizer())
    #expect(template.standardSystem == "You are small.")
    let question = ChatMessage(role: "user", content: "Hi")
    #expect(
      template.text([question])
        == "<|im_start|>system\nYou are small.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
    #expect(
      template.text([.init(role: "system", content: "S"), question]).hasPrefix("<|im_start|>system\nS<|im_end|>\n"))
    for text in [nil, "{{ messages }}"] {
      let other = try TextTokenizer(
        vocabulary: TinyModel.vocabulary, merges: [], preTokenizer: .gpt2, specials: [], templateText: text)
      #expect { try ChatTemplate(of: other) } throws: { "\($0)".contains("plain text instead") }
    }
  }

  /// Vocabularies lack bytes that their makers' texts did not hold, as control characters.
  @Test func missingBytesAreUnknown() throws {
    let bytes = TinyModel.bytes.enumerated().filter { $0.offset != 4 }.map(\.element)
    func tokens(_ unknown: Int32?) throws -> [Int32] {
      try TextTokenizer(
        vocabulary: ["<unk>"] + bytes, merges: [], preTokenizer: .gpt2, specials: [.init(text: "<unk>", token: 0)],
        unknown: unknown
      ).encode("a\u{4}b")
    }
    #expect(try tokens(0).count == 3 && tokens(0)[1] == 0)
    #expect(try tokens(nil).count == 2)
  }

  @Test func tokenizersThatCannotBeAreRefused() {
    func refused(_ vocabulary: [String], _ merges: [String], _ hint: String) {
      #expect {
        try TextTokenizer(
          vocabulary: vocabulary, merges: merges, preTokenizer: .gpt2, specials: [.init(text: "<x>", token: 0)])
      } throws: { "\($0)".contains(hint) }
    }
    refused(["<x>", "a"], [], "no token for the byte")
    refused(["<x>"] + TinyModel.bytes, ["a b"], "merge \"a b\"")
    refused(["<x>"] + TinyModel.bytes, ["ab"], "merge \"ab\"")
    refused([], [], "names the token 0")
  }
}
