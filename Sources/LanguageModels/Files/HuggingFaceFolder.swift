import Arrays
import Foundation

/// A folder in the layout of Hugging Face's library: `config.json`, `tokenizer.json`, `tokenizer_config.json` and
/// `model.safetensors`, in one file or several.
enum HuggingFaceFolder {
  static func open(_ path: String) throws -> PretrainedModel {
    let config = try JSONFile(path + "/config.json")
    let type = try config.text("model_type") ?? "none"
    guard ["llama", "gpt2"].contains(type) else {
      throw FileError(path: config.path, reason: "is of the type \(type.prefix(40)), not llama or gpt2")
    }
    let weights = try weights(path)
    let configuration = type == "llama" ? try llama(config, weights) : try gpt2(config, weights)
    let named =
      try type == "llama"
      ? llamaNames(configuration).reduce(into: [:]) { $0[$1.ours] = weights[$1.theirs] }
      : GPT2Weights.byPath(weights, configuration)
    do {
      return try PretrainedModel(
        path: path, configuration: configuration, tokenizer: try HuggingFaceTokenizer.read(path, config),
        stored: try StoredWeights(named, rotaryLayout: .halves, of: configuration))
    } catch let error as LanguageModelError { throw FileError(path: path, reason: error.description) }
  }

  /// All arrays of the folder, in place where our kernels read them so.
  private static func weights(_ folder: String) throws -> [String: StoredWeight] {
    let single = folder + "/model.safetensors"
    var files = [single]
    if !FileManager.default.fileExists(atPath: single) {
      let index = folder + "/model.safetensors.index.json"
      guard FileManager.default.fileExists(atPath: index) else {
        throw FileError(path: folder, reason: "has no model.safetensors")
      }
      guard let map = try JSONFile(index).values["weight_map"] as? [String: String] else {
        throw FileError(path: index, reason: "has no weight_map")
      }
      guard !map.values.contains(where: { $0.contains("/") }) else {
        throw FileError(path: index, reason: "names files outside of its folder")
      }
      files = Set(map.values).sorted().map { folder + "/" + $0 }
    }
    var result: [String: StoredWeight] = [:]
    for path in files {
      let file = try MappedFile(path)
      for entry in try Safetensors.entries(of: file).0 {
        guard result[entry.name] == nil else {
          throw FileError(path: path, reason: "has \(entry.name), which another file has too")
        }
        result[entry.name] = weight(entry, of: file)
      }
    }
    return result
  }

  private static let encodings: [String: (WeightEncoding, alignment: Int)] = [
    "F32": (.f32, 4), "F16": (.f16, 2), "BF16": (.bf16, 2),
  ]

  private static func weight(_ entry: Safetensors.Entry, of file: MappedFile) -> StoredWeight {
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[entry.range])
    // The format does not promise that numbers lie at multiples of their size.
    if let (encoding, alignment) = encodings[entry.type], Int(bitPattern: bytes.baseAddress) % alignment == 0 {
      return StoredWeight(shape: entry.shape, encoding: encoding, bytes: bytes, owner: file)
    }
    return StoredWeight(Safetensors.array(entry, of: file).converted(to: .float32))
  }

  private static func llama(_ config: JSONFile, _ arrays: [String: StoredWeight]) throws -> DecoderConfiguration {
    let (width, heads) = (try config.extent("hidden_size"), try config.extent("num_attention_heads"))
    let activation = try config.text("hidden_act") ?? "silu"
    guard activation == "silu" else {
      throw FileError(path: config.path, reason: "has the activation \(activation), not silu")
    }
    guard try config.flag("mlp_bias") != true else {
      throw FileError(path: config.path, reason: "has mlp_bias, which is not supported")
    }
    // The option puts biases on the output projection as well.
    guard arrays["model.layers.0.self_attn.o_proj.bias"] == nil else {
      throw FileError(path: config.path, reason: "has a bias on o_proj, which is not supported")
    }
    let headWidth = try config.optionalExtent("head_dim") ?? width / heads
    // Newer files say in one object what older ones say in two places.
    let together = try config.object("rope_parameters")
    let base = try together.flatMap { try config.number("rope_theta", in: $0) } ?? config.number("rope_theta")
    guard together == nil || base != nil else {
      throw FileError(path: config.path, reason: "has rope_parameters that do not say rope_theta")
    }
    var rotary = Rotary(base: base ?? 10000)
    let part =
      try together.flatMap { try config.number("partial_rotary_factor", in: $0) }
      ?? config.number("partial_rotary_factor") ?? 1
    guard part == 1 else {
      throw FileError(path: config.path, reason: "turns \(part) of a head's numbers, which is not supported")
    }
    if let scaling = try together ?? config.object("rope_scaling") {
      rotary.factors = try RotaryScaling.factors(scaling, rotary, headWidth: headWidth, file: config)
    }
    let configuration = DecoderConfiguration.llama(
      vocabulary: try config.extent("vocab_size"), context: try config.extent("max_position_embeddings"),
      width: width, layers: try layers(config, "num_hidden_layers", arrays), heads: heads,
      keyHeads: try config.optionalExtent("num_key_value_heads"), headWidth: headWidth,
      feedForwardWidth: try config.extent("intermediate_size"), normEpsilon: try config.number("rms_norm_eps") ?? 1e-6,
      rotary: rotary, attentionBias: arrays["model.layers.0.self_attn.q_proj.bias"] != nil,
      tiedHead: try config.flag("tie_word_embeddings") == true || arrays["lm_head.weight"] == nil)
    try checked(configuration, config)
    return configuration
  }

  private static func gpt2(_ config: JSONFile, _ arrays: [String: StoredWeight]) throws -> DecoderConfiguration {
    let activation = try config.text("activation_function") ?? "gelu_new"
    guard ["gelu_new", "gelu_pytorch_tanh"].contains(activation) else {
      throw FileError(path: config.path, reason: "has the activation \(activation), not gelu_new")
    }
    let configuration = DecoderConfiguration.gpt2(
      vocabulary: try config.extent("vocab_size"), context: try config.extent("n_positions"),
      width: try config.extent("n_embd"), layers: try layers(config, "n_layer", arrays),
      heads: try config.extent("n_head"), feedForwardWidth: try config.optionalExtent("n_inner"),
      normEpsilon: try config.number("layer_norm_epsilon") ?? 1e-5,
      tiedHead: try config.flag("tie_word_embeddings") != false || arrays["lm_head.weight"] == nil)
    try checked(configuration, config)
    return configuration
  }

  private static func layers(_ config: JSONFile, _ key: String, _ arrays: [String: StoredWeight]) throws -> Int {
    let count = try config.extent(key)
    guard count <= arrays.count else {
      throw FileError(path: config.path, reason: "says \(key) = \(count), and there are \(arrays.count) arrays")
    }
    return count
  }

  private static func checked(_ configuration: DecoderConfiguration, _ config: JSONFile) throws {
    do { try configuration.check() } catch let error as LanguageModelError {
      throw FileError(path: config.path, reason: error.description)
    }
  }

  private static let matrices: [(DecoderMatrix, String)] = [
    (.query, "self_attn.q_proj"), (.key, "self_attn.k_proj"), (.value, "self_attn.v_proj"),
    (.output, "self_attn.o_proj"), (.gate, "mlp.gate_proj"), (.up, "mlp.up_proj"), (.down, "mlp.down_proj"),
  ]

  /// The name of a block's matrix, without ".weight".
  static func name(of matrix: DecoderMatrix, block: Int) -> String {
    "model.layers.\(block).\(matrices.first { $0.0 == matrix }!.1)"
  }

  /// Our paths and the names in files of the Llama family.
  static func llamaNames(_ c: DecoderConfiguration) -> [(ours: String, theirs: String)] {
    var result = [
      ("tokens/weight", "model.embed_tokens.weight"), ("norm/scale", "model.norm.weight"),
    ]
    if !c.hasTiedHead { result.append(("head/weight", "lm_head.weight")) }
    for index in 0..<c.layers {
      result.append(("block\(index)/attentionNorm/scale", "model.layers.\(index).input_layernorm.weight"))
      result.append(("block\(index)/feedForwardNorm/scale", "model.layers.\(index).post_attention_layernorm.weight"))
      for (matrix, _) in matrices {
        for kind in ["weight", "bias"] where kind == "weight" || matrix.hasBias(in: c) {
          result.append(("block\(index)/\(matrix.rawValue)/\(kind)", "\(name(of: matrix, block: index)).\(kind)"))
        }
      }
    }
    return result.map { (ours: $0.0, theirs: $0.1) }
  }
}
