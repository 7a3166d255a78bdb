import ArgumentParser
import Descent
import Foundation

struct LanguageModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lm", abstract: "Trains a pre-trained language model on a text, or measures it.",
    subcommands: [
      LanguageModelTrainCommand.self, LanguageModelEvaluateCommand.self, LanguageModelBenchCommand.self,
    ])
}

/// A text file as blocks of tokens.
struct TextOptions: ParsableArguments {
  @Argument(help: "A text file in UTF-8.")
  var text: String
  @Option(help: "Tokens in one block.")
  var length = 128

  func validate() throws {
    try CountOption.check(["--length": length], least: 2)
  }

  func blocks(_ model: PretrainedModel) throws -> TokenBlocks {
    guard FileManager.default.fileExists(atPath: text) else { throw SettingsError("there is no text file \(text)") }
    guard let data = FileManager.default.contents(atPath: text) else { throw SettingsError("\(text) cannot be read") }
    guard let content = String(data: data, encoding: .utf8) else { throw SettingsError("\(text) is no text in UTF-8") }
    guard length <= model.configuration.context else {
      throw SettingsError(
        "--length \(length) is more than the model's context of \(model.configuration.context) tokens")
    }
    let tokenizer = model.tokenizer
    return try TokenBlocks(
      [tokenizer.encode(content, recognisingSpecials: false)], end: tokenizer.ends.min(), length: length)
  }
}

struct LanguageModelEvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "The perplexity of a model on a text.",
    discussion: """
      The text is cut into blocks of --length tokens; the loss of a token is given those before it in its block.
        \(ProgramName.text) lm evaluate model.gguf text.txt
        \(ProgramName.text) lm evaluate model.gguf text.txt --adapter runs/lm
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var textOptions: TextOptions
  @Option(help: "Measure at most so many blocks, the first ones.")
  var blocks: Int?

  func validate() throws {
    try CountOption.check(["--blocks": blocks])
  }

  func run() throws {
    let model = try modelOptions.open()
    var all = try textOptions.blocks(model)
    if let blocks { all = all.prefix(blocks) }
    let adapter = try modelOptions.readAdapter(for: model)
    let needed = model.parameterByteCount + 8 * textOptions.length * model.configuration.vocabulary
    try model.checkFits(needed, available: AvailableMemory.byteCount, for: "measuring")
    let result = try Perplexity.measure(model, adapter: adapter, on: all)
    guard result.loss.isFinite else {
      throw LanguageModelError("the loss is \(result.loss): the model's weights, or the adapter's, are damaged")
    }
    let error = result.standardError.map { String(format: " +- %.4f", $0) } ?? ""
    print(
      String(format: "perplexity %.3f: %.4f", result.value, result.loss) + error
        + " nats a token, over \(result.tokens) tokens in \(result.blocks) blocks of \(all.length)")
  }
}

struct LanguageModelTrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a model, its last blocks or a low-rank adapter on a text.",
    discussion: """
      \(ProgramName.text) lm train model.gguf text.txt --lora 8
      \(ProgramName.text) lm train model.gguf text.txt --last 4 --chain "clip 1 | adam | rate 1e-4"
      \(ProgramName.text) lm train model.gguf text.txt --full --steps 50 --out runs/mine
      An adapter is written in PEFT's layout, other weights as a folder in Hugging Face's; \(ProgramName.text) generate reads both. \
      What lies below the trained blocks is run once for each block of text and kept. Interrupted, it goes on where it was \
      by the same command without --replace.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var textOptions: TextOptions
  @Option(help: "Train an adapter of this rank.")
  var lora: Int?
  @Option(help: "What an adapter's product is multiplied with, times the rank; the rank when not given.")
  var alpha: Double?
  @Option(help: "Matrices that are adapted, joined by commas; all when not given.")
  var matrices: String?
  @Option(help: "Train, or adapt, the last blocks only, so many.")
  var last: Int?
  @Flag(help: "Train all weights.")
  var full = false
  @Flag(help: "Compute what is inside of blocks again in the backward pass: less memory, more time.")
  var recompute = false
  @Option(help: "Transformations of gradients, joined by |.")
  var chain = "clip 1 | adam | rate 1e-3"
  @Option(help: "Blocks of tokens in one update.")
  var batch = 1
  @Option(help: "Passes over the text.")
  var epochs = 1
  @Option(help: "End after so many updates.")
  var steps: Int?
  @Option(help: "Fraction of the text, its end, that is held out.")
  var validation = 0.1
  @Option(help: "Seed of adapter and order.")
  var seed = 0
  @Option(help: "The folder of what was trained.")
  var out = "runs/lm"
  @Option(help: "Seconds from one saved state to the next; the same command goes on from the last one.")
  var checkpointSeconds = 60.0
  @Flag(help: "Replace what is in the folder.")
  var replace = false
  @Flag(help: "No progress.")
  var quiet = false

  func validate() throws {
    guard checkpointSeconds >= 0, checkpointSeconds.isFinite else {
      throw ValidationError("--checkpoint-seconds must be a number of seconds, 0 or more")
    }
    try CountOption.check(["--batch": batch, "--epochs": epochs, "--steps": steps, "--lora": lora, "--last": last])
    guard validation > 0, validation < 1 else { throw ValidationError("--validation must be between 0 and 1") }
    guard lora != nil || last != nil || full else {
      throw ValidationError("say what to train: --lora RANK, --last N or --full")
    }
    guard !full || (lora == nil && last == nil) else {
      throw ValidationError("--full trains all: leave out --lora and --last")
    }
    guard lora != nil || (alpha == nil && matrices == nil) else {
      throw ValidationError("--alpha and --matrices belong to --lora")
    }
    guard lora != nil || modelOptions.adapter == nil else {
      throw ValidationError("--adapter goes on with an adapter, and needs --lora with its rank")
    }
  }

  func run() throws {
    let model = try modelOptions.open()
    let c = model.configuration
    let optimizer = try Chain(chain)
    let tuning = try tuning(c)
    // What could not be written at the end is refused before hours of training.
    if case .lowRank = tuning { try AdapterFile.checkWritable(for: c) } else { try model.checkWritable() }
    let given = try modelOptions.readAdapter(for: model)
    if case .lowRank(let adapter) = tuning, let given, given.0 != adapter {
      throw SettingsError("--adapter is of rank \(given.0.rank), or of other matrices, blocks or --alpha")
    }
    let lock = try prepareFolder()
    defer { withExtendedLifetime(lock) {} }
    let (train, held) = try textOptions.blocks(model).split(holdingOut: validation)
    guard train.count >= batch else {
      throw SettingsError("the text has \(train.count) blocks to train on, fewer than --batch \(batch)")
    }
    try model.checkFits(
      memory(tuning, model, train), available: AvailableMemory.byteCount, for: "training with these settings")
    let tuner = try FineTuner(
      model, tuning, optimizer: optimizer, shape: [batch, train.length], key: RandomKey(seed: seed), factors: given?.1,
      stepsPerEpoch: train.count / batch, recomputesBlocks: recompute)
    let before = try tuner.loss(of: held)
    guard before.isFinite else {
      throw LanguageModelError("the held-out loss is \(before): the model's weights, or the adapter's, are damaged")
    }
    say(String(format: "held-out loss before: %.4f nats a token", before))
    let states = FineTuningStates(
      in: out, fingerprint: try fingerprint(model, optimizer, [train, held], given?.1), seconds: checkpointSeconds)
    if try states.restore(tuner.step) {
      let made = tuner.step.step
      guard made <= steps ?? .max else {
        throw SettingsError("\(out) has made \(made) updates already: --steps may be more, not \(steps!)")
      }
      say("goes on at update \(made)")
    }
    // The same without what would start anew.
    let command = [ProgramName.text] + CommandLine.arguments.dropFirst().filter { $0 != "--replace" }
    try PartingWord.during(command.shellCommand) {
      do { try descend(tuner, train, states) } catch {
        // What stopped it is said; the state before it is saved all the same.
        try? states.finish()
        throw error
      }
      try states.finish()
    }
    let after = try tuner.loss(of: held)
    try write(tuner, model, optimizer, before, after)
    states.remove()
    print(
      String(
        format: "held-out loss %.4f -> %.4f nats a token (perplexity %.3f -> %.3f)", before, after, exp(before),
        exp(after)) + " over \(held.count) blocks of \(held.length); written to \(out)")
  }

  /// What the bits of each update depend on.
  private struct Manifest: Codable {
    var model, tokens, chain: String
    var lora, last: Int?
    var alpha: Double?
    var matrices, adapter: String?
    var full, recompute: Bool
    var length, batch, seed: Int
  }

  private func fingerprint(
    _ model: PretrainedModel, _ optimizer: Chain, _ blocks: [TokenBlocks], _ factors: Tree<NDArray>?
  ) throws -> String {
    let tokens = Tree(blocks.enumerated().map { (path: "\($0.offset)", leaf: NDArray($0.element.tokens)) })
    return try Settings.fingerprint(
      Manifest(
        model: Self.identity(of: model.path), tokens: tokens.digest, chain: optimizer.description, lora: lora,
        last: last, alpha: lora.map { alpha ?? Double($0) }, matrices: matrices, adapter: factors?.digest, full: full,
        recompute: recompute, length: textOptions.length, batch: batch, seed: seed))
  }

  /// Which files a model is made of: their sizes and dates. Its weights may be too many to be read for this.
  private static func identity(of path: String) -> String {
    let manager = FileManager.default
    let inside = ((try? manager.contentsOfDirectory(atPath: path)) ?? []).sorted()
      .filter { $0.hasSuffix(".json") || $0.hasSuffix(".safetensors") }.map { path + "/" + $0 }
    return (inside.isEmpty ? [path] : inside).map { file in
      let known =
        (try? manager.attributesOfItem(atPath: URL(fileURLWithPath: file).resolvingSymlinksInPath().path)) ?? [:]
      let date = (known[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
      return "\((file as NSString).lastPathComponent) \(known[.size] ?? 0) \(date)"
    }.joined(separator: ", ")
  }

  private func tuning(_ c: DecoderConfiguration) throws -> FineTuning {
    guard let lora else { return full ? .full : .lastBlocks(last!) }
    let chosen = try matrices.map { text in
      try Set(
        text.split(separator: ",").map { part -> DecoderMatrix in
          let name = part.trimmingCharacters(in: .whitespaces)
          guard let matrix = DecoderMatrix(rawValue: name) else {
            throw SettingsError(
              "there is no matrix \(name); \(NearestName.hint(name, among: DecoderMatrix.all(in: c).map(\.rawValue)))")
          }
          return matrix
        })
    }
    if let last, last < 1 || last > c.layers {
      throw SettingsError("the model has \(c.layers) blocks, and --last is \(last)")
    }
    return .lowRank(
      try LowRankAdapter(
        rank: lora, scale: (alpha ?? Double(lora)) / Double(max(lora, 1)), matrices: chosen,
        blocks: last.map { c.layers - $0..<c.layers }, of: c))
  }

  /// Makes the folder, and keeps it for this process until the lock is gone.
  private func prepareFolder() throws -> FolderLock {
    let manager = FileManager.default
    try Folder.make(out)
    let lock = try FolderLock(path: out)
    // Looked at under the lock: who held it before may have written.
    let entries = (try? manager.contentsOfDirectory(atPath: out)) ?? []
    let states = FineTuningStates.folderName
    let isEmpty = entries.allSatisfy { $0 == RunFolder.lockName || AtomicFile.isAside($0) }
    guard isEmpty || entries.contains(Self.recordName) || entries.contains(states) else {
      throw SettingsError("\(out) is not empty, and holds no fine-tuned model; name another folder by --out")
    }
    // An interrupted training is gone on with, whatever was written of its end or lies there from before.
    guard isEmpty || replace || entries.contains(states) else {
      throw SettingsError("\(out) is not empty: name another folder by --out, or --replace it")
    }
    if replace { try? manager.removeItem(atPath: out + "/" + states) }
    return lock
  }

  /// Weights, gradients and two moments of what moves, activations, and what a trunk's output takes.
  private func memory(_ tuning: FineTuning, _ model: PretrainedModel, _ train: TokenBlocks) -> Int {
    let c = model.configuration
    let positions = batch * train.length
    let block = 14 * c.width + 4 * c.feedForwardWidth
    let inside = recompute ? c.layers * c.width + block : c.layers * block
    let activations = 4 * positions * (3 * c.vocabulary + inside)
    let moving = tuning == .full ? 3 * model.parameterByteCount : model.parameterByteCount
    let kept = tuning == .full ? 0 : 4 * train.count * train.length * c.width
    return model.parameterByteCount + moving + activations + kept
  }

  private func descend(_ tuner: FineTuner, _ train: TokenBlocks, _ states: FineTuningStates) throws {
    let perEpoch = train.count / batch
    let total = min(steps ?? .max, epochs * perEpoch)
    var kept: [Int: NDArray] = [:]
    var recent: [Double] = []
    let (start, first) = (Date(), tuner.step.step)
    for step in min(first, total)..<total {
      let epoch = step / perEpoch
      let order = RandomKey(seed: seed).split("order").split(epoch).permutation(train.count)
      let positions = Array(order[(step % perEpoch) * batch..<(step % perEpoch + 1) * batch])
      let inputs = try positions.map { position -> NDArray in
        if let known = kept[position] { return known }
        let input = try tuner.input(train.array(at: [position]))
        if !tuner.top.takesTokens { kept[position] = input }
        return input
      }
      let readings = try tuner.advance(train.array(at: positions), input: NDArray.stacked(inputs))
      recent = recent.suffix(19) + [readings[0]]
      try states.look(tuner.step)
      if (step + 1) % max(total / 10, 1) == 0 {
        let rate = Double(step + 1 - first) / Date().timeIntervalSince(start)
        let mean = recent.reduce(0, +) / Double(recent.count)
        say(
          String(
            format: "update %d of %d: loss %.4f (mean of the last %d), %.2f updates a second", step + 1, total, mean,
            recent.count, rate))
      }
    }
  }

  private func write(
    _ tuner: FineTuner, _ model: PretrainedModel, _ optimizer: Chain, _ before: Double, _ after: Double
  ) throws {
    if case .lowRank(let adapter) = tuner.tuning {
      try AdapterFile.write(tuner.trained, of: adapter, for: model.configuration, base: model.path, to: out)
      // Unless it is the model that the adapter is for.
      if !isWithin(out, model.path) {
        removeFiles(["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
      }
    } else {
      try model.write(replacing: tuner.trained, to: out)
      removeFiles(["adapter_config.json", "adapter_model.safetensors"])
    }
    var record: [String: Any] = [
      "model": model.path, "text": textOptions.text, "length": textOptions.length, "batch": batch, "seed": seed,
      "chain": optimizer.description, "updates": tuner.step.step, "heldOutLossBefore": before,
      "heldOutLossAfter": after,
    ]
    let tuned: [String: Any?] = [
      "lora": lora, "alpha": alpha, "matrices": matrices, "last": last, "full": full ? true : nil,
      "adapter": modelOptions.adapter,
      "validation": validation,
    ]
    record.merge(tuned.compactMapValues { $0 }) { $1 }
    try AtomicFile.write(
      try JSONSerialization.data(
        withJSONObject: record, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]),
      to: out + "/" + Self.recordName)
  }

  /// What tells of a fine-tuned model how it came about.
  private static let recordName = "training.json"

  private func isWithin(_ folder: String, _ path: String) -> Bool {
    func place(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path + "/" }
    return place(path).hasPrefix(place(folder))
  }

  /// What the replaced run was, where that was of the other kind.
  private func removeFiles(_ names: [String]) {
    for name in names { try? FileManager.default.removeItem(atPath: out + "/" + name) }
  }

  private func say(_ text: String) { if !quiet { announce(text) } }
}

extension NDArray {
  /// Arrays of one row each, one after the other.
  fileprivate static func stacked(_ parts: [NDArray]) -> NDArray {
    guard parts.count > 1 else { return parts[0] }
    var shape = parts[0].shape
    shape[0] = parts.count
    return parts[0].elementType == .int32
      ? NDArray(parts.flatMap(\.integers), shape: shape) : NDArray(parts.flatMap(\.floats), shape: shape)
  }
}
