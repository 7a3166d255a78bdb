import Reinforcement
import Reports

/// What episodes come to.
package enum ControlOutcome: String, CaseIterable, Sendable {
  case total = "return"
  case conflicts, arrival, path

  func value(_ evaluation: PolicyEvaluation) -> Double {
    self == .total ? evaluation.meanReturn : evaluation.mean(rawValue) ?? .nan
  }

  /// The worse of two values, from the policy's side.
  func worse(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .total, .arrival: min(a, b)
    case .conflicts, .path: max(a, b)
    }
  }
}

/// Through whose critic a policy is attacked.
package enum ControlAttacker: String, CaseIterable, Sendable {
  case own
  /// The clean expert of a seed that is neither tuned on nor reported.
  case independent
}

/// Under what a policy flies.
package enum ControlCondition: Hashable, Sendable, CustomStringConvertible {
  case clean
  /// A projected gradient of a strength, in standard deviations.
  case gradient(Double, ControlAttacker)
  /// The worse of both attackers, for each outcome by itself.
  case worst(Double)
  case spoofed(String)

  package var description: String {
    switch self {
    case .clean: "clean"
    case .gradient(let strength, let attacker): "gradient \(Report.number(strength)) \(attacker.rawValue)"
    case .worst(let strength): "worst \(Report.number(strength))"
    case .spoofed(let text): text
    }
  }
}

extension Measure {
  package static func outcome(_ outcome: ControlOutcome, _ condition: ControlCondition) -> Measure {
    Measure("\(condition)/\(outcome.rawValue)")
  }
  /// W_1 of the policy's own critic between clean and attacked states.
  package static func valueShift(_ strength: Double) -> Measure { Measure("shift/\(Report.number(strength))") }
  /// W_1 between returns of clean and attacked episodes, of the worse attacker.
  package static func returnShift(_ strength: Double) -> Measure { Measure("return shift/\(Report.number(strength))") }
  /// A decile of the critic's values, 0 to 10; strength 0 is clean.
  static func decile(_ index: Int, _ strength: Double) -> Measure {
    Measure("value/\(Report.number(strength))/\(index)")
  }
  static func map(_ strength: Double, _ magnitude: Double) -> Measure {
    Measure("map/\(Report.number(strength))/\(Report.number(magnitude))")
  }

  // Rules in the scene, measured with each expert.
  package static func rule(_ rule: ControlRule, _ outcome: ControlOutcome, _ condition: ControlCondition) -> Measure {
    Measure("rule/\(rule.rawValue)/\(condition)/\(outcome.rawValue)")
  }
  /// The episode that is shown: where the attacked expert has most conflicts.
  static let shownEpisode = Measure("shown")
  /// Mean return of the episodes that ended since the last look.
  static let trainingReturn = Measure("training/return")
  static func stageShift(_ stage: Int) -> Measure { Measure("stage/\(stage)/shift") }
}

/// What needs no learning.
package enum ControlRule: String, CaseIterable, Sendable {
  /// The constant acceleration with the highest return.
  case constant = "best constant"
  case goalSeeking = "goal seeking"
  case closestApproach = "closest approach"
}

/// A flight as it stands in a result, number by number.
enum TrackField: String, CaseIterable {
  case x, y, z
  case firstX = "o1x"
  case firstY = "o1y"
  case firstZ = "o1z"
  case secondX = "o2x"
  case secondY = "o2y"
  case secondZ = "o2z"

  var family: MeasureFamily<Int> { MeasureFamily("track/\(rawValue)/") }

  /// Its number among the places of one step: the drone, as it sees itself, both intruders.
  func value(_ places: [SIMD3<Float>]) -> Float {
    switch self {
    case .x: places[0].x
    case .y: places[0].y
    case .z: places[0].z
    case .firstX: places[2].x
    case .firstY: places[2].y
    case .firstZ: places[2].z
    case .secondX: places[3].x
    case .secondY: places[3].y
    case .secondZ: places[3].z
    }
  }
}
