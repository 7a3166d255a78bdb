import Descent
import Foundation

/// What is compared: plain descent, and the same with momentum. The names stand in the log.
enum MomentumArm: String, CaseIterable, SweepArm {
  case plain, momentum

  func optimizer(_ c: MomentumConfiguration) -> Chain {
    self == .plain
      ? Chain { LearningRate(c.rate) }
      : Chain {
        Momentum(c.momentum)
        LearningRate(c.rate)
      }
  }
}

/// What is measured: a misspelt measure does not compile.
extension Measure {
  static let loss = Measure("loss at the end")
  static let startLoss = Measure("loss at the start")
  static func loss(after steps: Int) -> Measure { Measure("loss/\(steps)") }
}

/// The settings; each can be set by its name: OwnExperiment rate=0.02.
struct MomentumConfiguration: SeededConfiguration {
  var steps = 200
  var rate = 0.01
  var momentum = 0.9
  var seeds = PlainSeeds(count: 8)
  var decision = PlainDecisions(alpha: 0.05)

  /// Looks at the loss, twenty over a descent.
  var looks: [Int] { (1...20).map { $0 * steps / 20 } }

  func check() throws {
    try checkLevelAndSeeds()
    try require(positive: ["rate": rate, "momentum": momentum])
    guard steps >= 20 else { throw SettingsError("steps must be at least 20, not \(steps)") }
  }
}

/// Does momentum lower the loss of a small network after as many updates?
struct MomentumExperiment: Experiment {
  static let name = "momentum"
  static let summary = "momentum against plain descent on a curve"
  static let subject = "steps with momentum"
  static let presets = [
    Preset(name: "smoke", summary: "a second", configuration: MomentumConfiguration(steps: 20)),
    Preset(name: "quick", summary: "seconds", configuration: MomentumConfiguration()),
  ]
  static let settingDescriptions = [
    "steps": "updates", "rate": "learning rate", "momentum": "share of the velocity that is kept",
    "seeds.count": "pairs of descents", "seeds.first": "the first seed", "decision.alpha": "level of each test",
  ]

  let configuration: MomentumConfiguration
  init(_ configuration: MomentumConfiguration) { self.configuration = configuration }

  /// y = sin 3x on [-1, 1], with noise.
  private func data(_ key: RandomKey) -> Dataset {
    let x = key.split("x").uniform(count: 256).map { 2 * $0 - 1 }
    let y = zip(x, key.split("noise").normal(count: 256)).map { sin(3 * $0) + 0.1 * $1 }
    return Dataset(
      name: "curve", features: .numbers(NDArray(x.map { Float($0) }, shape: [256, 1])),
      targets: .numbers(NDArray(y.map { Float($0) }, shape: [256, 1])))
  }

  /// Both arms of a seed get the same data, weights and batches.
  private func trainer(_ task: SweepTask<MomentumArm>) throws -> Trainer {
    let key = RandomKey(seed: task.seed)
    return try Trainer(
      model: MLP([1, 32, 1], activation: .tanh), loss: .squaredError, optimizer: task.arm.optimizer(configuration),
      batches: try BatchSequence(data(key.split("data")), batchSize: 32, key: key.split("batches")),
      key: key.split("training"))
  }

  func sweep() throws -> Sweep<MomentumArm> {
    Sweep(MomentumArm.allCases.tasks(on: reportedSeeds)) { _, _ in
      Workbench(
        cost: { task in
          let (trainer, began) = (try trainer(task), Date())
          for _ in 0..<5 { _ = try trainer.advance() }
          return TaskCost(seconds: Date().timeIntervalSince(began) / 5 * Double(configuration.steps))
        },
        run: { task, _ in
          let trainer = try trainer(task)
          var values: [Measure: Double] = [:]
          for step in 1...configuration.steps {
            let loss = try trainer.advance()[0]
            if step == 1 { values[.startLoss] = loss }
            if configuration.looks.contains(step) { values[.loss(after: step)] = loss }
            values[.loss] = loss
          }
          return TaskOutcome(values, step: trainer.step)
        })
    }
  }

  func claims() throws -> [ClaimTest<MomentumArm>] {
    let moves = Condition<MomentumArm>(
      "loss of plain descent, end over start", .below(0.9), "Plain descent makes progress, so that it can be compared.",
      .measure(.loss, of: .plain) / .measure(.startLoss, of: .plain))
    return [
      ClaimTest.lower(
        "lower-loss", "After as many updates the loss is lower with momentum.", .loss, of: .momentum, than: .plain,
        source: "Polyak 1964, for quadratics"
      ).requiring([moves]).saying("lower the loss"),
      ClaimTest.lower(
        "lower-at-half", "It is lower at half of the updates already.", .loss(after: configuration.looks[9]),
        of: .momentum, than: .plain, source: "ours"
      ).requiring([moves]),
      ClaimTest.same(
        "same-start", "Both start from the same weights.", .startLoss, of: .momentum, as: .plain, within: 1e-6,
        source: "by construction"
      ).identity,
    ]
  }

  func frame(_ findings: Findings<MomentumArm>) throws -> ReportFrame {
    let series = try MomentumArm.allCases.map { arm in
      let means = try configuration.looks.map { Summary(try findings.values(.loss(after: $0), of: arm)).mean }
      return Plot.Series(name: "\(arm)", x: configuration.looks.map(Double.init), y: means)
    }
    return ReportFrame(
      title: "Momentum on a curve", subtitle: "n = \(findings.finished(.momentum).count) pairs of descents",
      comparison: "Pairs over seeds: equal data, weights and batches.",
      sections: [
        .plot(Plot(name: "loss", title: "Loss, mean over seeds", xLabel: "update", yLabel: "loss", series: series))
      ], choices: "All is our choice.")
  }
}
