import Foundation
import Parameters
import Reinforcement
import TestSupport
import Testing

/// Saved runs of control that a disk, or a hand, has changed.
@Suite struct DamagedCheckpointTests {
  private let folder = TemporaryFolder()

  /// Counts that nobody reached would trap later, where they go on.
  @Test func wildCountsOfCopiesAreRefused() throws {
    let copies = try EnvironmentCopies(
      TimeLimit(Copies(Pendulum()), steps: 20), count: 2, key: RandomKey(seed: 1))
    let whole = copies.snapshot
    let sums = try #require(whole["sums"])
    var damages = [("episodes", NDArray([Int32.max, 1])), ("episodes", NDArray([Int32(1), -1]))]
    for length in [-1e300, 1e300, .nan, 0.5, 0x1p52] {
      var values = sums.doubles
      values[1] = length
      damages.append(("sums", NDArray(values, shape: sums.shape)))
    }
    for (path, damaged) in damages {
      var other = whole
      other[path] = damaged
      #expect(throws: ControlError.self, "\(path): \(damaged)") { try copies.restore(other) }
    }
    try copies.restore(whole)
    #expect(copies.snapshot == whole)
  }

  /// A flipped bit of the weights is no other run: it is damage.
  @Test func flippedBitsAreFound() throws {
    let path = folder.path + "/checkpoint"
    func run() throws -> ControlRun {
      let environment = try ControlProblem(name: "identity").environment()
      let training = try OffPolicyTraining(
        quickMethod(), in: environment, schedule: quickSchedule(), key: RandomKey(seed: 1))
      return try ControlRun(
        training, in: environment, steps: 200, interval: 200, episodes: 10, checkpoint: path, fingerprint: "a",
        evaluationKey: RandomKey(seed: 2))
    }
    try run().run { _ in }
    try run().restore()
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    #expect { try run().restore() } throws: { "\($0)".contains("is damaged") }
  }
}
