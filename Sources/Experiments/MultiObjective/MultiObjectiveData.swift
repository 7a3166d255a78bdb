import Datasets
import Foundation
import MultiObjective
import Training

/// Data that are read once, and compiled objectives that wait to be used again; workers share it.
package final class MultiObjectiveData: @unchecked Sendable {
  package let configuration: MultiObjectiveConfiguration
  /// Why problems are left out, by name.
  package let absent: [String: String]
  private let lock = NSLock()
  private var idle: [String: [Objectives]] = [:]
  private let river: (train: Dataset, test: Dataset)?
  private let digits: (train: Dataset, test: Dataset)?

  /// Data sets whose files are not here are left out; files that are broken are an error.
  package init(_ configuration: MultiObjectiveConfiguration, _ locator: DataLocator) throws {
    self.configuration = configuration
    var absent: [String: String] = [:]
    func load(_ problem: String, _ dataset: String) throws -> (train: Dataset, test: Dataset)? {
      guard configuration.problems.contains(problem) else { return nil }
      guard try locator.folder(of: dataset) != nil else {
        do { _ = try locator.load(dataset) } catch { absent[problem] = "\(error)" }
        return nil
      }
      return try locator.load(dataset)
    }
    river = try load("river-flow-1", "river-flow-1")
    digits = try load("multi-mnist", "mnist")
    self.absent = absent
  }

  /// What is known of a data set besides its numbers.
  var riverName: String? { river?.train.name }

  /// The problem of a seed.
  package func problem(_ arena: MultiObjectiveArena, seed: Int) throws -> MultiObjectiveProblem {
    let (n, programs) = (arena.samples, borrow(arena.problem))
    let key = RandomKey(seed: seed).split(arena.problem)
    switch arena.problem {
    case "quadratic":
      let s = configuration.synthetic
      return try .quadratic(
        samples: n, dimension: s.dimension, objectives: s.objectives, condition: s.condition, key: key,
        programs: programs)
    case "logistic":
      return .logistic(samples: n, configuration.synthetic, key: key, programs: programs)
    case "river-flow-1":
      return try .riverFlow(
        samples: n, width: configuration.networks.width, data: river!,
        rows: share(of: n, among: river!.train.count, arena.problem, seed: seed), key: key, programs: programs)
    default:
      // Digits of a seed's own, overlaid with each other.
      let own = share(of: n, among: digits!.train.count, arena.problem, seed: seed)
      return try .multiMNIST(
        samples: n, test: configuration.networks.test,
        digits: (own.map(digits!.train.subset) ?? digits!.train, digits!.test), key: key, programs: programs)
    }
  }

  /// The examples that a seed has for itself, where there are enough for all seeds; else nil, and each draws from all.
  package func share(of n: Int, among count: Int, _ problem: String, seed: Int) -> [Int]? {
    let seeds = configuration.seeds.reported + configuration.seeds.tuning
    guard seeds.count * n <= count, let index = seeds.firstIndex(of: seed) else { return nil }
    let order = RandomKey(seed: 0).split("shares").split(problem).permutation(count)
    return order[index * n..<(index + 1) * n].sorted()
  }

  private func borrow(_ problem: String) -> Objectives? { lock.withLock { idle[problem]?.popLast() } }

  /// Leaves a problem's programs to the next task.
  func giveBack(_ problem: MultiObjectiveProblem, _ arena: MultiObjectiveArena) {
    lock.withLock { idle[arena.problem, default: []].append(problem.objectives) }
  }
}
