/// The learning rates of what is built of the transformations and methods of this library.
extension DescentMethod {
  /// The schedules of all rates; nil where something else makes steps, whose rate is not known.
  package var learningRates: [Schedule]? {
    switch self {
    case let method as GradientDescent: Self.rates(of: method.transformation)
    case let method as SharpnessAware: Self.rates(of: method.transformation)
    case let method as BacktrackingLineSearch: Self.rates(of: method.transformation)
    case let method as TruncatedNewton: Self.rates(of: method.transformation)
    default: nil
    }
  }

  private static func rates(of transformation: any GradientTransformation) -> [Schedule]? {
    func all(_ parts: [any GradientTransformation]) -> [Schedule]? {
      let found = parts.map { rates(of: $0) }
      return found.contains { $0 == nil } ? nil : found.flatMap { $0! }
    }
    switch transformation {
    case let rate as LearningRate: return [rate.schedule]
    case let chain as Chain: return all(chain.stages)
    case let groups as Grouped: return all(groups.rules.map(\.transformation))
    // Its schedules count only the updates that it makes.
    case let outer as Accumulate: return rates(of: outer.inner)?.map { $0.slowed(by: outer.count) }
    case let guarded as ApplyIfFinite: return rates(of: guarded.inner)
    case let judge as Cautious: return rates(of: judge.inner)
    case let holder as Lookahead: return rates(of: holder.inner)
    case let holder as ScheduleFree: return rates(of: holder.inner)
    default: return transformation.makesStep ? nil : []
    }
  }
}
