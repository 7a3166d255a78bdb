import Datasets
import Foundation
import Reinforcement
import TestSupport
import Testing

enum DeconflictionSceneFacts { static let drawStart = 48 }

@Suite struct SceneTests {
  private let key = RandomKey(seed: 11)

  private func evaluate(_ policy: some Policy, _ spoofing: PositionSpoofing? = nil, episodes: Int = 200) throws
    -> PolicyEvaluation
  {
    try PolicyEvaluation.run(
      policy, in: DeconflictionScene.normalized(spoofing: spoofing), episodes: episodes, key: key)
  }

  private func length(_ v: SIMD3<Float>) -> Float { (v.x * v.x + v.y * v.y + v.z * v.z).squareRoot() }

  /// The scene is hard for the blind, and it is the one that was described: figures of an independent implementation in
  /// numpy, 20,000 episodes of other random numbers. Goal seeking at 1.15 also meets a prototype's figures, -7.2 and 2.74 of
  /// 200 episodes, whose speed was not written down: at full speed it does not.
  ///
  /// Standard deviations of an episode are 3.7 (return) and 0.57 (conflicts); four standard errors of the difference.
  @Test(arguments: [(1.2, -4.98, 2.53), (1.15, -7.03, 2.72), (nil, -5.58, 2.52)] as [(Float?, Double, Double)])
  func theBlindMeetConflicts(_ speed: Float?, _ total: Double, _ conflicts: Double) throws {
    let policy = speed.map { ScriptedPolicy.goalSeeking(speed: $0) } ?? .constant([1, 0, 0])
    let episodes = 1000
    let blind = try evaluate(policy, episodes: episodes)
    let errors = 4 * (1 / Double(episodes) + 1 / 20_000).squareRoot()
    #expect(abs(blind.meanReturn - total) < 3.7 * errors)
    #expect(abs(blind.mean("conflicts")! - conflicts) < 0.57 * errors)
    #expect(blind.mean("arrival")! == 1)
  }

  /// A rule that sees velocities avoids most of them, and a spoofed position takes that away.
  @Test func spoofingHurtsAGoodRule() throws {
    let clean = try evaluate(ScriptedPolicy.closestApproach())
    let spoofed = try evaluate(ScriptedPolicy.closestApproach(), PositionSpoofing(.predicted, magnitude: 1))
    #expect(clean.mean("conflicts")! < 0.6 && clean.mean("arrival")! > 0.95)
    #expect(spoofed.mean("conflicts")! > clean.mean("conflicts")! + 0.5)
  }

  /// The bias that a policy sees is within its magnitude, of the kind's form, and enters positions only.
  @Test(arguments: PositionSpoofing.Kind.allCases) func spoofingStaysInItsBall(_ kind: PositionSpoofing.Kind) throws {
    let magnitude: Float = 0.8
    let spoofed = try EnvironmentCopies(
      DeconflictionScene(spoofing: PositionSpoofing(kind, magnitude: magnitude)), count: 16, key: key)
    let clean = try EnvironmentCopies(DeconflictionScene(), count: 16, key: key)
    // Coordinates up to 20 and biases of a few roundings.
    let tolerance = Float(rounding(.float32, terms: 8, scale: 20))
    var largest: Float = 0
    var previous = [Float](repeating: 0, count: 48)
    for step in 0..<90 {
      let actions = try clean.environment.actionSpace.random(count: 16, key: key.split(step))
      try spoofed.step(actions)
      try clean.step(actions)
      // What is true does not depend on what is seen.
      #expect(spoofed.rewards == clean.rewards && spoofed.events == clean.events)
      let state = spoofed.states.floats
      // Components 7 to 9, of 16 lanes.
      let bias = Array(state[112..<160])
      for lane in 0..<16 where !(spoofed.finished.contains { $0.lane == lane }) {
        let b = SIMD3(bias[lane], bias[16 + lane], bias[32 + lane])
        let size = length(b)
        #expect(size <= magnitude + tolerance)
        largest = max(largest, size)
        let was = SIMD3(previous[lane], previous[16 + lane], previous[32 + lane])
        if kind == .nearest || kind == .predicted, size > 0, step > 0, spoofed.episodes[lane] == 1 {
          let change = b - was
          #expect(length(change) <= 0.2 + tolerance)
        }
        // The way to the goal is short of the true one by the bias, where neither is cut to 10.
        let (s, c) = (spoofed.next.floats, clean.next.floats)
        let seen = SIMD3(s[18 * lane], s[18 * lane + 1], s[18 * lane + 2])
        let truth = SIMD3(c[18 * lane], c[18 * lane + 1], c[18 * lane + 2])
        if length(seen) < 9.5, length(truth) < 9.5 {
          let difference = truth - seen - b
          #expect(length(difference) < tolerance)
        }
        #expect(Array(s[18 * lane + 3..<18 * lane + 6]) == Array(c[18 * lane + 3..<18 * lane + 6]))
      }
      previous = bias
    }
    #expect(largest > magnitude * 0.95)
  }

  /// A recorded circle, scaled and turned: of the mean speed 1, level, and met where a straight course would be.
  @Test func recordedFlightsBecomeIntruders() throws {
    let path = NSTemporaryDirectory() + "flight-\(UUID().uuidString).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    // 60 m/s on a circle of 2 km, a report every 4 s; one report without a place.
    var reports = (0..<100).map { step -> String in
      let angle = 60.0 * Double(4 * step) / 2000
      let (north, east) = (2000 * sin(angle) / 111_195, 2000 * cos(angle) / (111_195 * cos(43.0 * .pi / 180)))
      return
        "{\"icao24\":\"abc\",\"timestamp\":\(4000 * step),\"latitude\":\(43 + north),\"longitude\":\(5 + east),\"altitude\":1000}"
    }
    reports.insert(
      "{\"icao24\":\"abc\",\"timestamp\":1000,\"latitude\":null,\"longitude\":null,\"altitude\":null}", at: 1)
    try Data("[\(reports.joined(separator: ","))]".utf8).write(to: URL(fileURLWithPath: path))
    let tracks = try FlightTracks.read(path)
    #expect(tracks.count == 1 && tracks[0].times.count == 100)
    let courses = try RecordedCourses(tracks)
    #expect(courses.courses.count == 3)
    // 120 s are 12 s of the scene, so 60 m/s x 10 = 1: the radius is 2000 / 600.
    for course in courses.courses {
      let steps = zip(course, course.dropFirst()).map { length($1 - $0) / 0.2 }
      #expect(steps.allSatisfy { abs($0 - 1) < 0.02 })
      let radius = Float(2000.0 / 600)
      let center = SIMD3<Float>(0, radius, 0)
      // Chords between reports of 4 s lie inside of the arc by up to 1 - cos(0.06) of the radius.
      #expect(course.allSatisfy { abs(length($0 - center) - radius) < 0.02 * radius })
    }
    let scene = DeconflictionScene(courses: courses)
    #expect(try EnvironmentCheck.faults(of: scene, steps: 300) == [])
    #expect(throws: (any Error).self) { try FlightTracks.read(path + ".missing") }
    #expect(throws: ControlError.self) { try RecordedCourses([]) }
  }

  @Test func textsOfSpoofingsAreRead() throws {
    #expect(try PositionSpoofing(text: "sp2 1.5") == PositionSpoofing(.drifting, magnitude: 1.5))
    #expect(try PositionSpoofing(text: "random sp1 1").isRandomized)
    for text in ["", "sp5 1", "sp1", "sp1 -1", "sp1 x", "random", "sp1 1 2"] {
      #expect(throws: ControlError.self) { try PositionSpoofing(text: text) }
    }
  }

  /// The fluid's constants keep clear of the obstacle, as published: the reason why it decides no claim.
  @Test func constantsPassTheFluid() throws {
    struct Ones: Policy {
      let name = "ones"
      func actions(for observations: NDArray) throws -> NDArray { .ones([observations.shape[0], 3]) }
    }
    let result = try PolicyEvaluation.run(
      Ones(), in: TimeLimit(Copies(IFDSScene()), steps: 500), episodes: 40, key: key)
    #expect(result.mean("conflicts")! == 0 && result.mean("arrival")! == 1)
  }
}
