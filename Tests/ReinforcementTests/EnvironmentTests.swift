import Foundation
import Reinforcement
import TestSupport
import Testing

/// Shows how many steps an episode has, and ends by itself after `length` of them.
struct Counter: SimpleEnvironment {
  var length = 5
  let name = "counter"
  let observationSpace = Box(count: 1)
  let actionSpace = ActionSpace.continuous(Box(count: 1, from: -2, to: 2))
  func initialState(key: RandomKey) -> [Float] { [0] }
  func observation(of state: [Float]) -> [Float] { state }
  func step(_ state: inout [Float], action: [Float]) -> StepOutcome {
    state[0] += 1
    return StepOutcome(reward: action[0], isTerminal: state[0] == Float(length))
  }
}

/// A sound environment, broken in one way.
struct Broken: Environment {
  enum Way: String, CaseIterable, Sendable {
    case notANumber, outOfBounds, bothEnds, infiniteReward, keepsState, sharedLanes, endless, noBounds, randomStep
  }
  let way: Way?
  let name = "broken"
  let observationSpace = Box(count: 1, from: -10, to: 10)
  let stateCount = 2
  /// Shared by all copies, as a global generator would be.
  let generator = Generator()
  final class Generator: @unchecked Sendable { var calls: Float = 0 }

  var actionSpace: ActionSpace {
    .continuous(way == .noBounds ? Box(count: 1) : Box(count: 1, from: -1, to: 1))
  }

  func reset(lane: Int, of lanes: Lanes, key: RandomKey) {
    lanes.component(0)[lane] = Float(key.uniform(count: 1)[0])
    if way != .keepsState { lanes.component(1)[lane] = 0 }
    lanes.observations[lane] = lanes.component(0)[lane]
  }

  func step(_ lanes: Lanes) {
    for lane in 0..<lanes.count {
      let time = lanes.component(1)
      time[lane] += 1
      var shown = lanes.component(0)[lane] + 0.01 * time[lane]
      if way == .notANumber, time[lane] == 7 { shown = .nan }
      if way == .outOfBounds, time[lane] == 7 { shown = 11 }
      if way == .sharedLanes { shown += 0.001 * lanes.actions[lanes.count - 1] }
      if way == .randomStep {
        generator.calls += 1
        shown += 0.0001 * generator.calls
      }
      lanes.observations[lane] = shown
      lanes.rewards[lane] = way == .infiniteReward && time[lane] == 7 ? .infinity : 1
      let isOver = way != .endless && time[lane] >= 12
      lanes.terminated[lane] = isOver
      lanes.truncated[lane] = way == .bothEnds && isOver
    }
  }
}

@Suite struct EnvironmentTests {
  static let all: [any Environment] = [
    TimeLimit(Copies(Pendulum()), steps: 200), TimeLimit(Copies(CartPole()), steps: 500),
    TimeLimit(Copies(MountainCarContinuous()), steps: 999), Copies(IdentityTask()), DeconflictionScene(),
    DeconflictionScene(spoofing: PositionSpoofing(.predicted, magnitude: 1)), DeconflictionScene.normalized(),
    TimeLimit(Copies(IFDSScene()), steps: 500),
    DelayedObservations(TimeLimit(Copies(Pendulum()), steps: 50), steps: 2),
    NoisyObservations(DeconflictionScene(), upTo: 0.1),
  ]

  @Test(arguments: all.indices) func ownEnvironmentsKeepTheRules(_ index: Int) throws {
    #expect(try EnvironmentCheck.faults(of: Self.all[index], steps: 1000) == [])
    if let scaled = try? ScaledActions(Self.all[index]) {
      #expect(try EnvironmentCheck.faults(of: scaled, steps: 1000) == [])
    }
  }

  @Test func brokenEnvironmentsAreFound() throws {
    #expect(try EnvironmentCheck.faults(of: Broken(way: nil)) == [])
    for way in Broken.Way.allCases {
      let faults = try EnvironmentCheck.faults(of: Broken(way: way), steps: 50)
      #expect(!faults.isEmpty, "\(way) was not noticed")
      let expected: [Broken.Way: String] = [
        .notANumber: "NaN", .outOfBounds: "bounds", .bothEnds: "both", .infiniteReward: "finite",
        .keepsState: "reset", .sharedLanes: "lane", .endless: "ended", .noBounds: "bounds", .randomStep: "same key",
      ]
      #expect(faults.contains { $0.contains(expected[way]!) }, "\(way): \(faults)")
    }
  }

  /// Trap 2: the last observation of an episode is kept, so that every s' is s + 1.
  @Test func noResetOverwritesTheLastObservation() throws {
    let copies = try EnvironmentCopies(Copies(Counter()), count: 3, key: RandomKey(seed: 1))
    for step in 0..<12 {
      let before = copies.observations.floats
      try copies.step(.zeros([3, 1]))
      #expect(copies.next.floats == before.map { $0 + 1 })
      #expect(copies.terminated.bools.allSatisfy { $0 == ((step + 1) % 5 == 0) })
      if (step + 1) % 5 == 0 { #expect(copies.observations.floats == [0, 0, 0]) }
    }
  }

  @Test func aTimeLimitTruncatesAndLeavesEndsAlone() throws {
    let cut = try EnvironmentCopies(TimeLimit(Copies(Counter()), steps: 3), count: 1, key: RandomKey(seed: 0))
    for step in 1...6 {
      try cut.step(.zeros([1, 1]))
      #expect(cut.truncated.bools == [step % 3 == 0] && cut.terminated.bools == [false])
    }
    let ended = try EnvironmentCopies(TimeLimit(Copies(Counter()), steps: 5), count: 1, key: RandomKey(seed: 0))
    for _ in 1...5 { try ended.step(.zeros([1, 1])) }
    #expect(ended.terminated.bools == [true] && ended.truncated.bools == [false])
    #expect(ended.finished.first?.length == 5)
  }

  @Test func delayedObservationsComeLate() throws {
    let copies = try EnvironmentCopies(
      DelayedObservations(Copies(Counter(length: 9)), steps: 3), count: 2, key: RandomKey(seed: 0))
    var shown: [Float] = [copies.observations.floats[1]]
    for _ in 0..<8 {
      try copies.step(.zeros([2, 1]))
      shown.append(copies.next.floats[1])
    }
    #expect(shown == [0, 0, 0, 0, 1, 2, 3, 4, 5])
  }

  @Test func scaledActionsReachTheBounds() throws {
    let copies = try EnvironmentCopies(ScaledActions(Copies(Counter())), count: 3, key: RandomKey(seed: 0))
    try copies.step(NDArray([-1, 0.5, 7] as [Float], shape: [3, 1]))
    #expect(copies.rewards.floats == [-2, 1, 2])
  }

  /// Episodes do not depend on what was done before, on the number of lanes, or on the policy.
  @Test func episodesArePaired() throws {
    let key = RandomKey(seed: 3)
    let a = try EnvironmentCopies(DeconflictionScene(), count: 2, key: key)
    let b = try EnvironmentCopies(DeconflictionScene(), count: 5, key: key)
    #expect(a.observations == b.observations.rows(0..<2))
    // One flies straight to the goal, the other past it until it is cut: both are then in their second episode.
    for _ in 0..<60 { try a.step(.zeros([2, 3])) }
    for _ in 0..<101 { try b.step(NDArray(repeating: 1, shape: [5, 3])) }
    let draws = DeconflictionSceneFacts.drawStart
    #expect(a.episodes[0] == 2 && b.episodes[0] == 2)
    let (x, y) = (a.states.floats, b.states.floats)
    #expect((draws..<draws + 128).allSatisfy { x[$0 * 2] == y[$0 * 5] })
  }

  @Test func aSnapshotGoesOnExactly() throws {
    let key = RandomKey(seed: 4)
    let one = try EnvironmentCopies(DeconflictionScene.normalized(), count: 4, key: key)
    let other = try EnvironmentCopies(DeconflictionScene.normalized(), count: 4, key: key)
    func step(_ copies: EnvironmentCopies, _ index: Int) throws {
      try copies.step(copies.environment.actionSpace.random(count: 4, key: key.split(index)))
    }
    for index in 0..<70 { try step(one, index) }
    try other.restore(one.snapshot)
    for index in 70..<150 {
      try step(one, index)
      try step(other, index)
      #expect(one.next == other.next && one.rewards == other.rewards && one.finished == other.finished)
    }
  }

  /// Moments of parts, merged, are the moments of the whole.
  @Test func runningMomentsMerge() throws {
    let rows = RandomKey(seed: 5).normal([60, 2], mean: 3, standardDeviation: 2)
    var moments = RunningMoments(width: 2)
    for start in stride(from: 0, to: 60, by: 20) { moments.add(rows.rows(start..<start + 20)) }
    for column in 0..<2 {
      let values = (0..<60).map { rows[flat: 2 * $0 + column] }
      let mean = values.reduce(0, +) / 60
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 60
      #expect(abs(moments.mean[column] - mean) < rounding(terms: 60, scale: 10))
      #expect(abs(moments.deviation[column] - variance.squareRoot()) < rounding(terms: 120, scale: 10))
    }
    #expect(try RunningMoments(moments.tree, width: 2) == moments)
  }
}
