/// Adam that estimates its own rate from how far the descent has come: a rate of 1, or a schedule that falls from 1.
///
/// d is a lower bound of the distance from the start to a minimum, and only grows. With c the ratio of Adam's corrections at this update,
/// b3 = sqrt(b2), x0 the start, and d and d0 this distance and its first value:
/// r <- b3 r + (d / d0) d c <g, x0 - x>, s <- b3 s + (d / d0) d c g, d <- max(d, factor r / |s|₁),
/// m <- b1 m + (1 - b1) d g, v <- b2 v + (1 - b2) d² g², and d c (m / (sqrt(v) + d epsilon) + decay x) goes on, with d as it was.
/// Mishchenko and Defazio, "Prodigy: an expeditiously adaptive parameter-free learner", 2023, arXiv 2306.06101, algorithm 4, in optax's form
/// for a constant rate: a schedule behind it scales steps, and the estimate weighs all updates alike. Reads "optimizer/distance".
public struct Prodigy: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of the mean square that is kept.
  public let beta2: Double
  /// Added to the root, in units of the distance.
  public let epsilon: Double
  /// The distance at first: far too small a one costs updates, too large a one is kept.
  public let start: Double
  /// What the estimate is multiplied by.
  public let factor: Double
  /// Times the parameters, added to the step: decoupled weight decay, in units of the estimated rate.
  public let decay: Double

  public init(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, start: Double = 1e-6, factor: Double = 1,
    decay: Double = 0
  ) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    (self.start, self.factor, self.decay) = (start, factor, decay)
  }

  public var requirements: Requirements { .parameters }

  public static let kind = TransformationKind(
    "prodigy", "adam that estimates its own rate; rate 1",
    TransformationOption("beta1", .decay.doubtingRate(of: "prodigy"), standard: Prodigy().beta1, "decay of the mean") {
      (t: Prodigy) in t.beta1
    },
    TransformationOption("beta2", .decay, standard: Prodigy().beta2, "decay of the mean square") { (t: Prodigy) in
      t.beta2
    },
    TransformationOption("epsilon", .epsilon, standard: Prodigy().epsilon, "added to the root") { (t: Prodigy) in
      t.epsilon
    },
    TransformationOption(
      "start", .number("between 1e-12 and 1e6") { (1e-12...1e6).contains($0) }, standard: Prodigy().start,
      "the first estimate of the distance"
    ) {
      (t: Prodigy) in t.start
    },
    TransformationOption("factor", .positive, standard: Prodigy().factor, "times the estimate") { (t: Prodigy) in
      t.factor
    },
    TransformationOption("decay", .notNegative, standard: Prodigy().decay, "of weights, times the estimated rate") {
      (t: Prodigy) in t.decay
    }, examples: ["prodigy | rate 1", "prodigy 0.8 0.99 start=1e-4 decay=0.001 | rate cosine(1, 2500updates)"]
  ) { Prodigy(beta1: $0, beta2: $1, epsilon: $2, start: $3, factor: $4, decay: $5) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    ["first", "second", "sum", "origin"].reduce(
      Tree(["distance": NDArray(start), "correlation": NDArray(0.0)])
    ) { $0.merging(parameters.zeros($1)) }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let (here, origin) = try context.origin(in: state)
    let (distance, correlation) = (state["distance"]!, state["correlation"]!)
    let correction =
      (context.counters.correction(beta1) / root(context.counters.correction(beta2))).cast(to: .float64)
    let rate = distance * correction
    let weight = (1 / start) * distance * rate
    let kept = beta2.squareRoot()

    let covered = dot(updates, Updates(origin) - here).cast(to: .float64)
    let nextCorrelation = kept * correlation + weight * covered
    let sum = kept * Updates(state.subtree("sum")) + weight * updates
    let length = sum.tree.leaves.map { abs($0).sum().cast(to: .float64) }.reduce(distance.filled(with: 0), +)
    let isKnown = length .> 0
    let estimate = select(isKnown, factor * nextCorrelation / select(isKnown, length, 1), 0)
    let next = max(distance, estimate)

    let scaled = distance * updates
    let first = runningMean(beta1, state.subtree("first"), scaled)
    let second = runningMean(beta2, state.subtree("second"), scaled.map(\.squared))
    let floor = next * epsilon
    let direction = Updates(
      first.tree.zipped(with: second.tree) { m, v in m / (root(v) + floor.cast(to: v.elementType)) })
    context.record("optimizer/distance", next)
    let means = first.tree.prefixed("first").merging(second.tree.prefixed("second"))
    let own = Tree(["distance": next, "correlation": nextCorrelation])
    return (
      rate * (decay > 0 ? direction + decay * here : direction),
      means.merging(sum.tree.prefixed("sum")).merging(origin.prefixed("origin")).merging(own)
    )
  }
}
