import Foundation
import LanguageModels
import Parameters
import TestSupport
import Testing

/// The forms that folders come in, and damage to them.
@Suite struct FolderFormsTests {
  private let folder = TemporaryFolder()

  private func file(_ name: String) -> URL { URL(fileURLWithPath: folder.path + "/" + name) }

  private func change(_ values: [String: Any], in name: String = "config.json") throws {
    var object = try JSONSerialization.jsonObject(with: Data(contentsOf: file(name))) as! [String: Any]
    object.merge(values) { $1 }
    try JSONSerialization.data(withJSONObject: object).write(to: file(name))
  }

  /// Writes the weights again, as another type and some bytes further on.
  private func store(_ arrays: [String: NDArray], as type: String, shift: Int) throws {
    var header: [String: Any] = [:]
    var data = Data()
    for (name, array) in arrays {
      let begin = data.count
      for value in array.floats {
        switch type {
        case "BF16": withUnsafeBytes(of: UInt16(value.bitPattern >> 16)) { data.append(contentsOf: $0) }
        case "F64": withUnsafeBytes(of: Double(value)) { data.append(contentsOf: $0) }
        default: withUnsafeBytes(of: value) { data.append(contentsOf: $0) }
        }
      }
      header[name] = [
        "dtype": type, "shape": array.shape.dimensions, "data_offsets": [begin, data.count],
      ]
    }
    var json = try JSONSerialization.data(withJSONObject: header)
    json.append(contentsOf: [UInt8](repeating: 0x20, count: 8 - json.count % 8 + shift))
    let length = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) }
    // Aside and renamed: what is mapped must not change.
    try (length + json + data).write(to: file("model.safetensors"), options: .atomic)
  }

  /// Weights are read in place, wherever in the file they begin.
  @Test(arguments: ["F32", "BF16", "F64"], [0, 2, 1]) func storedForms(_ type: String, _ shift: Int) throws {
    let model = try TinyModel.model()
    try model.write(to: folder.path)
    let arrays = try Safetensors.read(file("model.safetensors").path).arrays.mapValues { array in
      NDArray(array.floats.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }, shape: array.shape)
    }
    try Safetensors.write(arrays, to: file("model.safetensors").path)
    let expected = try PretrainedModel.open(folder.path)
    let logits = try DecoderSession(expected).append([3, 4, 9])
    try store(arrays, as: type, shift: shift)
    let read = try PretrainedModel.open(folder.path)
    #expect(try read.parameters() == expected.parameters())
    if type == "BF16", shift != 1 { #expect(read.storedByteCount == expected.storedByteCount / 2) }
    let other = try DecoderSession(read).append([3, 4, 9])
    let scale = logits.map { Double(abs($0)) }.max()!
    for (a, b) in zip(logits, other) {
      #expect(abs(Double(a - b)) < rounding(.float32, terms: drift(of: 14 * 96), condition: 4, scale: scale))
    }
  }

  /// Rotary positions are said in one object by newer files, and what is not supported is refused.
  @Test func rotaryParameters() throws {
    let model = try TinyModel.model()
    try model.write(to: folder.path)
    try change(["rope_theta": NSNull(), "rope_parameters": ["rope_theta": 5000.0, "rope_type": "default"]])
    #expect(try PretrainedModel.open(folder.path).configuration.rotary?.base == 5000)
    try change(["rope_parameters": ["rope_theta": 5000.0, "rope_type": "linear", "factor": 2.0]])
    #expect(try PretrainedModel.open(folder.path).configuration.rotary?.factors.first == 2)
    for (parameters, hint) in [
      (["rope_type": "default"], "do not say rope_theta"),
      (["rope_theta": 5000.0, "rope_type": "yarn"], "of the type yarn"),
      (["rope_theta": 5000.0, "partial_rotary_factor": 0.5], "turns 0.5 of a head"),
    ] as [([String: Any], String)] {
      try change(["rope_parameters": parameters])
      #expect { try PretrainedModel.open(folder.path) } throws: { "\($0)".contains(hint) }
    }
  }

  /// A value of another type is no default, and a file that cannot be read is not left aside.
  @Test func valuesHaveTheirTypes() throws {
    let model = try TinyModel.model()
    for (key, value) in [
      ("rope_theta", "x"), ("rope_scaling", "x"), ("rope_scaling", ["rope_type": 3]), ("rope_parameters", [1]),
      ("rms_norm_eps", "small"), ("hidden_act", 5), ("tie_word_embeddings", "yes"),
    ] as [(String, Any)] {
      try model.write(to: folder.path)
      try change([key: value])
      #expect("\(key)") { try PretrainedModel.open(folder.path) } throws: { "\($0)".contains("which is no") }
    }
    try model.write(to: folder.path)
    try Data("{".utf8).write(to: file("tokenizer_config.json"))
    #expect { try PretrainedModel.open(folder.path) } throws: { "\($0)".contains("tokenizer_config.json") }
    try FileManager.default.removeItem(at: file("tokenizer_config.json"))
    #expect(throws: Never.self) { try PretrainedModel.open(folder.path) }
  }

  /// The type is looked at before the weights are.
  @Test func anotherTypeIsNamed() throws {
    try TinyModel.model().write(to: folder.path)
    try FileManager.default.removeItem(at: file("model.safetensors"))
    try change(["model_type": "bert"])
    #expect { try PretrainedModel.open(folder.path) } throws: { "\($0)".contains("of the type bert, not llama") }
  }

  @Test func adaptersOfOtherKindsAreRefused() throws {
    let c = try TinyModel.model().configuration
    let adapter = try LowRankAdapter(rank: 2, matrices: [.query], of: c)
    let factors = try FineTuner.initialFactors(adapter, c, key: RandomKey(seed: 1))
    for (key, value) in [
      ("use_rslora", true), ("use_dora", true), ("fan_in_fan_out", true), ("alpha_pattern", ["q_proj": 8]),
      ("rank_pattern", ["q_proj": 8]),
    ] as [(String, Any)] {
      try AdapterFile.write(factors, of: adapter, for: c, base: "tiny", to: folder.path)
      try change([key: value], in: "adapter_config.json")
      #expect { try AdapterFile.read(folder.path, for: c) } throws: { "\($0)".contains(key) }
    }
    try AdapterFile.write(factors, of: adapter, for: c, base: "tiny", to: folder.path)
    try change(["alpha_pattern": [String: Any]()], in: "adapter_config.json")
    #expect(try AdapterFile.read(folder.path, for: c).0 == adapter)
  }

  /// What cannot be written is said before it is trained.
  @Test func onlySomeModelsAreWritten() throws {
    let gpt2 = DecoderConfiguration.gpt2(vocabulary: 10, context: 8, width: 8, layers: 1, heads: 2)
    #expect { try AdapterFile.checkWritable(for: gpt2) } throws: { "\($0)".contains("not for GPT-2") }
    let model = try TinyModel.model()
    try AdapterFile.checkWritable(for: model.configuration)
    try model.checkWritable()
    try model.write(to: folder.path)
    try change(["rope_scaling": ["rope_type": "linear", "factor": 2.0]])
    #expect { try PretrainedModel.open(folder.path).checkWritable() } throws: { "\($0)".contains("scaled rotary") }
  }

  /// Whatever bytes of its files change or are missing, a folder is read or refused; what is read, runs.
  @Test func damagedFoldersNeverTrap() throws {
    try TinyModel.model().write(to: folder.path)
    let names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
    let whole = try names.map { [UInt8](try Data(contentsOf: file($0))) }
    let key = RandomKey(seed: 9)
    var (read, refused) = (0, 0)
    for trial in 0..<800 {
      let random = key.split(trial).integers(count: 8, below: 1 << 30)
      let which = random[0] % names.count
      var bytes = whole[which]
      if random[1] % 8 == 0 { bytes.removeLast(random[2] % bytes.count) }
      for change in 0...random[1] % 3 where !bytes.isEmpty {
        // Of weights the header can mislead.
        let place = random[3 + change] % min(bytes.count, which == 3 ? 3000 : bytes.count)
        // Digits and brackets do more harm than other bytes.
        let harm = Array("0123456789-.e[]{}\",:".utf8)
        bytes[place] = random[7] % 2 == 0 ? UInt8(truncatingIfNeeded: random[6]) : harm[random[6] % harm.count]
      }
      try Data(bytes).write(to: file(names[which]))
      do {
        let model = try PretrainedModel.open(folder.path)
        read += 1
        if trial % 8 == 1 { _ = try DecoderSession(model).append([3, 4]) }
      } catch is FileError { refused += 1 } catch is LanguageModelError { refused += 1 }
      try Data(whole[which]).write(to: file(names[which]))
    }
    #expect(read > 50 && refused > 200, "\(read) read, \(refused) refused")
  }
}
