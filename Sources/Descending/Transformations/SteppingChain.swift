// A chain within a transformation that makes the steps itself, as those of `Lookahead` and `ScheduleFree`.

extension Chain {
  /// Itself, where it holds a rate, as whatever steps by itself must.
  func holdingRate(in owner: String) throws -> Chain {
    guard makesStep else {
      throw DescentError("\(owner) needs a rate in its parentheses: \(owner) (\(self) | rate 0.1)")
    }
    return self
  }
}

extension UpdateContext {
  /// The steps of a chain that a transformation holds: it must have a rate, and nothing before it one.
  mutating func steps(
    of inner: Chain, on updates: Updates, _ state: Tree<Tensor>, in owner: String
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    guard !hasStepped else { throw DescentError("\(owner) stands behind a rate: it holds its own, in its parentheses") }
    _ = try inner.holdingRate(in: owner)
    return try run(inner, updates, state)
  }
}
