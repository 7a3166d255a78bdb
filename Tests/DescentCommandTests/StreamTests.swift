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

  /// - Parameter status: with which the program ends.
  private func train(_ redirection: String = "", endingWith expected: Int32 = 0) throws -> String {
    let path = folder + "/run"
    let arguments = ["train", try table(rows: 60, "small.csv"), "--epochs", "2", "--out", path]
    let (status, text) = try run(arguments, redirection)
    #expect(status == expected, "\(text)")
    return path
  }

  /// What is printed does not go into the first files that are opened; where it can go nowhere the program says so.
  @Test(arguments: [(">&- 2>&-", 1), ("<&- 2>&-", 0), ("<&- >&- 2>&-", 1)] as [(String, Int32)])
  func closedStreams(_ redirection: String, _ status: Int32) throws {
    let path = try train(redirection, endingWith: status)
    let log = try String(contentsOfFile: path + "/log.jsonl", encoding: .utf8).split(separator: "\n")
    #expect(!log.isEmpty && log.allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
    let metrics = try String(contentsOfFile: path + "/metrics.csv", encoding: .utf8).split(separator: "\n")
    #expect(!metrics.isEmpty && metrics.allSatisfy { $0.contains(",") })
    #expect(FileManager.default.contents(atPath: path + "/.lock") == Data())
  }

  /// Who asks for predictions and has closed where they go is told, as on a full disk.
  @Test func aClosedOutputIsAnError() throws {
    let path = try train()
    let rows = try table(rows: 5, "few.csv")
    for arguments in [["predict", path, rows], ["evaluate", path], ["list"]] {
      let (status, text) = try run(arguments, ">&-")
      #expect(status == 1 && text.contains("standard output cannot be written; is it closed"), "\(arguments): \(text)")
    }
    #expect(try run(["list"], "<&- 2>&- >/dev/null").status == 0)
  }

  /// A signal ends a run with the command that goes on with it, and the status of the signal.
  @Test(arguments: [SIGINT, SIGTERM]) func anInterruptedRunSaysHowItGoesOn(_ signal: Int32) throws {
    let path = folder + "/long run"
    // A test's thread may block signals, and a program inherits that.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, signal)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    let arguments = ["train", try table(rows: 400, "long.csv"), "--epochs", "100000", "--patience", "0", "--out", path]
    let (process, output) = try Command.start(arguments)
    for _ in 0..<3000 {
      let log = (try? String(contentsOfFile: path + "/log.jsonl", encoding: .utf8)) ?? ""
      if log.contains("\"epoch\"") { break }
      usleep(10_000)
    }
    kill(process.processIdentifier, signal)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
    #expect(text.contains("interrupted; go on with descent train --resume '\(path)'\n"), "\(text)")
    let experiment = folder + "/experiment"
    let (other, words) = try Command.start(
      ["run", "calibration", "--preset", "smoke", "--set", "descent.epochs=100000", "--out", experiment])
    for _ in 0..<3000 {
      if ((try? String(contentsOfFile: experiment + "/log.jsonl", encoding: .utf8)) ?? "").contains("\n") { break }
      usleep(10_000)
    }
    kill(other.processIdentifier, signal)
    let said = String(decoding: words.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    other.waitUntilExit()
    #expect(said.contains("interrupted; go on with descent run --resume \(experiment)\n"), "\(said)")
  }

  /// What Foundation says of files is for programmers.
  @Test func filesInTheWayAreNamed() throws {
    let (model, rows) = (try train(), try table(rows: 60, "small.csv"))
    let beneath = try Command.run("train", rows, "--epochs", "1", "--out", rows + "/b")
    #expect(beneath.status == 1 && beneath.text.contains("cannot be created: \(rows) is a file"), "\(beneath.text)")
    let cases: [(String, String)] = [
      ("{\"format\": \"descent-", "it is no JSON"), ("{\"format\": 5}", "format is of another kind"),
      ("{}", "format is missing"),
    ]
    for (damaged, hint) in cases {
      try damaged.write(toFile: model + "/model.json", atomically: true, encoding: .utf8)
      let (status, text) = try Command.run("predict", model, rows)
      #expect(status == 1 && text.contains("is damaged, or of another version: \(hint)\n"), "\(text)")
    }
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

  /// Seeds of one report have one length.
  @Test func controlGoesOnAndNotBack() throws {
    let path = folder + "/lengths"
    let base = [
      "control", "pendulum", "--episodes", "2", "--set", "method.hidden=[4]", "--set", "schedule.warmup=50", "--out",
      path,
    ]
    func run(_ more: String...) throws -> (status: Int32, text: String) { try Command.run(all: base + more) }
    #expect(try run("--steps", "200", "--seeds", "2").status == 0)
    let shorter = try run("--steps", "100", "--seeds", "2")
    #expect(
      shorter.status == 1 && shorter.text.contains("holds seeds of 200 environment steps, and can have more, not 100"),
      "\(shorter.text)")
    let fewer = try run("--steps", "200", "--seeds", "1")
    #expect(fewer.status == 1 && fewer.text.contains("holds 2 seeds"), "\(fewer.text)")
    let longer = try run("--steps", "300", "--seeds", "3")
    #expect(longer.status == 0 && longer.text.contains("n = 3"), "\(longer.text)")
    let curves = try String(contentsOfFile: path + "/curves.csv", encoding: .utf8)
    let last = Dictionary(
      curves.split(separator: "\n").dropFirst().map { $0.split(separator: ",") }.map { ($0[0], $0[1]) }
    ) { $1 }
    #expect(last == ["0": "300", "1": "300", "2": "300"], "\(last)")
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
