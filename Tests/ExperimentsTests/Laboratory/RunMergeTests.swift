import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

@Suite struct RunMergeTests {
  private let folder = TemporaryFolder()

  private func path(_ name: String) -> String { folder.path + "/" + name }

  @discardableResult
  private func start(_ name: String, share: String? = nil, changes: [String] = []) throws -> [String] {
    _ = try RunSession.start(
      ToyExperiment.self, preset: "smoke", changes: changes, seeds: nil, out: path(name), replacing: false,
      data: DataLocator(), commandLine: ["toy"], workplace: LocalWorkplace(share: try share.map { try RunShare($0) }),
      announce: { _ in }, isQuiet: true)
    return try ended(name)
  }

  /// - Returns: what it said before it began.
  private func resume(_ name: String, share: String? = nil) throws -> String {
    var said = ""
    _ = try RunSession.resume(
      ToyExperiment.self, folder: try RunFolder.open(path(name)), data: DataLocator(),
      workplace: LocalWorkplace(share: try share.map { try RunShare($0) }), announce: { said = $0 }, isQuiet: true)
    return said
  }

  private func merge(_ names: [String], to out: String) throws -> RunSession.Outcome {
    try RunMerge(names.map(path)).write(ToyExperiment.self, to: path(out), replacing: false, commandLine: ["merge"])
  }

  private func ended(_ name: String) throws -> [String] { try events(name).filter { $0.kind == "result" }.map(\.task) }
  private func events(_ name: String) throws -> [RunEvent] { try RunFolder.open(path(name)).events() }
  private func verdicts(_ name: String) throws -> String {
    try String(contentsOfFile: path(name) + "/verdicts.json", encoding: .utf8)
  }

  /// Shares of a search, brought together and shared again, come to what one machine comes to.
  @Test func sharesComeToTheWhole() throws {
    try start("whole")
    // Of 12 trials four each, and nothing of the stage that depends on all of them.
    let names = ["a", "b", "c"]
    let shares = try names.enumerated().map { try start($1, share: "\($0 + 1)/3") }
    #expect(shares.map(\.count) == [4, 4, 4] && Set(shares.joined()).count == 12)
    #expect(shares.joined().allSatisfy { $0.hasPrefix("tune ") })
    #expect(try events("a").last?.kind == "share" && events("a").last?.text == "1/3")
    #expect(try resume("a", share: "1/3") == "all descents of share 1/3 are done; drawing the report")

    let search = try merge(names, to: "search")
    #expect(search.missing == 8 && search.total == 20)
    #expect(search.verdicts.opening.hasPrefix("unfinished: 8 of 20 tasks are missing. "))

    let copies = ["d", "e"]
    for (index, copy) in copies.enumerated() {
      try FileManager.default.copyItem(atPath: path("search"), toPath: path(copy))
      #expect(try resume(copy, share: "\(index + 1)/2").hasPrefix("4 descents: "))
      #expect(try ended(copy).count == 16)
    }
    let all = try merge(copies, to: "all")
    #expect(all.missing == 0 && all.total == 20)
    #expect(try Set(ended("all")) == Set(ended("whole")) && ended("all").count == 20)
    #expect(try verdicts("all") == verdicts("whole"))
    #expect(try events("all").last?.kind == "end" && resume("all") == "all descents are done; drawing the report")
    // Time is that of all, and never goes back.
    let times = try events("all").map(\.time)
    #expect(times == times.sorted())
    let parts = try copies.map { try events($0).map(\.time).max() ?? 0 }
    // What both copies went on from counts once.
    #expect(all.seconds >= parts.max()! && all.seconds < parts[0] + parts[1] && times.last! >= all.seconds)
    let configuration = try String(contentsOfFile: path("all") + "/config.yaml", encoding: .utf8)
    #expect(configuration.contains("command: merge"))
    // The curves on the way came along, once.
    #expect(try events("all").count { $0.kind == "look" } == 20)
    let environment = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: path("all") + "/environment.json")))
    #expect(((environment as? [String: Any])?["shares"] as? [[String: Any]])?.count == 2)
  }

  /// One machine goes on with what the others left.
  @Test func whatIsMissingIsRunHere() throws {
    try start("whole")
    try start("a", share: "1/3")
    try start("b", share: "2/3")
    #expect(try merge(["a", "b"], to: "ab").missing == 12)
    #expect(try resume("ab").hasPrefix("12 descents: "))
    #expect(try verdicts("ab") == verdicts("whole"))
  }

  /// What is in several folders counts once; what is half done, or a torn line, not at all; trained networks come along.
  @Test func overlapsAndUnfinishedTasks() throws {
    try start("whole")
    try start("a", share: "1/2")
    let log = try FileHandle(forWritingTo: URL(fileURLWithPath: path("a") + "/log.jsonl"))
    try log.seekToEnd()
    let half = RunEvent(kind: "look", task: "plain/seed 1", step: 1, time: 1, values: ["heat": 7], text: nil)
    try log.write(contentsOf: Data((half.json + "\n{\"event\":\"res").utf8))
    try log.close()
    try FileManager.default.createDirectory(atPath: path("a") + "/artifacts/deep", withIntermediateDirectories: true)
    try Data("net".utf8).write(to: URL(fileURLWithPath: path("a") + "/artifacts/deep/net"))
    let outcome = try merge(["a", "whole"], to: "both")
    #expect(outcome.missing == 0)
    #expect(try ended("both").count == 20 && events("both").count { $0.kind == "look" } == 20)
    #expect(try verdicts("both") == verdicts("whole"))
    #expect(try String(contentsOfFile: path("both") + "/artifacts/deep/net", encoding: .utf8) == "net")
  }

  /// What a machine lacked, as a data set, is not missing where another had it.
  @Test func absencesAreThoseOfAll() throws {
    let (a, b) = (try start("a", share: "1/2"), try start("b", share: "2/2"))
    #expect(a.count == 6 && b.count == 6)
    for (name, texts) in [("a", ["x: gone", "y: gone"]), ("b", ["y: gone"])] {
      let log = try FileHandle(forWritingTo: URL(fileURLWithPath: path(name) + "/log.jsonl"))
      try log.seekToEnd()
      for text in texts {
        let event = RunEvent(kind: "absent", task: "", step: 0, time: 0, values: [:], text: text)
        try log.write(contentsOf: Data((event.json + "\n").utf8))
      }
      try log.close()
    }
    _ = try merge(["a", "b"], to: "ab")
    #expect(try events("ab").filter { $0.kind == "absent" }.map(\.text) == ["y: gone"])
  }

  @Test func whatIsNoShareOfOneRunIsRefused() throws {
    try start("a", share: "1/2")
    try start("other", share: "2/2", changes: ["rates=[0.1, 0.2, 0.25]"])
    try start("b", share: "2/2")
    func refusal(_ names: [String], to out: String = "new") -> String {
      do { return "\(try merge(names, to: out))" } catch { return "\(error)" }
    }
    #expect(refusal(["a", "other"]).hasSuffix("a: rates is [0.1, 0.2, 0.25], not [0.1, 0.2, 0.3]"))
    #expect(refusal(["a"]).contains("two folders"))
    #expect(refusal(["a", "b", "a/"]).contains("are one folder"))
    #expect(refusal(["a", "nowhere"]).contains("is no run folder"))
    #expect(refusal(["a", "b"], to: "b").contains("is one of the folders"))
    #expect(!FileManager.default.fileExists(atPath: path("new")))
    #expect(refusal(["a", "b"], to: "other").contains("is not empty"))
    // A run of another experiment.
    let text = try String(contentsOfFile: path("b") + "/config.yaml", encoding: .utf8)
    try Data(text.replacing("experiment: toy", with: "experiment: game").utf8)
      .write(to: URL(fileURLWithPath: path("b") + "/config.yaml"))
    #expect(refusal(["a", "b"]).contains("is a run of toy"))
    // The old folders are as they were.
    #expect(try ended("a").count == 6)
  }

  /// Whatever name leads to a folder: none of the old ones is ever replaced.
  @Test func oldFoldersAreNeverReplaced() throws {
    try start("a", share: "1/2")
    let manager = FileManager.default
    try manager.createDirectory(atPath: path("outer/deep"), withIntermediateDirectories: true)
    try start("outer/b", share: "2/2")
    for name in ["log.jsonl", "config.yaml"] {
      try manager.copyItem(atPath: path("a") + "/" + name, toPath: path("outer") + "/" + name)
    }
    try manager.createSymbolicLink(atPath: path("link"), withDestinationPath: path("outer/deep"))
    for out in ["outer", "outer/b", "link/../b", "link/../../a", "a/"] {
      #expect {
        try RunMerge([path("a"), path("outer/b")]).write(
          ToyExperiment.self, to: path(out), replacing: true, commandLine: [])
      } throws: { "\($0)".contains("or holds one") }
    }
    #expect { try RunMerge([path("outer/b"), path("link/../b")]) } throws: { "\($0)".contains("are one folder") }
    #expect(try ended("a").count == 6 && ended("outer/b").count == 6)
  }

  /// A folder that another process holds, or that has just got a run, is left alone.
  @Test func whatOthersHoldIsLeftAlone() throws {
    try start("a", share: "1/2")
    try start("b", share: "2/2")
    let held = try RunFolder.create(path("held"))
    let lock = try FolderLock(held)
    #expect { try merge(["a", "b"], to: "held") } throws: { "\($0)".contains("another process is writing") }
    #expect { try start("held") } throws: { "\($0)".contains("another process is writing") }
    #expect(FileManager.default.fileExists(atPath: path("held") + "/.lock"))
    withExtendedLifetime(lock) {}
  }

  @Test func otherVersionsAreRefused() throws {
    try start("a", share: "1/2")
    try start("b", share: "2/2")
    let file = path("b") + "/environment.json"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try Data(text.replacing("\"descentVersion\" : \"", with: "\"descentVersion\" : \"9").utf8)
      .write(to: URL(fileURLWithPath: file))
    #expect { try RunMerge([path("a"), path("b")]) } throws: { "\($0)".contains("by version") }
  }

  @Test func nothingToBringTogether() throws {
    for name in ["a", "b"] {
      try start(name)
      try FileManager.default.removeItem(atPath: path(name) + "/log.jsonl")
    }
    #expect { try merge(["a", "b"], to: "new") } throws: { "\($0)".contains("no task has ended") }
  }

  @Test(arguments: ["", "2", "0/3", "4/3", "-1/3", "1/0", "1/3/5", "a/b", "1/", "1/99999999999999999999", "1/10001"])
  func whatIsNoShare(_ text: String) {
    #expect { try RunShare(text) } throws: { "\($0)".contains("2/4") }
  }
}
