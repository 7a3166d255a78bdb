import Arrays
import Foundation
import LanguageModels

/// A language model of two blocks with random weights whose tokens are bytes, as a folder in Hugging Face's layout.
enum TinyLanguageModel {
  private static let (width, layers, feedForward, context) = (16, 2, 24, 96)

  /// The characters that stand for bytes.
  static let alphabet = ByteAlphabet.characters.map { String($0) }

  /// Writes it into a folder that is there.
  static func write(to folder: String) throws {
    let config: [String: Any] = [
      "model_type": "llama", "vocab_size": 256, "max_position_embeddings": context, "hidden_size": width,
      "num_hidden_layers": layers, "num_attention_heads": 2, "intermediate_size": feedForward, "rms_norm_eps": 1e-5,
      "tie_word_embeddings": true,
    ]
    let vocabulary = Dictionary(uniqueKeysWithValues: alphabet.enumerated().map { ($1, $0) })
    let tokenizer: [String: Any] = [
      "model": ["type": "BPE", "vocab": vocabulary, "merges": [String]()] as [String: Any],
      "pre_tokenizer": ["type": "ByteLevel", "add_prefix_space": false, "use_regex": true] as [String: Any],
    ]
    for (name, object) in [("config.json", config), ("tokenizer.json", tokenizer)] {
      try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: folder + "/" + name))
    }
    var arrays: [String: NDArray] = [:]
    func matrix(_ name: String, _ rows: Int, _ columns: Int) {
      arrays[name + ".weight"] = RandomKey(seed: 5).split(name).normal([rows, columns], standardDeviation: 0.3)
    }
    func norm(_ name: String) { arrays[name + ".weight"] = NDArray([Float](repeating: 1, count: width)) }
    matrix("model.embed_tokens", 256, width)
    norm("model.norm")
    for index in 0..<layers {
      let block = "model.layers.\(index)."
      norm(block + "input_layernorm")
      norm(block + "post_attention_layernorm")
      for name in ["q_proj", "k_proj", "v_proj", "o_proj"] { matrix(block + "self_attn." + name, width, width) }
      for name in ["gate_proj", "up_proj"] { matrix(block + "mlp." + name, feedForward, width) }
      matrix(block + "mlp.down_proj", width, feedForward)
    }
    try Safetensors.write(arrays, to: folder + "/model.safetensors")
  }
}
