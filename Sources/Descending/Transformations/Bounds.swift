/// Keeps parameters between two bounds: the point that a step would reach is moved to the nearest one within them. Projected descent.
///
/// With w the parameter and u the step, min(max(w + u, low), high) - w goes on. Parameters that start outside are moved to their bounds
/// before the first step (`TrainingState`). What makes steps shorter, as a line search, `lookahead` and `schedulefree` do, stays within.
/// Behind stages that scale elements apart, as `adam`, it ends where plain descent does. Behind those that turn the gradient, as `polar`
/// and `shampoo`, it may stand still elsewhere; behind `lbfgs` and in `newton` it is refused. In floating point w + (bound - w) is the bound
/// but for a rounding of w; the next step, which begins there, reaches it.
/// Reads "optimizer/boundFraction", the share of elements that it holds at a bound.
///
/// Goldstein, "Convex programming in Hilbert space", 1964; Bertsekas, "On the Goldstein-Levitin-Polyak gradient projection method", 1976.
///
/// ```swift
/// let nonnegative = Chain { Momentum(0.9); LearningRate(0.1); try Bounds(low: 0) }
/// ```
public struct Bounds: NamedTransformation {
  /// The least value; minus infinity where there is none.
  public let low: Double
  /// The largest value; infinity where there is none.
  public let high: Double
  /// Only parameters whose path matches one of these patterns; all when empty.
  public let paths: [String]

  /// - Throws: `DescentError` where `low` is above `high`, either is no number, or there is no bound at all.
  public init(low: Double = -.infinity, high: Double = .infinity, paths: [String] = []) throws {
    guard low <= high, low < .infinity, high > -.infinity else {
      throw DescentError("bounds: low must not be above high, and they are \(low) and \(high)")
    }
    guard low.isFinite || high.isFinite else {
      throw DescentError("bounds: give one at least, as in rate 0.1 | bounds 0")
    }
    (self.low, self.high, self.paths) = (low, high, paths)
  }

  public var requirements: Requirements { .parameters }
  public var presumesItsSteps: Bool { true }
  public var bearsShorterSteps: Bool { true }

  public static let kind = TransformationKind(
    "bounds", "keep parameters between two bounds (projected descent); behind the rate",
    TransformationOption("low", .bound(none: -.infinity), "the least value, or none") { (t: Bounds) in
      t.low
    },
    TransformationOption("high", .bound(none: .infinity), standard: .infinity, "the largest value, or none") {
      (t: Bounds) in
      t.high
    },
    TransformationOption("only", .patterns(none: "all"), standard: [], "path patterns joined by +") { (t: Bounds) in
      t.paths
    },
    examples: ["rate 0.05 | bounds -4 4", "momentum 0.9 | rate 0.02 | bounds none 5"]
  ) { try Bounds(low: $0, high: $1, paths: $2) }

  /// - Throws: `DescentError` where the parameters' type cannot hold a bound.
  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    for (path, type) in parameters where type.elementType == .float32 && ChosenPaths(patterns: paths).contains(path) {
      if let bound = [low, high].first(where: { $0.isFinite && !Float($0).isFinite }) {
        throw DescentError("\(description): \(bound) is beyond what \(path) holds, a float32")
      }
    }
    return Tree()
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    guard context.hasStepped else {
      throw DescentError("\(description) must come after the rate: it limits where steps lead")
    }
    let chosen = ChosenPaths(patterns: paths)
    try chosen.check(among: updates.paths, for: description)
    let start = try context.startOfStep()
    var held: [Tensor] = []
    var count = 0
    let steps = updates.tree.mapWithPaths { path, u -> Tensor in
      guard chosen.contains(path), let w = start[path] else { return u }
      var reached = w + u
      if low.isFinite { reached = max(reached, low) }
      if high.isFinite { reached = min(reached, high) }
      let isHeld = (reached .<= low) .| (reached .>= high)
      held.append(isHeld.cast(to: .float64).sum())
      count += w.count
      return reached - w
    }
    if let first = held.first {
      context.record("optimizer/boundFraction", held.dropFirst().reduce(first, +) / Double(Swift.max(count, 1)))
    }
    return (Updates(steps), state)
  }
}

extension ValueForm where Value == Double {
  /// A number, or none, which stands for an infinity.
  static func bound(none infinity: Double) -> ValueForm<Double> {
    ValueForm(
      read: { text, owner, name in
        guard text != "none" else { return infinity }
        return try number("a number, or none").read(text, owner, name)
      }, write: { $0 == infinity ? "none" : "\($0)" }, examples: infinity < 0 ? ["-5", "-4"] : ["4", "5"])
  }
}
