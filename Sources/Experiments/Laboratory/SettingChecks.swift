/// The level of an experiment's tests, among its other rules.
public protocol DecisionRules: Codable, Sendable, Equatable {
  /// α of each test, at least 1e-9 and below 0.5.
  var alpha: Double { get set }
}

/// The level, and nothing besides.
public struct PlainDecisions: DecisionRules {
  public var alpha: Double

  public init(alpha: Double = 0.05) { self.alpha = alpha }
}

extension SeededConfiguration {
  /// Checks the level and the seeds, which every experiment has.
  ///
  /// - Throws: `SettingsError` naming the setting.
  public func checkLevelAndSeeds() throws {
    // A level so near 1 that it cannot be told from 1 has no quantile.
    guard decision.alpha >= 1e-9, decision.alpha < 0.5 else {
      throw SettingsError("decision.alpha must be at least 1e-9 and below 0.5, not \(decision.alpha)")
    }
    try seeds.check()
  }

  /// Checks that settings are positive finite numbers.
  ///
  /// - Throws: `SettingsError` naming the first that is not.
  public func require(positive settings: KeyValuePairs<String, Double>) throws {
    for (name, value) in settings where !(value > 0 && value.isFinite) {
      throw SettingsError("\(name) must be positive, not \(value)")
    }
  }

  /// Checks that settings are shares: above 0 and at most 1.
  ///
  /// - Throws: `SettingsError` naming the first that is not.
  public func require(shares settings: KeyValuePairs<String, Double>) throws {
    for (name, value) in settings where !(value > 0 && value <= 1) {
      throw SettingsError("\(name) must be above 0 and at most 1, not \(value)")
    }
  }

  /// Checks that settings are whole numbers above 0.
  ///
  /// - Throws: `SettingsError` naming the first that is not.
  public func require(counts settings: KeyValuePairs<String, Int>, most: Int = .max) throws {
    for (name, value) in settings where value < 1 { throw SettingsError("\(name) must be positive, not \(value)") }
    for (name, value) in settings where value > most {
      throw SettingsError("\(name) must be at most \(most), not \(value)")
    }
  }

  /// Checks that names are among those that are known.
  ///
  /// - Throws: `SettingsError` naming the setting, the unknown name and the nearest.
  public func require(_ names: [String], in setting: String, among known: [String]) throws {
    for name in names where !known.contains(name) {
      throw SettingsError("\(setting): there is no \(name); \(NearestName.hint(name, among: known))")
    }
  }
}
