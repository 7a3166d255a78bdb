import Foundation
import LanguageModels
import Parameters
import Testing

@Suite struct FileTests {
  private func refused(_ builder: GGUFBuilder, _ hint: String, _ line: Int = #line) throws {
    try refused(builder.data, hint, line)
  }

  private func refused(_ data: Data, _ hint: String, _ line: Int = #line) throws {
    let folder = try TinyModel.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try data.write(to: URL(fileURLWithPath: folder + "/m.gguf"))
    #expect("line \(line)") { try PretrainedModel.open(folder + "/m.gguf") } throws: {
      if !"\($0)".contains(hint) { print("line \(line): \($0)") }
      return "\($0)".contains(hint)
    }
  }

  @Test func theTinyModelIsRead() throws {
    let model = try TinyModel.model()
    let c = model.configuration
    #expect(c.layers == 2 && c.heads == 4 && c.keyHeads == 2 && c.headWidth == 16 && c.hasTiedHead)
    #expect(c.vocabulary == TinyModel.vocabulary.count && model.tokenizer.count == c.vocabulary)
    let weights = try model.parameters()
    #expect(weights.paths == model.decoder.layout.entries.paths)
    #expect(weights.elementCount == c.parameterCount)
    #expect(model.tokenizer.ends == [2] && model.tokenizer.start == 1)
  }

  @Test func eachFaultHasItsSentence() throws {
    try refused(Data("GGUG".utf8) + Data(count: 40), "no GGUF file")
    try refused(Data("GGUF".utf8) + GGUFBuilder.little(UInt32(1)) + Data(count: 16), "GGUF version 1")
    try refused(Data("GGUF".utf8) + GGUFBuilder.little(UInt32(0x0300_0000)) + Data(count: 16), "big-endian")
    let huge = GGUFBuilder.little(UInt64.max)
    try refused(Data("GGUF".utf8) + GGUFBuilder.little(UInt32(3)) + huge + huge, "claims 18446744073709551615 tensors")
    try refused(TinyModel.builder(architecture: "mamba"), "architecture mamba")
    var twice = TinyModel.builder()
    twice.integer("llama.block_count", 2)
    try refused(twice, "two metadata entries llama.block_count")
    var empty = GGUFBuilder()
    empty.text("general.architecture", "llama")
    try refused(empty, "does not say llama.embedding_length")
    let whole = TinyModel.builder().data
    try refused(whole.prefix(whole.count - 1000), "truncated or damaged")
    try refused(whole.prefix(300), "more than its 300 bytes can hold")
    try refused(Data(), "empty")
    #expect { try PretrainedModel.open("/nowhere/x.gguf") } throws: { "\($0)".contains("there is no model") }
  }

  @Test func entriesHaveTheirTypes() throws {
    for key in ["llama.rope.scaling.type", "llama.expert_count", "tokenizer.ggml.add_bos_token", "general.alignment"] {
      var file = TinyModel.builder()
      file.number(key, 1.5)
      try refused(file, key == "general.alignment" ? "alignment that is no whole number" : "\(key) of another type")
    }
  }

  /// Two tensors in the same bytes are damage: here the second is said to begin where the first does.
  @Test func tensorsDoNotOverlap() throws {
    var file = GGUFBuilder()
    for name in ["first", "second"] { file.tensor(name, [16], [Float](repeating: 1, count: 16)) }
    var data = file.data
    // The second's offset is 64, the last word before the padding of the header.
    let place = try #require(data.range(of: GGUFBuilder.little(UInt64(64)), options: .backwards))
    data.replaceSubrange(place, with: GGUFBuilder.little(UInt64(32)))
    let folder = try TinyModel.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try data.write(to: URL(fileURLWithPath: folder + "/m.gguf"))
    #expect { try GGUFFile(folder + "/m.gguf") } throws: { "\($0)".contains("first and second in the same bytes") }
  }

  /// Extents whose product no number holds are refused, beside an extent of 0 as well.
  @Test(arguments: [[1 << 62, 1 << 62], [1 << 62, 1 << 62, 0], [0, 1 << 62, 1 << 62], [1 << 62]])
  func absurdExtentsAreRefused(_ shape: [Int]) throws {
    var file = TinyModel.builder()
    file.tensor("absurd", shape, .f32, [])
    try refused(file, "absurd")
  }

  @Test func memoryIsComparedBeforeLoading() throws {
    let model = try TinyModel.model()
    try model.checkFits(1000, available: 1000, for: "training")
    #expect { try model.checkFits(3_000_000_000, available: 1_000_000_000, for: "training") } throws: {
      "\($0)".hasSuffix("training needs about 3.0 GB of memory, and 1.0 GB are free")
    }
  }

  /// Whatever bytes change or are missing, a file is read or refused; what is read, runs.
  @Test func damagedFilesNeverTrap() throws {
    let folder = try TinyModel.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = [UInt8](TinyModel.builder().data)
    // The weights at the end cannot mislead: most damage goes to the header.
    let header = whole.count - TinyModel.vocabulary.count * TinyModel.width / 32 * 34 - 60_000
    let key = RandomKey(seed: 9)
    var (read, refused) = (0, 0)
    for trial in 0..<1500 {
      let random = key.split(trial).integers(count: 8, below: 1 << 30)
      var bytes = whole
      if random[0] % 4 == 0 { bytes.removeLast(random[1] % whole.count) }
      for change in 0..<random[0] % 4 where !bytes.isEmpty {
        let place = random[2 + change] % (change == 2 ? bytes.count : min(max(header, 1000), bytes.count))
        bytes[place] = UInt8(truncatingIfNeeded: random[5 + change])
      }
      let path = folder + "/m\(trial % 4).gguf"
      #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
      do {
        let model = try PretrainedModel.open(path)
        read += 1
        if trial % 8 == 1 { _ = try DecoderSession(model).append([3, 4]) }
      } catch is FileError { refused += 1 } catch is LanguageModelError { refused += 1 }
      try FileManager.default.removeItem(atPath: path)
    }
    #expect(read > 50 && refused > 300, "\(read) read, \(refused) refused")
  }
}
