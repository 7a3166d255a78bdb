import Descent
import Foundation

/// Many small descents at once: S perceptrons, or starts on a function, step as one program, beside S that step one after another, on one
/// thread. Both make a call for each step; beside them all seeds step together many times within one call.
///
/// `Scripts/bench-many.py` measures the same steps in JAX.
enum ManyBench {
  private static let mostSeeds = 4096
  /// Steps within one call.
  static let atOnce = 64
  static let profiledRuns = 1000

  /// Prints one JSON line for each network and number of seeds.
  ///
  /// - Parameters:
  ///   - words: names of networks and numbers of seeds, in any order; all of a kind where none is named.
  ///   - profile: whether the calls of all seeds together are timed, too.
  /// - Throws: `SettingsError` where a word is neither.
  static func measure(_ words: [String], profile: Bool) throws {
    let names = ManyPerceptrons.all.map(\.name) + [ManyStarts.name]
    for word in words where !names.contains(word) && !(1...mostSeeds).contains(Int(word) ?? 0) {
      throw SettingsError(
        "\(word) is neither a network nor a number of seeds from 1 to \(mostSeeds); \(NearestName.hint(word, among: names))"
      )
    }
    let chosen = names.filter(words.contains)
    let counts = words.compactMap { Int($0) }
    let sizes = counts.isEmpty ? [1, 2, 4, 8, 16, 32] : counts
    Engine.setThreadCount(1)
    for network in ManyPerceptrons.all where chosen.isEmpty || chosen.contains(network.name) {
      for seeds in sizes { try measure(network, seeds: seeds, profile: profile) }
    }
    guard chosen.isEmpty || chosen.contains(ManyStarts.name) else { return }
    for seeds in sizes { try ManyStarts().measure(seeds: seeds, profile: profile) }
  }

  private static func measure(_ network: ManyPerceptrons, seeds: Int, profile: Bool) throws {
    let begin = Date()
    let program = try network.step(seeds: seeds)
    let compile = Date().timeIntervalSince(begin)
    let starts = (0..<seeds).map { network.start(seed: $0) }
    let together = ManyDescent(program, ManyPerceptrons.joined(starts))
    let (one, plain) = (try network.step(seeds: 1), try network.step(seeds: nil))
    let alone = starts.map { ManyDescent(one, ManyPerceptrons.joined([$0])) }
    let apart = starts.map { ManyDescent(plain, $0) }
    for descent in [together] + alone + apart { for _ in 0..<20 { try descent.advance() } }
    let (sameBits, sameBitsAsPlain) = (together.agrees(with: alone), together.agrees(with: apart))
    let inOneCall = ManyDescent(program, ManyPerceptrons.joined(starts))
    try inOneCall.advance(times: 20)
    try report(
      network.name, seeds,
      [
        (1, together.advance), (1, { for descent in apart { try descent.advance() } }),
        (atOnce, { try inOneCall.advance(times: atOnce) }),
      ], sameBits: [sameBits, sameBitsAsPlain, inOneCall.agrees(with: alone)], compile, program)
    if profile { ProfileTable(try program.profile(ManyPerceptrons.joined(starts), runs: profiledRuns)).print() }
  }

  /// Times all seeds together, one after another, and together in one call, and prints the line.
  ///
  /// - Parameters:
  ///   - runs: how many steps each makes.
  ///   - sameBits: of all seeds together as of one alone, as of a plain step, and in one call.
  static func report(
    _ name: String, _ seeds: Int, _ runs: [(steps: Int, run: () throws -> Void)], sameBits: [Bool], _ compile: Double,
    _ program: Program
  ) throws {
    let perSeed = try zip(runs, medians(runs.map(\.run))).map { run, seconds in
      String(format: "%.3f", seconds * 1e6 / Double(seeds * run.steps))
    }
    let values = [
      "\"seeds\": \(seeds)", "\"microsecondsPerSeed\": \(perSeed[0])", "\"microsecondsApart\": \(perSeed[1])",
      "\"microsecondsInOneCall\": \(perSeed[2])", "\"sameBits\": \(sameBits[0])", "\"sameBitsAsPlain\": \(sameBits[1])",
      "\"sameBitsInOneCall\": \(sameBits[2])",
      "\"compileSeconds\": \(String(format: "%.3f", compile))", "\"calls\": \(program.callCount)",
    ]
    printAtOnce("{\"peer\": \"descent\", \"workload\": \"many \(name)\", \(values.joined(separator: ", "))}")
  }

  /// The seconds that each of these takes: the median of five rounds in turn, each of some 20 milliseconds.
  private static func medians(_ runs: [() throws -> Void]) throws -> [Double] {
    func seconds(_ count: Int, _ run: () throws -> Void) throws -> Double {
      let start = Date()
      for _ in 0..<count { try run() }
      return Date().timeIntervalSince(start) / Double(count)
    }
    let counts = try runs.map { max(1, Int(0.02 / (try seconds(20, $0)))) }
    var rounds = runs.map { _ in [Double]() }
    for _ in 0..<5 { for (index, run) in runs.enumerated() { rounds[index].append(try seconds(counts[index], run)) } }
    return rounds.map { $0.sorted()[2] }
  }
}

/// A descent in memory: a program whose arguments before the batch are updated in place.
private final class ManyDescent {
  private let program: Program
  private var arguments: [NDArray]

  init(_ program: Program, _ arguments: [NDArray]) { (self.program, self.arguments) = (program, arguments) }

  func advance() throws { _ = try program.run(updating: &arguments) }

  func advance(times: Int) throws { _ = try program.run(updating: &arguments, times: times) }

  /// Whether each seed's parameters and velocities have the bits of its descent in a program of its own.
  func agrees(with others: [ManyDescent]) -> Bool {
    zip(ManyPerceptrons.joined(others.map(\.arguments)), arguments).allSatisfy { $0.reshaped(to: $1.shape) == $1 }
  }
}

/// Perceptrons of one shape with ReLU, each on a batch of its own, by momentum of 0.9 and rate 0.01.
struct ManyPerceptrons {
  /// Of the input, the hidden layers and the output.
  let widths: [Int]
  /// Samples of a seed's batch.
  let batch: Int
  /// Whether the loss is cross-entropy against classes; else it is the mean squared error.
  let isClassifier: Bool

  static let all = [
    ManyPerceptrons(widths: [2, 8, 1], batch: 16, isClassifier: false),
    ManyPerceptrons(widths: [4, 16, 16, 1], batch: 32, isClassifier: false),
    ManyPerceptrons(widths: [8, 64, 64, 1], batch: 32, isClassifier: false),
    ManyPerceptrons(widths: [20, 32, 2], batch: 128, isClassifier: true),
  ]

  /// As "2-8-1".
  var name: String { widths.map(String.init).joined(separator: "-") }

  /// The arguments of one seed, which depend on nothing else: weights and biases, velocities, features, targets.
  func start(seed: Int) -> [NDArray] {
    let key = RandomKey(seed: seed)
    let parameters = zip(widths, widths.dropFirst()).enumerated().flatMap { index, width -> [NDArray] in
      let bound = (6 / Double(width.0)).squareRoot()
      let weights = key.split("weights").split(index).uniform([width.0, width.1], from: -bound, to: bound)
      return [weights, .zeros([width.1])]
    }
    let (features, targets) = (key.split("features").normal([batch, widths[0]]), key.split("targets"))
    let classes = { NDArray(targets.integers(count: batch, below: widths.last!).map { Int32($0) }) }
    return parameters + parameters.map { .zeros($0.shape) }
      + [features, isClassifier ? classes() : targets.normal([batch, widths.last!])]
  }

  /// The arguments of many seeds, along a new first axis.
  static func joined(_ seeds: [[NDArray]]) -> [NDArray] {
    seeds[0].indices.map { position in NDArray(stacking: seeds.map { $0[position] }) }
  }

  /// One step as a program that updates parameters and velocities in place and gives the loss of each seed.
  ///
  /// `Program(keepsRowsApart:)` speaks of products of two matrices, not of batches of them, and so promises nothing here:
  /// whether a seed's bits are its own is measured.
  ///
  /// - Parameter seeds: the extent of all arguments' first axis; nil is one descent without that axis.
  /// - Throws: as `Program`.
  func step(seeds: Int?) throws -> Program {
    let one = start(seed: 0)
    let types = one.map { TensorType(Shape((seeds.map { [$0] } ?? []) + $0.shape.dimensions), $0.elementType) }
    let count = 2 * (widths.count - 1)
    let donations = Dictionary(uniqueKeysWithValues: (0..<2 * count).map { ($0, $0) })
    return try Program(inputs: types, donating: donations) { _, x in
      seeds == nil ? advanced(x) : vectorized(over: x) { advanced($0) }
    }
  }

  /// What one seed's arguments become, and the mean loss over its batch.
  private func advanced(_ x: [Tensor]) -> [Tensor] {
    let count = 2 * (widths.count - 1)
    let (parameters, features, targets) = (Array(x[..<count]), x[2 * count], x[2 * count + 1])
    var y = features
    for layer in 0..<widths.count - 1 {
      y = y.matmul(parameters[2 * layer]) + parameters[2 * layer + 1]
      if layer + 2 < widths.count { y = relu(y) }
    }
    let loss = (isClassifier ? softmaxCrossEntropy(y, labels: targets) : (y - targets).squared).mean()
    let slopes = gradients(of: loss, withRespectTo: parameters)
    let velocities = zip(x[count...], slopes).map { 0.9 * $0 + $1 }
    return zip(parameters, velocities).map { $0 - 0.01 * $1 } + velocities + [loss]
  }
}
