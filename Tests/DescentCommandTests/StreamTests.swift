import Descent
import Foundation
import TestSupport
import Testing

/// What a shell may leave a program: streams that are closed or full, links in the place of files, folders in use.
@Suite(.serialized) struct StreamTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path }

  private func table(rows: Int, _ name: String) throws -> String {
    let lines = (0..<rows).map { "\(sin(Double($0) * 1.7)),\(cos(Double($0) * 2.3))\n" }
    try ("x,y\n" + lines.joined()).write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    return folder + "/" + name
  }

  /// By a shell, which puts `redirection` behind the command.
  private func run(_ arguments: [String], _ redirection: String) throws -> (status: Int32, text: String) {
    let (process, output) = try Command.start(["-c", "\"$@\" \(redirection)", "sh", Command.program] + arguments) {
      $0.executableURL = URL(fileURLWithPath: "/bin/sh")
    }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  private func train(_ redirection: String = "") throws -> String {
    let path = folder + "/run"
    let arguments = ["train", try table(rows: 60, "small.csv"), "--epochs", "2", "--out", path]
    let (status, text) = try run(arguments, redirection)
    #expect(status == 0, "\(text)")
    return path
  }

  /// What is printed goes nowhere, and not into the first files that are opened.
  @Test(arguments: [">&- 2>&-", "<&- 2>&-", "<&- >&- 2>&-"]) func closedStreams(_ redirection: String) throws {
    let path = try train(redirection)
    let log = try String(contentsOfFile: path + "/log.jsonl", encoding: .utf8).split(separator: "\n")
    #expect(!log.isEmpty && log.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    let metrics = try String(contentsOfFile: path + "/metrics.csv", encoding: .utf8).split(separator: "\n")
    #expect(!metrics.isEmpty && metrics.allSatisfy { $0.contains(",") })
    #expect(FileManager.default.contents(atPath: path + "/.lock") == Data())
  }

  #if os(Linux)
    /// More than a buffer: pieces fail long before the last one.
    @Test func predictionsOnAFullDisk() throws {
      let (status, text) = try run(["predict", try train(), try table(rows: 3000, "large.csv")], ">/dev/full")
      #expect(status == 1 && text.contains("standard output cannot be written"), "\(text)")
    }
  #endif

  @Test func predictionsFollowALink() throws {
    let (run, rows) = (try train(), try table(rows: 5, "few.csv"))
    try FileManager.default.createSymbolicLink(atPath: folder + "/link.csv", withDestinationPath: "target.csv")
    let (status, text) = try Command.run("predict", run, rows, "--out", folder + "/link.csv")
    #expect(status == 0, "\(text)")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/link.csv") == "target.csv")
    #expect(try String(contentsOfFile: folder + "/target.csv", encoding: .utf8).hasPrefix("prediction"))
  }

  /// All is there but the report: what was found is said, and the status is that of a failure.
  @Test func trainingWithoutAReport() throws {
    let arguments = ["train", try table(rows: 60, "small.csv"), "--epochs", "2", "--out", folder + "/run"]
    let (process, output) = try Command.start(arguments) { $0.environment?["PATH"] = folder }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1 && text.contains("no report: gnuplot is not here"), "\(text)")
    #expect(text.contains("model: \(folder)/run/model.safetensors"))
    #expect(FileManager.default.fileExists(atPath: folder + "/run/model.json"))
  }

  /// A report that cannot be drawn is a sentence, not the end of the process.
  @Test func fewDescriptors() throws {
    let script = "ulimit -n 14; exec \"$0\" report \"$1\""
    let (process, output) = try Command.start(["-c", script, Command.program, try train()]) {
      $0.executableURL = URL(fileURLWithPath: "/bin/sh")
    }
    let complaint = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 1, "\(complaint)")
    #expect(complaint.contains("too few files may be open"), "\(complaint)")
  }

  @Test func aControlledFolderIsLocked() throws {
    let path = folder + "/control"
    let lock = try FolderLock(RunFolder.create(path))
    try withExtendedLifetime(lock) {
      let (status, text) = try Command.run("control", "pendulum", "--steps", "10", "--out", path)
      #expect(status == 1 && text.contains("another process is writing to \(path)"), "\(text)")
    }
  }

  @Test func controlRefusesWhatIsNotItsOwn() throws {
    let path = folder + "/other"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try "experiment: calibration\n".write(toFile: path + "/config.yaml", atomically: true, encoding: .utf8)
    let other = try Command.run("control", "pendulum", "--steps", "10", "--out", path)
    #expect(other.status == 1 && other.text.contains("no configuration of descent control"), "\(other.text)")
    let renamed = try Command.run("control", "pendulum", "--set", "methodName=ppo", "--show")
    #expect(renamed.status == 1 && renamed.text.contains("--method ppo"), "\(renamed.text)")
    try "methodName: td3\n".write(toFile: path + "/config.yaml", atomically: true, encoding: .utf8)
    let report = try Command.run("report", path)
    #expect(report.status == 1 && report.text.contains("a run of descent control"), "\(report.text)")
  }
}
