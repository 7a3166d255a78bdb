import LanguageModels

/// Meta-training a language model so that a gradient step on a text does what the text as a prompt would.
public struct GradientPromptingConfiguration: SeededConfiguration {
  /// Contexts and questions.
  public struct Data: Codable, Sendable, Equatable {
    /// Description (before the name in the context), and reversal (the name first) and twoFacts beside it.
    public var kinds: [FictitiousFacts.Kind]
    /// Tasks that the outer descent sees, again and again.
    public var train: Int
    /// Questions for rates and curves.
    public var tuning: Int
    /// Questions that decide.
    public var test: Int
    /// For a pre-trained model: a file in SQuAD's format, or a .txt file whose paragraphs are continued; empty for
    /// fictitious facts.
    public var questions: String
    /// The longest context of such a file, in tokens.
    public var longest: Int
    /// Numbers of contexts, one of them the question's, that are learned from together.
    public var contexts: [Int]
  }

  /// How the paragraphs of a .txt file are cut, in tokens; our choice.
  public struct Text: Codable, Sendable, Equatable {
    /// Of the shortest context, the earlier part of a paragraph; data.longest limits it.
    public var shortest: Int
    /// Behind the context: what stands before the continuation in all conditions.
    public var question: Int
    /// Behind the question: what is to be said.
    public var continuation: Int

    static let usual = Text(shortest: 32, question: 8, continuation: 8)
  }

  /// The model that is trained on the spot, and the world that it knows.
  public struct Small: Codable, Sendable, Equatable {
    /// Facts of one context.
    public var facts: Int
    /// People in the small model's world.
    public var names: Int
    /// Width of the small model, a multiple of 8.
    public var width: Int
    /// Blocks of the small model.
    public var layers: Int
    /// Updates of its training on documents.
    public var updates: Int
    /// Documents in one of these updates.
    public var batch: Int
    /// Highest rate of that training.
    public var rate: Double
  }

  /// What is adapted of a pre-trained model.
  public struct Adapter: Codable, Sendable, Equatable {
    /// Rank of the adapter of a pre-trained model.
    public var rank: Int
    /// Last blocks that have one.
    public var blocks: Int
  }

  /// The step that shall do what a prompt does.
  public struct Inner: Codable, Sendable, Equatable {
    /// Rate of the step on a context, whose loss is a sum over its tokens.
    public var rate: Double
    /// Steps on a context.
    public var steps: Int
    /// Further numbers of steps, an arm each.
    public var moreSteps: [Int]
    /// Rates among which the plain model's is chosen.
    public var triedRates: [Double]
  }

  /// The descent that trains for such steps.
  public struct Outer: Codable, Sendable, Equatable {
    /// Updates of the outer descent.
    public var updates: Int
    /// Tasks in one of these updates.
    public var tasks: Int
    /// Highest rate of the outer descent.
    public var rate: Double
    /// Limit of the outer gradient's norm.
    public var clip: Double
    /// Whether it moves the small model's embedding, which is the head, too: learnt from labels, that makes words that are
    /// no answers less likely, names of the test among them.
    public var embedding: Bool
    /// Times at which the taught model is tried on tuning questions; the best of them counts.
    public var looks: Int
  }

  /// What decides the claims.
  public struct Decisions: DecisionRules {
    public var alpha: Double
    /// Share of exact answers within which two arms are the same.
    public var sameMargin: Double
    /// Share of exact answers this near to none that counts as none.
    public var leakMargin: Double
    /// Share of the gap between no context and a prompt that a step shall close.
    public var recovered: Double
  }

  /// Small (trained on the spot), smollm2, a .gguf file or a folder in Hugging Face's layout.
  public var model: String
  /// Arms beside LC: labels (LG), firstOrder, rankOne (the outer change of each matrix).
  public var arms: [PromptingArm.Other]
  /// Contexts and questions.
  public var data: Data
  /// How a plain text is cut.
  public var text: Text
  /// The decoder that is trained on the spot.
  public var small: Small
  /// What moves in a pre-trained model.
  public var adapter: Adapter
  /// The step that shall do what a prompt does.
  public var inner: Inner
  /// The descent that trains for such steps.
  public var outer: Outer
  /// Arms that no claim is about.
  public var further: Further
  /// A pre-trained model beside the small one.
  public var beside: Beside
  public var seeds: PlainSeeds
  public var decision: Decisions

  /// The name of the model that is trained on the spot.
  static let smallModel = "small"

  /// Sizes and rates were chosen on seeds from 1000 on, which are not reported.
  static let quick = GradientPromptingConfiguration(
    model: smallModel, arms: PromptingArm.Other.allCases,
    data: Data(
      kinds: [.description, .reversal], train: 2000, tuning: 64, test: 128, questions: "", longest: 160,
      contexts: [4, 16]),
    text: .usual,
    small: Small(facts: 1, names: 168, width: 64, layers: 2, updates: 4000, batch: 32, rate: 3e-3),
    adapter: Adapter(rank: 8, blocks: 10),
    inner: Inner(rate: 0.3, steps: 1, moreSteps: [2, 4], triedRates: [0.01, 0.03, 0.1, 0.3, 1, 3]),
    outer: Outer(updates: 400, tasks: 16, rate: 2e-3, clip: 1, embedding: false, looks: 40),
    further: Further(
      updates: 60, contexts: [4, 16], joinings: ContextJoining.allCases, rates: [0.03, 0.1, 0.3, 1, 3]),
    beside: Beside(
      model: "smollm2", seeds: 3, rate: 1, triedRates: [0.25, 1, 4], updates: 16, tasks: 12, tuning: 16, test: 32,
      looks: 4),
    seeds: PlainSeeds(count: 7),
    decision: Decisions(alpha: 0.05, sameMargin: 0.1, leakMargin: 0.05, recovered: 0.25))

  static var smoke: GradientPromptingConfiguration {
    var c = quick
    c.data = Data(
      kinds: [.description, .reversal], train: 8, tuning: 4, test: 8, questions: "", longest: 160, contexts: [2])
    c.small = Small(facts: 1, names: 16, width: 16, layers: 1, updates: 20, batch: 8, rate: 3e-3)
    c.inner.triedRates = [0.1, 1]
    c.inner.moreSteps = [2]
    c.outer = Outer(updates: 3, tasks: 2, rate: 1e-3, clip: 1, embedding: false, looks: 1)
    c.further = Further(updates: 2, contexts: [2], joinings: ContextJoining.allCases, rates: [0.3])
    c.beside = .none
    c.seeds.count = 2
    return c
  }

  /// SmolLM2: an adapter on the last third of its blocks, LC and LG.
  static var standard: GradientPromptingConfiguration {
    var c = quick
    c.model = "smollm2"
    c.arms = [.labels]
    c.data = Data(
      kinds: [.description], train: 384, tuning: 48, test: 96, questions: "", longest: 160, contexts: [])
    c.inner = Inner(rate: 1, steps: 1, moreSteps: [], triedRates: [0.25, 0.5, 1, 2, 4])
    c.outer = Outer(updates: 50, tasks: 16, rate: 2e-3, clip: 1, embedding: false, looks: 10)
    c.further = Further(updates: 400, contexts: [], joinings: ContextJoining.allCases, rates: [])
    c.beside = .none
    c.seeds.count = 6
    return c
  }

  static var paper: GradientPromptingConfiguration {
    var c = standard
    c.arms = [.labels, .firstOrder]
    c.data.kinds = [.description, .reversal, .twoFacts]
    c.data.train = 2000
    c.data.test = 256
    c.data.contexts = [4, 16]
    c.inner.moreSteps = [2, 4]
    c.further.contexts = [4, 16]
    (c.outer.updates, c.outer.looks) = (400, 20)
    c.seeds.count = 6
    return c
  }

  var isSmall: Bool { model == Self.smallModel }

  /// Whether tasks are the continuations of a plain text.
  package var readsText: Bool { data.questions.lowercased().hasSuffix(".txt") }

  /// Updates of the outer descent that teaches an arm.
  package func updates(of arm: PromptingArm) -> Int {
    arm.isFurther ? min(further.updates, outer.updates) : outer.updates
  }

  /// Rate of the steps that an arm is taught with.
  package func rate(of arm: PromptingArm) -> Double { arm.rate ?? inner.rate }
}

extension GradientPromptingConfiguration {
  /// Numbers of contexts after which an arm is asked; that which it was taught with is among them.
  func contexts(of arm: PromptingArm) -> [Int] {
    data.contexts + (arm.contexts > 1 && !data.contexts.contains(arm.contexts) ? [arm.contexts] : [])
  }

  /// How an arm learns from them: in the one way that it was taught, or in both.
  func joinings(of arm: PromptingArm) -> [ContextJoining] {
    arm.contexts > 1 ? [arm.joining] : ContextJoining.allCases
  }
}

extension KeyedDecodingContainer {
  // So that runs from before these settings can be reported.

  func decode(
    _ type: GradientPromptingConfiguration.Text.Type, forKey key: Key
  ) throws -> GradientPromptingConfiguration.Text { try decodeIfPresent(type, forKey: key) ?? .usual }

  func decode(
    _ type: GradientPromptingConfiguration.Further.Type, forKey key: Key
  ) throws -> GradientPromptingConfiguration.Further { try decodeIfPresent(type, forKey: key) ?? .absent }

  func decode(
    _ type: GradientPromptingConfiguration.Beside.Type, forKey key: Key
  ) throws -> GradientPromptingConfiguration.Beside { try decodeIfPresent(type, forKey: key) ?? .none }
}
