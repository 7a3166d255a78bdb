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
      name: "quick",
      summary:
        "minutes: a small decoder, trained on the spot, and facts it has not met; SmolLM2 beside it where it is at hand",
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
    "data.kinds":
      "description (before the name in the context); beside it reversal (the name first), twoFacts (a context)",
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
    "further.rates": "rates of the step to teach with, each by the exact outer gradient and that of first order",
    "beside.model": "a pre-trained model beside the small one, plain and LG, where its file is at hand; empty for none",
    "beside.seeds": "the first of the run's, on which it is taught", "beside.rate": "of its step",
    "beside.triedRates": "among which the plain one's is chosen",
    "beside.updates": "of its outer descent", "beside.tasks": "in one of them",
    "beside.tuning": "questions for its rates and looks", "beside.test": "questions that decide",
    "beside.looks": "times at which it is tried on tuning questions; the best counts",
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

  /// Rates of the step, each with both orders of the outer gradient.
  var rateArms: [PromptingArm] {
    configuration.further.rates.flatMap { rate in
      [.exact, .firstOrder].map { PromptingArm.rate(rate, $0) }
    }
  }

  /// The seeds of the pre-trained model beside the small one.
  var besideSeeds: [Int] { Array(reportedSeeds.prefix(configuration.beside.seeds)) }

  /// The pre-trained model beside the small one: its name, plain, and taught by answers.
  var beside: (name: String, plain: PromptingArm, taught: PromptingArm)? {
    guard configuration.besideSettings != nil else { return nil }
    let file = URL(fileURLWithPath: configuration.beside.model).lastPathComponent
    let name = file.hasSuffix(".gguf") ? String(file.dropLast(5)) : file
    return (name, .beside(name, nil), .beside(name, .labels))
  }

  /// All arms, the plain model first.
  var arms: [PromptingArm] {
    let kinds = configuration.data.kinds
    return [.base, .conditioning] + configuration.arms.map(\.arm) + (hasReversal ? [.reversal] : [])
      + (kinds.contains(.twoFacts) ? [.twoFacts] : []) + (beside.map { [$0.plain, $0.taught] } ?? [])
      + configuration.inner.moreSteps.map { .steps($0) } + contextArms + rateArms
  }

  // MARK: Running

  public func sweep() throws -> Sweep<PromptingArm> {
    let (main, besides, name) = (configuration, configuration.besideSettings, beside?.name ?? "")
    // Arm by arm: two workers begin with two seeds, and none waits for the other's plain model.
    let tasks = arms.flatMap { arm in [arm].tasks(on: arm.isBeside ? besideSeeds : reportedSeeds) }
    var sweep = Sweep(tasks) { locator, waiting in
      let place = try PromptingPlace(main, locator)
      var (second, absences) = (PromptingPlace?.none, [Workbench<PromptingArm>.Absence]())
      if let besides, waiting.contains(where: { $0.arm.isBeside }) {
        // Whoever names a file wants it; what a preset names may be missing.
        if let reason = try PromptingPlace.absence(of: besides.model, locator) {
          absences = [.init(name, reason) { $0.isBeside }]
        } else {
          second = try PromptingPlace(besides, locator)
        }
      }
      let beside = second
      @Sendable func at(_ arm: PromptingArm) -> PromptingPlace { arm.isBeside ? beside! : place }
      var bench = Workbench<PromptingArm>(
        cost: { try at($0.arm).cost($0) },
        run: { try at($0.arm).run($0, $1, showsAnswers: $0.seed == main.seeds.first) })
      bench.absences = absences
      return bench
    }
    (sweep.unit, sweep.parts) = ("updates", configuration.outer.updates)
    sweep.costClass = { arm in
      if arm.rate != nil { return "at a rate, \(arm.derivative)" }
      if arm.isBeside || arm.isFurther { return arm.description }
      return arm.goal == nil ? "plain" : "taught in \(main.inner.steps)"
    }
    return sweep
  }
}
