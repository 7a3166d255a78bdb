import Foundation
import TestSupport
import Testing

/// Numbers beyond what can be counted or kept in memory are errors that say so, before any work; nothing traps.
@Suite(.serialized) struct BoundTests {
  private let temporary = TemporaryFolder()

  private static let most = "\(Int.max)"
  private static let counts = "must be between 1 and"

  @Test(arguments: [
    (["train", "t.csv", "--epochs", most], counts), (["train", "t.csv", "--shards", most], counts),
    (["train", "t.csv", "--batch", most], counts), (["train", "t.csv", "--patience", most], "must be between 0 and"),
    (["train", "t.csv", "--chain", "adam | rate cosine(0.1, \(most)epochs)"], "epochs, and a run has at most"),
    (["train", "t.csv", "--hidden", most], "each at most"),
    (["train", "t.csv", "--hidden", "4611686018427387904,4"], "each at most"),
    (["train", "t.csv", "--hidden", "10000000,10000000"], "GB are free"),
    (["train", "t.csv", "--watch", "twins \(most)"], "count must be at most 100"),
    (["train", "t.csv", "--watch", "flatness pairs=\(most)"], "pairs must be at most 1000"),
    (["compare", "t.csv", "--arm", "a: rate 0.1; hidden 10000000x10000000", "--arm", "b: rate 0.2"], "GB are free"),
    (["compare", "t.csv", "--arm", "a: rate 0.1", "--arm", "b: rate 0.2", "--tuning-seeds", most], counts),
    (["compare", "t.csv", "--arm", "a: rate 0.1", "--arm", "b: rate 0.2", "--alpha", "1e-17"], "at least 1e-9"),
    (["run", "calibration", "--preset", "smoke", "--seeds", most], counts),
    (["control", "pendulum", "--episodes", most], counts), (["control", "pendulum", "--steps", most], counts),
    (["control", "pendulum", "--seeds", most], counts), (["control", "pendulum", "--threads", most], counts),
    (["control", "pendulum", "--set", "seeds=0"], counts),
    (["control", "pendulum", "--set", "method.hidden=[10000000,10000000]"], "narrow them"),
    (["control", "pendulum", "--set", "schedule.batch=10000000"], "schedule.batch must be at most"),
    (["bench", "tiny", "--threads", most], counts), (["growth", "--threads", most], counts),
    (["generate", "m.gguf", "x", "--tokens", most], counts),
    (["lm", "evaluate", "m.gguf", "t.txt", "--blocks", most], counts),
    (["lm", "train", "m.gguf", "t.txt", "--full", "--epochs", most], counts),
  ])
  func numbersThatAreTooLarge(_ arguments: [String], _ hint: String) throws {
    let folder = temporary.path + "/bounds"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let rows = (0..<60).map { "\(sin(Double($0) * 1.7)),\($0 % 2 == 0 ? "even" : "odd")" }
    try (["x,kind"] + rows).joined(separator: "\n").write(
      toFile: folder + "/t.csv", atomically: true, encoding: .utf8)
    let (process, output) = try Command.start(arguments) { $0.currentDirectoryURL = URL(fileURLWithPath: folder) }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus != 0, "\(arguments): \(text)")
    #expect(text.contains(hint), "\(arguments): \(text)")
  }
}
