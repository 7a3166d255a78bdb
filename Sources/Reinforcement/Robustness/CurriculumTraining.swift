import Parameters

/// An expert that goes on learning under attacks of a curriculum: the antifragile method, and its baselines.
///
/// With alignment this is a reconstruction of "curriculum-guided antifragile reinforcement learning" (Panda, Perrusquia, Guo,
/// arXiv 2506.21129), whose algorithm is not published: stage by stage the strength rises, the critic is held to the
/// expert's values by W_p, and a stage ends after its budget or once the shift of values is small. Without, it is
/// adversarial training with a curriculum; with one strength, plain adversarial training.
public final class CurriculumTraining {
  /// How a stage ended.
  public struct Stage: Sendable, Equatable, Codable {
    /// ε of the attacks, in units of observations.
    public var strength: Double
    /// Environment steps that it took.
    public var steps: Int
    /// W_1 of the critic's values, clean and attacked, on states of the run, at the end of the stage.
    public var shift: Double
  }

  /// The run that goes on; its `strength` follows the stages.
  public let training: OffPolicyTraining<TD3>
  /// The stages that were asked for.
  public let curriculum: Curriculum
  /// Those that have ended.
  public private(set) var stages: [Stage] = []
  private var stageStart = 0
  private let key: RandomKey

  /// - Parameter expert: the `state` of an expert's run.
  /// - Throws: `ControlError` where the parts do not fit.
  public init(
    _ method: TD3, from expert: Tree<NDArray>, in environment: any Environment, schedule: OffPolicySchedule,
    curriculum: Curriculum, key: RandomKey
  ) throws {
    guard !curriculum.strengths.isEmpty, curriculum.stepsPerStage >= 1,
      curriculum.strengths.allSatisfy({ $0 >= 0 && $0.isFinite })
    else { throw ControlError("a curriculum has stages of at least one step, of strengths that are not negative") }
    let start = try method.start(from: expert, try ControlTask(environment), key: key.split("networks"))
    training = try OffPolicyTraining(method, in: environment, schedule: schedule, key: key, state: start)
    training.strength = curriculum.strengths[0]
    self.curriculum = curriculum
    self.key = key
  }

  /// Whether the last stage has ended.
  public var isFinished: Bool { stages.count == curriculum.strengths.count }

  /// One step of all copies, and the change of stage that follows from it.
  ///
  /// - Throws: `ControlError` where the run has diverged.
  public func advance() throws {
    guard !isFinished else { return }
    try training.advance()
    let elapsed = training.environmentSteps - stageStart
    var isOver = elapsed >= curriculum.stepsPerStage
    var shift: Double?
    if curriculum.largestShift > 0, !isOver, training.updates > 0 {
      // Ten looks a stage: each costs the compilation of an attack.
      let interval = max(curriculum.stepsPerStage / 10 / training.schedule.environments, 1)
      if elapsed / training.schedule.environments % interval == 0 {
        shift = try valueShift()
        isOver = shift! <= curriculum.largestShift
      }
    }
    guard isOver else { return }
    stages.append(Stage(strength: training.strength, steps: elapsed, shift: try shift ?? valueShift()))
    stageStart = training.environmentSteps
    guard !isFinished else { return }
    training.strength = curriculum.strengths[stages.count]
    let alignment = training.method.robust.alignment
    if alignment.weight > 0, alignment.anchor == .previousStage {
      let state = training.state
      try training.replace(
        state.subtree("actor").prefixed("anchorActor")
          .merging(state.subtree("critics").subtree("critic1").prefixed("anchorCritic")))
    }
  }

  private func valueShift() throws -> Double {
    let policy = try training.policy()
    let states = training.states(512, key: key.split("probe"))
    return try ValueShift(
      policy, on: states, under: ObservationAttack(.standard, strength: training.strength, on: policy),
      criticSeesTruth: training.method.robust.criticSeesTruth, key: key.split("probe attack")
    ).distance
  }

  /// All that the run is; restored into a run of the same parts and key, it goes on exactly.
  public var snapshot: Tree<NDArray> {
    Tree([
      "stages": NDArray(stages.flatMap { [$0.strength, Double($0.steps), $0.shift] }, shape: [stages.count, 3]),
      "start": NDArray([Double(stageStart)]),
    ]).merging(training.snapshot.prefixed("training"))
  }

  /// Goes on from what another run of the same settings and key was.
  ///
  /// - Throws: `ControlError` where it is another run's, or damaged; this one is then not to be gone on with.
  public func restore(_ snapshot: Tree<NDArray>) throws {
    let saved = SnapshotReader(snapshot)
    let rows = try saved.numbers("stages", [nil, 3])
    guard rows.count / 3 <= curriculum.strengths.count else {
      throw ControlError(
        "a saved curriculum has \(rows.count / 3) stages behind it, and this one has \(curriculum.strengths.count)")
    }
    stageStart = try SnapshotReader.count(try saved.numbers("start", [1])[0], "the start of the stage")
    stages = try stride(from: 0, to: rows.count, by: 3).map {
      Stage(
        strength: rows[$0], steps: try SnapshotReader.count(rows[$0 + 1], "the steps of a stage"), shift: rows[$0 + 2])
    }
    try training.restore(snapshot.subtree("training"))
  }
}
