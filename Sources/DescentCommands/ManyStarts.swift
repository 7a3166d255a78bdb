import Descent
import Foundation

/// Descents of Rosenbrock's function of ten numbers by Adam from many starts, as `compare` makes them: together, and one after another.
struct ManyStarts {
  static let name = "rosenbrock-10"

  private let function: TestFunction
  private let method: any DescentMethod

  init() throws {
    function = try TestFunction("rosenbrock size=10")
    method = try DescentMethodKind.parse("adam | rate 0.01")
  }

  private func state(_ seed: Int) throws -> TrainingState {
    try TrainingState(startingFrom: function.start(key: RandomKey(seed: seed)), method: method)
  }

  private func together(_ seeds: [Int]) throws -> TrainingSteps {
    try TrainingSteps(
      function.objective, method: method, inputs: Tree(), from: seeds.map(state),
      keys: seeds.map { RandomKey(seed: $0) })
  }

  /// Prints one JSON line, as `ManyBench` of a network.
  func measure(seeds: Int, profile: Bool) throws {
    let numbers = Array(0..<seeds)
    let begin = Date()
    let steps = try together(numbers)
    let compile = Date().timeIntervalSince(begin)
    let apart = try numbers.map { seed in
      try TrainingStep(
        function.objective, method: method, inputs: Tree(), from: state(seed), key: RandomKey(seed: seed))
    }
    let alone = try numbers.map { try together([$0]) }
    for _ in 0..<20 {
      try steps.advance()
      for step in apart { try step.advance() }
      for step in alone { try step.advance() }
    }
    let inOneCall = try together(numbers)
    try inOneCall.advance(steps: 20)
    let ends = steps.states
    let count = ManyBench.atOnce
    try ManyBench.report(
      Self.name, seeds,
      [
        (1, { try steps.advance() }), (1, { for step in apart { try step.advance() } }),
        (count, { try inOneCall.advance(steps: count) }),
      ],
      sameBits: [ends == alone.map { $0.states[0] }, ends == apart.map(\.state), ends == inOneCall.states], compile,
      steps.program)
    if profile { ProfileTable(try steps.profile(runs: ManyBench.profiledRuns)).print() }
  }
}
