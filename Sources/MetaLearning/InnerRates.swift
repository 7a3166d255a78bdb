/// What scales the steps of an inner loop, beside the rate of its chain.
public enum InnerRates: String, Sendable, Hashable, CaseIterable {
  /// Nothing: the chain's rate counts.
  case chain
  /// One learnt factor for each parameter tensor (as in Antoniou et al. 2019, without one for each step).
  case perTensor
  /// One learnt factor for each number (Meta-SGD, Li et al. 2017).
  case perElement

  private static let prefix = "innerRates"

  /// The factors before the outer descent, all the same, to be merged with the parameters that they scale.
  public func initial(_ value: Double, for parameters: Tree<TensorType>) -> Tree<NDArray> {
    let factors: Tree<NDArray>
    switch self {
    case .chain: return Tree()
    case .perTensor: factors = parameters.map { NDArray(repeating: value, shape: .scalar, elementType: $0.elementType) }
    case .perElement:
      factors = parameters.map { NDArray(repeating: value, shape: $0.shape, elementType: $0.elementType) }
    }
    return factors.prefixed(Self.prefix)
  }

  /// Whether a path is that of a learnt factor.
  public static func owns(_ path: String) -> Bool { path.hasPrefix(prefix + "/") }

  /// The parameters of the model alone.
  func withoutRates(_ parameters: Parameters) -> Parameters {
    Parameters(parameters.tree.filter { path, _ in !Self.owns(path) })
  }

  func scaled(_ step: Updates, by parameters: Parameters) throws -> Updates {
    guard self != .chain else { return step }
    let factors = parameters.tree.subtree(Self.prefix)
    return Updates(
      try step.tree.mapWithPaths { path, update in
        guard let factor = factors[path] else { throw DescentError("there is no learnt inner rate for \(path)") }
        return factor * update
      })
  }
}
