import ArgumentParser
import Descent
import Foundation

struct LanguageModelBenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "The time of one training step of a model, as JSON: for Scripts/bench-lm.py.",
    shouldDisplay: false)

  private static let kinds = ["full", "lora", "meta"]

  @OptionGroup var modelOptions: ModelOptions
  @Option(
    help: "full, lora (rank 8 on all matrices) or meta (a second-order step through an adapter of the last third).")
  var kind = "full"
  @Option(help: "Tokens.")
  var length = 128
  @Option(help: "Steps of which the best counts.")
  var steps = 5
  @Flag(help: "Compute what is inside of blocks again in the backward pass.")
  var recompute = false
  @Flag(help: "Time of each kind of kernel call, the slowest first, with the number of calls.")
  var profile = false

  func validate() throws {
    try CountOption.check(["--length": length], least: 4)
    try CountOption.check(["--steps": steps])
  }

  func run() throws {
    guard Self.kinds.contains(kind) else {
      throw SettingsError("there is no kind \(kind); \(NearestName.hint(kind, among: Self.kinds))")
    }
    let start = Date()
    let model = try modelOptions.open()
    guard length <= model.configuration.context else {
      throw SettingsError("--length \(length) is more than the model's context of \(model.configuration.context)")
    }
    let (step, inputs) = try kind == "meta" ? metaStep(model) : plainStep(model)
    let ready = Date().timeIntervalSince(start)
    var best = Double.infinity
    for _ in 0..<steps {
      let start = Date()
      try step.advance(inputs)
      best = min(best, Date().timeIntervalSince(start))
    }
    let result: [String: Any] = [
      "kind": kind, "length": length, "seconds": best, "startSeconds": ready, "threads": Engine.threadCount,
      "gigaflops": step.program.flops / best / 1e9, "workingBytes": step.program.workingByteCount,
    ]
    printAtOnce(
      String(decoding: try JSONSerialization.data(withJSONObject: result, options: .sortedKeys), as: UTF8.self))
    if profile { ProfileTable(try step.profile(inputs, runs: 3)).print() }
  }

  private func tokens(_ c: DecoderConfiguration, _ count: Int, _ name: String) -> NDArray {
    NDArray(
      RandomKey(seed: 1).split(name).integers(count: count, below: c.vocabulary).map { Int32($0) }, shape: [1, count])
  }

  private func plainStep(_ model: PretrainedModel) throws -> (TrainingStep, Tree<NDArray>) {
    let c = model.configuration
    let tuning: FineTuning = kind == "full" ? .full : .lowRank(try LowRankAdapter(rank: 8, of: c))
    let tuner = try FineTuner(
      model, tuning, optimizer: try Chain("rate 1e-6"), shape: [1, length], key: RandomKey(seed: 1),
      recomputesBlocks: recompute)
    let tokens = tokens(c, length, "tokens")
    return (tuner.step, tuner.inputs(tokens, input: try tuner.input(tokens)))
  }

  /// One inner step on half of the tokens, judged by the other half, second derivatives included.
  private func metaStep(_ model: PretrainedModel) throws -> (TrainingStep, Tree<NDArray>) {
    let c = model.configuration
    let first = c.layers - max(c.layers / 3, 1)
    let adapter = try LowRankAdapter(rank: 8, blocks: first..<c.layers, of: c)
    let decoder = CausalDecoder(c, adapter: adapter)
    let top = first == 0 ? decoder : try decoder.part(first..<c.layers)
    let prompted = PromptedDecoder(top)
    let half = length / 2
    let shape = TaskShape(context: half, prompt: half, answer: 1)
    let task = ContextTask(
      context: tokens(c, half, "context").integers, query: Array(tokens(c, half, "query").integers.dropLast()),
      answer: [5])
    var arrays = try TaskArrays(task, shape).all
    if first > 0 {
      let bottom = try decoder.part(0..<first)
      let trunk = FrozenTrunk(bottom, weights: model.parameters(of: bottom))
      arrays += [try trunk.output(arrays[0]), try trunk.output(arrays[2])]
    }
    let frozen = model.parameters(of: top).prefixed("frozen")
    let names = arrays.indices.map { "task\($0)" }
    let inputs = frozen.merging(Tree(Dictionary(uniqueKeysWithValues: zip(names, arrays))))
    let meta = MetaObjective.maml(try InnerLoop(try Chain("rate 1"), moving: .matching("*adapter/*")))
    let objective = Objective { parameters, inputs, _ in
      let task = PromptedDecoder.Inputs(try names.map { try inputs[$0] }, of: top)
      let all = Parameters(parameters.tree.merging(inputs.tree.subtree("frozen")))
      return ObjectiveValue(
        try meta.loss(at: all) {
          try prompted.contextLoss(task, $0)
        } query: {
          AdaptedLoss.labels(try prompted.answerLogits(task, $0), labels: task.labels, weights: task.weights)
        })
    }
    let method = GradientDescent(try Chain("clip 1 | adam | rate 1e-6"))
    let start = try FineTuner.initialFactors(adapter, c, key: RandomKey(seed: 1))
    let step = try TrainingStep(
      objective, method: method, inputs: inputs.types, from: try TrainingState(startingFrom: start, method: method),
      key: RandomKey(seed: 1))
    return (step, inputs)
  }
}
