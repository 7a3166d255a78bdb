import Foundation
import Reinforcement

/// Does control gain from attacks, when their strength rises by a curriculum and the critic is held to an expert's values?
///
/// "Curriculum-guided antifragile reinforcement learning" for the deconfliction of drones: Panda, Perrusquia, Guo,
/// arXiv 2506.21129. The algorithm is not published; what is here is a reconstruction (our choice, see
/// `CurriculumTraining`). All methods go on from the same expert for as many steps.
public struct AntifragileControlExperiment: Experiment {
  public let configuration: AntifragileControlConfiguration

  public init(_ configuration: AntifragileControlConfiguration) { self.configuration = configuration }

  public static let name = "antifragile-control"
  public static let summary = "a curriculum of attacks with a critic held to an expert's values (arXiv 2506.21129)"

  public static let presets: [Preset<AntifragileControlConfiguration>] = [
    .init(name: "smoke", summary: "seconds: the mechanics only, nobody learns to fly", configuration: .smoke),
    .init(name: "quick", summary: "minutes: five ways to train on, six seeds", configuration: .quick),
    .init(
      name: "standard", summary: "hours: all baselines and controls, ten fresh seeds, four spoofings",
      configuration: .standard),
    .init(
      name: "paper", summary: "days: longer training of wider networks, every ablation, twelve seeds",
      configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "arms": "ways to train on from the expert, as \"curriculum T + W 0.1\"",
    "robust": "arms among which the best robust baseline is chosen, on tuning seeds",
    "antifragile": "as many forms of the antifragile method, chosen among likewise",
    "learning.hidden": "widths of actor and critics", "learning.discount": "of rewards, a step",
    "learning.expertSteps": "environment steps of the clean expert",
    "learning.tuningSteps": "environment steps of each further training",
    "learning.expertRate": "Adam's rate for the expert", "learning.tuningRate": "and in further training",
    "learning.environments": "copies of the scene that are flown at once",
    "learning.updatesPerStep": "critic updates for each step of all copies", "learning.batch": "transitions in one",
    "learning.capacity": "transitions that are kept", "learning.warmup": "environment steps before the first update",
    "learning.checkpointSteps": "environment steps from one saved state to the next",
    "attack.largest": "largest strength in training, in standard deviations of each observation",
    "attack.stages": "equal stages of the curriculum up to it",
    "attack.trainingSteps": "gradient steps of the attack in training",
    "attack.trainingPlace": "flights, or batches of clean flights: what the attack in training acts on",
    "attack.strengths": "strengths of the ten-step attack in evaluation; some beyond those of training",
    "attack.spoofings": "false positions in evaluation: sp1 to sp4 with a magnitude in lengths of the scene",
    "attack.mapStrengths": "strengths of the map of both attacks at once",
    "attack.mapMagnitudes": "magnitudes of its spoofing sp4",
    "baselines.noise": "largest noise of domain randomisation, in standard deviations",
    "baselines.bias": "largest false position of domain randomisation",
    "baselines.adversaryShare": "share of each action that the adversary of action-robust training chooses",
    "baselines.constants": "values tried for each of three accelerations, for the best constant",
    "episodes": "flights under each condition, the same ones for all arms of a seed",
    "mapEpisodes": "flights in each cell of the map", "states": "states on which values are compared",
    "seeds.count": "experts that are reported, with all that follows from them", "seeds.first": "the first seed",
    "seeds.tuningCount": "experts on which arms are chosen", "seeds.tuningFirst": "the first seed of those",
    "decision.alpha": "level of each test", "decision.returnGain": "claimed gain of return over its size",
    "decision.conflictCut": "claimed share of conflicts that is avoided",
    "decision.arrivalMargin": "share of flights by which arrival may fall and still count as kept",
  ]

  public static let madeUpMeasures: [Measure: Double] = [:]

  public func check() throws {
    try configuration.check()
    _ = try search()
  }

  // MARK: Choice on tuning seeds

  /// Which side of the comparison.
  package enum Side: String, CaseIterable, Sendable { case robust, antifragile }

  /// The search for the best form of each side: mean return under the gradient of the largest strength of training and
  /// under spoofing, half each.
  package func search() throws -> Grid<AntifragileArm> {
    let (robust, antifragile) = (
      try configuration.resolved(configuration.robust), try configuration.resolved(configuration.antifragile)
    )
    let conditions: [ControlCondition] = try configuration.spoofings().map { .spoofed($0.description) }
    let largest = configuration.attack.largest
    return try Grid(seeds: tuningSeeds, [(Side.robust.rawValue, robust), (Side.antifragile.rawValue, antifragile)]) {
      findings, arm, seed in
      let spoofed = try conditions.map { try findings[arm, seed, .outcome(.total, $0)] }
      return try -(findings[arm, seed, .outcome(.total, .worst(largest))] + Summary(spoofed).mean) / 2
    }
  }

  /// Whether there is anything to choose.
  package var isSearching: Bool { configuration.robust.count > 1 }

  /// The arm that speaks for a side.
  ///
  /// - Throws: `FindingsError.unfinished` while the search has not ended, `.noCandidate` where all of a side fail.
  package func chosen(_ side: Side, _ findings: Findings<AntifragileArm>) throws -> AntifragileArm {
    guard isSearching else {
      return try configuration.arm(side == .robust ? configuration.robust[0] : configuration.antifragile[0])
    }
    guard let best = try search().best(of: side.rawValue, findings) else {
      throw FindingsError.noCandidate(side: side.rawValue)
    }
    return best.arm
  }

  // MARK: Running

  /// Experts, then all that goes on from them; each training ends with its evaluation.
  public func sweep() throws -> Sweep<AntifragileArm> {
    let c = configuration
    let searching = isSearching
    let experts = [AntifragileArm.expert].tasks(
      on: [c.attackerSeed] + (searching ? tuningSeeds : []) + reportedSeeds)
    let arms = try c.resolved(c.arms)
    // Seed by seed, so that a run that is cut off has whole groups.
    let tuned = try (searching ? search().tasks : []) + reportedSeeds.flatMap { arms.tasks(on: [$0]) }
    var sweep = Sweep<AntifragileArm>([.init(experts), .init(tuned)]) { _, _ in
      Workbench(cost: { try AntifragileCost(c, $0).measured() }) { task, log in
        try AntifragileTask(configuration: c, task: task, log: log).run()
      }
    }
    (sweep.unit, sweep.parts) = ("tenths", 10)
    sweep.costClass = { $0.plan == .expert ? "expert" : $0.plan.isAttacked ? "attacked" : "plain" }
    return sweep
  }
}

/// What a training costs, from a short piece of it.
struct AntifragileCost {
  let configuration: AntifragileControlConfiguration
  let task: SweepTask<AntifragileArm>

  init(_ configuration: AntifragileControlConfiguration, _ task: SweepTask<AntifragileArm>) {
    (self.configuration, self.task) = (configuration, task)
  }

  func measured() throws -> TaskCost {
    let arm = task.arm
    var schedule = arm.schedule(configuration)
    schedule.warmup = schedule.environments
    let training = try OffPolicyTraining(
      arm.method(configuration), in: arm.environment(configuration), schedule: schedule, key: RandomKey(seed: 0))
    for _ in 0..<5 { try training.advance() }
    let start = Date()
    for _ in 0..<20 { try training.advance() }
    let step = Date().timeIntervalSince(start) / 20
    let steps = arm.plan == .expert ? configuration.learning.expertSteps : configuration.learning.tuningSteps
    // A flight is at most 100 steps; a step of the ten-step attack on all episodes costs about as much as a step here.
    let flights = arm.plan == .expert ? 1 : 2 * configuration.attack.strengths.count
    return TaskCost(seconds: step * (Double(steps / schedule.environments) + Double(100 * flights)))
  }
}
