import ArgumentParser
import Descent
import Foundation

/// A language model and what is read beside it; shared by commands that take one.
struct ModelOptions: ParsableArguments {
  @Argument(help: "A .gguf file, a folder with config.json, tokenizer.json and safetensors, or smollm2.")
  var model: String
  @Option(help: "A folder with a low-rank adapter (adapter_config.json, adapter_model.safetensors).")
  var adapter: String?

  @OptionGroup var dataOptions: DataOptions

  func open() throws -> PretrainedModel {
    guard let known = KnownModel.all.first(where: { $0.name == model }), !FileManager.default.fileExists(atPath: model)
    else { return try PretrainedModel.open(model) }
    guard let path = known.path(in: dataOptions.locator.directories) else {
      throw SettingsError("\(model) is not here: \(known.instructions), and name DIR by --data or DESCENT_DATA")
    }
    return try PretrainedModel.open(path)
  }

  func readAdapter(for model: PretrainedModel) throws -> (LowRankAdapter, Tree<NDArray>)? {
    try adapter.map { try AdapterFile.read($0, for: model.configuration) }
  }
}

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Goes on with a text by a pre-trained language model, word by word.",
    discussion: """
      MODEL is a GGUF file of the architecture llama or gpt2, or a folder in Hugging Face's layout:
        \(ProgramName.text) generate SmolLM2-135M-Instruct.Q4_1.gguf "The capital of France is"
        \(ProgramName.text) generate model.gguf --chat "What is the capital of France?" --temperature 0.7 --top-p 0.9 --seed 3
      """)

  @OptionGroup var modelOptions: ModelOptions
  @Argument(help: "The text; a question with --chat.")
  var text: String
  @Flag(help: "Ask as a user in a conversation, by the model's chat template.")
  var chat = false
  @Option(help: "What the system says before the conversation.")
  var system: String?
  @Option(help: "The most new tokens.")
  var tokens = 100
  @Option(help: "0 takes the likeliest token; 1 draws as the model says.")
  var temperature = 0.0
  @Option(help: "Draw from so many of the likeliest tokens.")
  var topK: Int?
  @Option(help: "Draw from the likeliest tokens that together have this probability.")
  var topP = 1.0
  @Option(help: "Seed of what is drawn.")
  var seed = 0
  @Flag(help: "Say at the end how fast it was.")
  var timing = false

  func validate() throws {
    try CountOption.check(["--tokens": tokens])
    guard chat || system == nil else { throw ValidationError("--system belongs to --chat") }
    guard temperature > 0 || (topK == nil && topP == 1) else {
      throw ValidationError("--top-k and --top-p draw, and need a --temperature above 0")
    }
  }

  func run() throws {
    let sampling = try Sampling(temperature: temperature, topK: topK, topP: topP)
    let start = Date()
    let model = try modelOptions.open()
    let (tokenizer, c) = (model.tokenizer, model.configuration)
    var prompt = text
    if chat {
      let opening = system.map { [ChatMessage(role: "system", content: $0)] } ?? []
      prompt = try ChatTemplate(of: tokenizer).text(opening + [ChatMessage(role: "user", content: text)])
    }
    let given = tokenizer.encode(prompt)
    guard !given.isEmpty else { throw SettingsError("the text is empty: there is nothing to go on with") }
    guard given.count + tokens <= c.context else {
      throw SettingsError(
        "\(given.count) tokens of text and --tokens \(tokens) are more than the model's context of \(c.context)")
    }
    let needed = model.storedByteCount + DecoderSession.cacheByteCount(c, positions: given.count + tokens)
    try model.checkFits(needed, available: AvailableMemory.byteCount, for: "generation")
    let adapter = try modelOptions.readAdapter(for: model)
    let session = try DecoderSession(model, adapter: adapter?.0, factors: adapter?.1 ?? Tree())
    let ready = Date()
    let generator = TextGenerator(session, tokenizer: tokenizer, sampling: sampling, key: RandomKey(seed: seed))
    if !chat { try write(text) }
    var first: Date?
    let new = try generator.generate(from: given, limit: tokens) { _, part in
      first = first ?? Date()
      try write(part)
      return true
    }
    try write("\n")
    guard timing else { return }
    let (end, begin) = (Date(), first ?? Date())
    announce(
      String(
        format: "ready in %.2f s; %d tokens of text in %.2f s; %d new tokens at %.1f a second on %d threads",
        ready.timeIntervalSince(start), given.count, begin.timeIntervalSince(ready), new.count,
        Double(max(new.count - 1, 0)) / max(end.timeIntervalSince(begin), 1e-9), Engine.threadCount))
  }

  private func write(_ text: String) throws {
    do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch {
      throw SettingsError("standard output cannot be written: \(error.plainReason)")
    }
  }
}
