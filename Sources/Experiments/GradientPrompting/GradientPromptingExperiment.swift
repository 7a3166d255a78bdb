import Foundation
import LanguageModels
import RunLogs
import Training

/// Can a gradient step on a text do what the text does as a prompt?
///
/// A plain language model is taught, by descent through the step, to answer after one step on a context as it would with
/// the context before the question. Zhang, Choshen, Andreas, "Can gradient descent simulate prompting?",
/// arXiv 2506.20989.
public struct GradientPromptingExperiment: Experiment {
  public let configuration: GradientPromptingConfiguration

  public init(_ configuration: GradientPromptingConfiguration) { self.configuration = configuration }

  public static let name = "gradient-prompting"
  public static let summary = "meta-training so that a gradient step does what a prompt does (arXiv 2506.20989)"
  public static let subject = "meta-trained steps"

  public static let presets: [Preset<GradientPromptingConfiguration>] = [
    .init(name: "smoke", summary: "seconds: a minute model, three outer updates", configuration: .smoke),
    .init(
      name: "quick", summary: "minutes: a small decoder, trained on the spot, and facts it has not met",
      configuration: .quick),
    .init(
      name: "standard", summary: "an hour or two: SmolLM2 with an adapter on its last ten blocks, LC and LG, six seeds",
      configuration: .standard),
    .init(
      name: "paper",
      summary: "days: the same with 400 outer updates, more steps and contexts, six seeds; model=FILE for others",
      configuration: .paper),
  ]

  public static let settingDescriptions: [String: String] = [
    "model": "small (trained on the spot), smollm2, a .gguf file or a folder in Hugging Face's layout",
    "arms": "beside LC: labels (LG), firstOrder, rankOne (the outer change of each matrix)",
    "data.kinds": "description (before the name in the context), or description and reversal (the name first)",
    "data.train": "tasks that the outer descent sees, again and again", "data.tuning": "questions for rates and curves",
    "data.test": "questions that decide",
    "data.questions": "for a pre-trained model: a file in SQuAD's format, or a .txt to be continued by paragraphs; "
      + "empty for fictitious facts",
    "data.longest": "tokens of the longest context of such a file",
    "data.contexts": "numbers of contexts that are learned from together",
    "text.shortest": "tokens of a .txt file's shortest context, the earlier part of a paragraph",
    "text.question": "tokens behind it, which stand before the continuation in all conditions",
    "text.continuation": "tokens behind those, which are to be said",
    "small.facts": "facts of one context",
    "small.names": "people in the small model's world", "small.width": "of the small model",
    "small.layers": "of the small model", "small.updates": "updates of its training on documents",
    "small.batch": "documents in one of them", "small.rate": "highest rate of that training",
    "adapter.rank": "of the adapter of a pre-trained model", "adapter.blocks": "last blocks that have one",
    "inner.rate": "of the step on a context, whose loss is a sum over its tokens", "inner.steps": "steps on a context",
    "inner.moreSteps": "further numbers of steps, an arm each",
    "inner.triedRates": "among which the plain model's is chosen",
    "outer.updates": "updates of the outer descent", "outer.tasks": "tasks in one of them",
    "outer.rate": "highest rate of the outer descent", "outer.clip": "limit of the outer gradient's norm",
    "outer.embedding": "whether it moves the small model's embedding, which is the head, too",
    "outer.looks": "times at which the taught model is tried on tuning questions; the best counts",
    "further.updates": "outer updates of arms that no claim is about, or outer.updates where those are fewer",
    "further.contexts": "numbers of contexts that models are taught to learn from together; they divide outer.tasks",
    "further.joinings": "how they do: batched (one step on all), sequential (a step on each); an arm each",
    "seeds.count": "seeds", "seeds.first": "the first seed",
    "decision.alpha": "level of each test", "decision.sameMargin": "shares of exact answers this near are the same",
    "decision.leakMargin": "shares this near to none are none",
    "decision.recovered": "share of the prompting gap that counts as a part of it",
  ]

  // MARK: Arms

  var hasReversal: Bool { configuration.data.kinds.contains(.reversal) }

  /// Arms that are taught to learn from several contexts.
  var contextArms: [PromptingArm] {
    let further = configuration.further
    return further.contexts.flatMap { count in further.joinings.map { PromptingArm.contexts(count, $0) } }
  }

  /// All arms, the plain model first.
  var arms: [PromptingArm] {
    [.base, .conditioning] + configuration.arms.map(\.arm) + (hasReversal ? [.reversal] : [])
      + configuration.inner.moreSteps.map { .steps($0) } + contextArms
  }

  // MARK: Running

  public func sweep() throws -> Sweep<PromptingArm> {
    let (c, first) = (configuration, configuration.seeds.first)
    // Arm by arm: two workers begin with two seeds, and none waits for the other's plain model.
    var sweep = Sweep(arms.tasks(on: reportedSeeds)) { locator, _ in
      let model = c.isSmall ? nil : try Self.open(c.model, locator)
      let grounds = PromptingGrounds(trainCount: c.data.train) { seed in
        guard let model else { return try PromptingGround.small(c, seed: seed) }
        return try PromptingGround.pretrained(model, c, seed: seed)
      }
      if model != nil { _ = try grounds.ground(first) }
      return Workbench(
        cost: { item in
          // Reading costs as much whatever has been read.
          let ground = try c.isSmall ? PromptingGround.small(c, seed: item.seed, updates: 1) : grounds.ground(first)
          return try PromptingTask.cost(item.arm, c, ground)
        },
        run: { item, log in
          try PromptingTask(
            configuration: c, arm: item.arm, seed: item.seed, grounds: grounds, showsAnswers: item.seed == first
          ).run(log)
        })
    }
    (sweep.unit, sweep.parts) = ("updates", c.outer.updates)
    sweep.costClass = { arm in
      arm.goal == nil ? "plain" : arm.isFurther ? arm.description : "taught in \(c.inner.steps)"
    }
    return sweep
  }

  /// - Throws: `SettingsError` that says how to get a known model that is not here; `LanguageModelError` where the model
  ///   cannot be read, or is too large for this machine.
  private static func open(_ name: String, _ locator: DataLocator) throws -> PretrainedModel {
    var path = name
    if let known = KnownModel.all.first(where: { $0.name == name }) {
      guard let found = known.path(in: locator.directories) else {
        throw SettingsError("\(name) is not here: \(known.instructions), and name DIR by --data or DESCENT_DATA")
      }
      path = found
    }
    let model = try PretrainedModel.open(path)
    // The embedding stands in the trunk and above it; what a step needs comes on top.
    try model.checkFits(
      2 * model.parameterByteCount, available: AvailableMemory.byteCount, for: "this experiment")
    return model
  }
}
