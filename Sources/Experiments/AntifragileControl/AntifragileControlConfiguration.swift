import Reinforcement

/// An expert that goes on learning under attacks, in several ways, and what becomes of it.
public struct AntifragileControlConfiguration: SeededConfiguration {
  /// How each policy is trained.
  public struct Learning: Codable, Sendable, Equatable {
    /// Widths of actor and critics.
    public var hidden: [Int]
    /// γ, of rewards a step later.
    public var discount: Double
    /// Environment steps of the clean expert.
    public var expertSteps: Int
    /// Environment steps of each further training.
    public var tuningSteps: Int
    /// Adam's rate for the expert.
    public var expertRate: Double
    /// Adam's rate in further training.
    public var tuningRate: Double
    /// Copies of the scene that are flown at once.
    public var environments: Int
    /// Critic updates for each step of all copies.
    public var updatesPerStep: Double
    /// Transitions in one update.
    public var batch: Int
    /// Transitions that are kept.
    public var capacity: Int
    /// Environment steps before the first update.
    public var warmup: Int
    /// Environment steps from one saved state to the next.
    public var checkpointSteps: Int
  }

  /// Attacks in training and in evaluation.
  public struct Attack: Codable, Sendable, Equatable {
    /// Largest strength in training, in standard deviations of each observation.
    public var largest: Double
    /// Equal stages of the curriculum up to it.
    public var stages: Int
    /// Gradient steps of the attack in training.
    public var trainingSteps: Int
    /// Whether attacks in training act on flights or on batches of clean flights.
    public var trainingPlace: RobustTraining.AttackPlace
    /// Strengths of the ten-step attack in evaluation; some beyond those of training.
    public var strengths: [Double]
    /// False positions in evaluation: sp1 to sp4 with a magnitude in lengths of the scene.
    public var spoofings: [String]
    /// Strengths of the map of both attacks at once.
    public var mapStrengths: [Double]
    /// Magnitudes of the spoofing sp4 on that map.
    public var mapMagnitudes: [Double]
  }

  /// Robust training of other kinds.
  public struct Baselines: Codable, Sendable, Equatable {
    /// Largest noise of domain randomisation, in standard deviations.
    public var noise: Double
    /// Largest false position of domain randomisation.
    public var bias: Double
    /// Share of each action that the adversary of action-robust training chooses.
    public var adversaryShare: Double
    /// Values tried for each of three accelerations, for the best constant.
    public var constants: Int
  }

  /// What decides the claims.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// By which share of its size a return shall be higher.
    public var returnGain: Double
    /// By which share conflicts shall be fewer.
    public var conflictCut: Double
    /// Share of flights by which fewer may arrive.
    public var arrivalMargin: Double
  }

  /// Ways to train on from the expert, as "curriculum T + W 0.1".
  public var arms: [String]
  /// Arms among which the best robust baseline is chosen, on tuning seeds.
  public var robust: [String]
  /// As many forms of the antifragile method, chosen among likewise.
  public var antifragile: [String]
  /// How each policy is trained.
  public var learning: Learning
  /// Attacks in training and in evaluation.
  public var attack: Attack
  /// Robust training of other kinds.
  public var baselines: Baselines
  /// Flights under each condition, the same ones for all arms of a seed.
  public var episodes: Int
  /// Flights in each cell of the map.
  public var mapEpisodes: Int
  /// States on which values are compared.
  public var states: Int
  public var seeds: TunedSeeds
  public var decision: Decisions

  /// One form of each side: those that a prototype had found best, with other seeds and other episodes.
  static let quick = AntifragileControlConfiguration(
    arms: ["standard", "adversarial", "adversarial T", "curriculum T", "curriculum T + W 0.1"],
    robust: ["adversarial T"], antifragile: ["curriculum T + W 0.1"],
    learning: Learning(
      hidden: [64, 64], discount: 0.98, expertSteps: 192_000, tuningSteps: 96_000, expertRate: 1e-3, tuningRate: 5e-4,
      environments: 16, updatesPerStep: 4, batch: 128, capacity: 100_000, warmup: 3000, checkpointSteps: 16_000),
    attack: Attack(
      largest: 0.3, stages: 6, trainingSteps: 2, trainingPlace: .flights, strengths: [0.1, 0.3, 0.5],
      spoofings: ["sp2 1.5", "sp4 1.0"],
      mapStrengths: [0, 0.15, 0.3, 0.5], mapMagnitudes: [0, 0.5, 1, 1.5]),
    baselines: Baselines(noise: 0.6, bias: 1, adversaryShare: 0.2, constants: 5), episodes: 100, mapEpisodes: 40,
    states: 512, seeds: TunedSeeds(count: 6, first: 10, tuningCount: 1),
    decision: Decisions(alpha: 0.05, returnGain: 0.15, conflictCut: 0.3, arrivalMargin: 0.05))

  /// Mechanics only: nobody learns to fly in so few steps.
  static var smoke: AntifragileControlConfiguration {
    var c = quick
    c.arms = ["standard", "adversarial T", "curriculum T", "curriculum T + W 0.1"]
    (c.learning.hidden, c.learning.batch, c.learning.warmup) = ([16, 16], 32, 320)
    (c.learning.expertSteps, c.learning.tuningSteps, c.learning.checkpointSteps) = (2000, 960, 480)
    (c.attack.stages, c.attack.trainingSteps, c.attack.spoofings) = (2, 1, ["sp4 1.0"])
    (c.attack.mapStrengths, c.attack.mapMagnitudes) = ([0, 0.3], [0, 1])
    (c.episodes, c.mapEpisodes, c.states, c.baselines.constants) = (10, 5, 50, 2)
    c.seeds = TunedSeeds(count: 1, tuningCount: 1)
    return c
  }

  /// All arms on ten seeds; the search among five robust methods and five forms of the antifragile one.
  static var standard: AntifragileControlConfiguration {
    var c = quick
    (c.episodes, c.mapEpisodes) = (200, 60)
    c.robust = ["adversarial", "adversarial mean", "adversarial T", "domain randomisation", "action-robust"]
    c.antifragile = [
      "curriculum T + W 0.1", "curriculum + W 1", "curriculum + W 0.1", "curriculum T + W 1", "curriculum T + W 0.01",
    ]
    c.arms = ["standard"] + c.robust + ["curriculum", "curriculum T", "reversed curriculum T"] + c.antifragile
    c.attack.strengths = [0.1, 0.3, 0.5, 1]
    c.attack.spoofings = ["sp1 1.0", "sp2 1.5", "sp3 1.0", "sp4 1.0"]
    c.seeds = TunedSeeds(count: 10, first: 100, tuningCount: 3)
    return c
  }

  /// Longer training of wider networks, and every ablation.
  static var paper: AntifragileControlConfiguration {
    var c = standard
    c.learning.hidden = [256, 256]
    (c.learning.expertSteps, c.learning.tuningSteps) = (400_000, 400_000)
    c.arms += ["curriculum T + pairs 0.1", "curriculum T + W 0.1 chained", "adversarial T + W 0.1"]
    c.seeds = TunedSeeds(count: 12, first: 200, tuningCount: 3)
    return c
  }

  // MARK: What the names mean

  func arm(_ name: String) throws -> AntifragileArm { try AntifragileArm(named: name) }
  func resolved(_ names: [String]) throws -> [AntifragileArm] { try names.map { try AntifragileArm(named: $0) } }

  func spoofings() throws -> [PositionSpoofing] {
    do { return try attack.spoofings.map { try PositionSpoofing(text: $0) } } catch {
      throw SettingsError("attack.spoofings: \(error)")
    }
  }

  /// The seed of the expert whose critic attacks all others: neither tuned on nor reported.
  var attackerSeed: Int { seeds.tuningFirst + seeds.tuningCount }

  /// The first strength beyond those of training.
  var unseenStrength: Double? { attack.strengths.first { $0 > attack.largest } }

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "learning.expertSteps": learning.expertSteps, "learning.tuningSteps": learning.tuningSteps,
      "learning.environments": learning.environments, "learning.batch": learning.batch,
      "learning.capacity": learning.capacity, "learning.warmup": learning.warmup,
      "learning.checkpointSteps": learning.checkpointSteps, "attack.stages": attack.stages,
      "attack.trainingSteps": attack.trainingSteps, "baselines.constants": baselines.constants, "episodes": episodes,
      "mapEpisodes": mapEpisodes, "states": states,
    ])
    try require(positive: [
      "learning.expertRate": learning.expertRate, "learning.tuningRate": learning.tuningRate,
      "learning.updatesPerStep": learning.updatesPerStep, "attack.largest": attack.largest,
      "learning.discount": learning.discount,
    ])
    try require(
      counts: [
        "learning.environments": learning.environments, "learning.batch": learning.batch, "episodes": episodes,
        "mapEpisodes": mapEpisodes, "states": states,
      ], most: 100_000)
    guard learning.updatesPerStep <= 1000 else { throw SettingsError("learning.updatesPerStep must be at most 1000") }
    guard !learning.hidden.isEmpty, learning.hidden.allSatisfy({ $0 > 0 && $0 <= 4096 }) else {
      throw SettingsError("learning.hidden is a list of widths from 1 to 4096, not \(learning.hidden)")
    }
    guard learning.discount <= 1, (0..<1).contains(baselines.adversaryShare), baselines.noise >= 0,
      baselines.bias >= 0
    else { throw SettingsError("learning.discount is at most 1, baselines.adversaryShare below 1; none is negative") }
    guard attack.strengths == attack.strengths.sorted(), attack.strengths.count > 1,
      attack.strengths.allSatisfy({ $0 > 0 && $0.isFinite }), attack.strengths.contains(attack.largest)
    else {
      throw SettingsError("attack.strengths are positive, rising, at least two, with attack.largest among them")
    }
    guard !attack.mapStrengths.isEmpty, !attack.mapMagnitudes.isEmpty,
      (attack.mapStrengths + attack.mapMagnitudes).allSatisfy({ $0 >= 0 && $0.isFinite })
    else { throw SettingsError("attack.mapStrengths and attack.mapMagnitudes are lists of numbers from 0 on") }
    guard try !spoofings().isEmpty else { throw SettingsError("attack.spoofings names at least one, as sp4 1.0") }
    guard seeds.first > attackerSeed || seeds.first + seeds.count <= attackerSeed else {
      throw SettingsError("the seed \(attackerSeed), behind those of tuning, attacks all others and cannot be reported")
    }
    guard !robust.isEmpty else { throw SettingsError("robust names at least one arm") }
    try require(robust + antifragile, in: "robust and antifragile", among: arms)
    let all = try resolved(arms)
    guard Set(all).count == all.count, all.contains(.standard) else {
      throw SettingsError("arms are different from each other, with standard among them")
    }
  }
}
