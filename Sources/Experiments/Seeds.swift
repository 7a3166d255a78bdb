/// The seeds of a run, one after another: those that decide claims.
public protocol SeedRange: Codable, Sendable, Equatable {
  /// How many.
  var count: Int { get set }
  /// The first of them; the others follow it one by one.
  var first: Int { get set }

  /// - Throws: `SettingsError` naming the setting.
  func check() throws
}

extension SeedRange {
  /// Those that decide claims.
  public var reported: [Int] { Array(first..<first + count) }

  public func check() throws { try Self.check(count, "seeds.count", from: first, "seeds.first") }

  /// Checks that seeds are some, and few enough to be counted.
  ///
  /// - Throws: `SettingsError` naming the setting.
  static func check(_ count: Int, _ countName: String, from first: Int, _ firstName: String) throws {
    let limit = Int(Int32.max)
    guard count > 0 else { throw SettingsError("\(countName) must be positive, not \(count)") }
    guard count <= Settings.largestCount else {
      throw SettingsError("\(countName) must be at most \(Settings.largestCount), not \(count)")
    }
    guard -limit...limit ~= first else {
      throw SettingsError("\(firstName) must be between -\(limit) and \(limit), not \(first)")
    }
  }

  /// Checks that seeds on which something was chosen decide nothing.
  ///
  /// - Parameter setting: the name of the first of those, as "seeds.tuningFirst".
  /// - Throws: `SettingsError` where they overlap.
  func checkApart(from tuning: Range<Int>, _ setting: String) throws {
    guard !(first..<first + count).overlaps(tuning) else {
      throw SettingsError("seeds that choose cannot be reported: seeds.first and \(setting) overlap")
    }
  }
}

/// Seeds that decide claims, and nothing besides.
public struct PlainSeeds: SeedRange {
  public var count: Int
  public var first: Int

  public init(count: Int, first: Int = 0) { (self.count, self.first) = (count, first) }
}

/// Seeds that decide claims, and other seeds on which rates and settings are chosen.
public struct TunedSeeds: SeedRange {
  public var count: Int
  public var first: Int
  /// How many seeds only choose.
  public var tuningCount: Int
  /// The first of those, far from the ones that decide.
  public var tuningFirst: Int
  /// The second round of the search; nil for none.
  public var finalists: Finalists?

  public init(count: Int, first: Int = 0, tuningCount: Int, tuningFirst: Int = 1000, finalists: Finalists? = nil) {
    (self.count, self.first) = (count, first)
    (self.tuningCount, self.tuningFirst, self.finalists) = (tuningCount, tuningFirst, finalists)
  }

  /// Those that only choose.
  public var tuning: [Int] { Array(tuningFirst..<tuningFirst + tuningCount) }
  /// Those on which the best are tried again.
  public var further: [Int] { finalists?.further(than: tuning) ?? [] }

  public func check() throws {
    try Self.check(count, "seeds.count", from: first, "seeds.first")
    try Self.check(tuningCount, "seeds.tuningCount", from: tuningFirst, "seeds.tuningFirst")
    if let finalists {
      try Self.check(finalists.count, "seeds.finalists.count", from: tuningFirst, "seeds.tuningFirst")
      try Self.check(finalists.seeds, "seeds.finalists.seeds", from: tuningFirst, "seeds.tuningFirst")
    }
    let count = tuningCount + (finalists?.furtherCount(beyond: tuningCount) ?? 0)
    try checkApart(from: tuningFirst..<tuningFirst + count, "seeds.tuningFirst")
  }
}

/// A configuration that says on which seeds its experiment runs, and at which level it decides.
public protocol SeededConfiguration: Codable, Sendable, Equatable {
  /// Its seeds: `PlainSeeds`, `TunedSeeds` or some of its own.
  associatedtype Seeds: SeedRange
  /// Level and margins of its tests.
  associatedtype Rules: DecisionRules
  /// On which seeds it runs.
  var seeds: Seeds { get set }
  /// At which level, and with which margins, it decides.
  var decision: Rules { get set }

  /// Whether the settings make sense, each by itself and together.
  ///
  /// - Throws: `SettingsError` naming the setting.
  func check() throws
}

extension Experiment {
  /// The seeds that decide claims.
  public var reportedSeeds: [Int] { configuration.seeds.reported }
}

extension Experiment where Configuration.Seeds == TunedSeeds {
  /// The seeds that only choose.
  public var tuningSeeds: [Int] { configuration.seeds.tuning }
}
