import Arrays
import Foundation

/// Reads what a GGUF file says of a model: architecture, tokenizer, weights.
enum GGUFModel {
  static func open(_ path: String) throws -> PretrainedModel {
    let file = try GGUFFile(path)
    let architecture = try file.value("general.architecture", \.text) ?? "none"
    let configuration: DecoderConfiguration
    switch architecture {
    case "llama": configuration = try llama(file)
    case "gpt2": configuration = try gpt2(file)
    default:
      throw FileError(path: path, reason: "is of the architecture \(architecture.prefix(40)), not llama or gpt2")
    }
    do {
      try configuration.check()
      let stored = try StoredWeights(
        weights(file, configuration), rotaryLayout: .adjacent, of: configuration)
      return try PretrainedModel(
        path: path, configuration: configuration, tokenizer: try tokenizer(file), stored: stored)
    } catch let error as LanguageModelError { throw FileError(path: path, reason: error.description) }
  }

  /// The largest extent that is taken for meant.
  private static let largestExtent = 1 << 24

  private static func integer(_ file: GGUFFile, _ key: String) throws -> Int {
    guard let value = try optionalInteger(file, key) else {
      throw FileError(path: file.path, reason: "does not say \(key)")
    }
    return value
  }

  private static func optionalInteger(_ file: GGUFFile, _ key: String) throws -> Int? {
    guard let value = try file.value(key, \.integer) else { return nil }
    guard value >= 1, value <= largestExtent else { throw FileError(path: file.path, reason: "says \(key) = \(value)") }
    return value
  }

  private static func layers(_ file: GGUFFile, _ key: String) throws -> Int {
    let count = try integer(file, key)
    guard count <= file.entries.count else {
      throw FileError(path: file.path, reason: "says \(key) = \(count), and has \(file.entries.count) tensors")
    }
    return count
  }

  private static func vocabulary(_ file: GGUFFile) throws -> Int {
    guard let shape = file["token_embd.weight"]?.shape, shape.rank == 2 else {
      throw FileError(path: file.path, reason: "has no matrix token_embd.weight")
    }
    return shape[0]
  }

  private static func llama(_ file: GGUFFile) throws -> DecoderConfiguration {
    let width = try integer(file, "llama.embedding_length")
    let heads = try integer(file, "llama.attention.head_count")
    let headWidth = try optionalInteger(file, "llama.attention.key_length") ?? width / heads
    if let turned = try file.value("llama.rope.dimension_count", \.integer), turned != headWidth {
      throw FileError(
        path: file.path, reason: "turns \(turned) of a head's \(headWidth) numbers, which is not supported")
    }
    if let experts = try file.value("llama.expert_count", \.integer), experts > 0 {
      throw FileError(path: file.path, reason: "is a mixture of \(experts) experts, which is not supported")
    }
    var rotary = Rotary(base: try file.value("llama.rope.freq_base", \.number) ?? 10000)
    let scaling = try file.value("llama.rope.scaling.type", \.text) ?? "none"
    if let factors = file["rope_freqs.weight"] {
      rotary.factors = file.array(factors).doubles
    } else if scaling == "linear", let factor = try file.value("llama.rope.scaling.factor", \.number) {
      rotary.factors = [Double](repeating: factor, count: headWidth / 2)
    } else if scaling != "none" {
      throw FileError(
        path: file.path, reason: "scales positions by the method \(scaling.prefix(40)), not none or linear")
    }
    return .llama(
      vocabulary: try vocabulary(file), context: try integer(file, "llama.context_length"), width: width,
      layers: try layers(file, "llama.block_count"), heads: heads,
      keyHeads: try optionalInteger(file, "llama.attention.head_count_kv"), headWidth: headWidth,
      feedForwardWidth: try integer(file, "llama.feed_forward_length"),
      normEpsilon: try file.value("llama.attention.layer_norm_rms_epsilon", \.number) ?? 1e-5, rotary: rotary,
      attentionBias: file["blk.0.attn_q.bias"] != nil, tiedHead: file["output.weight"] == nil)
  }

  private static func gpt2(_ file: GGUFFile) throws -> DecoderConfiguration {
    .gpt2(
      vocabulary: try vocabulary(file), context: try integer(file, "gpt2.context_length"),
      width: try integer(file, "gpt2.embedding_length"), layers: try layers(file, "gpt2.block_count"),
      heads: try integer(file, "gpt2.attention.head_count"),
      feedForwardWidth: try optionalInteger(file, "gpt2.feed_forward_length"),
      normEpsilon: try file.value("gpt2.attention.layer_norm_epsilon", \.number) ?? 1e-5,
      tiedHead: file["output.weight"] == nil)
  }

  private static let names: [(ours: String, theirs: String)] = [
    ("attentionNorm/scale", "attn_norm.weight"), ("attentionNorm/shift", "attn_norm.bias"),
    ("feedForwardNorm/scale", "ffn_norm.weight"), ("feedForwardNorm/shift", "ffn_norm.bias"),
    ("query", "attn_q"), ("key", "attn_k"), ("value", "attn_v"), ("output", "attn_output"), ("gate", "ffn_gate"),
    ("up", "ffn_up"), ("down", "ffn_down"),
  ]

  /// The file's weights by our paths; what the model does not have is left out and found missing later.
  private static func weights(_ file: GGUFFile, _ c: DecoderConfiguration) -> [String: StoredWeight] {
    var result: [String: StoredWeight] = [:]
    func take(_ path: String, _ name: String) {
      guard let entry = file[name] else { return }
      result[path] = StoredWeight(
        shape: entry.shape, encoding: entry.encoding, bytes: file.bytes(of: entry), owner: file.owner)
    }
    take("tokens/weight", "token_embd.weight")
    take("positions/weight", "position_embd.weight")
    take("norm/scale", "output_norm.weight")
    take("norm/shift", "output_norm.bias")
    take("head/weight", "output.weight")
    for index in 0..<c.layers {
      for (ours, theirs) in names {
        if ours.contains("/") {
          take("block\(index)/\(ours)", "blk.\(index).\(theirs)")
        } else {
          take("block\(index)/\(ours)/weight", "blk.\(index).\(theirs).weight")
          take("block\(index)/\(ours)/bias", "blk.\(index).\(theirs).bias")
        }
      }
      // GPT-2 keeps queries, keys and values in one matrix.
      for kind in ["weight", "bias"] {
        guard let entry = file["blk.\(index).attn_qkv.\(kind)"], entry.shape.rank > 0, entry.shape[0] == 3 * c.width,
          kind == "bias" ? entry.encoding.blockSize == 1 : entry.shape.rank == 2
        else { continue }
        let all = StoredWeight(
          shape: entry.shape, encoding: entry.encoding, bytes: file.bytes(of: entry), owner: file.owner)
        for (part, name) in ["query", "key", "value"].enumerated() {
          result["block\(index)/\(name)/\(kind)"] = all.rows(part * c.width..<(part + 1) * c.width)
        }
      }
    }
    return result
  }

  private static func tokenizer(_ file: GGUFFile) throws -> TextTokenizer {
    let model = try file.value("tokenizer.ggml.model", \.text) ?? "none"
    guard model == "gpt2" else {
      throw LanguageModelError("its tokenizer is \(model.prefix(40)), and only byte-level pairs (gpt2) are supported")
    }
    let name = try file.value("tokenizer.ggml.pre", \.text) ?? "gpt2"
    guard let preTokenizer = PreTokenizer(rawValue: name == "gpt-2" ? "gpt2" : name) else {
      let known = PreTokenizer.allCases.map(\.rawValue).joined(separator: ", ")
      throw LanguageModelError("its tokenizer cuts texts as \(name.prefix(40)), which is none of \(known)")
    }
    guard let vocabulary = try file.value("tokenizer.ggml.tokens", \.texts),
      let merges = try file.value("tokenizer.ggml.merges", \.texts)
    else { throw LanguageModelError("its tokenizer lacks tokens or merges") }
    // Types 3 and 4 are control tokens and those that a user added.
    let types = try file.value("tokenizer.ggml.token_type", \.integers) ?? []
    let specials = zip(vocabulary, types).enumerated().compactMap { index, pair in
      pair.1 == 3 || pair.1 == 4 ? TextTokenizer.Special(text: pair.0, token: Int32(index)) : nil
    }
    func token(_ key: String) throws -> Int32? { try file.value(key, \.integer).flatMap { Int32(exactly: $0) } }
    let start = try token("tokenizer.ggml.bos_token_id")
    let ends = try ["eos", "eot", "eom"].compactMap { try token("tokenizer.ggml.\($0)_token_id") }
    return try TextTokenizer(
      vocabulary: vocabulary, merges: merges, preTokenizer: preTokenizer, specials: specials, start: start,
      ends: Set(ends), unknown: try token("tokenizer.ggml.unknown_token_id"),
      addsStart: try file.value("tokenizer.ggml.add_bos_token", \.flag) ?? false,
      templateText: try file.value("tokenizer.chat_template", \.text))
  }
}
