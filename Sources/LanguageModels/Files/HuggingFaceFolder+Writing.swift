import Arrays
import Foundation
import Parameters

extension PretrainedModel {
  /// Whether `write` can write this model; asked before it is trained.
  ///
  /// - Throws: `LanguageModelError` where it cannot.
  public func checkWritable() throws { _ = try writableRotary() }

  private func writableRotary() throws -> Rotary {
    guard configuration.feedForward == .swiGLU, let rotary = configuration.rotary else {
      throw LanguageModelError("folders are written for models of the Llama family, not for GPT-2")
    }
    guard rotary.factors.isEmpty else {
      throw LanguageModelError("folders are not written for models with scaled rotary positions")
    }
    return rotary
  }

  /// Writes the model, with weights of the caller's in place of its own, as a folder that `open` and Hugging Face's
  /// library read: `config.json`, `tokenizer.json`, `tokenizer_config.json`, `model.safetensors` (float32).
  ///
  /// - Parameter weights: some or all of the parameters of `decoder`.
  /// - Throws: `FileError`, `LanguageModelError`.
  public func write(replacing weights: Tree<NDArray> = Tree(), to folder: String) throws {
    let (c, rotary) = (configuration, try writableRotary())
    try Folder.make(folder)
    var arrays: [String: NDArray] = [:]
    let names = HuggingFaceFolder.llamaNames(c)
    if let stray = weights.paths.first(where: { path in !names.contains { $0.ours == path } }) {
      throw LanguageModelError("the model has no parameter \(stray)")
    }
    for (ours, theirs) in names {
      guard let array = weights[ours] ?? stored.parameter(ours, c) else { continue }
      arrays[theirs] = StoredWeights.isTransposed(ours) ? StoredWeight(array).transposedArray() : array
    }
    var config: [String: Any] = [
      "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": c.vocabulary,
      "max_position_embeddings": c.context, "hidden_size": c.width, "num_hidden_layers": c.layers,
      "num_attention_heads": c.heads, "num_key_value_heads": c.keyHeads, "head_dim": c.headWidth,
      "intermediate_size": c.feedForwardWidth, "rms_norm_eps": c.normEpsilon, "rope_theta": rotary.base,
      "hidden_act": "silu", "tie_word_embeddings": c.hasTiedHead, "attention_bias": c.hasAttentionBias,
      "torch_dtype": "float32",
    ]
    config["bos_token_id"] = tokenizer.start.map { Int($0) }
    config["eos_token_id"] = tokenizer.ends.isEmpty ? nil : tokenizer.ends.sorted().map { Int($0) }
    try AtomicFile.write(
      try JSONSerialization.data(withJSONObject: config, options: [.prettyPrinted, .sortedKeys]),
      to: folder + "/config.json")
    try HuggingFaceTokenizer.write(tokenizer, to: folder)
    try Safetensors.write(arrays, metadata: ["format": "pt"], to: folder + "/model.safetensors")
  }
}
