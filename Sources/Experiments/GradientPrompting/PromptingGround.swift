import Compilation
import Foundation
import LanguageModels
import MetaLearning
import Training

/// Where one seed's arms stand: a plain model, ready to be taught, and tasks in its tokens.
package struct PromptingGround: Sendable {
  /// The whole model, or the part above a frozen trunk, with its adapter where there is one.
  package let decoder: CausalDecoder
  let trunk: CausalDecoder?
  let trunkWeights: Tree<NDArray>
  /// All parameters of `decoder`.
  package let weights: Tree<NDArray>
  /// What the inner steps move, as a pattern.
  let moving: String
  /// Whether what is not moved by inner steps is learnt outside, too.
  let learnsAll: Bool
  /// Whether the embedding is learnt outside.
  let learnsEmbedding: Bool
  package let tasks: @Sendable (_ count: Int, FictitiousFacts.Split, FictitiousFacts.Kind, RandomKey) -> [ContextTask]
  let text: @Sendable ([Int32]) -> String
  /// The loss with which training on the spot ended.
  let pretrainingLoss: Double?

  /// Large enough for all tasks of a run.
  let shape: TaskShape

  var prompted: PromptedDecoder { PromptedDecoder(decoder) }

  func isLearnt(_ path: String) -> Bool {
    PathPattern(moving).matches(path) || (learnsAll && (learnsEmbedding || path != "tokens/weight"))
  }

  /// One for a worker of its own.
  func frozenTrunk() -> FrozenTrunk? { trunk.map { FrozenTrunk($0, weights: trunkWeights) } }

  /// Inner steps at a rate that is a parameter: one program serves all rates.
  package func scorer(steps: Int) throws -> ConditionScorer {
    let inner = try InnerLoop(
      Chain { LearningRate(1) }, steps: steps, moving: .matching(moving), rates: .perTensor)
    return ConditionScorer(
      prompted, trunk: frozenTrunk(), shape: shape, types: at(rate: 1, weights).types
    ) { point, loss in try inner.adapt(point, support: loss) }
  }

  /// Parameters with the rate of inner steps among them.
  package func at(rate: Double, _ parameters: Tree<NDArray>) -> Tree<NDArray> {
    let moved = parameters.types.filter { path, _ in PathPattern(moving).matches(path) }
    return parameters.merging(InnerRates.perTensor.initial(rate, for: moved))
  }

  // MARK: Tasks of the outer descent

  /// A task as inputs of a step: its arrays, what the trunk makes of them, and what the prompted plain model says.
  ///
  /// Of an answer of several tokens the teacher sees what the taught model sees: those before the one that is asked for.
  package func prepared(_ tasks: [ContextTask]) throws -> [Tree<NDArray>] {
    let trunk = frozenTrunk()
    let room = TaskShape(context: 2, prompt: shape.context + shape.prompt, answer: shape.answer)
    let (prompted, paths, n) = (prompted, weights.paths, weights.count)
    let teacher = try Program(inputs: weights.types.leaves + prompted.types(room)) { _, x in
      let task = PromptedDecoder.Inputs(x[n...], of: prompted.decoder)
      return [
        try prompted.answerLogits(task, Parameters(Tree(sortedPaths: paths, leaves: Array(x[0..<n]))))
      ]
    }
    func arrays(_ task: ContextTask, _ shape: TaskShape) throws -> [NDArray] {
      let arrays = try TaskArrays(task, shape)
      guard let trunk else { return arrays.all }
      return arrays.all + [try trunk.output(arrays.context), try trunk.output(arrays.prompt)]
    }
    return try tasks.map { task in
      var asked = task.prompted
      asked.context = []
      let logits = try teacher.run(weights.leaves + arrays(asked, room))[0]
      let named = zip(Self.names(of: decoder), try arrays(task, shape)).map { (path: "task/" + $0, leaf: $1) }
      return Tree(named + [(path: "teacher", leaf: logits)])
    }
  }

  /// Names of a task's arrays, in the order of `PromptedDecoder.Inputs`.
  static func names(of decoder: CausalDecoder) -> [String] {
    let own = ["context", "contextWeights", "prompt", "positions", "labels", "weights"]
    return decoder.takesTokens ? own : own + ["contextInput", "promptInput"]
  }
}

/// Plain models by seed, each made once and kept: arms of one seed share it.
final class PromptingGrounds: @unchecked Sendable {
  /// What is made of one seed, by whoever asks first.
  private final class Place: @unchecked Sendable {
    // Used under its lock.
    private let lock = NSLock()
    private var plain: PromptingGround?
    private var prepared: [FictitiousFacts.Kind: [Tree<NDArray>]] = [:]

    func ground(_ make: () throws -> PromptingGround) throws -> PromptingGround {
      try lock.withLock {
        if let plain { return plain }
        let made = try make()
        plain = made
        return made
      }
    }

    func tasks(_ kind: FictitiousFacts.Kind, _ make: () throws -> [Tree<NDArray>]) throws -> [Tree<NDArray>] {
      try lock.withLock {
        if let known = prepared[kind] { return known }
        let made = try make()
        prepared[kind] = made
        return made
      }
    }
  }

  private let lock = NSLock()
  private var places: [Int: Place] = [:]
  private let make: @Sendable (_ seed: Int) throws -> PromptingGround
  private let trainCount: Int

  init(trainCount: Int, make: @escaping @Sendable (_ seed: Int) throws -> PromptingGround) {
    (self.make, self.trainCount) = (make, trainCount)
  }

  private func place(_ seed: Int) -> Place {
    lock.withLock {
      if let known = places[seed] { return known }
      let place = Place()
      places[seed] = place
      return place
    }
  }

  func ground(_ seed: Int) throws -> PromptingGround { try place(seed).ground { try make(seed) } }

  /// The tasks of the outer descent.
  func tasks(_ seed: Int, _ kind: FictitiousFacts.Kind) throws -> [Tree<NDArray>] {
    let (ground, count) = (try ground(seed), trainCount)
    return try place(seed).tasks(kind) {
      try ground.prepared(ground.tasks(count, .train, kind, RandomKey(seed: seed).split("train")))
    }
  }
}
