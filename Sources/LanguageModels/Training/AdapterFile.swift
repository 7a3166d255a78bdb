import Arrays
import Foundation
import Parameters

/// Adapters on disk in the layout of the PEFT library: `adapter_model.safetensors` and `adapter_config.json`.
public enum AdapterFile {
  /// The types of an adapter's factors, by path.
  static func types(_ adapter: LowRankAdapter, _ c: DecoderConfiguration) -> Tree<TensorType> {
    CausalDecoder(c, adapter: adapter).layout.entries.filter { path, _ in LowRankAdapter.owns(path) }.map(\.type)
  }

  /// - Throws: `LanguageModelError` where the factors are not those of the adapter.
  static func check(_ factors: Tree<NDArray>, _ adapter: LowRankAdapter, _ c: DecoderConfiguration) throws {
    let expected = types(adapter, c)
    guard factors.paths == expected.paths else {
      throw LanguageModelError("the adapter has \(factors.count) factors and needs \(expected.count), or others")
    }
    for (path, (array, type)) in factors.zipped(with: expected, { ($0, $1) }) where array.shape != type.shape {
      throw LanguageModelError("the adapter's \(path) is \(array.shape) and must be \(type.shape)")
    }
  }

  /// Whether adapters of such a model can be written; asked before one is trained.
  ///
  /// - Throws: `LanguageModelError` where they cannot.
  public static func checkWritable(for c: DecoderConfiguration) throws {
    guard c.feedForward == .swiGLU else {
      throw LanguageModelError("adapters are written for models of the Llama family, not for GPT-2")
    }
  }

  /// - Parameter base: the name of the model that is adapted, for the reader's information.
  /// - Throws: `FileError`, `LanguageModelError`.
  public static func write(
    _ factors: Tree<NDArray>, of adapter: LowRankAdapter, for c: DecoderConfiguration, base: String, to folder: String
  ) throws {
    try checkWritable(for: c)
    try check(factors, adapter, c)
    try Folder.make(folder)
    var arrays: [String: NDArray] = [:]
    for (block, matrix) in places(adapter) {
      let path = "block\(block)/\(matrix.rawValue)/"
      for (ours, theirs) in [(LowRankAdapter.names.a, "lora_A"), (LowRankAdapter.names.b, "lora_B")] {
        // [inputs, outputs] here and [outputs, inputs] there.
        arrays[name(matrix, block, theirs)] = StoredWeight(factors[path + ours]!.converted(to: .float32))
          .transposedArray()
      }
    }
    let modules = adapter.matrices.map { module($0) }.sorted()
    let config: [String: Any] = [
      "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": adapter.rank,
      "lora_alpha": adapter.scale * Double(adapter.rank), "lora_dropout": 0, "bias": "none", "fan_in_fan_out": false,
      "inference_mode": true, "target_modules": modules, "layers_to_transform": Array(adapter.blocks),
      "layers_pattern": "layers",
    ]
    try Safetensors.write(arrays, metadata: ["format": "pt"], to: folder + "/adapter_model.safetensors")
    try AtomicFile.write(
      try JSONSerialization.data(
        withJSONObject: config, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]),
      to: folder + "/adapter_config.json")
  }

  /// - Throws: `FileError`, `LanguageModelError` where the adapter is not for that model.
  public static func read(_ folder: String, for c: DecoderConfiguration) throws -> (LowRankAdapter, Tree<NDArray>) {
    let config = try JSONFile(folder + "/adapter_config.json")
    func refuse(_ reason: String) -> FileError { FileError(path: config.path, reason: reason) }
    guard try config.text("peft_type") == "LORA", let rank = config.values["r"] as? Int, rank > 0,
      let alpha = try config.number("lora_alpha"), let modules = config.values["target_modules"] as? [String]
    else { throw refuse("is no LORA adapter with r, lora_alpha and target_modules") }
    for key in ["use_rslora", "use_dora", "fan_in_fan_out"] where try config.flag(key) == true {
      throw refuse("says \(key), which is not supported")
    }
    for key in ["rank_pattern", "alpha_pattern"] where (config.values[key] as? [String: Any])?.isEmpty == false {
      throw refuse("has a \(key), which is not supported: one rank and one lora_alpha for all")
    }
    let matrices = try modules.map { name -> DecoderMatrix in
      guard let matrix = DecoderMatrix.allCases.first(where: { module($0) == name }) else {
        throw refuse("adapts \(name), which is none of a block's matrices")
      }
      return matrix
    }
    var blocks: Range<Int>?
    if let layers = config.values["layers_to_transform"] as? [Int] {
      guard let first = layers.min(), let last = layers.max(), first >= 0, last < c.layers,
        last - first + 1 == layers.count, Set(layers).count == layers.count
      else { throw refuse("adapts layers that are no range of the model's \(c.layers)") }
      blocks = first..<last + 1
    }
    let adapter = try LowRankAdapter(
      rank: rank, scale: alpha / Double(rank), matrices: Set(matrices), blocks: blocks, of: c)
    let file = folder + "/adapter_model.safetensors"
    let arrays = try Safetensors.read(file).arrays
    var items: [(path: String, leaf: NDArray)] = []
    for (block, matrix) in places(adapter) {
      for (ours, theirs) in [(LowRankAdapter.names.a, "lora_A"), (LowRankAdapter.names.b, "lora_B")] {
        let name = name(matrix, block, theirs)
        guard let array = arrays[name], array.shape.rank == 2 else {
          throw FileError(path: file, reason: "has no matrix \(name)")
        }
        items.append(
          ("block\(block)/\(matrix.rawValue)/\(ours)", StoredWeight(array.converted(to: .float32)).transposedArray()))
      }
    }
    guard arrays.count == items.count else {
      throw FileError(path: file, reason: "has \(arrays.count) arrays, and the adapter \(items.count)")
    }
    let factors = Tree(items)
    try check(factors, adapter, c)
    return (adapter, factors)
  }

  private static func places(_ adapter: LowRankAdapter) -> [(Int, DecoderMatrix)] {
    adapter.blocks.flatMap { block in
      DecoderMatrix.allCases.filter { adapter.matrices.contains($0) }.map { (block, $0) }
    }
  }

  private static func name(_ matrix: DecoderMatrix, _ block: Int, _ factor: String) -> String {
    "base_model.model.\(HuggingFaceFolder.name(of: matrix, block: block)).\(factor).weight"
  }

  /// "q_proj"
  private static func module(_ matrix: DecoderMatrix) -> String {
    String(HuggingFaceFolder.name(of: matrix, block: 0).split(separator: ".").last!)
  }
}
