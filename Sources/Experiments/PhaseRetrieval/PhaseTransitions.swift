import Synchronization
import Theory

/// Transitions at length 1 by rank, by the plain and the lifted theory. A lifted one takes a second: each is computed once.
enum PhaseTransitions {
  private struct Key: Hashable {
    var rank: Int
    var nodes: Int
  }

  private static let known = Mutex([Key: (plain: Double, lifted: Double)]())

  /// - Parameter nodes: of the lifted theory's quadrature.
  static func of(rank: Int, nodes: Int) -> (plain: Double, lifted: Double) {
    let key = Key(rank: rank, nodes: nodes)
    if let found = known.withLock({ $0[key] }) { return found }
    let found = (
      plain: PhaseRetrievalDuality(rank: rank).transition,
      lifted: LiftedDuality(rank: rank, nodes: nodes).transition()
    )
    known.withLock { $0[key] = found }
    return found
  }

  /// Computes several at the same time.
  static func prepare(ranks: Set<Int>, nodes: Int) throws {
    try Workers.run(ranks.sorted()) { _ = of(rank: $0, nodes: nodes) }
  }
}
