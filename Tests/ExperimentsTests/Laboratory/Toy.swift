import Experiments
import Foundation
import RunLogs
import Training

/// A small experiment: two methods, a search of a rate for each, and then each at its best.
enum ToyArm: SweepArm {
  case trial(String, rate: Double)
  case tuned(String)

  var description: String {
    switch self {
    case .trial(let method, let rate): "tune \(method) at \(rate)"
    case .tuned(let method): method
    }
  }
}

extension Measure {
  static let toyLoss = Measure("loss of the toy")
  static let toyHeat = Measure("heat")
}

struct ToyConfiguration: SeededConfiguration {
  var rates = [0.1, 0.2, 0.3]
  var seeds = TunedSeeds(count: 4, tuningCount: 2)
  var decision = PlainDecisions()

  func check() throws { try checkLevelAndSeeds() }
}

struct ToyExperiment: Experiment {
  static let name = "toy"
  static let summary = "a quadratic"
  static let subject = "brave steps"
  static let presets = [Preset(name: "smoke", summary: "nothing", configuration: ToyConfiguration())]
  static let settingDescriptions: [String: String] = [:]

  let configuration: ToyConfiguration
  /// Called with each task that is run.
  var onTask: @Sendable (SweepTask<ToyArm>) throws -> Void = { _ in }
  /// Called with the tasks that are done at once; nil where each is done by itself.
  var onGroup: (@Sendable ([SweepTask<ToyArm>]) throws -> Void)?
  /// Whether finished tasks have their loss.
  var measures = true

  init(_ configuration: ToyConfiguration) { self.configuration = configuration }

  func grid() throws -> Grid<ToyArm> {
    try Grid(
      seeds: tuningSeeds,
      ["plain", "brave"].map { method in (method, configuration.rates.map { .trial(method, rate: $0) }) },
      lowest: .toyLoss)
  }

  func sweep() throws -> Sweep<ToyArm> {
    let grid = try grid()
    let reported = [ToyArm.tuned("plain"), .tuned("brave")].tasks(on: reportedSeeds)
    return Sweep([
      .init(grid.tasks),
      .init(forecast: reported) { findings in
        _ = try grid.best(of: "brave", findings)
        return reported
      },
    ]) { _, _ in
      @Sendable func perform(_ task: SweepTask<ToyArm>, _ log: TaskLog<ToyArm>) throws -> TaskOutcome {
        try onTask(task)
        let (method, rate): (String, Double)
        switch task.arm {
        case .trial(let name, let value): (method, rate) = (name, value)
        case .tuned(let name):
          guard case .trial(_, let best)? = try grid.best(of: name, log.findings)?.arm else { fatalError("no trial") }
          (method, rate) = (name, best)
        }
        try log.record("look", step: 1, [.toyHeat: rate])
        // The best rate is 0.2; the brave method is better by 1.
        let loss =
          abs(rate - 0.2) + (method == "brave" ? 1 : 2) + 0.01 * sin(Double((method == "brave" ? 3 : 5) * task.seed))
        return TaskOutcome(measures ? [.toyLoss: loss, .toyHeat: 50] : [:], step: 1)
      }
      var bench = Workbench(cost: { _ in TaskCost(seconds: 2, bytes: 3 << 20) }, run: perform)
      if let onGroup {
        bench.runTogether = { tasks, logs in
          try onGroup(tasks)
          return try zip(tasks, logs).map(perform)
        }
      }
      return bench
    }
  }

  func claims() throws -> [ClaimTest<ToyArm>] {
    let hot = Condition(
      "heat", .above(40), "It is hot.", Quantity<ToyArm>.measure(.toyHeat, of: .tuned("plain")))
    return [
      .lower("lower-loss", "It lowers the loss.", .toyLoss, of: .tuned("brave"), than: .tuned("plain"), source: "ours")
        .requiring([hot]).saying("lower the loss"),
      .same(
        "same-heat", "It is as hot.", .toyHeat, of: .tuned("brave"), as: .tuned("plain"), within: 1, source: "ours"
      ).identity,
    ]
  }

  func frame(_ findings: Findings<ToyArm>) throws -> ReportFrame {
    ReportFrame(
      title: "A toy", subtitle: "n = \(findings.finished(.tuned("brave")).count)", comparison: "Pairs over seeds.",
      sections: [.paragraph("\(try findings.values(.toyLoss, of: .tuned("plain")).count) losses")],
      choices: "All is ours.")
  }

  /// Runs with a log in memory.
  ///
  /// - Returns: what was recorded, and the guess at the time.
  func run(_ earlier: [RunEvent] = []) throws -> (events: [RunEvent], estimate: String) {
    let folder = try RunFolder.create(NSTemporaryDirectory() + "descent-toy-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    let sink = MemorySink()
    let context = RunContext(
      folder: folder, data: DataLocator(), fingerprint: "f", earlier: earlier, sinks: [sink], isQuiet: true,
      clock: { 0 })
    var said = ""
    try run(context) { said = $0 }
    return (sink.events, said)
  }
}
