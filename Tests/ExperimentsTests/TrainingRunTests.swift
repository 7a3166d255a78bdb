import Diagnostics
import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

/// A user's own descent carries diagnostics: they see it, cost time, and leave it as it is.
@Suite struct TrainingRunTests {
  private let temporary = TemporaryFolder()
  var folder: String { temporary.path + "/training" }
  static let all =
    "calibration, lipschitz, flatness 0.05 pairs=1, twins 3, sharpness products=4 every=4updates, norms, noise parts=4, loss, "
    + "spectrum top=2 directions=2 products=5"
  private static let combined = "orthogonal | losspower 1.5 | momentum 0.9 | rate 0.05"

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private func dataset(_ count: Int, _ name: String, isClassified: Bool) -> Dataset {
    let features = RandomKey(seed: 3).split(name).normal([count, 4])
    let signs = (0..<count).map { features[flat: 4 * $0] * features[flat: 4 * $0 + 1] }
    return Dataset(
      name: name, features: .numbers(features),
      targets: isClassified
        ? .classes(signs.map { $0 > 0 ? 1 : 0 }) : .numbers(NDArray(signs.map { Float($0) }, shape: [count, 1])),
      classNames: isClassified ? ["no", "yes"] : [])
  }

  func run(
    _ name: String, _ chain: String, watch: String?, epochs: Int = 4, batch: Int = 20, isClassified: Bool = true,
    resuming: Bool = false, keep: TrainingRun.Settings.Kept = .last, patience: Int = 0, table: TableOptions? = nil,
    announce: (String) -> Void = { _ in }
  ) throws -> (text: String, folder: RunFolder) {
    let network = try ModelDescription(.mlp, input: [4], hidden: [12], outputs: isClassified ? 2 : 1)
    let settings = TrainingRun.Settings(
      source: "table", table: table, model: network.description, network: network, chain: chain, epochs: epochs,
      batch: batch, seed: 1, watch: watch, keep: keep, patience: patience)
    let run = TrainingRun(
      settings: settings,
      problem: TrainingProblem(
        train: dataset(120, "train", isClassified: isClassified),
        validation: dataset(60, "validation", isClassified: isClassified)),
      model: try network.makeLayer(), loss: isClassified ? .crossEntropy : .squaredError,
      method: try DescentMethodKind.parse(chain))
    let path = folder + "/" + name
    let text = try run.run(out: path, resuming: resuming, replacing: false, isQuiet: true, announce: announce)
    return (text, try RunFolder.open(path))
  }

  private func model(_ folder: RunFolder) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: folder.path + "/model.safetensors"))
  }

  /// The log without times, the only thing that differs between runs.
  private func log(_ folder: RunFolder, _ kinds: Set<String>) throws -> [String] {
    try folder.events().filter { kinds.contains($0.kind) }.map { event in
      var event = event
      event.time = 0
      return event.json
    }
  }

  /// With any method the trained model and what training logs are the same bits, watched or not.
  @Test(arguments: [
    combined, "orthogonal | losspower sigmoid(1.2, 0.8) through=rate | adam | rate 0.01", "decay 0.001 | rate 0.1",
    "sam 0.05 (momentum 0.9 | rate 0.05)",
  ])
  func watchingChangesNothing(_ chain: String) throws {
    let (bare, watched) = (try run("bare", chain, watch: nil).folder, try run("watched", chain, watch: Self.all).folder)
    #expect(try model(bare) == model(watched))
    #expect(try log(bare, ["epoch"]) == log(watched, ["epoch"]))
    #expect(try log(bare, ["watch", "cost"]).isEmpty)
    let looks = try watched.events().filter { $0.kind == "watch" }
    // Eight diagnostics at the start and after each of four epochs of six updates, one after each fourth update.
    #expect(looks.count == 8 * 5 + 7 && Set(looks.map(\.step)) == [0, 4, 6, 8, 12, 16, 18, 20, 24])
  }

  /// What is logged is what the diagnostics' own definitions give.
  @Test func looksSayWhatTheyShould() throws {
    let folder = try run("values", Self.combined, watch: Self.all).folder
    let events = try folder.events()
    let last = try #require(events.last { $0.kind == "epoch" })
    func value(_ name: String, _ tag: String, at step: Int = 24) throws -> Double {
      try #require(events.first { $0.task == name && $0.step == step }?.values[tag])
    }
    #expect(abs(try value("calibration", "accuracy") - last.values["validation/accuracy"]!) < 1e-4)
    #expect(abs(try value("calibration", "nll") - last.values["validation/loss"]!) < 1e-5)
    // Accuracies are per cent, what is right of a bin a fraction of its predictions.
    let right = try (0..<10).reduce(0.0) {
      try $0 + value("calibration", "bin/\($1)/right") * value("calibration", "bin/\($1)/count") / 60
    }
    #expect(abs(100 * right - last.values["validation/accuracy"]!) < 1e-4)
    #expect(abs(try value("flatness", "risk/validation") - last.values["validation/loss"]!) < 1e-5)
    #expect(abs(try value("loss", "validation") - last.values["validation/loss"]!) < 1e-5)
    #expect(abs(try value("loss", "train") - value("flatness", "risk/train")) < 1e-6)
    #expect(try value("loss", "train", at: 0) > value("loss", "train"))
    #expect(
      try value("noise", "batch") == 20
        && value("noise", "signal") == value("noise", "square") / value("noise", "trace"))
    #expect(
      try value("spectrum", "eigenvalue/1") >= value("spectrum", "eigenvalue/2")
        && value("spectrum", "trace/error") > 0 && value("spectrum", "products") == 10)
    let gap = try value("flatness", "risk/validation") - value("flatness", "risk/train")
    #expect(try value("flatness", "gap") == gap)
    let arrays = try Safetensors.read(folder.path + "/model.safetensors").arrays
    let norms = try [0, 1].map {
      try OperatorNorm(arrays["parameters/linear\($0)/weight"]!.converted(to: .float64)).value
    }
    #expect(abs(try value("lipschitz", "z") - norms.reduce(0) { $0 + Foundation.log($1) }) < 1e-12)
    #expect(try value("lipschitz", "layer/linear1/weight/norm") == norms[1])
    #expect(try value("twins", "distance", at: 0) == 0)
    let distances = try (0..<3).map { try value("twins", "distance/\($0)") }
    #expect(distances.allSatisfy { $0 > 0 } && Set(distances).count == 3)
    // Summed in their order: a resumed run logs the same bits.
    #expect(try value("twins", "distance") == (distances[0] + distances[1] + distances[2]) / 3)
  }

  /// Only plain descent is predicted, and well: one step after another from the start.
  @Test func plainDescentIsPredicted() throws {
    func last(_ name: String, _ chain: String) throws -> [String: Double] {
      let events = try run(name, chain, watch: "lipschitz").folder.events()
      return try #require(events.last { $0.task == "lipschitz" }).values
    }
    let plain = try last("plain", "decay 0.01 | rate 0.05")
    #expect(abs(plain["predicted"]! - plain["z"]!) < 0.02 && plain["deviation"]! > 0)
    #expect(plain["layer/linear0/weight/predicted"] != nil)
    for chain in ["momentum 0.9 | rate 0.01", "orthogonal | rate 0.05", "rate cosine(0.05, 4epochs)"] {
      #expect(try last(chain.replacing("|", with: "-"), chain)["predicted"] == nil, "\(chain)")
    }
  }

  /// A run that lost its last checkpoints goes on to the same bits, with the same looks.
  @Test(arguments: [(combined, 1), ("rate 0.1", 1), ("rate 0.1", 2)])
  func resumesExactly(_ chain: String, _ lost: Int) throws {
    let folder = try run("cut", chain, watch: Self.all).folder
    let kinds: Set<String> = ["epoch", "watch"]
    let (whole, looks) = (try model(folder), try log(folder, kinds))
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.checkpointFolder).sorted()
    #expect(names.count == 2)
    for name in names.suffix(lost) { try FileManager.default.removeItem(atPath: folder.checkpointFolder + "/" + name) }
    try FileManager.default.removeItem(atPath: folder.path + "/model.safetensors")
    _ = try run("cut", chain, watch: Self.all, resuming: true)
    #expect(try model(folder) == whole)
    let again = try log(folder, kinds)
    #expect(again.count == looks.count)
    for (line, expected) in zip(again, looks) { #expect(line == expected) }
    #expect { _ = try run("cut", chain, watch: "twins", resuming: true) } throws: { "\($0)".contains("other options") }
  }

  /// What does not apply, does not exist or is named twice is refused before anything is written.
  @Test(arguments: [
    ("calibration", "calibration is about the confidence of classifiers"), ("flatnes", "did you mean flatness?"),
    ("twins, twins", "named twice"), ("twins cuont=3", "did you mean count?"), ("twins 0", "whole number above 0"),
    ("lipschitz,", "is empty"),
  ])
  func mistakesAreNamed(_ watch: String, _ hint: String) throws {
    #expect { _ = try run("wrong", "rate 0.1", watch: watch, isClassified: false) } throws: {
      "\($0)".contains(hint)
    }
    #expect(!FileManager.default.fileExists(atPath: folder + "/wrong"))
  }

  /// The cost of each diagnostic is told as seconds and as a share, and the report shows what they saw.
  @Test func costsAndReport() throws {
    let (text, folder) = try run("costs", "rate 0.1", watch: "lipschitz, flatness, twins", isClassified: false)
    let costs = try folder.events().filter { $0.kind == "cost" }
    #expect(costs.count == 5)
    for name in ["lipschitz", "flatness", "twins"] {
      let seconds = costs.map { $0.values["seconds/\(name)"]! }
      #expect(seconds.allSatisfy { $0 >= 0 } && seconds.reduce(0, +) > 0)
      #expect(text.contains("\(name): ") && text.contains("% of the run"))
    }
    #expect(
      costs.allSatisfy { cost in
        let parts = cost.values.filter { $0.key != "seconds/run" }.values.reduce(0, +)
        return parts <= cost.values["seconds/run"]! + 1e-9
      })
    let page = try String(contentsOfFile: folder.reportPath, encoding: .utf8)
    for part in [
      "Cost of the diagnostics", "lipschitz-bound.csv", "flatness-rises.csv", "twins-distance.csv", "loss.csv",
    ] { #expect(page.contains(part), "\(part)") }
    #expect(TrainingRun.isRun(folder))
    #expect(try TrainingRun.report(folder) == folder.reportPath)
    #expect(try String(contentsOfFile: folder.reportPath, encoding: .utf8) == page)
  }

  /// The best epoch's weights are saved, an average's where the chain keeps one, and the descent ends when nothing gets
  /// better.
  @Test func bestEpochIsKept() throws {
    let wild = "momentum 0.9 | rate 0.5"
    let (text, best) = try run("best", wild, watch: nil, epochs: 30, keep: .best, patience: 8)
    let epochs = try best.events().filter { $0.kind == "epoch" }
    let losses = epochs.map { $0.values["validation/loss"]! }
    let least = losses.indices.min { losses[$0] < losses[$1] }!
    #expect(
      epochs.count == min(30, least + 1 + 8) && text.contains("after epoch \(least + 1) of \(epochs.count), the best"))
    // The kept epoch's values are beside the last one's, under tags of their own.
    let events = try best.events()
    let final = try #require(events.last { $0.kind == "final" }?.values)
    #expect(final["final/validation/loss"] == losses[least] && final["final/epoch"] == Double(least + 1))
    #expect(epochs.map { $0.values["epoch"] } == (1...epochs.count).map { Double($0) })
    let points = events.flatMap { event in event.values.keys.map { "\(event.task)/\($0) at \(event.step)" } }
    #expect(Set(points).count == points.count)
    let saved = try TrainedModel(folder: best.path)
    let held = dataset(60, "validation", isClassified: true)
    #expect(try saved.measures(held).values["loss"] == losses[least])
    let last = try run("last", wild, watch: nil, epochs: epochs.count, keep: .last).folder
    #expect(try TrainedModel(folder: last.path).measures(held).values["loss"] == losses.last!)
    let average = try run("average", wild + " | average 0.9", watch: nil).folder
    let found = try #require(try average.events().last { $0.kind == "epoch" }?.values["validation/loss"])
    #expect(try TrainedModel(folder: average.path).measures(held).values["loss"] == found)
    #expect(
      try TrainedModel(folder: average.path).parameters
        != TrainedModel(folder: run("none", wild, watch: nil).folder.path).parameters)
  }

  /// More epochs go on as one longer run would have; fewer, and other data, are refused.
  @Test func runsCanBeMadeLonger() throws {
    let whole = try run("whole", Self.combined, watch: "twins 1", epochs: 9).folder
    _ = try run("longer", Self.combined, watch: "twins 1", epochs: 5)
    let longer = try run("longer", Self.combined, watch: "twins 1", epochs: 9, resuming: true).folder
    #expect(try model(whole) == model(longer))
    #expect(try log(whole, ["epoch", "watch"]) == log(longer, ["epoch", "watch"]))
    #expect { try run("longer", Self.combined, watch: "twins 1", epochs: 3, resuming: true) } throws: {
      "\($0)".contains("it can have more, not 3")
    }
  }

  /// A folder whose settings have numbers as earlier versions wrote them goes on.
  @Test func earlierFoldersGoOn() throws {
    let whole = try run("whole", Self.combined, watch: nil, table: TableOptions()).folder
    let folder = try run("earlier", Self.combined, watch: nil, epochs: 2, table: TableOptions()).folder
    let text = try String(contentsOfFile: folder.configurationPath, encoding: .utf8)
    #expect(text.contains("  validation: 0.2\n"))
    try text.replacing("validation: 0.2\n", with: "validation: 2e-1\n").write(
      toFile: folder.configurationPath, atomically: true, encoding: .utf8)
    _ = try run("earlier", Self.combined, watch: nil, resuming: true, table: TableOptions())
    #expect(try model(whole) == model(folder))
  }

  /// A log with the names that earlier versions gave makes the same report.
  @Test func earlierLogsAreReported() throws {
    let folder = try run("names", "rate 0.1", watch: "calibration").folder
    let page = try String(contentsOfFile: folder.reportPath, encoding: .utf8)
    let log = try String(contentsOfFile: folder.logPath, encoding: .utf8)
    let earlier = log.split(separator: "\n").map { line in
      line.hasPrefix("{\"event\":\"final\"")
        ? line.replacing("\"final/", with: "\"") : line.replacing("/right\":", with: "/accuracy\":")
    }
    #expect(log.contains("/right\":") && log.contains("\"final/validation/loss\":"))
    try (earlier.joined(separator: "\n") + "\n").write(toFile: folder.logPath, atomically: true, encoding: .utf8)
    _ = try TrainingRun.report(folder)
    #expect(try String(contentsOfFile: folder.reportPath, encoding: .utf8) == page)
  }

  /// What may not change is named by its option.
  @Test func otherOptionsAreNamed() throws {
    _ = try run("option", "rate 0.1", watch: nil, epochs: 1)
    #expect { try run("option", "momentum 0.9 | rate 0.1", watch: nil, epochs: 2, resuming: true) } throws: {
      "\($0)".hasSuffix("change rates alone, or leave --chain out")
    }
    // A prediction of norms is about one rate.
    _ = try run("norms", "rate 0.1", watch: "lipschitz", epochs: 1)
    #expect { try run("norms", "rate 0.2", watch: "lipschitz", epochs: 2, resuming: true) } throws: {
      "\($0)".hasSuffix("leave --chain (the watch lipschitz predicts norms for one rate) out")
    }
    #expect(try settingsText("norms").contains("chain: rate 0.1"))
    // Other rates predict nothing.
    let falling = ["rate linear(0.1, 0.05, 2epochs)", "rate linear(0.1, 0.05, 3epochs)"]
    _ = try run("falling", falling[0], watch: "lipschitz", epochs: 2)
    _ = try run("falling", falling[1], watch: "lipschitz", epochs: 3, resuming: true)
  }

  private func settingsText(_ name: String) throws -> String {
    try String(contentsOfFile: folder + "/\(name)/config.yaml", encoding: .utf8)
  }

  /// Other rates go on from the same state, and checkpoints know the run before and after.
  @Test func ratesMayChange() throws {
    let (before, after) = ("momentum 0.9 | rate 0.05", "momentum 0.9 | rate 0.01")
    let start = try run("rates", before, watch: nil, epochs: 3).folder
    let weights = try model(start)
    _ = try run("rates", after, watch: nil, epochs: 6, resuming: true)
    let changed = try model(start)
    let chains = try start.events().filter { $0.kind == "chain" }
    #expect(chains.map(\.text) == ["\(after) in place of \(before)"] && chains[0].step == 18 && weights != changed)
    #expect(try settingsText("rates").contains("startedAs"))
    // Again, from the last checkpoint and from the one before.
    for lost in [0, 1] {
      for name in try FileManager.default.contentsOfDirectory(atPath: start.checkpointFolder).sorted().suffix(lost) {
        try FileManager.default.removeItem(atPath: start.checkpointFolder + "/" + name)
      }
      try FileManager.default.removeItem(atPath: start.path + "/model.safetensors")
      _ = try run("rates", after, watch: nil, epochs: 6, resuming: true)
      #expect(try model(start) == changed)
    }
  }

  /// A run that ended early goes on with another patience, as one that had it from the start; and what is kept may change.
  @Test func endedRunsGoOn() throws {
    let wild = "momentum 0.9 | rate 0.5"
    let ended = try run("ended", wild, watch: nil, epochs: 30, keep: .best, patience: 3)
    let count = { (folder: RunFolder) in try folder.events().count { $0.kind == "epoch" } }
    let first = try count(ended.folder)
    #expect(first < 30 && ended.text.contains("stopped at epoch \(first) of 30: no better for 3 epochs; it goes on by"))
    let stop = try #require(try ended.folder.events().first { $0.kind == "stop" }?.text)
    #expect(stop == "stopped at epoch \(first) of 30: no better for 3 epochs")
    let page = try String(contentsOfFile: ended.folder.reportPath, encoding: .utf8)
    #expect(page.contains("The descent \(stop)."))
    // The same again says the same again.
    let again = try run("ended", wild, watch: nil, epochs: 30, resuming: true, keep: .best, patience: 3)
    #expect(try count(again.folder) == first && again.text.contains(stop))
    let whole = try run("patient", wild, watch: nil, epochs: 30, keep: .last)
    let longer = try run("ended", wild, watch: nil, epochs: 30, resuming: true, keep: .last)
    #expect(try model(longer.folder) == model(whole.folder) && !longer.text.contains("stopped at"))
    #expect(try log(longer.folder, ["epoch", "final"]) == log(whole.folder, ["epoch", "final"]))
    #expect(try longer.folder.events().allSatisfy { $0.kind != "stop" })
  }

  /// Classes are logged one by one, and the report shows them.
  @Test func classesAreInTheReport() throws {
    let made = try run("classes", "rate 0.1", watch: nil, epochs: 2)
    let classes = try made.folder.events().filter { $0.kind == "class" }
    #expect(classes.map(\.task) == ["no", "yes"])
    #expect(classes.reduce(0) { $0 + $1.values["final/validation/support"]! } == 60)
    #expect(made.text.contains("logistic regression: accuracy "))
    let page = try String(contentsOfFile: made.folder.reportPath, encoding: .utf8)
    for part in ["Each class", "<th>as yes</th>", "<th>macro F1</th>", "<th>ECE</th>", "<th>Brier score</th>"] {
      #expect(page.contains(part), "\(part)")
    }
    _ = try run("classes", "rate 0.1", watch: nil, epochs: 2, resuming: true)
    #expect(try made.folder.events().count { $0.kind == "class" } == 2)
  }

  /// A loss of numbers is said to be that of standardised ones.
  @Test func lossesHaveTheirScale() throws {
    func page(_ name: String, _ isClassified: Bool) throws -> String {
      let made = try run(name, "rate 0.01", watch: nil, epochs: 1, isClassified: isClassified)
      return try String(contentsOfFile: made.folder.reportPath, encoding: .utf8)
    }
    let (numbers, classes) = (try page("numbers", false), try page("classes", true))
    #expect(numbers.contains("<th>loss (standardised)</th>") && !classes.contains("standardised"))
    #expect(numbers.contains("1 of 1 epoch<"))
  }

  /// Two processes do not write to one folder.
  @Test func foldersAreLocked() throws {
    let path = try run("held", "rate 0.1", watch: nil).folder
    let lock = try FolderLock(path)
    #expect { try run("held", "rate 0.1", watch: nil, resuming: true) } throws: { "\($0)".contains("another process") }
    #expect { try RunFolder.create(path.path, replacing: true) } throws: { "\($0)".contains("another process") }
    withExtendedLifetime(lock) {}
    #expect { try RunFolder.create("") } throws: { "\($0)".contains("has no name") }
  }

  /// Path patterns of groups are no names of files.
  @Test func groupsHaveAReport() throws {
    let (text, folder) = try run("groups", "groups (*/bias: rate 0.1; */weight: rate 0.01)", watch: nil)
    #expect(text.contains("report: "))
    #expect(try String(contentsOfFile: folder.reportPath, encoding: .utf8).contains("optimizer/learningRate[*/bias]"))
  }

  @Test func textOfDiagnosticsIsReadAgain() throws {
    let configuration = try WatchConfiguration("twins  3,flatness 0.1 pairs=2 , lipschitz exact=true")
    #expect(configuration.description == "twins count=3, flatness deviation=0.1 pairs=2, lipschitz exact=true")
    #expect(try WatchConfiguration(configuration.description).description == configuration.description)
  }

  /// Every diagnostic has an account of what it saw, and a log of one that is not known is an error.
  @Test func everyDiagnosticHasAnAccount() throws {
    #expect(Set(WatchKind.accounts.keys) == Set(WatchKind.all.map(\.name)))
    let events = [RunEvent(kind: "watch", task: "twin", step: 0, time: 0, values: ["distance": 1])]
    #expect { try WatchEvidence(events) } throws: { "\($0)".contains("did you mean twins?") }
  }
}
