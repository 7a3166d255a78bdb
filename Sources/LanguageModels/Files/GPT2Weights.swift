import Arrays

/// The weights of GPT-2 as Hugging Face's library names them: matrices are [inputs, outputs], and those of queries, keys
/// and values are one.
enum GPT2Weights {
  static func byPath(_ arrays: [String: StoredWeight], _ c: DecoderConfiguration) throws -> [String: StoredWeight] {
    let prefix = arrays["transformer.wte.weight"] == nil ? "" : "transformer."
    var result: [String: StoredWeight] = [:]
    func take(_ path: String, _ name: String) {
      result[path] = arrays[prefix + name]
    }
    take("tokens/weight", "wte.weight")
    take("positions/weight", "wpe.weight")
    take("norm/scale", "ln_f.weight")
    take("norm/shift", "ln_f.bias")
    if !c.hasTiedHead { result["head/weight"] = arrays["lm_head.weight"] }
    for index in 0..<c.layers {
      let (block, theirs) = ("block\(index)/", "h.\(index).")
      for (ours, name) in [("attentionNorm", "ln_1"), ("feedForwardNorm", "ln_2")] {
        take(block + ours + "/scale", theirs + name + ".weight")
        take(block + ours + "/shift", theirs + name + ".bias")
      }
      for (ours, name) in [("output", "attn.c_proj"), ("up", "mlp.c_fc"), ("down", "mlp.c_proj")] {
        take(block + ours + "/bias", theirs + name + ".bias")
        if let weight = arrays[prefix + theirs + name + ".weight"], weight.shape.rank == 2 {
          result[block + ours + "/weight"] = StoredWeight(weight.transposedArray())
        }
      }
      guard let weight = arrays[prefix + theirs + "attn.c_attn.weight"], weight.shape == [c.width, 3 * c.width],
        let bias = arrays[prefix + theirs + "attn.c_attn.bias"], bias.shape == [3 * c.width]
      else { throw LanguageModelError("the model's \(theirs)attn.c_attn is missing or has another shape") }
      let all = StoredWeight(weight.transposedArray())
      for (part, name) in ["query", "key", "value"].enumerated() {
        let rows = part * c.width..<(part + 1) * c.width
        result[block + name + "/weight"] = all.rows(rows)
        result[block + name + "/bias"] = bias.rows(rows)
      }
    }
    return result
  }
}
