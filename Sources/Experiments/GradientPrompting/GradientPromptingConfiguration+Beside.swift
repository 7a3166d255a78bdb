import LanguageModels

/// What stands beside the arms that claims about one model and one step are about.
extension GradientPromptingConfiguration {
  /// Arms that no claim is about: more steps on a context (inner.moreSteps), several contexts, other rates of the step.
  public struct Further: Codable, Sendable, Equatable {
    /// Updates of their outer descent, or as many as outer.updates where those are fewer.
    public var updates: Int
    /// Numbers of contexts that models are taught to learn from together.
    public var contexts: [Int]
    /// How they do: batched (one step on all) or sequential (a step on each), an arm each.
    public var joinings: [ContextJoining]
    /// Rates of the step that models are taught with, each by the exact outer gradient and by that of first order.
    public var rates: [Double]

    /// As in runs from before there were such settings.
    static let absent = Further(
      updates: Settings.largestCount, contexts: [], joinings: ContextJoining.allCases, rates: [])
  }

  /// A pre-trained model beside the small one, plain and taught by answers (LG), with an adapter; in few updates and
  /// questions. Where its file is not at hand it is left out.
  public struct Beside: Codable, Sendable, Equatable {
    /// As `model`; empty for none.
    public var model: String
    /// Seeds that it is taught on, the first of the run's.
    public var seeds: Int
    /// Rate of its step.
    public var rate: Double
    /// Rates among which the plain model's is chosen.
    public var triedRates: [Double]
    /// Updates of the outer descent.
    public var updates: Int
    /// Tasks in one of these updates.
    public var tasks: Int
    /// Questions for rates and looks.
    public var tuning: Int
    /// Questions that decide.
    public var test: Int
    /// Times at which it is tried on tuning questions; the best counts.
    public var looks: Int

    static let none = Beside(
      model: "", seeds: 1, rate: 1, triedRates: [1], updates: 1, tasks: 1, tuning: 1, test: 2, looks: 1)
  }

  /// What is done with the pre-trained model beside the small one; nil where there is none.
  package var besideSettings: GradientPromptingConfiguration? {
    guard !beside.model.isEmpty else { return nil }
    var c = Self.standard
    c.seeds.count = min(beside.seeds, seeds.count)
    (c.model, c.arms, c.adapter, c.seeds.first, c.decision) = (beside.model, [.labels], adapter, seeds.first, decision)
    (c.data.train, c.data.tuning, c.data.test) = (beside.updates * beside.tasks, beside.tuning, beside.test)
    (c.inner.rate, c.inner.triedRates) = (beside.rate, beside.triedRates)
    (c.outer.updates, c.outer.tasks, c.outer.looks) = (beside.updates, beside.tasks, beside.looks)
    return c
  }
}

extension GradientPromptingConfiguration.Further {
  // Rates came last.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    updates = try container.decode(Int.self, forKey: .updates)
    contexts = try container.decode([Int].self, forKey: .contexts)
    joinings = try container.decode([ContextJoining].self, forKey: .joinings)
    rates = try container.decodeIfPresent([Double].self, forKey: .rates) ?? []
  }
}
