import Arrays
import Foundation
import Parameters

/// A language model from a file: its shape, its tokenizer, and its weights, which are read when they are asked for.
public struct PretrainedModel: Sendable {
  /// The file or folder.
  public let path: String
  /// With rotary pairs in halves, as `parameters` has them.
  public let configuration: DecoderConfiguration
  /// The file's own: token numbers are those that the weights were trained with.
  public let tokenizer: TextTokenizer
  let stored: StoredWeights

  init(path: String, configuration: DecoderConfiguration, tokenizer: TextTokenizer, stored: StoredWeights) throws {
    guard tokenizer.count <= configuration.vocabulary else {
      throw LanguageModelError(
        "\(path): the tokenizer has \(tokenizer.count) tokens and the model \(configuration.vocabulary)")
    }
    (self.path, self.configuration, self.tokenizer, self.stored) = (path, configuration, tokenizer, stored)
  }

  /// Opens a GGUF file, or a folder with `config.json`, `tokenizer.json` and safetensors.
  ///
  /// - Throws: `FileError` and `LanguageModelError`, a sentence each.
  public static func open(_ path: String) throws -> PretrainedModel {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw LanguageModelError("there is no model \(path): name a .gguf file, or a folder with config.json")
    }
    return try isFolder.boolValue ? HuggingFaceFolder.open(path) : GGUFModel.open(path)
  }

  /// The whole model as a layer.
  public var decoder: CausalDecoder { CausalDecoder(configuration) }

  /// All weights as float32, by the paths of `decoder`.
  ///
  /// - Throws: nothing any more; the file was checked when it was opened.
  public func parameters() throws -> Tree<NDArray> { parameters(of: decoder) }

  /// The weights of a part of the model, as float32; an adapter's factors are left out.
  public func parameters(of part: CausalDecoder) -> Tree<NDArray> {
    Tree(
      part.layout.entries.paths.compactMap { path in
        stored.parameter(path, configuration).map { (path: path, leaf: $0) }
      })
  }

  /// Bytes of all weights as float32.
  public var parameterByteCount: Int { 4 * configuration.parameterCount }
  /// Bytes of the weights as stored, which generation reads in place.
  public var storedByteCount: Int { stored.weights.values.reduce(0) { $0 + $1.bytes.count } }

  /// - Parameters:
  ///   - bytes: what a use of the model needs.
  ///   - available: what the machine has.
  /// - Throws: `LanguageModelError` where it does not fit, before anything is loaded.
  public func checkFits(_ bytes: Int, available: Int, for use: String) throws {
    guard bytes > available else { return }
    func gigabytes(_ bytes: Int) -> String { String(format: "%.1f GB", Double(bytes) / 1e9) }
    throw LanguageModelError(
      "\(path): \(use) needs about \(gigabytes(bytes)) of memory, and \(gigabytes(available)) are free")
  }
}
