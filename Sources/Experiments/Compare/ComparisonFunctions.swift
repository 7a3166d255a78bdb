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
    guard !function.box.isPoint || function.noise > 0 || function.isRotated else {
      throw SettingsError(
        "all descents on \(name) would start at one point: give a range, as \"from x={-2...2}\", or noise, as \"noise 0.1\""
      )
    }
    var problem = ComparedProblem(
      name: name, account: function.account, fingerprint: function.account, hasTest: false, classes: 0, isFunction: true
    )
    (problem.hasMinimum, problem.isLeastAtZero) = (function.minimum != nil, function.isLeastAtZero)
    return problem
  }
}

extension ComparedMeasure {
  /// Of a function at a point: its value, and the logarithm of its height above the minimum where that is known.
  ///
  /// - Throws: `SettingsError` where the value lies below the minimum.
  static func values(of value: Double, _ function: TestFunction) throws -> [String: Double] {
    guard let minimum = function.minimum, value.isFinite else { return [Self.value: value] }
    let gap = value - minimum
    guard gap >= -1e-6 * max(1, abs(minimum)) else {
      throw SettingsError(
        "\(function.name) has the value \(value) at a point that was reached, below the minimum that was given, \(minimum)"
      )
    }
    return [Self.value: value, Self.gap: log10(max(gap, TestFunction.precision))]
  }
}
