/// The second round of a search: the best candidates of each side are tried on further tuning seeds, which tell good ones from those that
/// looked good by chance.
public struct Finalists: Codable, Sendable, Equatable {
  /// Candidates of each side that are in it; 1 for no second round.
  public var count: Int
  /// Tuning seeds on which each of them is tried in the end, those of the first round included.
  public var seeds: Int

  public init(count: Int = 4, seeds: Int = 10) { (self.count, self.seeds) = (count, seeds) }

  /// How many seeds the second round has beside so many of the first; 0 where there is no second round.
  func furtherCount(beyond firstCount: Int) -> Int { count > 1 ? max(seeds - firstCount, 0) : 0 }

  /// The seeds of the second round, behind those of the first.
  func further(than first: [Int]) -> [Int] {
    guard let last = first.last else { return [] }
    return Array(last + 1..<last + 1 + furtherCount(beyond: first.count))
  }
}
