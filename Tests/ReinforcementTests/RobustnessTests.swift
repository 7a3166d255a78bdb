import Compilation
import Foundation
import Reinforcement
import TestSupport
import Testing

@Suite struct RobustnessTests {
  private let key = RandomKey(seed: 17)

  private func policy(_ seed: Int) throws -> NetworkPolicy {
    let training = try OffPolicyTraining(
      quickMethod(), in: DeconflictionScene.normalized(), schedule: quickSchedule(), key: RandomKey(seed: seed))
    for _ in 0..<60 { try training.advance() }
    return try training.policy()
  }

  /// No attack leaves its ball; the stronger its search, the lower the value it finds.
  @Test func attacksStayInTheirBallAndLowerTheValue() throws {
    let (victim, other) = (try policy(1), try policy(2))
    let states = key.normal([300, 18])
    let epsilon = 0.3
    func value(_ seen: NDArray) throws -> Double {
      try victim.values(states, victim.actions(for: seen)).reduce(0, +) / 300
    }
    var found: [Double] = [try value(states)]
    for (kind, critic) in [
      (.random, nil), (.fastGradientSign, nil), (.standard, nil), (.standard, other),
    ] as [(ObservationAttack.Kind, NetworkPolicy?)] {
      let seen = try ObservationAttack(kind, strength: epsilon, on: victim, through: critic).perturbed(states, key: key)
      let largest = zip(seen.floats, states.floats).map { abs($0 - $1) }.max()!
      // s + delta is rounded once, at numbers up to 5.
      #expect(Double(largest) <= epsilon + rounding(.float32, terms: 2, scale: 5))
      #expect(Double(largest) > 0.9 * epsilon)
      found.append(try value(seen))
    }
    #expect(found[2] < found[0] && found[3] < found[1] && found[3] < found[4])
    let none = try ObservationAttack(.standard, strength: 0, on: victim).perturbed(states, key: key)
    #expect(none == states)
    #expect(throws: ControlError.self) { try ObservationAttack(.standard, strength: -1, on: victim) }
  }

  @Test func policiesAreSavedAndLoaded() throws {
    let path = NSTemporaryDirectory() + "policy-\(UUID().uuidString).safetensors"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let saved = try policy(1)
    try saved.save(to: path)
    let loaded = try NetworkPolicy(contentsOf: path, for: DeconflictionScene.normalized())
    let states = key.normal([5, 18])
    #expect(try loaded.actions(for: states) == saved.actions(for: states))
    #expect(loaded.hidden == [16, 16])
    #expect(throws: (any Error).self) { try NetworkPolicy(contentsOf: path, for: Copies(Counter())) }
  }

  static let options: [(name: String, change: @Sendable (inout RobustTraining) -> Void)] = [
    ("plain", { _ in }), ("adversarial", { $0.attackSteps = 2 }),
    ("truth", { ($0.attackSteps, $0.criticSeesTruth) = (1, true) }),
    ("batches", { ($0.attackSteps, $0.attackPlace) = (2, .batches) }),
    ("batches, truth", { ($0.attackSteps, $0.attackPlace, $0.criticSeesTruth) = (1, .batches, true) }),
    ("alignment", { ($0.attackSteps, $0.alignment) = (1, .init(weight: 1)) }),
    (
      "pairwise",
      {
        $0.alignment = .init(weight: 1)
        $0.alignment.isPairwise = true
        ($0.alignment.order, $0.alignment.action) = (2, .expert)
      }
    ),
    ("smooth", { $0.smoothness = 1 }), ("mixture", { $0.adversaryShare = 0.2 }),
    (
      "all",
      {
        ($0.attackSteps, $0.criticSeesTruth, $0.smoothness, $0.adversaryShare) = (2, true, 0.5, 0.1)
        $0.alignment = .init(weight: 0.1)
        $0.alignment.anchor = .previousStage
      }
    ),
  ]

  private func tuned(
    _ change: (inout RobustTraining) -> Void, strength: [Double], steps: Int = 160
  ) throws -> CurriculumTraining {
    let scene = DeconflictionScene.normalized()
    let expert = try OffPolicyTraining(quickMethod(), in: scene, schedule: quickSchedule(), key: key)
    for _ in 0..<40 { try expert.advance() }
    let method = quickMethod { change(&$0.robust) }
    var schedule = quickSchedule()
    schedule.warmsUpRandomly = false
    let run = try CurriculumTraining(
      method, from: expert.state, in: scene, schedule: schedule,
      curriculum: Curriculum(strengths: strength, stepsPerStage: steps), key: key.split("tune"))
    while !run.isFinished { try run.advance() }
    return run
  }

  /// Each option changes what is learned, all together run, and what is to be read is read.
  @Test func optionsCombineAndCount() throws {
    var results: [String: Tree<NDArray>] = [:]
    for (name, change) in Self.options {
      let run = try tuned(change, strength: [0.1, 0.3])
      #expect(run.stages.map(\.strength) == [0.1, 0.3] && run.stages.allSatisfy { $0.shift > 0 })
      #expect(run.training.state.leaves.allSatisfy { $0.floats.allSatisfy(\.isFinite) })
      #expect(
        (run.training.readings["critic/alignment"] != nil)
          == (name == "alignment" || name == "pairwise" || name == "all"))
      #expect((run.training.readings["actor/bending"] != nil) == (name == "smooth" || name == "all"))
      results[name] = run.training.state.subtree("actor")
    }
    for (name, actor) in results where name != "plain" { #expect(actor != results["plain"], "\(name) changed nothing") }
  }

  /// Langevin dynamics (SGLD): noise in the chain moves policy and adversary, each by draws of its own, the same from the same key.
  @Test func playersDescendByLangevinDynamics() throws {
    func trained(_ chain: String) throws -> Tree<NDArray> {
      let method = quickMethod { ($0.robust.adversaryShare, $0.actorOptimizer) = (0.2, chain) }
      let training = try OffPolicyTraining(
        method, in: DeconflictionScene.normalized(), schedule: quickSchedule(), key: key)
      for _ in 0..<40 { try training.advance() }
      return training.state
    }
    let chain = "rmsprop | noise 0.1 | rate 0.001"
    let (plain, noisy, again) = (try trained("rmsprop | rate 0.001"), try trained(chain), try trained(chain))
    func moves(_ player: String) -> [Double] {
      zip(noisy.subtree(player).leaves, plain.subtree(player).leaves).flatMap { zip($0.doubles, $1.doubles).map(-) }
    }
    for player in ["actor", "adversary"] {
      #expect(moves(player).contains { $0 != 0 } && noisy.subtree(player) == again.subtree(player))
      #expect(noisy.subtree(player).leaves.allSatisfy { $0.floats.allSatisfy(\.isFinite) })
    }
    #expect(moves("actor") != moves("adversary"))
  }

  /// Without strength an attack of training does nothing.
  @Test func strengthZeroIsPlainTraining() throws {
    let plain = try tuned({ _ in }, strength: [0]).training.state
    for place in RobustTraining.AttackPlace.allCases {
      let attacked = try tuned({ ($0.attackSteps, $0.attackPlace) = (2, place) }, strength: [0]).training.state
      #expect(plain == attacked, "\(place)")
    }
  }

  /// An attack on flights: what is kept is the truth, beside it what the policy saw, within the ball, and the action that
  /// it chose on that, not on the truth.
  @Test func anActionStaysWithWhatWasSeen() throws {
    let scene = DeconflictionScene.normalized()
    let epsilon: Float = 0.3
    func flown(_ place: RobustTraining.AttackPlace) throws -> OffPolicyTraining<TD3> {
      var schedule = quickSchedule()
      // No noise and no update: all is the first policy's.
      (schedule.warmsUpRandomly, schedule.warmup, schedule.noiseSteps, schedule.lastNoise) = (false, 10_000, 0, 0)
      let training = try OffPolicyTraining(
        quickMethod { ($0.robust.attackSteps, $0.robust.attackPlace) = (2, place) }, in: scene, schedule: schedule,
        key: key)
      training.strength = Double(epsilon)
      for _ in 0..<5 { try training.advance() }
      return training
    }
    let run = try flown(.flights)
    let (policy, buffer) = (try run.policy(), run.buffer)
    #expect(buffer.states.shape[1] == 36)
    func part(_ rows: NDArray, _ range: Range<Int>) -> [Float] {
      let values = rows.floats
      return (0..<20).flatMap { row in range.map { values[row * 36 + $0] } }
    }
    for rows in [buffer.states, buffer.nextStates] {
      let moved = zip(part(rows, 0..<18), part(rows, 18..<36)).map { abs($0 - $1) }
      // s + delta is rounded once, at numbers up to 5.
      #expect(Double(moved.max()!) <= Double(epsilon) + rounding(.float32, terms: 2, scale: 5))
      #expect(moved.filter { $0 > 0.9 * epsilon }.count > 200)
    }
    let seen = try policy.actions(for: NDArray(part(buffer.states, 18..<36), shape: [20, 18])).floats
    let truth = try policy.actions(for: NDArray(part(buffer.states, 0..<18), shape: [20, 18])).floats
    let kept = Array(buffer.actions.floats[..<60])
    // Actions of other batch sizes may round otherwise: sums of 18 and 16 terms, actions near 0.
    func largest(_ actions: [Float]) -> Double { Double(zip(actions, kept).map { abs($0 - $1) }.max()!) }
    #expect(largest(seen) <= rounding(.float32, terms: 50, scale: 1) && largest(truth) > 1e-4)
    // The truth goes on: what a step led to is where the next one began.
    let (states, next) = (part(buffer.states, 0..<18), part(buffer.nextStates, 0..<18))
    #expect(Array(next[..<(16 * 18)]) == Array(states[(4 * 18)...]))
    #expect(try flown(.batches).buffer.states.shape[1] == 18)
  }

  /// The alignment pulls the critic's values to the expert's: a strong one leaves a smaller distance than none.
  @Test func alignmentHoldsTheValues() throws {
    func distance(_ weight: Double) throws -> Double {
      let run = try tuned({ $0.alignment = .init(weight: weight) }, strength: [0], steps: 1200)
      return run.training.readings["critic/alignment"]!
    }
    #expect(try distance(30) < 0.5 * distance(1e-9))
  }

  @Test func smallShiftsEndAStageEarly() throws {
    let scene = DeconflictionScene.normalized()
    let expert = try OffPolicyTraining(quickMethod(), in: scene, schedule: quickSchedule(), key: key)
    let run = try CurriculumTraining(
      quickMethod { $0.robust.attackSteps = 1 }, from: expert.state, in: scene, schedule: quickSchedule(),
      curriculum: Curriculum(strengths: [0.1, 0.2], stepsPerStage: 2000, largestShift: 1000), key: key)
    while !run.isFinished { try run.advance() }
    #expect(run.stages.allSatisfy { $0.steps < 500 })

    // Saved between stages, it goes on exactly.
    func fresh() throws -> CurriculumTraining {
      try CurriculumTraining(
        quickMethod { $0.robust.alignment = .init(weight: 1) }, from: expert.state, in: scene,
        schedule: quickSchedule(),
        curriculum: Curriculum(strengths: [0.1, 0.2], stepsPerStage: 120), key: key)
    }
    let (whole, part) = (try fresh(), try fresh())
    for _ in 0..<40 { try whole.advance() }
    try part.restore(whole.snapshot)
    while !whole.isFinished { try whole.advance() }
    while !part.isFinished { try part.advance() }
    #expect(whole.snapshot == part.snapshot && whole.stages == part.stages)
  }

  @Test func meansAreControls() {
    let rising = Curriculum.rising(to: 0.3, stages: 6, steps: 96_000)
    #expect(rising.strengths.count == 6 && rising.stepsPerStage == 16_000)
    #expect(abs(rising.meanStrength - 0.175) < rounding(terms: 12))
  }
}
