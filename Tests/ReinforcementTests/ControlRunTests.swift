import Foundation
import Reinforcement
import TestSupport
import Testing

@Suite struct ControlRunTests {
  private struct Stopped: Error {}

  private func run(_ path: String, steps: Int = 600, fingerprint: String = "a") throws -> ControlRun {
    let environment = try ControlProblem(name: "identity").environment()
    let training = try OffPolicyTraining(
      quickMethod(), in: environment, schedule: quickSchedule(), key: RandomKey(seed: 1))
    return try ControlRun(
      training, in: environment, steps: steps, interval: 200, episodes: 10, checkpoint: path, fingerprint: fingerprint,
      evaluationKey: RandomKey(seed: 2))
  }

  /// Killed anywhere, and called again, it ends in the same file as if nothing had happened.
  @Test func aKilledRunEndsInTheSameBits() throws {
    let path = NSTemporaryDirectory() + "control-\(UUID().uuidString)"
    defer { for end in ["-whole", "-part"] { try? FileManager.default.removeItem(atPath: path + end) } }
    let whole = try run(path + "-whole")
    try whole.run { _ in }
    #expect(whole.curve.map(\.step) == [200, 400, 600])

    var units = 0
    let killed = try run(path + "-part")
    #expect(throws: Stopped.self) {
      try killed.run(onPoint: { if $0.step == 400 { throw Stopped() } }, onAdvance: { units += 1 })
    }
    #expect(units == 100)
    let resumed = try run(path + "-part")
    try resumed.restore()
    #expect(resumed.curve.map(\.step) == [200, 400])
    try resumed.run { _ in }
    #expect(resumed.curve == whole.curve)
    #expect(
      FileManager.default.contents(atPath: path + "-whole") == FileManager.default.contents(atPath: path + "-part"))

    // A finished run has nothing to do; with more steps it goes on; another run's checkpoint is refused.
    let again = try run(path + "-part")
    try again.restore()
    #expect(again.isFinished)
    let longer = try run(path + "-part", steps: 700)
    try longer.restore()
    try longer.run { _ in }
    #expect(longer.curve.map(\.step) == [200, 400, 600, 700])
    #expect(throws: ControlError.self) { try run(path + "-part", fingerprint: "b").restore() }
  }

  @Test func problemsAreNamedAndChecked() throws {
    for name in ControlProblem.names {
      #expect(try ControlProblem(name: name).environment().observationSpace.count > 0)
    }
    var problem = ControlProblem(name: "pendulums")
    #expect { try problem.environment() } throws: { "\($0)".contains("pendulum?") }
    problem.name = "pendulum"
    (problem.noise, problem.delay) = (0.1, 2)
    #expect(try EnvironmentCheck.faults(of: problem.environment(), steps: 250) == [])
    problem.spoofing = "sp1 1"
    #expect(throws: ControlError.self) { try problem.environment() }
    problem = ControlProblem(name: "deconfliction")
    problem.tracks = "/nowhere"
    #expect(throws: ControlError.self) { try problem.environment() }
  }

  /// A page of tracks holds each episode once, and nothing to load.
  @Test func tracksAreDrawn() throws {
    let scene = DeconflictionScene.normalized()
    var recorder = TrackRecorder(scene, episodes: 3)!
    let result = try PolicyEvaluation.run(
      ScriptedPolicy.goalSeeking(), in: scene, episodes: 3, key: RandomKey(seed: 3)
    ) { recorder.record($0, $1) }
    #expect(recorder.tracks.map(\.places.count) == result.lengths)
    for episode in 0..<3 {
      let hasConflict = recorder.distances(of: episode).dropFirst().contains { $0 <= 1 }
      #expect(!hasConflict || result.events["conflicts"]![episode] > 0)
    }
    let page = recorder.page(title: "test", result)
    #expect(page.components(separatedBy: "{p:[").count == 4 && !page.contains("http"))
    #expect(TrackRecorder(Copies(Counter()), episodes: 1) == nil)
  }
}
