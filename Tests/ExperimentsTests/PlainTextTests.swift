import Arrays
import Experiments
import Foundation
import LanguageModels
import RunLogs
import Testing
import Training

/// A text of the user's in `gradient-prompting`: how it is cut, what is wrong with it, and a whole run on a tiny model.
@Suite final class PlainTextTests {
  private let folder = NSTemporaryDirectory() + "descent-text-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ bytes: some Sequence<UInt8>) throws -> String {
    let path = folder + "/\(UUID().uuidString).txt"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func tokenizer() throws -> TextTokenizer {
    try TextTokenizer(vocabulary: TinyLanguageModel.alphabet, merges: [], preTokenizer: .gpt2, specials: [])
  }

  /// Paragraphs of random words, some 180 letters each.
  private func paragraphs(_ count: Int) -> [String] {
    (0..<count).map { number in
      let words = FactWords.objects
      return RandomKey(seed: number).permutation(words.count).map { words[$0] }.joined(separator: " ")
    }
  }

  private func configuration(_ path: String) throws -> GradientPromptingConfiguration {
    let standard = try #require(GradientPromptingExperiment.presets.first { $0.name == "standard" }).configuration
    return try Settings.applying(
      [
        "model=\(folder)", "data.questions=\(path)", "data.kinds=[description]", "data.train=12", "data.tuning=3",
        "data.test=6", "data.longest=24", "data.contexts=[2]", "text.shortest=8", "text.question=4",
        "text.continuation=3", "adapter.rank=2", "adapter.blocks=1", "inner.triedRates=[0.01, 0.1]",
        "inner.moreSteps=[2]", "outer.updates=2", "outer.tasks=2", "outer.looks=1", "further.contexts=[2]",
        "arms=[labels]", "seeds.count=2",
      ], to: standard)
  }

  @Test func paragraphsEndAtEmptyLines() throws {
    let text = "\u{FEFF}\r\n = Head = \r\n \r\nOne  two\r\nthree.\r\n\t\r\n\r\nFour.\n\nOne two three.\n"
    #expect(try ParagraphFile(try write(text.utf8)).paragraphs == ["= Head =", "One two three.", "Four."])
    #expect(try ParagraphFile(try write("One.\nTwo three.\n".utf8)).paragraphs == ["One.", "Two three."])
    #expect(try ParagraphFile(try write("ä".utf8)).paragraphs == ["ä"])
  }

  /// The earlier part, what stands before the continuation, the continuation: one after the other, as in the text.
  @Test func paragraphsAreCutInOrder() throws {
    let file = try ParagraphFile(try write("abcdefghijklmnop\n\nabcdefghij\n\nabcdefghi\n".utf8))
    var lengths = try configuration("a.txt").text
    (lengths.shortest, lengths.question, lengths.continuation) = (5, 2, 3)
    let tokenizer = try tokenizer()
    let tasks = file.tasks(tokenizer, lengths, longest: 7)
    let words = tasks.map { task in [task.context, task.query, task.answer].map { tokenizer.decode($0) } }
    #expect(words == [["abcdefg", "hi", "jkl"], ["abcde", "fg", "hij"]])
    #expect(tasks.map(\.group) == [0, 1])
  }

  @Test func badFilesGetASentence() throws {
    func refuses(_ path: String, _ hint: String) throws {
      let configuration = try configuration(path)
      #expect {
        _ = try TaskSource.named(in: configuration, try tokenizer(), key: RandomKey(seed: 1))
      } throws: {
        "\($0)".contains(hint)
      }
    }
    try refuses(folder + "/none.txt", "there is no such text file")
    try FileManager.default.createDirectory(atPath: folder + "/folder.txt", withIntermediateDirectories: true)
    try refuses(folder + "/folder.txt", "is a folder")
    try refuses(try write([UInt8]()), "is empty")
    try refuses(try write(" \n\t\n".utf8), "is empty")
    try refuses(try write([0x61, 0xff, 0xfe, 0x62] as [UInt8]), "is no text in UTF-8")
    let short = try write((paragraphs(15) + ["short"]).joined(separator: "\n\n").utf8)
    try refuses(short, "too few paragraphs of 15 tokens or more: 15 of 16, and 16 are needed")
    try refuses(try write(paragraphs(20).joined(separator: " ").utf8), ": 1 of 1, and 16 are needed")
    // In the small model's world there are no texts, and what is too long is said before a model is opened.
    #expect {
      try GradientPromptingExperiment.presets[0].configuration.checked(with: "data.questions=a.txt")
    } throws: {
      "\($0)".contains("for a pre-trained model")
    }
    #expect { try configuration("a.txt").checked(with: "text.shortest=200") } throws: {
      "\($0)".contains("text.shortest must be between 2 and data.longest")
    }
  }

  @Test func noParagraphIsInTwoParts() throws {
    let path = try write(paragraphs(40).joined(separator: "\n\n").utf8)
    let source = try TaskSource.named(in: try configuration(path), try tokenizer(), key: RandomKey(seed: 1))
    let parts = FictitiousFacts.Split.allCases.map { split in
      source.tasks(30, split, .description, RandomKey(seed: 2)).map(\.group)
    }
    #expect(parts.map { Set($0).count } == [25, 5, 10] && Set(parts.joined()).count == 40)
    #expect(source.shape == TaskShape(context: 24, prompt: 7, answer: 3))
  }

  /// On a pre-trained model, above a frozen trunk, with several contexts and steps; what is asked of a text is measured in
  /// nats.
  @Test func aTextIsRunFromBeginningToReport() throws {
    try TinyLanguageModel.write(to: folder)
    let path = try write(paragraphs(24).joined(separator: "\n\n").utf8)
    let experiment = GradientPromptingExperiment(try configuration(path))
    try experiment.configuration.check()
    let run = try RunFolder.create(folder + "/run")
    let sink = MemorySink()
    try experiment.run(
      RunContext(
        folder: run, data: DataLocator(), fingerprint: "f", earlier: [], sinks: [sink], isQuiet: true, clock: { 0 }))
    let results = sink.events.filter { $0.kind == "result" }
    // The plain model, LC, LG, two steps, two contexts in both ways; two seeds.
    #expect(results.count == 12)
    for (task, names) in [
      ("plain/seed 0", ["description/prompted/exact", "steps/2/exact", "description/prompted-none/logProbability"]),
      ("LC/seed 0", ["description/trainedStep/logProbability", "contexts/2/sequential/first/exact"]),
      ("LC 2 contexts batched/seed 1", ["contexts/2/batched/exact", "description/noStep/logProbability"]),
    ] {
      let result = try #require(results.first { $0.task == task }, "\(task)")
      for name in names {
        let value = try #require(result.values[name], "\(task) \(name)")
        #expect(value.isFinite, "\(task) \(name)")
      }
    }
    let (verdicts, _) = try experiment.report(
      sink.events, context: ReportContext(command: "command", environment: "environment", configuration: "text"))
    #expect(verdicts.preconditions.map(\.name).contains("log-probability that a prompt adds (nats)"))
    #expect(!verdicts.preconditions.contains { $0.name.hasPrefix("exact answers") })
  }
}

extension GradientPromptingConfiguration {
  /// With a setting, and checked.
  fileprivate func checked(with change: String) throws { try Settings.applying([change], to: self).check() }
}
