@_exported import Training

/// A descent within a descent: k steps of a chain on one task's loss, from a start that an outer descent learns.
///
/// ```swift
/// let inner = InnerLoop(try Chain("rate 0.01"), steps: 5, moving: .matching("head/*"))
/// let adapted = try inner.adapt(parameters) { point in loss(model(support, point)) }
/// ```
///
/// The steps are traced into the graph of the outer loss. How the outer gradient passes through them is `derivative`.
public struct InnerLoop: Sendable {
  /// How the derivative of the adapted parameters with respect to the start is taken.
  public enum Derivative: Sendable, Hashable {
    /// Through every step, second derivatives of the loss included (Finn et al. 2017).
    case exact
    /// As if each step's gradient were constant (Finn et al. 2017, section 5.2).
    case firstOrder
    /// By the condition that the last point fulfils, whatever the way there: the adapted point minimises
    /// loss + strength / 2 |phi - theta|^2, so that the outer gradient g becomes (1 + H / strength)^-1 g, solved by so
    /// many steps of conjugate gradients (Rajeswaran et al. 2019). The steps descend on that sum.
    case implicit(strength: Double, iterations: Int)
  }

  /// Which parameters the steps move.
  public enum Selection: Sendable, Hashable {
    case all
    /// Those whose path matches a pattern, as "head/*".
    case matching(String)

    func selects(_ path: String) -> Bool {
      switch self {
      case .all: true
      case .matching(let pattern): PathPattern(pattern).matches(path)
      }
    }
  }

  /// What makes each step; it begins with a fresh state.
  public let chain: Chain
  /// k, 0 or more.
  public let steps: Int
  /// How the outer gradient passes through the steps.
  public let derivative: Derivative
  /// Which parameters the steps move.
  public let selection: Selection
  /// Factors of each step, learnt outside.
  public let rates: InnerRates
  /// Whether the outer derivative computes each step again rather than have all that is in it kept: the memory of one
  /// step instead of all, for about a third more time.
  public let recomputesSteps: Bool

  /// - Parameter recomputesSteps: for many steps; as the property of that name.
  /// - Throws: `DescentError` where the numbers cannot be, or the chain makes no step.
  public init(
    _ chain: Chain, steps: Int = 1, derivative: Derivative = .exact, moving selection: Selection = .all,
    rates: InnerRates = .chain, recomputesSteps: Bool = false
  ) throws {
    guard steps >= 0 else { throw DescentError("an inner loop takes 0 steps or more, not \(steps)") }
    guard chain.makesStep else {
      throw DescentError("the inner chain \(chain.description) never steps: end it with a rate")
    }
    guard derivative != .exact || chain.isDifferentiable else {
      throw DescentError(
        "\(chain.description) is constant in part for derivatives, so none through its steps is exact: take another chain, or "
          + "derivatives of the first order")
    }
    if case .implicit(let strength, let iterations) = derivative {
      guard strength > 0, strength.isFinite, iterations >= 1 else {
        throw DescentError(
          "an implicit derivative needs a positive strength and iterations, not \(strength) and \(iterations)")
      }
      guard rates == .chain else {
        throw DescentError("an implicit derivative does not depend on the inner rates: they cannot be learnt by it")
      }
    }
    (self.chain, self.steps, self.derivative, self.selection, self.rates) = (chain, steps, derivative, selection, rates)
    self.recomputesSteps = recomputesSteps
  }

  /// A task's loss at a point.
  public typealias Loss = (Parameters) throws -> Tensor

  /// The parameters after the steps; those that are not selected, and learnt rates, stay.
  ///
  /// With an implicit derivative, use `objective` for the outer loss: here the adapted point is constant.
  /// - Parameters:
  ///   - start: all parameters, with those of `rates` among them.
  ///   - key: 2 x int32, for chains with randomness.
  /// - Throws: `DescentError` where no parameter is selected, or the chain does not fit.
  public func adapt(_ start: Parameters, key: Tensor? = nil, support loss: Loss) throws -> Parameters {
    try adapt(start, key: key, support: loss, each: { _, _ in })
  }

  /// - Parameter each: is told the point and the loss before each step.
  /// - Throws: `DescentError` where no parameter is selected, or the chain does not fit; what `each` throws.
  public func adapt(
    _ start: Parameters, key: Tensor? = nil, support loss: Loss, each: (Parameters, Tensor) throws -> Void
  ) throws -> Parameters {
    let model = rates.withoutRates(start)
    let moving = model.tree.filter { path, _ in selection.selects(path) }
    guard let graph = moving.leaves.first?.graph else {
      throw DescentError("the inner loop moves no parameter: \(selection) matches none of \(model.paths.count)")
    }
    let resting = model.tree.filter { path, _ in !selection.selects(path) }
    let anchor = Parameters(moving)
    var point = isImplicit ? anchor.stoppingGradient : anchor
    let others = isImplicit ? resting.map(\.stoppingGradient) : resting
    var memory = try chain.initialState(for: moving.map(\.type)).map { graph.constant($0) }
    func move(_ step: Int) throws {
      let value = try loss(Parameters(point.tree.merging(others)))
      try each(point, value)
      var gradient = gradients(of: proximal(value, point, anchor), withRespectTo: point)
      if derivative != .exact { gradient = gradient.stoppingGradient }
      let count = graph.fill(Double(step), TensorType(.scalar))
      let keyOfStep = key.map {
        $0 + graph.constant(NDArray([Int32(0), Int32(truncatingIfNeeded: 0x3779 &* (step + 1))]))
      }
      var context = UpdateContext(
        counters: Counters(updates: count, samples: count, epochs: count), parameters: point, loss: value,
        key: keyOfStep)
      let result = try context.run(chain, gradient, memory)
      memory = result.state
      point = point.moved(by: try rates.scaled(result.updates, by: start))
    }
    for step in 0..<steps {
      if recomputesSteps {
        try graph.recomputing { try move(step) }
      } else {
        try move(step)
      }
    }
    if isImplicit { point = point.stoppingGradient }
    return Parameters(point.tree.merging(others))
  }

  private var isImplicit: Bool {
    if case .implicit = derivative { return true }
    return false
  }

  /// The loss, and the pull back to the start that an implicit derivative takes for granted.
  private func proximal(_ loss: Tensor, _ point: Parameters, _ anchor: Parameters) -> Tensor {
    guard case .implicit(let strength, _) = derivative else { return loss }
    let away = point.difference(from: anchor.stoppingGradient)
    return loss + (0.5 * strength) * away.squaredNorm.cast(to: loss.elementType)
  }

  /// The outer loss at the adapted point, as a function of the start whose gradient is as `derivative` says.
  ///
  /// - Parameters:
  ///   - support: the task's loss that the steps descend on.
  ///   - query: the loss of the adapted parameters.
  /// - Throws: `DescentError` where no parameter is selected, or the chain does not fit.
  public func objective(
    at start: Parameters, key: Tensor? = nil, support: Loss, query: Loss
  ) throws -> Tensor {
    let adapted = try adapt(start, key: key, support: support)
    guard case .implicit(let strength, let iterations) = derivative else { return try query(adapted) }
    return try ImplicitGradient(strength: strength, iterations: iterations)
      .surrogate(at: start, adapted, selection, support: support, query: query)
  }
}

/// A scalar with a given value and a given gradient at a point: how estimates of gradients that are not derivatives of a
/// recorded loss enter any descent.
///
/// - Parameters:
///   - value: a scalar.
///   - gradient: one for each of `parameters`.
public func scalar(_ value: Tensor, withGradient gradient: Updates, at parameters: Parameters) -> Tensor {
  let still = Updates(parameters.tree.map { $0 - $0.stoppingGradient })
  return value.stoppingGradient + dot(still, gradient.stoppingGradient).cast(to: value.elementType)
}
