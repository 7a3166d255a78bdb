import Descending
import Foundation
import SignalRecovery
import Theory

/// Descents on random phase retrieval around the transitions of the theory.
public struct PhaseRetrievalConfiguration: SeededConfiguration {
  /// Signals and measurements.
  public struct Problem: Codable, Sendable, Equatable {
    /// Real dimensions n of the signals.
    public var dimensions: [Int]
    /// Kinds of measurements: d1 ... d8, of that rank, or complex, as structured rank 2.
    public var ensembles: [String]
    /// Sampling ratios on a scale where 0 is m = n and 1 the plain theory's transition of the rank.
    public var positions: [Double]
    /// The distance from the signal, up to sign or phase, that counts as success.
    public var tolerance: Double
  }

  /// Methods, and how long they descend.
  public struct Descent: Codable, Sendable, Equatable {
    /// Any of hybrid (always among them), slack-barrier, norm-barrier, intensity, amplitude.
    public var methods: [String]
    /// Most steps of a plain descent, and of the plain part after a barrier.
    public var plainSteps: Int
    /// Steps of a barrier over all its stages.
    public var barrierSteps: Int
    /// Factor from the first to the last strength of a barrier.
    public var barrierRange: Double
    /// Rounds of barrier and plain descent in the hybrid.
    public var rounds: Int
  }

  /// The search for the schedule of the barrier, on seeds that decide nothing.
  public struct Tuning: Codable, Sendable, Equatable {
    /// Candidates: stages that share the barrier's steps.
    public var stages: [Int]
    /// Candidates: first t of the slack barrier, in units of the least that leaves 0.
    public var firstPushes: [Double]
    /// Where on the scale of sampling ratios candidates are compared.
    public var position: Double
    /// Seeds that only choose the schedule.
    public var seeds: Int
    /// The first of them.
    public var first: Int
  }

  /// Seeds, and the trials of each.
  public struct Seeds: SeedRange {
    public var count: Int
    public var first: Int
    /// Independent instances of each seed, run side by side.
    public var trials: Int
  }

  /// What the theory is computed for.
  public struct Curves: Codable, Sendable, Equatable {
    /// Ranks of the table of transitions.
    public var ranks: [Int]
    /// Quadrature nodes of the lifted theory.
    public var nodes: Int
  }

  /// Level and margins of the tests, draws of the bootstrap.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Distance from a transition α that counts as at it, as a share of α - 1: below m = n no descent can succeed.
    public var margin: Double
    /// Draws of the parametric bootstrap of 50 % points.
    public var resamples: Int
  }

  /// What is recovered, and from how many measurements.
  public var problem: Problem
  /// By which methods.
  public var descent: Descent
  /// How the barrier's schedule is chosen.
  public var tuning: Tuning
  public var seeds: Seeds
  /// The table of predicted transitions.
  public var theory: Curves
  public var decision: Decisions

  /// The largest position lies where one funnel is left without a limit on the length.
  static let quick = PhaseRetrievalConfiguration(
    problem: Problem(
      dimensions: [100], ensembles: ["d1", "d2", "d3", "d4", "complex"], positions: [0.2, 0.4, 0.6, 0.8, 1, 1.3, 2.2],
      tolerance: 1e-2),
    descent: Descent(
      methods: ["hybrid", "amplitude"], plainSteps: 40_000, barrierSteps: 1200, barrierRange: 30, rounds: 4),
    tuning: Tuning(stages: [40, 120], firstPushes: [1.05, 1.5], position: 0.9, seeds: 2, first: 1000),
    seeds: Seeds(count: 5, first: 0, trials: 4), theory: Curves(ranks: Array(1...8), nodes: 120),
    decision: Decisions(alpha: 0.05, margin: 0.2, resamples: 2000))

  static var smoke: PhaseRetrievalConfiguration {
    var c = quick
    c.problem = Problem(dimensions: [16], ensembles: ["d2", "complex"], positions: [0.5, 4], tolerance: 1e-2)
    c.descent = Descent(
      methods: ["hybrid", "amplitude", "intensity"], plainSteps: 200, barrierSteps: 400, barrierRange: 100, rounds: 2)
    c.tuning = Tuning(stages: [10, 20], firstPushes: [1.05], position: 2, seeds: 1, first: 1000)
    c.seeds = Seeds(count: 3, first: 0, trials: 4)
    c.theory = Curves(ranks: [1, 2], nodes: 60)
    c.decision.resamples = 200
    return c
  }

  /// Two sizes, twelve times the steps of the barrier, twice the trials, and ratios nearer to the lifted theory's. Just above
  /// m = n descents of large signals run out of steps.
  static var standard: PhaseRetrievalConfiguration {
    var c = quick
    c.problem.dimensions = [100, 200]
    c.problem.positions = [0.3, 0.4, 0.5, 0.6, 0.8, 1, 2.2]
    c.descent.barrierSteps = 14_400
    c.seeds.trials = 8
    return c
  }

  /// Every method at three sizes and more ratios, with more trials.
  static var paper: PhaseRetrievalConfiguration {
    var c = standard
    c.problem.dimensions = [100, 200, 400]
    c.problem.positions = [0.3, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.1, 1.4, 2, 5]
    c.descent.methods = RecoveryMethod.allCases.map(\.rawValue)
    c.descent.barrierRange = 36_000
    c.tuning = Tuning(
      stages: [60, 120, 180], firstPushes: [1.05, 1.5], position: 0.8, seeds: 5, first: 1000)
    c.seeds = Seeds(count: 12, first: 0, trials: 10)
    return c
  }

  /// The ensemble of a name: d1, d2, ... or complex.
  static func ensemble(_ name: String) throws -> MeasurementEnsemble {
    if name == "complex" { return .complex }
    if name.first == "d", let rank = Int(name.dropFirst()), (1...8).contains(rank) { return .gaussian(rank: rank) }
    throw SettingsError("problem.ensembles: there is no \(name); known are d1 ... d8 and complex")
  }

  /// Real rows in a measurement of an ensemble that was checked.
  static func ensembleRank(_ name: String) -> Int { try! ensemble(name).rank }

  /// The sampling ratio of a position: 0 at 1 (m = n), 1 at the plain transition of the rank.
  package static func ratio(_ position: Double, rank: Int) -> Double {
    1 + (PhaseRetrievalDuality(rank: rank).transition - 1) * position
  }

  /// A barrier schedule of the same number of steps and range of t whatever its stages.
  package func schedule(stages: Int, firstPush: Double) -> RecoverySchedule {
    RecoverySchedule(
      plainSteps: descent.plainSteps, stages: stages, stageSteps: max(1, descent.barrierSteps / stages),
      growth: pow(descent.barrierRange, 1 / Double(stages)), firstPush: firstPush, rounds: descent.rounds)
  }

  /// Numbers of all measurements that are made at once: 8 GB.
  private static let mostNumbers = 0x1p30

  public func check() throws {
    try checkLevelAndSeeds()
    try require(counts: [
      "descent.plainSteps": descent.plainSteps, "descent.barrierSteps": descent.barrierSteps,
      "descent.rounds": descent.rounds, "tuning.seeds": tuning.seeds, "seeds.trials": seeds.trials,
      "theory.nodes": theory.nodes, "decision.resamples": decision.resamples,
    ])
    try require(positive: [
      "problem.tolerance": problem.tolerance, "tuning.position": tuning.position, "decision.margin": decision.margin,
    ])
    guard descent.barrierRange > 1 else { throw SettingsError("descent.barrierRange must exceed 1") }
    guard !problem.dimensions.isEmpty, !problem.ensembles.isEmpty, problem.dimensions.allSatisfy({ $0 > 1 }) else {
      throw SettingsError("problem.dimensions (each above 1) and problem.ensembles must not be empty")
    }
    for name in problem.ensembles where try Self.ensemble(name) == .complex {
      guard problem.dimensions.allSatisfy({ $0.isMultiple(of: 2) }) else {
        throw SettingsError("problem.dimensions must be even for complex signals")
      }
    }
    guard Set(problem.ensembles).count == problem.ensembles.count,
      Set(problem.dimensions).count == problem.dimensions.count
    else { throw SettingsError("problem.ensembles and problem.dimensions must not repeat") }
    guard problem.positions.count > 1, problem.positions == Set(problem.positions).sorted(),
      problem.positions[0] > 0
    else { throw SettingsError("problem.positions must be at least two rising positive numbers") }
    for name in problem.ensembles {
      let rank = Self.ensembleRank(name)
      for n in problem.dimensions {
        let ratio = Self.ratio(max(problem.positions.last!, tuning.position), rank: rank)
        let numbers = ratio * Double(n) * Double(n) * Double(rank) * Double(seeds.trials)
        guard numbers <= Self.mostNumbers else {
          throw SettingsError(
            "\(seeds.trials) trials of \(name) with n = \(n) take \(Int(saturating: numbers / 0x1p27)) GB at once, and at most 8 "
              + "go: fewer seeds.trials, smaller problem.dimensions, problem.positions or tuning.position")
        }
      }
    }
    let methods = RecoveryMethod.allCases.map(\.rawValue)
    try require(descent.methods, in: "descent.methods", among: methods)
    guard descent.methods.contains("hybrid"), Set(descent.methods).count == descent.methods.count else {
      throw SettingsError("descent.methods must hold hybrid, which the claims are about, and no method twice")
    }
    guard !tuning.stages.isEmpty, !tuning.firstPushes.isEmpty, tuning.stages.allSatisfy({ $0 > 0 }),
      tuning.firstPushes.allSatisfy({ $0 > 0 })
    else { throw SettingsError("tuning.stages and tuning.firstPushes must hold positive numbers") }
    guard !theory.ranks.isEmpty, theory.ranks.allSatisfy({ (1...8).contains($0) }) else {
      throw SettingsError("theory.ranks must be between 1 and 8")
    }
    try seeds.checkApart(from: tuning.first..<tuning.first + tuning.seeds, "tuning.first")
  }
}
