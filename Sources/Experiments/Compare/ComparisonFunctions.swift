import Formulas
import Foundation
import Training

/// The functions of a comparison, in the place of data.
package struct ComparisonFunctions: Sendable {
  package let all: [TestFunction]

  package init(_ all: [TestFunction]) { self.all = all }

  /// Those that a configuration names.
  ///
  /// - Throws: `SettingsError` where one cannot be read.
  init(_ c: ComparisonConfiguration) throws {
    all = try (c.functions ?? []).map { text in
      do { return try TestFunction(text) } catch { throw SettingsError("\(error)") }
    }
    let same = Dictionary(grouping: all.indices) { "\(all[$0].name) \(all[$0].account)" }
    if let twice = same.values.first(where: { $0.count > 1 }), let texts = c.functions {
      let (first, second) = (texts[twice[0]], texts[twice[1]])
      throw SettingsError(first == second ? "\(first) is named twice" : "\(first) and \(second) are one function")
    }
  }

  /// What they are compared by where nothing else is asked.
  package var measure: String {
    all.allSatisfy { $0.minimum != nil } ? ComparedMeasure.gap : ComparedMeasure.value
  }

  /// As reports call the function of a text; a text that is only a name is that of a function in code.
  ///
  /// - Throws: `SettingsError` where it cannot be read.
  static func name(of text: String) throws -> String {
    do { return try TestFunction(text).name } catch {
      guard TestFunction.isPlainName(text), !TestFunctionKind.known.contains(where: { $0.name == text }) else {
        throw SettingsError("\(error)")
      }
      return text
    }
  }

  /// What a function is.
  ///
  /// - Throws: `SettingsError` where all descents on it would be one.
  func problem(_ index: Int, name: String) throws -> ComparedProblem {
    let function = all[index]
    guard !function.box.isPoint || function.noise > 0 else {
      throw SettingsError(
        "all descents on \(name) would start at one point: give a range, as \"from x={-2...2}\", or noise, as \"noise 0.1\""
      )
    }
    var problem = ComparedProblem(
      name: name, account: function.account, fingerprint: try fingerprint(function), hasTest: false, classes: 0,
      isFunction: true)
    let zero = function.box.low.map { NDArray.zeros($0.shape, .float64) }
    let atZero = try Self.values(function, at: [zero])[0]
    problem.hasMinimum = function.minimum != nil
    problem.isLeastAtZero =
      !function.isShifted && function.minimum.map { abs(atZero - $0) <= TestFunction.precision } ?? false
    return problem
  }
}

extension ComparisonFunctions {
  /// What it says of itself, and its values at some places: code says little of itself.
  private func fingerprint(_ function: TestFunction) throws -> String {
    let keys = (0..<3).map { RandomKey(seed: $0).split("fingerprint") }
    // Other processors round otherwise.
    let values = try Self.values(function, at: keys.map { function.start(key: $0) }).map { String(format: "%.6g", $0) }
    return function.account + "; " + values.joined(separator: ", ")
  }

  /// The function as it is at some points.
  ///
  /// - Throws: `SettingsError` where it cannot be recorded.
  static func values(_ function: TestFunction, at points: [Tree<NDArray>]) throws -> [Double] {
    guard let first = points.first else { return [] }
    do {
      let program = try Program(inputs: first.types.leaves) { _, x in
        [try function.value(at: Tree(sortedPaths: first.paths, leaves: x))]
      }
      return try points.map { try program.run($0.leaves)[0].item }
    } catch { throw SettingsError("\(function.name): \(error)") }
  }

  /// That each start has a value, which is not below the minimum.
  ///
  /// - Parameter keys: of each start, with its seed.
  /// - Throws: `SettingsError` naming the seed.
  func checkStarts(_ index: Int, _ keys: [(seed: Int, key: RandomKey)]) throws {
    let function = all[index]
    // A turned and moved start has the value that it has without.
    let values = try Self.values(function, at: keys.map { function.start(key: $0.key) })
    for (value, (seed, _)) in zip(values, keys) {
      guard value.isFinite else {
        throw SettingsError("\(function.name) has no finite value at the start of seed \(seed): choose other starts")
      }
      _ = try ComparedMeasure.values(of: value, function)
    }
  }
}

extension ComparedMeasure {
  /// Of a function at a point: its value, and the logarithm of its height above the minimum where that is known.
  ///
  /// - Throws: `SettingsError` where the value lies below the minimum.
  static func values(of value: Double, _ function: TestFunction) throws -> [String: Double] {
    guard let minimum = function.minimum, value.isFinite else { return [Self.value: value] }
    let gap = value - minimum
    // Rounding alone.
    guard gap >= -1e-9 * max(1, abs(minimum)) else {
      throw SettingsError(
        "\(function.name) has the value \(value) at a point that was reached, below the minimum that was given, \(minimum)"
      )
    }
    return [Self.value: value, Self.gap: log10(max(gap, TestFunction.precision))]
  }
}
