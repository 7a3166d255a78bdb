import Foundation
import TestSupport
import Testing

/// Runs the program that lies beside the tests.
struct Command {
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static var program: String {
    let folder = ProcessInfo.processInfo.arguments[0]
    let beside = URL(fileURLWithPath: folder).resolvingSymlinksInPath().deletingLastPathComponent().path + "/descent"
    return FileManager.default.isExecutableFile(atPath: beside) ? beside : package + "/.build/release/descent"
  }

  static func start(
    _ arguments: [String], _ change: (Process) -> Void = { _ in }
  ) throws -> (process: Process, output: Pipe) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    // The matrix of instruction sets has OpenBLAS name its kernels; what the program prints is looked at here.
    process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "OPENBLAS_VERBOSE" }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    change(process)
    try process.run()
    return (process, output)
  }

  static func run(_ arguments: String...) throws -> (status: Int32, text: String) { try run(all: arguments) }

  static func run(all arguments: [String]) throws -> (status: Int32, text: String) {
    let (process, output) = try start(arguments)
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

@Suite(.serialized) struct CommandTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/command" }

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private func table(rows: Int = 400, nan: Bool = false) throws -> String {
    var text = "x,y,kind\n"
    for i in 0..<rows {
      let (a, b) = (sin(Double(i) * 1.7), cos(Double(i) * 2.3))
      text += "\(nan && i == 7 ? "nan" : "\(a)"),\(b),\(a * b > 0 ? "same" : "other")\n"
    }
    let path = folder + "/table.csv"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  #if os(Linux)
    /// A full disk under what is printed is an error; one under what is announced ends nothing.
    @Test(arguments: ["list", "describe calibration"]) func fullStreams(_ words: String) throws {
      let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
      for isOutput in [true, false] {
        let (process, output) = try Command.start(words.components(separatedBy: " ")) {
          if isOutput { $0.standardOutput = full } else { $0.standardError = full }
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == (isOutput ? 1 : 0), "\(text)")
        #expect(text.contains("standard output cannot be written") == isOutput)
      }
    }

    @Test func aTrainingWhoseProgressCannotBeShownGoesOn() throws {
      let (process, output) = try Command.start(["train", try table(), "--epochs", "2", "--out", folder + "/full"]) {
        $0.standardError = FileHandle(forWritingAtPath: "/dev/full")
      }
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 0, "\(text)")
      #expect(FileManager.default.fileExists(atPath: folder + "/full/report.html"))
    }
  #endif

  @Test func listAndDescribe() throws {
    let list = try Command.run("list")
    #expect(list.text.contains("(presets: smoke, quick"))
    #expect(list.status == 0 && list.text.contains("calibration") && list.text.contains("orthogonal"))
    let described = try Command.run("describe", "calibration")
    #expect(described.text.contains("lower test loss") && described.text.contains("descent.rate = "))
    #expect(try Command.run("describe", "adam").text.contains("beta2 = 0.999"))
    // Models stand beside data sets, schedules beside stages, and numbers are plain.
    #expect(list.text.contains("\n  smollm2  ") && list.text.contains("\n  cosine "))
    for value in ["decision.accuracyMargin = 1 ", "descent.momentum = 0.9 ", "| [16, 32, 64, 256] |"] {
      #expect(described.text.contains(value) && !described.text.contains("e+0"), "\(value)")
    }
    let cosine = try Command.run("describe", "cosine").text
    for part in ["cosine(FROM, OVER, TO): ", "TO = 0 ", "rate cosine("] { #expect(cosine.contains(part)) }
    #expect(try Command.run("describe", "sgd").text.contains("here it is \"momentum 0.9 | rate 0.1\""))
  }

  /// What sentences call the program, and what a run notes as its command, is what it is called.
  @Test func theProgramHasItsOwnName() throws {
    let own = folder + "/mine"
    try FileManager.default.createSymbolicLink(atPath: own, withDestinationPath: Command.program)
    func run(_ arguments: String...) throws -> String {
      let (process, output) = try Command.start(arguments) { $0.executableURL = URL(fileURLWithPath: own) }
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return text
    }
    let list = try run("list")
    #expect(list.contains("(mine describe NAME)") && !list.contains("descent describe"))
    #expect(
      try run("train", "--help").contains("mine train --resume")
        && Command.run("list").text.contains("(descent describe NAME)"))
    _ = try run("train", try table(), "--epochs", "2", "--out", folder + "/named", "--quiet")
    #expect(try String(contentsOfFile: folder + "/named/environment.json", encoding: .utf8).contains("\"mine\""))
    #expect(try run("compare", "--resume", folder + "/named").contains("mine train"))
  }

  /// Networks and losses are described like stages.
  @Test func lossesAndNetworksAreDescribed() throws {
    for (name, hint) in [
      ("huber", "delta = 1 "), ("crossEntropy", "smoothing = 0 "), ("quantile", "share = 0.5 "),
      ("mlp", "--hidden 64,64"),
      ("resnet18", "18 layers"), ("focal", "gamma = 2 "),
    ] { #expect(try Command.run("describe", name).text.contains(hint), "\(name)") }
    let help = try Command.run("train", "--help").text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(
      help.contains(
        "crossEntropy, focal, stableMax of classes; squaredError, absoluteError, huber, quantile of numbers"))
    #expect(try Command.run("train", "x.csv", "--label-smoothing", "0.1").text.contains("crossEntropy smoothing=0.1"))
  }

  @Test func mistakesNameTheNearestAndFail() throws {
    for (arguments, hint) in [
      (["describe", "calibratoin"], "did you mean calibration"), (["run", "calibrate"], "did you mean calibration"),
      (["run", "calibration", "--preset", "quik"], "did you mean quick"),
      (["run", "calibration", "--set", "descent.rat=1", "--out", folder + "/a"], "did you mean descent.rate"),
      (["run", "calibration", "--pressed", "x"], "preset"), (["bench", "tinny"], "did you mean tiny"),
      (["run", "--resume", folder], "is no run folder"), (["train", "no.csv"], "no file no.csv"),
      (["train", try table(), "--watch", "twinz"], "did you mean twins"),
      (["growth", "rowz"], "did you mean rows"), (["growth", "--most", "0"], "--most must be between 1"),
      (["growth", "rows", "--derivatives"], "leave out axes"),
      (["lst"], "there is no command lst; did you mean list?"),
      (["train", "no.db#t"], "no.db: there is no such file"),
      (["train", try table() + "#t"], "table.csv: is no SQLite file"),
      (["data", try table() + "#t"], "table.csv: is no SQLite file"),
      (["train", try table(), "--hidden", "64y64"], "as 64,64 or 64x64"),
    ] {
      let (process, output) = try Command.start(arguments)
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus != 0, "\(arguments)")
      #expect(text.contains(hint), "\(arguments): \(text)")
    }
  }

  /// A folder of another command, or a damaged one, is answered by a sentence.
  @Test func foldersOfOtherRunsAreNamed() throws {
    let (trained, compared) = (folder + "/trained", folder + "/compared")
    let csv = try table()
    let quick = ["--quiet", "--out"]
    for arguments in [
      ["train", csv, "--epochs", "1", "--hidden", "8x4"] + quick + [trained],
      ["compare", csv, "--arm", "a: rate 0.1", "--arm", "b: rate 0.01", "--seeds", "2", "--tuning-seeds", "1"]
        + ["--budget", "4updates", "--looks", "2"] + quick + [compared],
    ] {
      let (process, output) = try Command.start(arguments)
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0, "\(text)")
    }
    func says(_ hint: String, _ arguments: String...) throws {
      let (process, output) = try Command.start(arguments)
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus != 0 && text.contains(hint), "\(arguments): \(text)")
      #expect(!text.contains("DecodingError") && !text.contains(": :"), "\(arguments): \(text)")
    }
    let goOn = "is a run of descent train; go on with descent train --resume \(trained)"
    try says(goOn, "compare", "--resume", trained)
    try says(goOn, "run", "--resume", trained)
    try says(
      "is a run of descent compare; go on with descent compare --resume \(compared)", "train", "--resume", compared)
    // Only what is to be done is said.
    let longer = try Command.run("train", "--resume", trained, "--epochs", "9", "--chain", "rate 0.1", "--quiet")
    #expect(longer.status != 0 && longer.text.contains("leave --chain out") && !longer.text.contains("schedule"))
    for path in [trained, compared] {
      try "experiment: [compare\nx: 1\n".write(toFile: path + "/config.yaml", atomically: true, encoding: .utf8)
      for command in [
        ["report", path], ["run", "--resume", path], ["compare", "--resume", path], ["train", "--resume", path],
      ] {
        let (process, output) = try Command.start(command)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(
          process.terminationStatus != 0 && text.contains("config.yaml: line 2 is no YAML"), "\(command): \(text)")
      }
    }
  }

  /// What is not said has a value, and help tells it.
  /// A report of several runs takes the place of none of them, nor of what holds them.
  @Test func severalRunsGoSideBySide() throws {
    let runs = try ["one", "two"].map { name in
      let path = folder + "/side/" + name
      try FileManager.default.createDirectory(atPath: folder + "/side", withIntermediateDirectories: true)
      let trained = try Command.run(
        "train", try table(), "--epochs", name == "one" ? "1" : "2", "--out", path, "--quiet")
      #expect(trained.status == 0)
      return path
    }
    let both = folder + "/both"
    let told = try Command.run("report", runs[0], runs[1], "--out", both)
    #expect(told.status == 0 && told.text.contains("epochs") && told.text.contains(both + "/report.html"))
    #expect(FileManager.default.fileExists(atPath: both + "/report.html"))
    for out in [runs[1], runs[0] + "/inside", folder + "/side"] {
      let refused = try Command.run("report", runs[0], runs[1], "--out", out, "--replace")
      #expect(refused.status != 0 && refused.text.contains("name another folder by --out"), "\(refused.text)")
    }
    #expect(try Command.run("report", runs[0], runs[1], "--out", both).status != 0)
    for run in runs { #expect(FileManager.default.fileExists(atPath: run + "/model.safetensors")) }
  }

  @Test func helpShowsDefaults() throws {
    let help = try Command.run("compare", "--help").text.replacing(/\s+/, with: " ")
    for value in ["12", "10", "3", "2000updates", "validation/loss", "40", "best", "0.05", "0.2"] {
      #expect(help.contains("; \(value) when not given."), "\(value)")
    }
  }

  @Test func smokeRunDecidesAndReportsTheSameAgain() throws {
    let out = folder + "/smoke"
    let result = try Command.run("run", "calibration", "--preset", "smoke", "--out", out, "--quiet")
    #expect(result.status == 0, "\(result.text)")
    #expect(result.text.contains("lower test loss") && result.text.contains("report: \(out)/report.html"))
    // Three epochs of a small network are no regime in which the claims apply: that comes first, and nothing else is said.
    #expect(result.text.hasPrefix("smoke checks that everything works") || result.text.contains("\nsmoke checks that"))
    #expect(
      result.text.replacing("\n", with: " ").contains("cannot be judged by this run")
        && result.text.contains("does not hold"))
    #expect(!result.text.contains("upheld") && !result.text.contains("refuted"))
    let first = try String(contentsOfFile: out + "/report.html", encoding: .utf8)
    #expect(first.contains("<svg") && first.contains("class=\"not-applicable\"") && first.contains("class=\"opening\""))
    #expect(!first.contains("http://localhost"))
    #expect(try Command.run("report", out).status == 0)
    #expect(try String(contentsOfFile: out + "/report.html", encoding: .utf8) == first)
    let again = try Command.run("run", "calibration", "--preset", "smoke", "--out", out, "--quiet")
    #expect(again.status != 0 && again.text.contains("is not empty"))
    for name in ["config.yaml", "environment.json", "log.jsonl", "metrics.csv", "report-data/reliability.csv"] {
      #expect(FileManager.default.fileExists(atPath: out + "/" + name), "\(name)")
    }
    // Where nothing is recorded there is nothing to draw, and what is there stays.
    for log in [Data(), nil] {
      try? FileManager.default.removeItem(atPath: out + "/log.jsonl")
      try log?.write(to: URL(fileURLWithPath: out + "/log.jsonl"))
      let none = try Command.run("report", out)
      #expect(none.status != 0 && none.text.contains("has recorded nothing yet"))
      #expect(try String(contentsOfFile: out + "/report.html", encoding: .utf8) == first)
    }
  }

  /// Killed without warning and resumed, a run ends with the same bytes as an uninterrupted one.
  @Test func killedTrainingResumesBitForBit() throws {
    let csv = try table()
    func arguments(_ out: String) -> [String] {
      [
        "train", csv, "--chain", "noise 0.01 | adam | rate 0.003", "--hidden", "256,256", "--epochs", "60",
        "--patience", "0", "--out", out, "--quiet", "--watch", "calibration, flatness pairs=1, twins 1",
      ]
    }
    let (whole, output) = try Command.start(arguments(folder + "/whole"))
    _ = output.fileHandleForReading.readDataToEndOfFile()
    whole.waitUntilExit()
    #expect(whole.terminationStatus == 0)
    let (killed, _) = try Command.start(arguments(folder + "/killed"))
    let log = folder + "/killed/log.jsonl"
    for _ in 0..<2000 {
      let lines = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").count ?? 0
      if lines >= 25 { break }
      usleep(2000)
    }
    kill(killed.processIdentifier, SIGKILL)
    killed.waitUntilExit()
    #expect(killed.terminationReason == .uncaughtSignal)
    let (resumed, text) = try Command.start(["train", "--resume", folder + "/killed", "--quiet"])
    _ = text.fileHandleForReading.readDataToEndOfFile()
    resumed.waitUntilExit()
    #expect(resumed.terminationStatus == 0)
    let files = try ["whole", "killed"].map {
      try Data(contentsOf: URL(fileURLWithPath: folder + "/\($0)/model.safetensors"))
    }
    #expect(files[0] == files[1])
    let logs = try ["whole", "killed"].map { name in
      // All but what tells the time.
      try String(contentsOfFile: folder + "/\(name)/log.jsonl", encoding: .utf8)
        .replacing(/"time":[^,]*,/, with: "").split(separator: "\n").filter { !$0.contains("\"event\":\"cost\"") }
    }
    #expect(logs[0] == logs[1])
  }

  @Test func badDataIsRefused() throws {
    let infinite = folder + "/infinite.csv"
    try "x,y\n1,2\n2,3\ninf,4\n4,5\n".write(toFile: infinite, atomically: true, encoding: .utf8)
    let result = try Command.run("train", infinite, "--out", folder + "/infinite", "--quiet")
    #expect(result.status != 0 && result.text.contains("line 4, column x"))
    // A cell that is missing is filled, and said.
    let filled = try Command.run("train", try table(nan: true), "--out", folder + "/nan", "--quiet", "--epochs", "1")
    #expect(filled.status == 0 && filled.text.contains("1 missing cell filled"))
    let wild = try Command.run(
      "train", try table(), "--chain", "rate 1e30", "--out", folder + "/wild", "--quiet")
    #expect(wild.status != 0 && wild.text.contains("at step") && wild.text.contains("not finite"))
  }

  /// What does not apply is an error that says why, and nothing is written.
  @Test func optionsThatDoNotApplyAreErrors() throws {
    let csv = try table()
    for (arguments, hint) in [
      (["train", csv, "--data", "/tmp"], "is a table"), (["train", csv, "--model", "cnn"], "takes images"),
      (["train", csv, "--model", "mpl"], "did you mean mlp"),
      (["train", csv, "--target", "kinds"], "has no column kinds"),
      (["train", csv, "--drop", "z"], "has no column z"),
      (["train", csv, "--as", "x=numbers"], "the kinds are number, category, date, text"),
      (["train", csv, "--as", "x=number,x=category"], "says twice what x is"),
      (["train", csv, "--target", ""], "--target '' names no column"),
      (["train", csv, "--drop", ","], "--drop , names no column"),
      (["train", csv, "--chain", "adam | rate 0.001 | decay 0.01"], "must come before the rate"),
      (["train", csv, "--chain", "rate -0.1"], "must not be below 0"),
      (["train", csv, "--chain", "adam epsilon=0 | rate 0.1"], "epsilon must be a positive number"),
      (["train", csv, "--group", "x", "--split-by", "y"], "not both"),
      (["train", csv, "--test", "0.9"], "between 0 and 1"),
      (["train", csv, "--test", "no.csv"], "cannot be read"), (["train", csv, "--out", ""], "has no name"),
      (["train", csv, "--resume", folder], "takes no data's name"), (["train"], "name a table"),
      (["train", "river-flow-1", "--size", "8"], "is for image files"),
      (["train", "fashion-mnist", "--task", "classes"], "is for tables"),
      (["predict", folder, csv], "holds no trained model"),
    ] {
      let (process, output) = try Command.start(
        arguments + (arguments[0] == "train" && !arguments.contains("--out") ? ["--out", folder + "/none"] : []))
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      #expect(process.terminationStatus != 0 && text.contains(hint), "\(arguments): \(text)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
  }

  /// What validation saw, `evaluate` and `predict` say: the same bits, however many rows a file has.
  @Test func predictionsAreWhatValidationSaw() throws {
    let (csv, out) = (try table(rows: 700), folder + "/used")
    #expect(try Command.run("train", csv, "--out", out, "--quiet", "--epochs", "4").status == 0)
    let seen = try String(contentsOfFile: out + "/validation.csv", encoding: .utf8).split(separator: "\n").map(
      String.init)
    #expect(seen.count == 141 && seen[0] == "line,prediction,probability:other,probability:same")
    #expect(try Command.run("predict", out, csv, "--out", folder + "/all.csv").status == 0)
    let all = try String(contentsOfFile: folder + "/all.csv", encoding: .utf8).split(separator: "\n").map(String.init)
    #expect(all.count == 701)
    for row in seen.dropFirst() {
      let parts = row.split(separator: ",", maxSplits: 1)
      #expect(all[Int(parts[0])! - 1] == parts[1])
    }
    let log = try String(contentsOfFile: out + "/log.jsonl", encoding: .utf8).split(separator: "\n")
    let final = try #require(log.last { $0.contains("\"final\"") })
    let loss = try #require(final.firstMatch(of: /"final.validation.loss":([^,}]*)/)).output.1
    let evaluated = try Command.run("evaluate", out)
    #expect(evaluated.status == 0 && evaluated.text.contains("  loss \(loss)\n"), "\(evaluated.text) \(final)")
    #expect(try Command.run("evaluate", out, csv).text.contains("accuracy"))
    // A run of another kind, and data that changed.
    #expect(try Command.run("run", "--resume", out).text.contains("descent train --resume"))
    try (try String(contentsOfFile: csv, encoding: .utf8) + "0.5,0.5,same\n").write(
      toFile: csv, atomically: true, encoding: .utf8)
    let changed = try Command.run("train", "--resume", out, "--quiet")
    #expect(changed.status != 0 && changed.text.contains("has changed"))
  }

  /// Every size that was asked for has a row, and an exponent its number of sizes; two sizes have none.
  @Test func growthPrintsSizesAndExponents() throws {
    let steps = try Command.run("growth", "classes", "depth", "--most", "3", "--rounds", "1", "--threads", "1")
    var lines = steps.text.split(separator: "\n")
    // The machine above the table, and below it what disturbed it.
    #expect(lines.removeFirst().hasSuffix(", 1 threads") && lines.removeLast().contains("isturbed"), "\(steps.text)")
    #expect(steps.status == 0 && lines.count == 2 + 1 + 1 + 3 + 1, "\(steps.text)")
    #expect(lines[2].hasPrefix("| classes | 3 | ") && lines[3].hasPrefix("| classes | exponent | takes three sizes |"))
    #expect(lines[4...6].map { String($0.prefix(11)) } == ["| depth | 1", "| depth | 2", "| depth | 3"])
    #expect(lines[7].hasPrefix("| depth | exponent | ") && lines[7].contains("n = 3 sizes"))
    let rows = try Command.run("growth", "rows", "--most", "60000", "--rounds", "1")
    #expect(rows.status == 0 && rows.text.contains("| rows | 60000 | "), "\(rows.text)")
    #expect(rows.text.contains("| rows | 10000 | ") && rows.text.contains("n = 3 sizes"))
  }

  @Test func doctorFindsTheMachineWell() throws {
    let result = try Command.run("doctor")
    #expect(result.text.contains("oneDNN") && result.text.contains("GFLOP/s"))
  }
}
