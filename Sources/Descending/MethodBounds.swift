/// What methods built of this library's transformations do to where a parameter may be.
extension DescentMethod {
  /// The bounds of one parameter, by its path; nil where it has none, or where something else makes steps.
  package func bounds(of path: String) -> ClosedRange<Double>? {
    let all = stages(for: path).compactMap { $0 as? Bounds }.filter { ChosenPaths(patterns: $0.paths).contains(path) }
    // The last of several has the last word: they may exclude one another.
    guard let last = all.last else { return nil }
    return all.dropLast().reversed().reduce(last.low...last.high) {
      $0.overlaps($1.low...$1.high) ? $0.clamped(to: $1.low...$1.high) : $0
    }
  }

  /// Whether `l1` acts on a parameter.
  package func isThresholded(_ path: String) -> Bool {
    stages(for: path).contains {
      ($0 as? SoftThreshold).map { $0.strength > 0 && ChosenPaths(patterns: $0.paths).contains(path) } ?? false
    }
  }

  /// The transformations that act on a parameter, those that others hold too.
  private func stages(for path: String) -> [any GradientTransformation] {
    switch self {
    case let method as GradientDescent: Self.stages(of: method.transformation, for: path)
    case let method as SharpnessAware: Self.stages(of: method.transformation, for: path)
    case let method as BacktrackingLineSearch: Self.stages(of: method.transformation, for: path)
    case let method as TruncatedNewton: Self.stages(of: method.transformation, for: path)
    default: []
    }
  }

  private static func stages(of transformation: any GradientTransformation, for path: String)
    -> [any GradientTransformation]
  {
    transformation.parts { groups in groups.matching(path).map { groups.rules[$0].transformation } }
  }
}

extension GradientTransformation {
  /// The transformations that this one is made of, those that others hold too; itself where it holds none.
  ///
  /// - Parameter chosen: of groups, those that are asked for; all by default.
  func parts(
    _ chosen: (Grouped) -> [any GradientTransformation] = { $0.rules.map(\.transformation) }
  ) -> [any GradientTransformation] {
    switch self {
    case let chain as Chain: chain.stages.flatMap { $0.parts(chosen) }
    case let groups as Grouped: chosen(groups).flatMap { $0.parts(chosen) }
    case let outer as Accumulate: outer.inner.parts(chosen)
    case let guarded as ApplyIfFinite: guarded.inner.parts(chosen)
    case let holder as Lookahead: holder.inner.parts(chosen)
    case let holder as ScheduleFree: holder.inner.parts(chosen)
    default: [self]
    }
  }
}
