import Foundation
import TestSupport
import Testing

/// Shares of experiments and comparisons, done and brought together by the program.
@Suite(.serialized) struct ShareCommandTests {
  private let folder = TemporaryFolder()
  private func path(_ name: String) -> String { folder.path + "/" + name }

  private func run(_ arguments: [String]) throws -> (status: Int32, text: String) {
    let (process, output) = try Command.start(arguments)
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  private func verdicts(_ name: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path(name) + "/verdicts.json")))
  }

  /// Both shares, their union, and what is left of it, against the same in one piece.
  private func check(_ start: [String], resume: String) throws {
    #expect(try run(start + ["--out", path("whole"), "--quiet"]).status == 0)
    for share in ["1", "2"] {
      let (status, text) = try run(start + ["--out", path(share), "--share", share + "/2", "--quiet"])
      #expect(status == 0, "\(text)")
      #expect(text.contains("unfinished: ") && text.contains("share \(share)/2 is done; when all are: descent merge"))
    }
    let merged = try run(["merge", path("1"), path("2"), "--out", path("both")])
    #expect(merged.status == 0, "\(merged.text)")
    // What follows from the search is left.
    #expect(merged.text.contains(" tasks are missing. Go on with the rest: descent \(resume) --resume"))
    let (status, text) = try run([resume, "--resume", path("both"), "--share", "1/1", "--quiet"])
    #expect(status == 0 && !text.contains("unfinished: ") && !text.contains("descent merge"), "\(text)")
    let (ours, theirs) = (try verdicts("both") as? NSDictionary, try verdicts("whole") as? NSDictionary)
    #expect(ours != nil && ours == theirs)
  }

  @Test func sharesOfAnExperiment() throws {
    try check(["run", "phase-retrieval", "--preset", "smoke"], resume: "run")
  }

  @Test func sharesOfAComparison() throws {
    let table = "x,y\n" + (0..<200).map { "\(sin(Double($0))),\(sin(Double($0)) + cos(Double(7 * $0)))\n" }.joined()
    try Data(table.utf8).write(to: URL(fileURLWithPath: path("t.csv")))
    try check(
      [
        "compare", path("t.csv"), "--arm", "sgd: rate {0.001...1}", "--arm", "adam: adam | rate {0.0001...0.1}",
        "--budget", "60updates", "--trials", "3", "--seeds", "3",
      ], resume: "compare")
  }

  @Test func whatIsNoShare() throws {
    for command in [["run", "phase-retrieval"], ["compare", "digits.csv", "--arm", "a: rate 1"]] {
      let (status, text) = try run(command + ["--share", "3/2", "--out", path("x")])
      #expect(status != 0 && text.contains("2/4"), "\(text)")
    }
    let (status, text) = try run(["merge", path("nowhere"), path("else"), "--out", path("x")])
    #expect(status == 1 && text.contains("is no run folder"))
    #expect(!FileManager.default.fileExists(atPath: path("x")))
  }
}
