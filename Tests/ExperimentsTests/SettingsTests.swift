import Experiments
import Foundation
import RunLogs
import Testing

@Suite struct SettingsTests {
  private let standard = CalibrationExperiment.presets[1].configuration

  @Test func valuesAreSetByName() throws {
    let changed = try Settings.applying(
      ["descent.rate=0.5", "corruption.kinds=[blur]", "data.flips=false", "model.kind=cnn"], to: standard)
    #expect(changed.descent.rate == 0.5 && changed.corruption.kinds == [.blur] && !changed.data.flips)
    #expect(changed.model.kind == "cnn" && changed.descent.epochs == standard.descent.epochs)
  }

  @Test(arguments: [
    ("descent.rat=1", "did you mean descent.rate"), ("rate=1", "descent.rate"), ("descent.epochs=fast", "whole number"),
    ("descent.epochs=1.5", "descent.epochs"), ("descent=3", "no setting descent"), ("descent.rate", "sets nothing"),
    ("descent.rate=[1, 2]", "one value"), ("corruption.kinds=blur", "a list"),
    ("corruption.kinds=[mist]", "corruption.kinds"),
    ("data.flips=7", "true or false"), ("variants.widths=[1, two]", "variants.widths, item 2 must be a whole number"),
  ])
  func mistakesAreNamed(_ change: String, _ hint: String) {
    #expect { try Settings.applying([change], to: standard) } throws: { "\($0)".contains(hint) }
  }

  /// No option is ever ignored: each moves the fingerprint.
  @Test func everySettingMovesTheFingerprint() throws {
    let original = try Settings.fingerprint(standard)
    var seen: Set<String> = [original]
    let list = try Settings.list(standard)
    for (name, value) in list {
      let other: String
      if name == "corruption.kinds" {
        other = "[blur]"
      } else if value.hasPrefix("[") {
        other = "[7]"
      } else if let number = Double(value) {
        other = number == number.rounded() && !value.contains(".") ? "\(Int(number) + 1)" : "\(number * 2)"
      } else {
        other = value == "true" ? "false" : value == "false" ? "true" : "other"
      }
      let changed = try Settings.applying(["\(name)=\(other)"], to: standard)
      #expect(seen.insert(try Settings.fingerprint(changed)).inserted, "\(name)=\(other) changes nothing")
    }
    #expect(list.count == seen.count - 1)
    #expect(list.allSatisfy { CalibrationExperiment.settingDescriptions[$0.name] != nil })
  }

  /// Files hold numbers that YAML 1.1 and 1.2 both take for numbers, to the bit.
  @Test func numbersAreNumbersToEveryReader() throws {
    struct Numbers: Codable, Equatable {
      var list: [Double]
      var single: Float = 0.1
      var text = "2e-1"
    }
    let numbers = Numbers(
      list: [0.2, 1, -0.0, 1.0 / 3, 0.1 + 0.2, 1e-12, 5e-324, 1e300, 123_456_789_012_345_678, .infinity, -.infinity])
    let text = try Settings.yaml(numbers)
    #expect(try Settings.decode(Numbers.self, from: text, describing: "f") == numbers)
    #expect(text.contains("- 0.2\n- 1.0\n") && text.contains("- 1.0e-12\n"))
    #expect(text.contains("single: 0.1\n") && text.contains("text: '2e-1'\n"))
    // PyYAML's pattern, and YAML 1.1's.
    let number = /[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|[-+]?\.inf/
    for line in text.split(separator: "\n") where line.hasPrefix("- ") {
      #expect(try number.wholeMatch(in: line.dropFirst(2)) != nil, "\(line)")
    }
  }

  /// What earlier versions wrote is read, and checkpoints still know their run by it.
  @Test func earlierFilesAreRead() throws {
    struct Shares: Codable, Equatable { var alpha: Double, rate: Double }
    let shares = Shares(alpha: 0.05, rate: 1e-5)
    let earlier = "alpha: 5e-2\nrate: 1.0000000000000001e-05\n"
    #expect(try Settings.decode(Shares.self, from: earlier, describing: "f") == shares)
    #expect(try Settings.canonicalText(shares) == earlier)
    #expect(try Settings.yaml(shares) == "alpha: 0.05\nrate: 1.0e-05\n")
  }

  @Test func unknownNamesInAFileAreErrors() throws {
    let text = try Settings.yaml(standard) + "extra: 1\n"
    #expect { try Settings.decode(CalibrationConfiguration.self, from: text, describing: "f") } throws: {
      "\($0)".contains("no setting extra")
    }
  }

  /// Damage is told by its line, in one sentence of ours.
  @Test(arguments: [
    ("a: [1\nb: 2\n", "f: line 2 is no YAML"), ("a: \"x\n", "is no YAML"), ("just words\n", "f: it must be"),
    ("", "f: "), ("seeds: 3\n", "f: "),
  ])
  func damageIsASentence(text: String, hint: String) {
    #expect { try Settings.decode(CalibrationConfiguration.self, from: text, describing: "f") } throws: {
      let sentence = "\($0)"
      return $0 is SettingsError && sentence.contains(hint) && !sentence.contains(": :")
        && !sentence.contains("DecodingError") && !sentence.contains("\n")
    }
  }
}
