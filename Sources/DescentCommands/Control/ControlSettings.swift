import Descent
import Foundation

/// How much a run of `descent control` may be, by options and by settings alike.
enum ControlBounds {
  /// Seeds, and episodes that fly side by side.
  static let most = 100_000
  /// Environment steps.
  static let mostSteps = 1_000_000_000_000
}

/// The settings of `descent control`, as its folder keeps them.
struct ControlSettings<Part: LearnerPart>: Codable {
  var methodName: String
  var problem: ControlProblem
  var seeds: Int
  var steps: Int
  var interval: Int
  var episodes: Int
  /// Folder of the expert; empty without one.
  var expert: String
  var threads: Int
  var learner: Part

  init(_ command: ControlCommand, _ problem: ControlProblem, _ learner: Part) {
    methodName = command.method
    self.problem = problem
    (seeds, steps, episodes) = (command.seeds, command.steps, command.episodes)
    interval = command.interval ?? max(command.steps / 10, 1)
    expert = command.expert ?? ""
    threads = command.threads
    self.learner = learner
  }

  /// - Throws: `ControlError` naming the setting that is out of bounds.
  func check() throws {
    let bounds = [
      ("seeds", seeds, ControlBounds.most), ("episodes", episodes, ControlBounds.most),
      ("steps", steps, ControlBounds.mostSteps), ("interval", interval, ControlBounds.mostSteps),
      ("threads", threads, CountOption.mostThreads),
    ]
    for (name, value, most) in bounds where !(1...most ~= value) {
      throw ControlError("\(name) must be between 1 and \(most), not \(value)")
    }
  }

  // The learner's own settings stand beside the others: `method.polyak`, `schedule.batch`.
  private enum CodingKeys: String, CodingKey {
    case methodName, problem, seeds, steps, interval, episodes, expert, threads
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    methodName = try container.decode(String.self, forKey: .methodName)
    problem = try container.decode(ControlProblem.self, forKey: .problem)
    seeds = try container.decode(Int.self, forKey: .seeds)
    steps = try container.decode(Int.self, forKey: .steps)
    interval = try container.decode(Int.self, forKey: .interval)
    episodes = try container.decode(Int.self, forKey: .episodes)
    expert = try container.decode(String.self, forKey: .expert)
    threads = try container.decode(Int.self, forKey: .threads)
    learner = try Part(from: decoder)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(methodName, forKey: .methodName)
    try container.encode(problem, forKey: .problem)
    try container.encode(seeds, forKey: .seeds)
    try container.encode(steps, forKey: .steps)
    try container.encode(interval, forKey: .interval)
    try container.encode(episodes, forKey: .episodes)
    try container.encode(expert, forKey: .expert)
    try container.encode(threads, forKey: .threads)
    try learner.encode(to: encoder)
  }
}

/// Which method a saved configuration is of.
struct ControlMethodName {
  var name: String

  init(in text: String, _ path: String) throws {
    let line = text.split(separator: "\n").first { $0.hasPrefix("methodName:") }
    guard let line else { throw ControlError("\(path) is no configuration of \(ProgramName.text) control") }
    name = line.dropFirst("methodName:".count).trimmingCharacters(in: .whitespaces)
  }

  /// A whole number of a saved configuration; nil where it has none of that name.
  static func count(_ name: String, in text: String) -> Int? {
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return line.flatMap { Int($0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)) }
  }
}

/// What of the settings belongs to the method.
protocol LearnerPart: Codable {
  func learner(in environment: any Environment, key: RandomKey, expert: Tree<NDArray>?) throws -> any ControlLearner
}

struct OffPolicyPart<Method: OffPolicyMethod>: LearnerPart {
  var method: Method
  var schedule: OffPolicySchedule

  func learner(in environment: any Environment, key: RandomKey, expert: Tree<NDArray>?) throws -> any ControlLearner {
    guard expert == nil else { throw ControlError("only td3 and ddpg go on from an expert") }
    return try OffPolicyTraining(method, in: environment, schedule: schedule, key: key)
  }
}

struct TunedTD3: LearnerPart {
  var method: TD3
  var schedule: OffPolicySchedule
  /// Strengths of attacks, for a run from an expert.
  var curriculum: Curriculum

  func learner(in environment: any Environment, key: RandomKey, expert: Tree<NDArray>?) throws -> any ControlLearner {
    guard let expert else {
      guard curriculum.strengths.isEmpty else { throw ControlError("a curriculum needs an expert: --expert FOLDER") }
      guard method.robust == RobustTraining() || method.robust.attackSteps == 0 else {
        throw ControlError(
          "attacks in training have the strengths of a curriculum, which needs an expert: --expert FOLDER")
      }
      return try OffPolicyTraining(method, in: environment, schedule: schedule, key: key)
    }
    return try CurriculumTraining(
      method, from: expert, in: environment, schedule: schedule, curriculum: curriculum, key: key)
  }
}

struct PPOPart: LearnerPart {
  var method: PPO

  func learner(in environment: any Environment, key: RandomKey, expert: Tree<NDArray>?) throws -> any ControlLearner {
    guard expert == nil else { throw ControlError("only td3 and ddpg go on from an expert") }
    return try PPOTraining(method, in: environment, key: key)
  }
}
