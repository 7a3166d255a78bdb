/// Slow weights that follow the fast ones of a chain: every k updates they go part of the way, and the fast ones start there again.
///
/// s <- s + pull (w - s), w <- s after every k-th update; the chain's memory stays. Zhang, Lucas, Hinton, Ba, "Lookahead optimizer: k
/// steps forward, 1 step back", 2019, arXiv 1907.08610.
public struct Lookahead: NamedTransformation {
  /// Updates of the chain between two moves of the slow weights.
  public let period: Int
  /// How much of the way the slow weights go.
  public let pull: Double
  /// What moves the fast weights; it holds the rate.
  public let inner: Chain

  public init(period: Int = 5, pull: Double = 0.5, _ inner: Chain) {
    precondition(period > 0, "slow weights move after at least one update")
    (self.period, self.pull, self.inner) = (period, pull, inner)
  }

  public var requirements: Requirements { inner.requirements.union(.parameters) }
  public var makesStep: Bool { inner.makesStep }
  public var presumesItsSteps: Bool { true }
  public var isDifferentiable: Bool { inner.isDifferentiable }

  public static let kind = TransformationKind(
    "lookahead", "slow weights that follow those of a chain every few updates",
    TransformationOption("period", .count(atMost: 1_000_000), standard: 5, "updates between two moves") {
      (t: Lookahead) in t.period
    },
    TransformationOption(
      "pull", .number("above 0, at most 1", examples: ["0.5", "0.25"]) { $0 > 0 && $0 <= 1 }, standard: 0.5,
      "share of the way that slow weights go"
    ) { (t: Lookahead) in t.pull },
    TransformationOption("chain", .steppingChain, "what moves the fast weights") { (t: Lookahead) in t.inner },
    examples: ["lookahead (momentum 0.9 | rate 0.05)", "lookahead 10 0.8 (adam | rate 0.02)"]
  ) { Lookahead(period: $0, pull: $1, $2) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try inner.checkMayBeChanged(by: "lookahead", onlyShortens: true)
    return try inner.initialState(for: parameters).prefixed("inner").merging(parameters.zeros("slow"))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let here = try context.parameters()
    let (step, next) = try context.steps(of: inner, on: updates, state.subtree("inner"), in: description)
    let isFirst = context.counters.updates .<= 0
    let slow = Updates(state.subtree("slow").zipped(with: here.tree) { $1.where(isFirst, else: $0) })
    let fast = Updates(here.moved(by: step).tree)
    let done = context.counters.updates + 1
    let isDue = (done - Double(period) * floor(done / Double(period))) .<= 0
    let pulled = slow + pull * (fast - slow)
    let moved = pulled.tree.zipped(with: slow.tree) { $0.where(isDue, else: $1) }
    let own = (Updates(moved) - Updates(here.tree)).tree.zipped(with: step.tree) { $0.where(isDue, else: $1) }
    return (Updates(own), next.prefixed("inner").merging(moved.prefixed("slow")))
  }
}
