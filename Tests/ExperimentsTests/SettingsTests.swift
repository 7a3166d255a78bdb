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
