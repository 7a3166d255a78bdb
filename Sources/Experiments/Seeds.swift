/// The seeds of a run, one after another: those that decide claims.
public protocol SeedRange: Codable, Sendable, Equatable {
  var count: Int { get set }
  var first: Int { get set }
}

extension SeedRange {
  package var reported: [Int] { Array(first..<first + count) }
}

/// Seeds that decide claims, and nothing besides.
public struct PlainSeeds: SeedRange {
  public var count: Int
  public var first: Int
}

/// Seeds that decide claims, and other seeds on which rates and settings are chosen.
public struct TunedSeeds: SeedRange {
  public var count: Int
  public var first: Int
  public var tuningCount: Int
  public var tuningFirst: Int

  package var tuning: [Int] { Array(tuningFirst..<tuningFirst + tuningCount) }
}

/// A configuration that says on which seeds its experiment runs.
public protocol SeededConfiguration: Codable, Sendable, Equatable {
  associatedtype Seeds: SeedRange
  var seeds: Seeds { get set }

  /// Whether the settings make sense, each by itself and together.
  ///
  /// - Throws: `SettingsError` naming the setting.
  func check() throws
}

extension Experiment {
  package var reportedSeeds: [Int] { configuration.seeds.reported }
}

extension Experiment where Configuration.Seeds == TunedSeeds {
  package var tuningSeeds: [Int] { configuration.seeds.tuning }
}
