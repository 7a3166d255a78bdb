/// The second round of a search: the best candidates of each side are tried on further tuning seeds, which tell good ones from those that
/// looked good by chance.
public struct Finalists: Codable, Sendable, Equatable {
  /// Candidates of each side that are in it; 1 for no second round.
  public var count: Int
  /// Tuning seeds on which each of them is tried in the end, those of the first round included.
  public var seeds: Int

  public init(count: Int = 4, seeds: Int = 10) { (self.count, self.seeds) = (count, seeds) }

  /// The seeds of the second round, behind those of the first; empty where there is none.
  func further(than first: [Int]) -> [Int] {
    guard count > 1, let start = first.first, seeds > first.count else { return [] }
    return Array(start + first.count..<start + seeds)
  }
}
