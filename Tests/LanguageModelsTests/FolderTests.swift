import Compilation
import Foundation
import LanguageModels
import Parameters
import TestSupport
import Testing

@Suite struct FolderTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = try TinyModel.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func change(_ path: String, _ key: String, _ value: Any?) throws {
    var object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as! [String: Any]
    object[key] = value
    try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: path))
  }

  @Test func aWrittenModelIsTheSame() throws {
    try inFolder { folder in
      let model = try TinyModel.model()
      let shift = model.configuration.width
      var weights = Tree<NDArray>()
      weights["norm/scale"] = NDArray((0..<shift).map { Float($0) }, shape: [shift])
      try model.write(replacing: weights, to: folder)
      let read = try PretrainedModel.open(folder)
      #expect(read.configuration == model.configuration)
      var expected = try model.parameters()
      expected["norm/scale"] = weights["norm/scale"]
      #expect(try read.parameters() == expected)
      for text in ["hello world 12<|im_end|>", "é🙂"] {
        #expect(read.tokenizer.encode(text) == model.tokenizer.encode(text))
      }
      #expect(read.tokenizer.ends == [2] && read.tokenizer.start == 1)
      #expect(read.tokenizer.templateText == TinyModel.template)
      // Pairs in halves and dense weights give what the file's own layout gives.
      var same = weights
      same["norm/scale"] = try model.parameters()["norm/scale"]
      try model.write(replacing: same, to: folder + "/same")
      let logits = try [model, PretrainedModel.open(folder + "/same")].map {
        try DecoderSession($0).append([5, 6, 7, 100, 4]).map(Double.init)
      }
      let scale = logits[0].map { abs($0) }.max()!
      for (a, b) in zip(logits[0], logits[1]) {
        #expect(abs(a - b) < rounding(.float32, terms: drift(of: 14 * 96), condition: 4, scale: scale))
      }
      for (key, value, hint) in [
        ("model_type", "bert", "type bert"), ("hidden_size", 63, "shape"), ("hidden_act", "relu", "activation relu"),
        ("num_hidden_layers", -1, "num_hidden_layers = -1"),
        ("rope_scaling", ["rope_type": "yarn"], "rope_scaling is of the type yarn"),
      ] as [(String, Any, String)] {
        try model.write(to: folder)
        try change(folder + "/config.json", key, value)
        #expect("\(key)") { try PretrainedModel.open(folder) } throws: { "\($0)".contains(hint) || hint == "shape" }
      }
      try model.write(to: folder)
      try change(folder + "/tokenizer.json", "normalizer", ["type": "NFC"])
      #expect { try PretrainedModel.open(folder) } throws: { "\($0)".contains("normalises texts by NFC") }
      try FileManager.default.removeItem(atPath: folder + "/model.safetensors")
      #expect { try PretrainedModel.open(folder) } throws: { "\($0)".contains("has no model.safetensors") }
    }
  }

  /// Every pre-tokenizer is written in a form that is read as the same.
  @Test(arguments: PreTokenizer.allCases) func preTokenizers(_ kind: PreTokenizer) throws {
    try inFolder { folder in
      var builder = TinyModel.builder(pre: kind.rawValue)
      builder.flag("unused", true)
      try builder.data.write(to: URL(fileURLWithPath: folder + "/m.gguf"))
      try PretrainedModel.open(folder + "/m.gguf").write(to: folder + "/written")
      #expect(try PretrainedModel.open(folder + "/written").tokenizer.preTokenizer == kind)
    }
  }

  private static let gpt2Width = 8

  /// A small GPT-2 with random weights, its scales around 1.
  private func smallGPT2() throws -> (configuration: DecoderConfiguration, weights: Tree<NDArray>) {
    let c = DecoderConfiguration.gpt2(
      vocabulary: TinyModel.vocabulary.count, context: 10, width: Self.gpt2Width, layers: 2, heads: 2)
    let weights = try CausalDecoder(c).initialParameters(key: RandomKey(seed: 1)).mapWithPaths { path, array in
      RandomKey(seed: 2).split(path).normal(
        array.shape, mean: path.hasSuffix("scale") ? 1 : 0, standardDeviation: 0.3)
    }
    return (c, weights)
  }

  /// Whether a model has these weights, and says what the traced decoder says.
  private func check(_ model: PretrainedModel, _ c: DecoderConfiguration, _ ours: Tree<NDArray>) throws {
    #expect(model.configuration == c)
    #expect(try model.parameters() == ours)
    let tokens: [Int32] = [4, 9, 100, 33]
    let logits = try DecoderSession(model).append(tokens).map(Double.init)
    let wide = ours.map { $0.converted(to: .float64) }
    let expected = try Program(inputs: wide.types.leaves + [TensorType([1, 4], .int32)]) { _, x in
      let point = Parameters(Tree(sortedPaths: wide.paths, leaves: Array(x.dropLast())))
      return [try CausalDecoder(c)(x[x.count - 1], point).output.part(3, axis: 1)]
    }.run(wide.leaves + [NDArray(tokens, shape: [1, 4])])[0].doubles
    let scale = expected.map { abs($0) }.max()!
    for (a, b) in zip(logits, expected) {
      #expect(abs(a - b) < rounding(.float32, terms: drift(of: 14 * 32), condition: 8, scale: scale))
    }
    #expect { try model.write(to: NSTemporaryDirectory() + "x") } throws: { "\($0)".contains("not for GPT-2") }
  }

  /// GPT-2's names and layouts in Hugging Face's folder, against the traced decoder on weights put together by hand.
  @Test func gpt2() throws {
    try inFolder { folder in
      let (c, ours) = try smallGPT2()
      let width = Self.gpt2Width
      var arrays = [
        "wte.weight": ours["tokens/weight"]!, "wpe.weight": ours["positions/weight"]!,
        "ln_f.weight": ours["norm/scale"]!,
        "ln_f.bias": ours["norm/shift"]!,
      ]
      for block in 0..<2 {
        func own(_ name: String) -> NDArray { ours["block\(block)/\(name)"]! }
        let (theirs, parts) = ("h.\(block).", ["query", "key", "value"])
        for (name, other) in [("attentionNorm", "ln_1"), ("feedForwardNorm", "ln_2")] {
          arrays[theirs + other + ".weight"] = own(name + "/scale")
          arrays[theirs + other + ".bias"] = own(name + "/shift")
        }
        for (name, other) in [("output", "attn.c_proj"), ("up", "mlp.c_fc"), ("down", "mlp.c_proj")] {
          arrays[theirs + other + ".weight"] = own(name + "/weight")
          arrays[theirs + other + ".bias"] = own(name + "/bias")
        }
        let packed = (0..<width).flatMap { row in parts.flatMap { own($0 + "/weight").rows(row..<row + 1).floats } }
        arrays[theirs + "attn.c_attn.weight"] = NDArray(packed, shape: [width, 3 * width])
        arrays[theirs + "attn.c_attn.bias"] = NDArray(parts.flatMap { own($0 + "/bias").floats })
      }
      try TinyModel.model().write(to: folder)
      try Safetensors.write(arrays, to: folder + "/model.safetensors")
      let config: [String: Any] = [
        "model_type": "gpt2", "vocab_size": c.vocabulary, "n_positions": 10, "n_embd": width, "n_layer": 2, "n_head": 2,
      ]
      try JSONSerialization.data(withJSONObject: config).write(to: URL(fileURLWithPath: folder + "/config.json"))
      try check(PretrainedModel.open(folder), c, ours)
    }
  }

  /// The same model as a GGUF file, which has each matrix the other way round and keeps queries, keys and values in one.
  @Test func gpt2AsGGUF() throws {
    try inFolder { folder in
      var (c, ours) = try smallGPT2()
      c.normEpsilon = Double(Float(1e-5))  // as such a file holds it
      let width = Self.gpt2Width
      var file = TinyModel.tokenizing(architecture: "gpt2", pre: "gpt-2")
      for (key, value) in [
        ("block_count", 2), ("context_length", 10), ("embedding_length", width), ("attention.head_count", 2),
        ("feed_forward_length", 4 * width),
      ] { file.integer("gpt2." + key, value) }
      file.number("gpt2.attention.layer_norm_epsilon", 1e-5)
      func add(_ name: String, _ array: NDArray) { file.tensor(name, array.shape.dimensions, array.floats) }
      func turned(_ matrix: NDArray) -> NDArray {
        let (rows, columns, values) = (matrix.shape[0], matrix.shape[1], matrix.floats)
        return NDArray(
          (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }, shape: [columns, rows])
      }
      add("token_embd.weight", ours["tokens/weight"]!)
      add("position_embd.weight", ours["positions/weight"]!)
      add("output_norm.weight", ours["norm/scale"]!)
      add("output_norm.bias", ours["norm/shift"]!)
      for block in 0..<2 {
        func own(_ name: String) -> NDArray { ours["block\(block)/\(name)"]! }
        let theirs = "blk.\(block)."
        for (name, other) in [("attentionNorm", "attn_norm"), ("feedForwardNorm", "ffn_norm")] {
          add(theirs + other + ".weight", own(name + "/scale"))
          add(theirs + other + ".bias", own(name + "/shift"))
        }
        for (name, other) in [("output", "attn_output"), ("up", "ffn_up"), ("down", "ffn_down")] {
          add(theirs + other + ".weight", turned(own(name + "/weight")))
          add(theirs + other + ".bias", own(name + "/bias"))
        }
        let parts = ["query", "key", "value"]
        let packed = parts.flatMap { turned(own($0 + "/weight")).floats }
        add(theirs + "attn_qkv.weight", NDArray(packed, shape: [3 * width, width]))
        add(theirs + "attn_qkv.bias", NDArray(parts.flatMap { own($0 + "/bias").floats }))
      }
      try file.data.write(to: URL(fileURLWithPath: folder + "/m.gguf"))
      try check(PretrainedModel.open(folder + "/m.gguf"), c, ours)
    }
  }

  @Test func adaptersComeBack() throws {
    try inFolder { folder in
      let model = try TinyModel.model()
      let adapter = try LowRankAdapter(
        rank: 3, scale: 1.5, matrices: [.query, .down], blocks: 1..<2, of: model.configuration)
      let factors = try FineTuner.initialFactors(adapter, model.configuration, key: RandomKey(seed: 1))
      try AdapterFile.write(factors, of: adapter, for: model.configuration, base: "tiny", to: folder)
      let (read, values) = try AdapterFile.read(folder, for: model.configuration)
      #expect(read == adapter && values == factors)
      let names = try Safetensors.read(folder + "/adapter_model.safetensors").arrays
      // The names and the orientation of PEFT.
      #expect(names["base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"]?.shape == [3, 64])
      #expect(names["base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"]?.shape == [64, 3])
      #expect(names.count == 4)
      for (key, value, hint) in [
        ("peft_type", "IA3", "no LORA adapter"), ("r", 4, "must be"), ("target_modules", ["q_proj", "x"], "adapts x"),
        ("layers_to_transform", [0, 2], "no range"), ("layers_to_transform", [Int.max], "no range"),
        ("layers_to_transform", [-Int.max - 1, Int.max], "no range"),
        ("use_dora", true, "dora"), ("r", 1000, "rank of an adapter"),
      ] as [(String, Any, String)] {
        try AdapterFile.write(factors, of: adapter, for: model.configuration, base: "tiny", to: folder)
        try change(folder + "/adapter_config.json", key, value)
        #expect("\(key)") { try AdapterFile.read(folder, for: model.configuration) } throws: {
          "\($0)".contains(hint)
        }
      }
    }
  }
}
