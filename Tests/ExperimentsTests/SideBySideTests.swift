import Experiments
import Foundation
import Reports
import RunLogs
import TestSupport
import Testing
import Training

@Suite struct SideBySideTests {
  private let temporary = TemporaryFolder()

  private func run(_ name: String, _ chain: String, watch: String? = nil, epochs: Int = 3) throws -> String {
    let path = temporary.path + "/" + name
    let key = RandomKey(seed: 4)
    func part(_ count: Int, _ name: String) -> Dataset {
      let features = key.split(name).normal([count, 3])
      let targets = (0..<count).map { Float(features[flat: 3 * $0] - 2 * features[flat: 3 * $0 + 2]) }
      return Dataset(
        name: name, features: .numbers(features), targets: .numbers(NDArray(targets, shape: [count, 1])), classNames: []
      )
    }
    let network = try ModelDescription(.mlp, input: [3], hidden: [8], outputs: 1)
    let run = TrainingRun(
      settings: .init(
        source: "table", model: network.description, network: network, chain: chain, epochs: epochs, batch: 16, seed: 1,
        watch: watch),
      problem: TrainingProblem(train: part(64, "train"), validation: part(32, "validation")),
      model: try network.makeLayer(), loss: .squaredError, method: try DescentMethodKind.parse(chain))
    _ = try run.run(out: path, resuming: false, replacing: false, isQuiet: true) { _ in }
    return path
  }

  /// The table has what differs and nothing that does not; each number is that of the run's own log; curves lie over updates and time.
  @Test func tellsWhatDiffers() throws {
    let folders = [
      try run("slow", "rate 0.01", watch: "loss every=2updates"), try run("fast", "adam | rate 0.01", epochs: 5),
    ]
    let both = try SideBySide(folders)
    let lines = both.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    func line(_ name: String) throws -> String {
      try #require(lines.first { $0.hasPrefix(name + " ") }, "\(name) is not in \(lines)")
    }
    #expect(lines[0] == "run slow fast")
    #expect(!lines.contains { $0.hasPrefix("batch ") || $0.hasPrefix("seed ") || $0.hasPrefix("source ") })
    #expect(try line("chain") == "chain rate 0.01 adam | rate 0.01")
    #expect(try line("epochs") == "epochs 3 5" && line("watch") == "watch loss every=2updates")
    #expect(try line("updates") == "updates 12 20")
    let finals = try folders.map { folder in
      try #require(try RunFolder.open(folder).events().last { $0.kind == "final" }).values
    }
    for tag in ["loss", "rmse", "r2"] {
      let values = finals.map { Report.number($0["final/validation/\(tag)"]!) }
      #expect(try line("validation/\(tag)") == "validation/\(tag) " + values.joined(separator: " "))
    }
    let plots = both.report.sections.compactMap { if case .plot(let plot) = $0 { plot } else { nil } }
    let looks = try #require(plots.first { $0.name == "looks-train-updates" })
    #expect(looks.series.map(\.name) == ["slow"] && looks.series[0].x == [0, 2, 4, 6, 8, 10, 12])
    let loss = try #require(plots.first { $0.name == "validation-loss-time" })
    let events = try folders.map { try RunFolder.open($0).events().filter { $0.kind == "epoch" } }
    #expect(loss.series.map(\.x) == events.map { $0.map(\.time) } && loss.isLogY)
    #expect(loss.series.map(\.y) == events.map { $0.map { $0.values["validation/loss"]! } })
    #expect(!both.report.sections.contains { if case .heading("Diagnostics") = $0 { true } else { false } })
    let page = temporary.path + "/page/report.html"
    try FileManager.default.createDirectory(atPath: temporary.path + "/page", withIntermediateDirectories: true)
    try both.report.write(to: page, gnuplot: try Gnuplot())
    #expect(try String(contentsOfFile: page, encoding: .utf8).contains("descent compare"))
  }

  /// What both or one of them carried is laid over each other, number by number, and stands in the table as it was in the end.
  @Test func diagnosticsGoSideBySide() throws {
    let folders = [
      try run("slow", "rate 0.01", watch: "sharpness, noise"), try run("fast", "rate 0.1", watch: "norms, sharpness"),
    ]
    let both = try SideBySide(folders)
    let looks = try folders.map { folder in
      try RunFolder.open(folder).events().filter { $0.kind == "watch" && $0.task == "sharpness" }
    }
    let plots = both.report.sections.compactMap { if case .plot(let plot) = $0 { plot } else { nil } }
    let sharpness = try #require(plots.first { $0.name == "look-1-sharpness-largest-updates" })
    #expect(sharpness.series.map(\.name) == ["slow", "fast"])
    #expect(sharpness.series.map(\.x) == looks.map { $0.map { Double($0.step) } })
    #expect(sharpness.series.map(\.y) == looks.map { $0.map { $0.values["largest"]! } })
    let watched = plots.map(\.name).filter { $0.hasPrefix("look-") && $0.hasSuffix("-updates") }
    #expect(
      watched == [
        "look-1-sharpness-largest-updates", "look-2-noise-signal-updates", "look-3-norms-distance-updates",
        "look-4-norms-gradient-updates",
      ])
    #expect(plots.first { $0.name.contains("norms-distance") }?.series.map(\.name) == ["fast"])
    let lines = both.text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    let last = looks.map { Report.number($0.last!.values["largest"]!) }
    #expect(lines.contains("sharpness/largest \(last[0]) \(last[1])"), "\(lines)")
  }

  @Test func namesAreTheEndsOfPaths() throws {
    let names = ["a/x/run", "b/x/run", "c/run"]
    for name in names {
      try FileManager.default.createDirectory(
        atPath: temporary.path + "/" + name.dropLast(4), withIntermediateDirectories: true)
    }
    let text = try SideBySide(try names.map { try run($0, "rate 0.01", epochs: 1) }).text
    for name in names { #expect(text.contains(name)) }
  }

  @Test func whatDoesNotGoSideBySide() throws {
    let one = try run("one", "rate 0.01")
    let other = temporary.path + "/other"
    try Data("calibration: quick\n".utf8).write(to: URL(fileURLWithPath: try RunFolder.create(other).configurationPath))
    for (folders, word) in [
      ([one], "2 to 12"), ([one, other], "is no run of descent train"), ([one, one + "/"], "named twice"),
      ([one, temporary.path + "/none"], "none"), (Array(repeating: one, count: 13), "2 to 12"),
    ] {
      #expect { try SideBySide(folders) } throws: { "\($0)".contains(word) }
    }
  }
}
