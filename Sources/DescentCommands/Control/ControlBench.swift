import Descent
import Foundation

/// The speed of learning to control: TD3 at 64 x 64, batch 128, on 16 copies of the deconfliction scene.
enum ControlBench {
  /// Prints one JSON line: critic updates a second, the environment's steps included, and steps a second of 256 copies alone.
  static func measure(profile: Bool, seconds: Double = 2) throws {
    var schedule = OffPolicySchedule()
    schedule.warmup = 512
    let training = try OffPolicyTraining(
      TD3(), in: DeconflictionScene.normalized(), schedule: schedule, key: RandomKey(seed: 0))
    while training.updates < 200 { try training.advance() }
    let before = training.updates
    let start = Date()
    while Date().timeIntervalSince(start) < seconds { for _ in 0..<20 { try training.advance() } }
    let updates = Double(training.updates - before) / Date().timeIntervalSince(start)
    let copies = try EnvironmentCopies(DeconflictionScene.normalized(), count: 256, key: RandomKey(seed: 0))
    let actions = try copies.environment.actionSpace.random(count: 256, key: RandomKey(seed: 1))
    let begin = Date()
    var steps = 0
    while Date().timeIntervalSince(begin) < seconds / 4 {
      for _ in 0..<50 { try copies.step(actions) }
      steps += 50
    }
    let rate = Double(steps * 256) / Date().timeIntervalSince(begin)
    printAtOnce(
      "{\"peer\": \"descent\", \"workload\": \"control\", \"updatesPerSecond\": \(String(format: "%.0f", updates)), "
        + "\"environmentStepsPerSecond\": \(String(format: "%.0f", rate))}")
    // One cycle: two updates of the critics and one of the actor.
    if profile { ProfileTable(try training.profile(runs: 50)).print() }
  }
}
