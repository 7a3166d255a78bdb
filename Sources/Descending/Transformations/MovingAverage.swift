import Foundation

/// Keeps a moving average of the parameters after each step, and lets the step pass; a stage behind the rate.
///
/// a <- d a + (1 - d) w with d = min(decay, t / (t + 1)) at update t = 0, 1, ...: the plain mean at first, so that the
/// average has no trace of its start at zero. Polyak and Juditsky, "Acceleration of stochastic approximation by
/// averaging", 1992.
public struct MovingAverage: NamedTransformation {
  /// d in the end: the average spans about 1 / (1 - d) updates.
  public let decay: Double

  public init(_ decay: Double = 0.999) { self.decay = decay }

  public var requirements: Requirements { .parameters }
  public var presumesItsSteps: Bool { true }

  public static let kind = TransformationKind(
    "average", "keep a moving average of the parameters in the state; behind the rate",
    TransformationOption("decay", .decay, standard: MovingAverage().decay, "what remains of the average") {
      (t: MovingAverage) in t.decay
    }, examples: ["rate 0.1 | average 0.9"]
  ) { MovingAverage($0) }

  /// Where averages lie in a state: what is found there is what a model is evaluated with.
  static let key = "movingAverage"

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.zeros(Self.key)
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    guard context.hasStepped else { throw DescentError("\(description) must come after the rate: it averages steps") }
    let point = try context.parameters().moved(by: updates)
    let time = context.counters.updates
    let kept = min(time / (time + 1), decay)
    let average = state.subtree(Self.key).zipped(with: point.tree) { average, w in
      w + kept.cast(to: w.elementType) * (average - w)
    }
    return (updates, average.prefixed(Self.key))
  }

  /// The averaged parameters in the state of a chain that holds this stage; empty where none does.
  public static func averages<Leaf>(in state: Tree<Leaf>) -> Tree<Leaf> {
    state.reduce(into: Tree<Leaf>()) { averages, entry in
      if let path = averaged(entry.0) { averages[path] = entry.1 }
    }
  }

  /// The parameter whose average lies at a path of a state; nil for all else.
  private static func averaged(_ path: String) -> String? {
    let marker = key + "/"
    guard path.hasPrefix(marker) || path.contains("/" + marker) else { return nil }
    return path.range(of: marker).map { String(path[$0.upperBound...]) }
  }

  /// A state whose averages are the parameters themselves, as before the first update.
  ///
  /// - Throws: `DescentError` where two averages are kept of one parameter: none of them is the one that counts.
  package static func begun(_ state: Tree<NDArray>, at parameters: Tree<NDArray>) throws -> Tree<NDArray> {
    var known: Set<String> = []
    return try state.mapWithPaths { path, leaf in
      guard let own = averaged(path) else { return leaf }
      guard known.insert(own).inserted else {
        throw DescentError(
          "the chain keeps two averages of \(own), and one can count: average and schedulefree exclude each other")
      }
      return parameters[own] ?? leaf
    }
  }

  /// What counts of a descent: of each parameter the average where the method keeps one, else itself.
  package static func evaluated(_ parameters: Tree<NDArray>, in state: Tree<NDArray>) -> Tree<NDArray> {
    let averages = averages(in: state)
    return parameters.mapWithPaths { averages[$0] ?? $1 }
  }
}
