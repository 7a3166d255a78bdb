/// A descent without a falling rate: gradients are taken between a point that descends and the mean of where it has been.
///
/// The chain's steps move z; x is the mean of all z so far, weighed by squares of the largest rate so far; gradients are taken at
/// y = x + (1 - beta) (z - x), where the parameters lie. What a model is validated, saved and judged with is x, as with `MovingAverage`.
/// A chain that keeps a velocity or a mean would do so twice: `schedulefree (rate 1)`, `schedulefree (adam beta1=0 | decay 0.01 | rate
/// 0.0025)`; the rate may rise at first, and should not fall. Running values of batch normalisation are those at y.
///
/// Defazio et al., "The road less scheduled", 2024, arXiv 2405.15682, algorithm 1; weights as in its code.
public struct ScheduleFree: NamedTransformation {
  /// How near to the mean gradients are taken: 0 is at z (a mean of iterates), 1 at the mean.
  public let beta: Double
  /// What moves z; it holds the rate.
  public let inner: Chain

  public init(beta: Double = 0.9, _ inner: Chain) { (self.beta, self.inner) = (beta, inner) }

  public var requirements: Requirements { inner.requirements.union(.parameters) }
  public var makesStep: Bool { inner.makesStep }
  public var presumesItsSteps: Bool { true }
  public var isDifferentiable: Bool { inner.isDifferentiable }

  public static let kind = TransformationKind(
    "schedulefree", "gradients near the mean of a chain's points, which is what counts",
    TransformationOption("beta", .decay, standard: 0.9, "how near to the mean gradients are taken") {
      (t: ScheduleFree) in t.beta
    },
    TransformationOption("chain", .steppingChain, "what moves the points") { (t: ScheduleFree) in t.inner },
    examples: ["schedulefree (rate 0.05)", "schedulefree 0.95 (adam beta1=0 | rate warmup(10updates, 0.05))"]
  ) { ScheduleFree(beta: $0, $1) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try inner.checkMayBeChanged(by: "schedulefree", onlyShortens: true)
    return try inner.initialState(for: parameters).prefixed("inner").merging(parameters.zeros("point"))
      .merging(parameters.zeros(MovingAverage.key))
      .merging(Tree(["largestRate": NDArray(0.0), "weight": NDArray(0.0)]))
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let here = try context.parameters()
    let isFirst = context.counters.updates .<= 0
    func begun(_ name: String) -> Updates {
      Updates(state.subtree(name).zipped(with: here.tree) { $1.where(isFirst, else: $0) })
    }
    let start = begun("point")
    context.start(stepsFrom: Parameters(start.tree))
    let (step, next) = try context.steps(of: inner, on: updates, state.subtree("inner"), in: description)
    let rates = context.readings.filter { $0.key.hasPrefix("optimizer/learningRate") }.sorted { $0.key < $1.key }
    let largest = rates.reduce(state["largestRate"]!) { max($0, $1.value.cast(to: .float64)) }
    let own = largest.squared
    let weight = state["weight"]! + own
    let share = select(weight .> 0, own / select(weight .> 0, weight, 1), 0)

    let point = start + step
    let before = begun(MovingAverage.key)
    let mean = before + share * (point - before)
    let target = mean + (1 - beta) * (point - mean)
    let memory = next.prefixed("inner").merging(point.tree.prefixed("point"))
      .merging(mean.tree.prefixed(MovingAverage.key)).merging(Tree(["largestRate": largest, "weight": weight]))
    return (target - Updates(here.tree), memory)
  }
}
