import Yams

/// Bounds of the settings of all experiments, whoever wrote them: `--set`, a program, or someone who edited config.yaml.
extension Settings {
  /// The largest whole number that a setting may be given, seeds aside. Beyond is a slip of the hand, and would end as an allocation
  /// that fails.
  package static let largestCount = 10_000_000

  /// The largest number that a setting may be given: an Int holds it.
  static let largestNumber = 1e15

  /// The largest whole number of a setting of that name.
  static func largest(of name: String) -> Int {
    name == "seed" ? .max : isFirstSeed(name) ? Int(Int32.max) : largestCount
  }

  /// A seed is no count: it may be negative, and large.
  private static func isFirstSeed(_ name: String) -> Bool { ["first", "tuningFirst", "seed"].contains(name) }

  /// Checks that counts are at most 10 million and numbers finite and at most 1e15, to either side: so much all arithmetic bears.
  ///
  /// - Throws: `SettingsError` naming the setting.
  static func checkSizes<C: Codable>(_ configuration: C) throws {
    try eachNumber(of: configuration) { path, last, text, number in
      if let count = Int(text) {
        let most = largest(of: last)
        guard -most...most ~= count else { throw SettingsError("\(path) must be at most \(most), not \(count)") }
      } else if !(abs(number) <= largestNumber) {
        throw SettingsError("\(path) must be a finite number of at most 1e15, not \(text)")
      }
    }
  }

  /// Checks that no count is negative, and that margins of tests are positive.
  ///
  /// - Throws: `SettingsError` naming the setting.
  static func checkSigns<C: Codable>(_ configuration: C) throws {
    try eachNumber(of: configuration) { path, last, text, number in
      if let count = Int(text), count < 0, !isFirstSeed(last) {
        throw SettingsError("\(path) must not be negative, and is \(count)")
      }
      if last.lowercased().hasSuffix("margin"), !(number > 0) {
        throw SettingsError("\(path) must be positive, not \(text)")
      }
    }
  }

  private static func eachNumber<C: Codable>(
    of configuration: C, _ body: (_ path: String, _ last: String, _ text: String, Double) throws -> Void
  ) throws {
    func visit(_ node: Yams.Node, _ path: [String]) throws {
      if let mapping = node.mapping {
        for (key, child) in mapping { try visit(child, path + [key.string ?? ""]) }
      } else if let items = node.sequence {
        for item in items { try visit(item, path) }
      } else if let scalar = node.scalar, ![.doubleQuoted, .singleQuoted].contains(scalar.style), let last = path.last,
        let number = node.float
      {
        try body(path.joined(separator: "."), last, scalar.string, number)
      }
    }
    guard let tree = try Yams.compose(yaml: try yaml(configuration)) else { return }
    try visit(tree, [])
  }
}

extension Experiment {
  /// The experiment's own checks between those that hold for all: none of them meets numbers that no arithmetic bears.
  ///
  /// - Throws: `SettingsError` naming the setting.
  package func checkSettings() throws {
    try Settings.checkSizes(configuration)
    try check()
    try Settings.checkSigns(configuration)
  }
}
