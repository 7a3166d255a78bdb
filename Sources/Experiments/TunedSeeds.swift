/// Seeds that decide claims, and other seeds on which rates and settings are chosen.
public struct TunedSeeds: Codable, Sendable, Equatable {
  public var count: Int
  public var first: Int
  public var tuningCount: Int
  public var tuningFirst: Int

  package var reported: [Int] { Array(first..<first + count) }
  package var tuning: [Int] { Array(tuningFirst..<tuningFirst + tuningCount) }
}
