import LanguageModels
import Training

extension GradientPromptingExperiment {
  private static let paper = "Zhang, Choshen, Andreas, arXiv 2506.20989"

  private typealias Kind = FictitiousFacts.Kind
  private typealias Test = ClaimTest<PromptingArm>
  private typealias Number = Quantity<PromptingArm>

  private func canTeach(_ kind: Kind, _ plain: PromptingArm = .base) -> Condition<PromptingArm> {
    // What follows in a text is never sure; what stands before makes it likelier.
    if configuration.readsText {
      return Condition(
        "log-probability that a prompt adds (nats)", .above(0),
        "The plain model finds continuations likelier with the earlier part before them.",
        .measure(.taughtNats(kind), of: .base))
    }
    return Condition(
      "exact answers that a prompt adds (\(place(kind, plain)))", .above(0.5),
      "The plain model answers with the context before the question, and not without it.",
      .measure(.taught(kind), of: plain))
  }

  /// Where a condition is asked for: the order of words, or the name of another plain model.
  private func place(_ kind: Kind, _ plain: PromptingArm) -> String { plain == .base ? "\(kind)" : "\(plain)" }

  private func leaves(_ kind: Kind, _ plain: PromptingArm = .base) -> Condition<PromptingArm> {
    if configuration.readsText {
      return Condition(
        "log-probability that the plain step leaves to a prompt (nats)", .above(0),
        "The plain model's best step does not do yet what a prompt does.", .measure(.leftNats(kind), of: .base))
    }
    return Condition(
      "exact answers that the plain step leaves to a prompt (\(place(kind, plain)))", .above(0.1),
      "The plain model's best step does not do yet what a prompt does.", .measure(.left(kind), of: plain))
  }

  /// LC learns to answer as the prompted model does: where that one is far below what labels teach, so is LC, however well it learns.
  private var teacherIsExact: Condition<PromptingArm> {
    let labels = Measure.exact(.description, .trainedStep)
    let prompted = Measure.exact(.description, .prompted)
    let beyond = Number { findings, seed in
      try findings[.labels, seed, labels] - findings[.base, seed, prompted]
    } makeUp: { wanted, seed, findings in
      findings.set(labels, of: .labels, seed, to: wanted)
      findings.set(prompted, of: .base, seed, to: 0)
    }
    return Condition(
      "exact answers by which labels (LG) teach more than a prompt says",
      .atMost(configuration.decision.sameMargin / 2),
      "LC's teacher, the prompted model, is about as exact as what labels teach.", beyond)
  }

  private static func exact(_ arm: PromptingArm, _ condition: PromptCondition, _ kind: Kind = .description) -> Number {
    .measure(.exact(kind, condition), of: arm)
  }

  private static func likely(_ arm: PromptingArm, _ condition: PromptCondition, _ kind: Kind = .description) -> Number {
    .measure(.logProbability(kind, condition), of: arm)
  }

  public func claims() throws -> [ClaimTest<PromptingArm>] {
    let teacher = [canTeach(.description)]
    return taught.map { $0.requiring(teacher) } + (hasReversal ? reversal : [])
      + (configuration.data.kinds.contains(.twoFacts) ? twoFacts : []) + (beside == nil ? [] : besideClaims)
      + [
        Test.equal(
          "outer-gradient", "The outer gradient is (1 - rate H) times that of first order.",
          .measure(.gradientError, of: .base), to: 0, within: 0.01,
          source: "derived: the chain rule through one step"
        ).identity
      ]
  }

  /// How far a taught step goes from the plain model's best step to the prompt.
  private func recovery(
    _ id: String, _ name: String, of arm: PromptingArm, _ kind: Kind, beyond base: PromptingArm = .base
  ) -> Test {
    let part = configuration.decision.recovered
    let inNats = configuration.readsText
    func measure(_ condition: PromptCondition) -> Measure {
      inNats ? .logProbability(kind, condition) : .exact(kind, condition)
    }
    let (plain, prompt, taught) = (measure(.baseStep), measure(.prompted), measure(.trainedStep))
    // As a difference: where nothing is left, a ratio would be none.
    let beyond = Number { findings, seed in
      let before = try findings[base, seed, plain]
      return try findings[arm, seed, taught] - before - part * (findings[base, seed, prompt] - before)
    } makeUp: { wanted, seed, findings in
      for measure in [plain, prompt] { findings.set(measure, of: base, seed, to: 0) }
      findings.set(taught, of: arm, seed, to: wanted)
    }
    return .higher(
      id, "It recovers at least \(Int((100 * part).rounded())) % of what the plain step leaves to a prompt.",
      beyond, than: 0, name: inNats ? "log-probability beyond that part of the gap (nats)" : name,
      source: Self.paper + ": 28 % on SQuAD, half on WikiText"
    ).requiring([leaves(kind, base)])
  }

  /// Contexts as they are taught, the description before the name.
  private var taught: [ClaimTest<PromptingArm>] {
    let rule = configuration.decision
    return [
      Test.higher(
        "likelier-than-plain-step",
        "One step of the meta-trained model (LC) makes answers likelier than the plain model's at its best rate.",
        Self.likely(.conditioning, .trainedStep), than: Self.likely(.base, .baseStep),
        name: "likelier answers than the plain step (nats)", source: Self.paper
      ).saying("make answers likelier than the plain step"),
      recovery("recovers-gap", "exact answers beyond that part of the gap", of: .conditioning, .description)
        .saying("recover a part of the prompting gap"),
    ] + configuration.arms.map(compared) + [
      .same(
        "nothing-without-step", "Without a step the meta-trained model answers as little as the plain one.",
        Self.exact(.conditioning, .noStep), as: Self.exact(.base, .noContext), within: rule.leakMargin,
        name: "no answers without a step", source: Self.paper + ", the condition No Context"),
      .same(
        "irrelevant-context", "After a step on another context it answers as little as without one.",
        Self.exact(.conditioning, .irrelevantContext), as: Self.exact(.base, .noContext), within: rule.leakMargin,
        name: "no answers from an irrelevant context", source: Self.paper + ", the condition Irrelevant"),
    ]
  }

  /// LC beside another arm.
  private func compared(_ other: PromptingArm.Other) -> Test {
    let rule = configuration.decision
    switch other {
    case .labels:
      return .same(
        "labels-not-needed", "Learning from the prompted model (LC) answers as well as learning from labels (LG).",
        Self.exact(.conditioning, .trainedStep), as: Self.exact(.labels, .trainedStep), within: rule.sameMargin,
        name: "LC as exact as LG", source: Self.paper + ", figure 2: very close"
      ).requiring(configuration.readsText ? [] : [teacherIsExact]).saying("do without labels")
    case .firstOrder:
      return .higher(
        "second-order", "The outer gradient's second-order part is needed: without it LC makes answers less likely.",
        Self.likely(.conditioning, .trainedStep), than: Self.likely(.firstOrder, .trainedStep),
        name: "likelier answers than with first order (nats)",
        source: "ours: the paper does not say which order it uses"
      ).saying("need the second order")
    case .rankOne:
      return .same(
        "rank-one", "Held to an outer change of rank 1 in each matrix, LC answers as well.",
        Self.exact(.rankOne, .trainedStep), as: Self.exact(.conditioning, .trainedStep), within: rule.sameMargin,
        name: "rank 1 as exact as full rank", source: Self.paper + ": 59.4 and 58.6 % on SQuAD (with labels)"
      ).saying("need no more than an outer change of rank 1")
    }
  }

  /// Contexts with the name first.
  private var reversal: [ClaimTest<PromptingArm>] {
    let rule = configuration.decision
    return [
      Test.higher(
        "reversal-improves",
        "Taught on contexts with the name first, one step makes answers likelier than the plain model's best.",
        Self.likely(.reversal, .trainedStep, .reversal), than: Self.likely(.base, .baseStep, .reversal),
        name: "reversal: likelier answers than the plain step (nats)", source: Self.paper
      ).requiring([canTeach(.reversal)]).saying("improve on the reversal curse"),
      recovery("reversal-recovers-gap", "reversal: exact answers beyond that part of the gap", of: .reversal, .reversal)
        .requiring([canTeach(.reversal)]),
      .lower(
        "reversal-below-description", "It stays below what is reached with the description first.",
        Self.exact(.reversal, .trainedStep, .reversal), than: Self.exact(.conditioning, .trainedStep),
        name: "reversal: fewer exact answers than with descriptions", source: Self.paper
      ).requiring([canTeach(.description), canTeach(.reversal)]),
      .same(
        "no-transfer",
        "What was taught with the description first does not help where the name is first: no more exact answers than the "
          + "plain model's best step.",
        Self.exact(.conditioning, .trainedStep, .reversal), as: Self.exact(.base, .baseStep, .reversal),
        within: rule.sameMargin, name: "no transfer to the reversal", source: Self.paper + ", table 3"
      ).requiring([canTeach(.reversal), leaves(.reversal)]),
    ]
  }

  /// Contexts of two facts, of which one is asked for.
  private var twoFacts: [ClaimTest<PromptingArm>] {
    [
      Test.higher(
        "two-facts-improves",
        "Taught on contexts of two facts, one step makes answers likelier than the plain model's at its best rate.",
        Self.likely(.twoFacts, .trainedStep, .twoFacts), than: Self.likely(.base, .baseStep, .twoFacts),
        name: "two facts: likelier answers than the plain step (nats)", source: Self.paper),
      recovery(
        "two-facts-recovers-gap", "two facts: exact answers beyond that part of the gap", of: .twoFacts, .twoFacts),
    ].map { $0.requiring([canTeach(.twoFacts)]) }
  }

  /// The pre-trained model beside the small one, taught by answers.
  private var besideClaims: [ClaimTest<PromptingArm>] {
    let (name, plain, taught) = beside!
    return [
      Test.higher(
        "pretrained-likelier",
        "One step of \(name), taught by answers (LG), makes them likelier than its plain step at its best rate.",
        Self.likely(taught, .trainedStep), than: Self.likely(plain, .baseStep),
        name: "\(name): likelier answers than the plain step (nats)", source: Self.paper),
      recovery(
        "pretrained-recovers-gap", "\(name): exact answers beyond that part of the gap", of: taught, .description,
        beyond: plain),
    ].map { $0.requiring([canTeach(.description, plain)]).about(name) }
  }
}
