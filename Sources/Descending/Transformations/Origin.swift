extension UpdateContext {
  /// Where the descent is, and where it began, which a state keeps under "origin": before the first update it is here.
  ///
  /// - Throws: `DescentError` where `.parameters` was not declared or is not there.
  mutating func origin(in state: Tree<Tensor>) throws -> (here: Updates, origin: Tree<Tensor>) {
    let here = try parameters().tree
    let isFirst = counters.updates .<= 0
    return (Updates(here), state.subtree("origin").zipped(with: here) { $1.where(isFirst, else: $0) })
  }
}
