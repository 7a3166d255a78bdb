import Foundation
import LanguageModels

/// A small model of the Llama family with random weights, as a GGUF file would hold it.
enum TinyModel {
  static let (width, layers, heads, keyHeads, feedForward, context) = (64, 2, 4, 2, 96, 48)

  /// The characters that stand for bytes.
  static let bytes: [String] = {
    var next: UInt32 = 256
    return (0..<256).map { byte in
      switch byte {
      case 33...126, 161...172, 174...255: return String(Unicode.Scalar(UInt32(byte))!)
      default:
        defer { next += 1 }
        return String(Unicode.Scalar(next)!)
      }
    }
  }()
  static let merges = [
    "h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "Ġwor l", "Ġworl d", "Ġ Ġ", "i s", "Ġ is",
  ]
  static let specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
  static var vocabulary: [String] { specials + bytes + merges.map { $0.replacing(" ", with: "") } }
  static let template =
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are small.<|im_end|>\n' }}{% endif %}"
    + "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

  static func tokenizer(_ kind: PreTokenizer = .smollm) throws -> TextTokenizer {
    try TextTokenizer(
      vocabulary: vocabulary, merges: merges, preTokenizer: kind,
      specials: specials.enumerated().map { .init(text: $1, token: Int32($0)) }, start: 1, ends: [2],
      templateText: template)
  }

  private static func floats(_ name: String, _ count: Int, around center: Double = 0, by deviation: Double = 0.1)
    -> [Float]
  { RandomKey(seed: 3).split(name).normal(count: count).map { Float(center + deviation * $0) } }

  /// Random blocks with the scale 0.02 (and the minimum -0.15).
  private static func blocks(_ name: String, _ count: Int, _ encoding: WeightEncoding) -> [UInt8] {
    let size = encoding.blockByteCount
    let random = RandomKey(seed: 4).split(name).integers(count: count / 32 * size, below: 256)
    var result = random.map { UInt8($0) }
    for block in stride(from: 0, to: result.count, by: size) {
      (result[block], result[block + 1]) = encoding == .q8Zero ? (0x1e, 0x11) : (0x1f, 0x25)
      if encoding == .q4One { (result[block + 2], result[block + 3]) = (0xcd, 0xb0) }
    }
    return result
  }

  /// What a file says of its architecture's name and of its tokenizer.
  static func tokenizing(architecture: String, pre: String) -> GGUFBuilder {
    var file = GGUFBuilder()
    file.text("general.architecture", architecture)
    file.text("tokenizer.ggml.model", "gpt2")
    file.text("tokenizer.ggml.pre", pre)
    file.texts("tokenizer.ggml.tokens", vocabulary)
    file.integers("tokenizer.ggml.token_type", vocabulary.indices.map { $0 < specials.count ? 3 : 1 })
    file.texts("tokenizer.ggml.merges", merges)
    file.integer("tokenizer.ggml.bos_token_id", 1)
    file.integer("tokenizer.ggml.eos_token_id", 2)
    file.text("tokenizer.chat_template", template)
    return file
  }

  static func builder(architecture: String = "llama", pre: String = "smollm") -> GGUFBuilder {
    var file = tokenizing(architecture: architecture, pre: pre)
    file.integer("llama.block_count", layers)
    file.integer("llama.context_length", context)
    file.integer("llama.embedding_length", width)
    file.integer("llama.feed_forward_length", feedForward)
    file.integer("llama.attention.head_count", heads)
    file.integer("llama.attention.head_count_kv", keyHeads)
    file.number("llama.rope.freq_base", 10000)
    file.number("llama.attention.layer_norm_rms_epsilon", 1e-5)
    func matrix(_ name: String, _ rows: Int, _ columns: Int, _ encoding: WeightEncoding = .q4One) {
      file.tensor(name, [rows, columns], encoding, blocks(name, rows * columns, encoding))
    }
    matrix("token_embd.weight", vocabulary.count, width, .q8Zero)
    file.tensor("output_norm.weight", [width], floats("output_norm", width, around: 1))
    let keys = keyHeads * width / heads
    for index in 0..<layers {
      let block = "blk.\(index)."
      for name in ["attn_norm", "ffn_norm"] {
        file.tensor(block + name + ".weight", [width], floats(block + name, width, around: 1))
      }
      matrix(block + "attn_q.weight", width, width)
      matrix(block + "attn_k.weight", keys, width)
      matrix(block + "attn_v.weight", keys, width)
      matrix(block + "attn_output.weight", width, width, .q4Zero)
      matrix(block + "ffn_gate.weight", feedForward, width)
      matrix(block + "ffn_up.weight", feedForward, width)
      matrix(block + "ffn_down.weight", width, feedForward)
    }
    return file
  }

  /// A folder of its own.
  static func folder() throws -> String {
    let folder = NSTemporaryDirectory() + "descent-language-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
  }

  static func model() throws -> PretrainedModel {
    let path = try folder() + "/tiny.gguf"
    try builder().data.write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    // What is mapped stays readable.
    return try PretrainedModel.open(path)
  }
}
