import Foundation
import Reinforcement
import Training

/// One training: an expert from nothing, or a further training of it; then flights under all conditions.
struct AntifragileTask {
  let configuration: AntifragileControlConfiguration
  let task: SweepTask<AntifragileArm>
  let log: TaskLog<AntifragileArm>

  private var key: RandomKey { RandomKey(seed: task.seed) }
  /// The same episodes for all arms of a seed.
  private var episodeKey: RandomKey { key.split("evaluation") }

  func run() throws -> TaskOutcome {
    try (task.arm.plan == .expert ? trainExpert() : train())
  }

  // MARK: The expert

  private func trainExpert() throws -> TaskOutcome {
    let arm = task.arm
    let training = try OffPolicyTraining(
      arm.method(configuration), in: arm.environment(configuration), schedule: arm.schedule(configuration),
      key: key.split("expert"))
    let total = configuration.learning.expertSteps
    try descend(training, in: training.copies, total: total) { training.environmentSteps >= total }
    let policy = try training.policy()
    var values = try rules()
    var (seen, steps): ([Float], Int) = ([], 0)
    let clean = try fly(policy) { copies, flying in
      // Every fifth step: neighbours are nearly the same state.
      if steps % 5 == 0 { seen += copies.observations.rows(at: flying.indices.filter { flying[$0] }).floats }
      steps += 1
    }
    values.merge(outcomes(clean, .clean)) { $1 }
    let attacked = try fly(
      policy, attack: ObservationAttack(.standard, strength: configuration.attack.largest, on: policy))
    values.merge(outcomes(attacked, .gradient(configuration.attack.largest, .own))) { $1 }
    let conflicts = attacked.events["conflicts"] ?? []
    values[.shownEpisode] = Double(conflicts.indices.max { conflicts[$0] < conflicts[$1] } ?? 0)
    try files.write(networks: training.state, states: sample(of: seen), policy: policy, seed: task.seed)
    return TaskOutcome(values, step: training.environmentSteps, text: "networks \(training.state.digest)")
  }

  /// A fixed number of states that the expert met.
  private func sample(of seen: [Float]) -> NDArray {
    let all = NDArray(seen, shape: [seen.count / 18, 18])
    return all.rows(at: key.split("states").integers(count: configuration.states, below: all.shape[0]))
  }

  /// What needs no learning, on the same episodes.
  private func rules() throws -> [Measure: Double] {
    var values: [Measure: Double] = [:]
    func add(_ rule: ControlRule, _ evaluation: PolicyEvaluation, _ condition: ControlCondition) {
      for outcome in ControlOutcome.allCases { values[.rule(rule, outcome, condition)] = outcome.value(evaluation) }
    }
    let count = configuration.baselines.constants
    let levels = (0..<count).map { count == 1 ? Float(0) : 2 * Float($0) / Float(count - 1) - 1 }
    var best: PolicyEvaluation?
    for x in levels {
      for y in levels {
        for z in levels {
          let found = try fly(ScriptedPolicy.constant(SIMD3(x, y, z)))
          if found.meanReturn > best?.meanReturn ?? -.infinity { best = found }
        }
      }
    }
    if let best { add(.constant, best, .clean) }
    for (rule, policy) in [
      (ControlRule.goalSeeking, ScriptedPolicy.goalSeeking()), (.closestApproach, .closestApproach()),
    ] {
      add(rule, try fly(policy), .clean)
      for spoofing in try configuration.spoofings() {
        add(rule, try fly(policy, spoofing: spoofing), .spoofed(spoofing.description))
      }
    }
    return values
  }

  // MARK: Further training

  private func train() throws -> TaskOutcome {
    let arm = task.arm
    let run = try CurriculumTraining(
      arm.method(configuration), from: try files.networks(seed: task.seed), in: arm.environment(configuration),
      schedule: arm.schedule(configuration), curriculum: arm.curriculum(configuration), key: key.split("training"))
    try descend(run, in: run.training.copies, total: run.curriculum.totalSteps) { run.isFinished }
    let policy = try run.training.policy()
    try files.write(policy, of: task)
    var values = try evaluate(policy)
    for (index, stage) in run.stages.enumerated() { values[.stageShift(index)] = stage.shift }
    return TaskOutcome(values, step: run.training.environmentSteps, text: "networks \(run.training.state.digest)")
  }

  private func evaluate(_ policy: NetworkPolicy) throws -> [Measure: Double] {
    let attack = configuration.attack
    let critic = try files.policy(seed: configuration.attackerSeed)
    let clean = try fly(policy)
    var values = outcomes(clean, .clean)
    for strength in attack.strengths {
      var worst: [ControlOutcome: Double] = [:]
      var shift = 0.0
      for attacker in ControlAttacker.allCases {
        let found = try fly(
          policy,
          attack: ObservationAttack(
            .standard, strength: strength, on: policy, through: attacker == .own ? nil : critic))
        values.merge(outcomes(found, .gradient(strength, attacker))) { $1 }
        shift = max(shift, clean.shiftOfReturns(to: found))
        for outcome in ControlOutcome.allCases {
          let value = outcome.value(found)
          worst[outcome] = worst[outcome].map { outcome.worse($0, value) } ?? value
        }
      }
      values[.returnShift(strength)] = shift
      for (outcome, value) in worst { values[.outcome(outcome, .worst(strength))] = value }
    }
    if task.seed == configuration.seeds.first {
      values.merge(try show(policy)) { $1 }
      values.merge(try map(policy)) { $1 }
    }
    for spoofing in try configuration.spoofings() {
      values.merge(outcomes(try fly(policy, spoofing: spoofing), .spoofed(spoofing.description))) { $1 }
    }
    return values.merging(try valueLaws(policy)) { $1 }
  }

  /// One flight under attack for the report, and a page with more of them.
  private func show(_ policy: NetworkPolicy) throws -> [Measure: Double] {
    let scene = DeconflictionScene.normalized()
    func record(_ episodes: Int) throws -> (recorder: TrackRecorder, result: PolicyEvaluation) {
      guard var recorder = TrackRecorder(scene, episodes: episodes) else {
        preconditionFailure("the deconfliction scene has tracks")
      }
      let attack = try ObservationAttack(.standard, strength: configuration.attack.largest, on: policy)
      let result = try fly(policy, attack: attack, episodes: episodes) { recorder.record($0, $1) }
      return (recorder, result)
    }
    let few = try record(min(configuration.episodes, 12))
    let title = "\(task.arm), seed \(task.seed), under the gradient of strength \(configuration.attack.largest)"
    try files.write(page: few.recorder.page(title: title, few.result), of: task)
    let shown = try log.findings.count(.shownEpisode, of: .expert, task.seed)
    let tracks = try record(configuration.episodes).recorder.tracks
    guard tracks.indices.contains(shown) else {
      throw FindingsError.impossible(
        measure: .shownEpisode, task: SweepTask(AntifragileArm.expert, seed: task.seed).name, value: Double(shown))
    }
    let track = tracks[shown]
    var values: [Measure: Double] = [:]
    for (step, places) in track.places.enumerated() {
      for field in TrackField.allCases { values[field.family[step]] = Double(field.value(places)) }
    }
    return values
  }

  /// How the critic's values move on the expert's states.
  private func valueLaws(_ policy: NetworkPolicy) throws -> [Measure: Double] {
    let states = try files.states(seed: task.seed)
    var values: [Measure: Double] = [:]
    func add(_ law: [Double], _ strength: Double) {
      for (index, value) in quantiles(of: law, at: (0...10).map { Double($0) / 10 }).enumerated() {
        values[.decile(index, strength)] = value
      }
    }
    for strength in configuration.attack.strengths {
      let shift = try ValueShift(
        policy, on: states, under: ObservationAttack(.standard, strength: strength, on: policy),
        criticSeesTruth: task.arm.criticSeesTruth, key: key.split("values"))
      values[.valueShift(strength)] = shift.distance
      add(shift.attacked, strength)
      add(shift.clean, 0)
    }
    return values
  }

  /// Conflicts under both attacks at once.
  private func map(_ policy: NetworkPolicy) throws -> [Measure: Double] {
    var values: [Measure: Double] = [:]
    for strength in configuration.attack.mapStrengths {
      let attack = try ObservationAttack(.standard, strength: strength, on: policy)
      for magnitude in configuration.attack.mapMagnitudes {
        let found = try fly(
          policy, spoofing: PositionSpoofing(.predicted, magnitude: Float(magnitude)), attack: attack,
          episodes: configuration.mapEpisodes)
        values[.map(strength, magnitude)] = ControlOutcome.conflicts.value(found)
      }
    }
    return values
  }

  // MARK: Flying and descending

  private func fly(
    _ policy: any Policy, spoofing: PositionSpoofing? = nil, attack: ObservationAttack? = nil, episodes: Int? = nil,
    observe: ((EnvironmentCopies, [Bool]) -> Void)? = nil
  ) throws -> PolicyEvaluation {
    try PolicyEvaluation.run(
      policy, in: DeconflictionScene.normalized(spoofing: spoofing), episodes: episodes ?? configuration.episodes,
      key: episodeKey, attack: attack, observe: observe)
  }

  private func outcomes(_ evaluation: PolicyEvaluation, _ condition: ControlCondition) -> [Measure: Double] {
    Dictionary(
      uniqueKeysWithValues: ControlOutcome.allCases.map { (.outcome($0, condition), $0.value(evaluation)) })
  }

  /// Goes on from the last checkpoint to the end, and saves all on the way.
  private func descend(
    _ training: any ControlLearner, in copies: EnvironmentCopies, total: Int, isFinished: () -> Bool
  ) throws {
    if let saved = try log.checkpoints.latest() { try training.restore(saved.parameters) }
    let interval = configuration.learning.checkpointSteps
    var next = (training.environmentSteps / interval + 1) * interval
    var returns: [Double] = []
    while !isFinished() {
      try training.advance()
      returns += copies.finished.map(\.total)
      guard training.environmentSteps >= next || isFinished() else { continue }
      let step = training.environmentSteps
      let mean = Summary(returns).mean
      try log.record("look", step: step, returns.isEmpty ? [:] : [.trainingReturn: mean])
      try log.checkpoints.save(TrainingState(parameters: training.snapshot, optimizerState: Tree(), step: step))
      log.show(min(10 * step / max(total, 1), 10), returns.isEmpty ? "" : String(format: "return %.2f", mean))
      (returns, next) = ([], next + interval)
    }
  }

  private var files: ControlFiles { ControlFiles(folder: log.artifacts) }
}
