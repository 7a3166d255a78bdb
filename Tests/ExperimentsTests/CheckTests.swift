import Experiments
import Foundation
import RunLogs
import Testing
import Training

/// Settings that cannot be run are refused before anything is written, for every experiment.
@Suite struct CheckTests {
  private let path = NSTemporaryDirectory() + "descent-check-\(UUID().uuidString)"

  private func start<E: Experiment>(_ type: E.Type, _ changes: [String], replacing: Bool = false) throws {
    _ = try RunSession.start(
      type, preset: "smoke", changes: changes, seeds: nil, out: path, replacing: replacing, data: DataLocator(),
      commandLine: ["descent"], announce: { _ in }, isQuiet: true)
  }

  private func refuses<E: Experiment>(_ type: E.Type, _ change: String) {
    #expect(throws: SettingsError.self, "\(E.name) \(change)") { try start(type, [change]) }
    #expect(!FileManager.default.fileExists(atPath: path), "\(E.name) \(change)")
  }

  @Test func everyExperimentChecksFirst() {
    for type in ExperimentRegistry.all {
      for change in ["decision.alpha=2", "seeds.count=0"] { refuses(type, change) }
    }
    refuses(CalibrationExperiment.self, "descent.rate=-1")
    refuses(CalibrationExperiment.self, "model.kind=other")
  }

  /// A number with some zeros too many would end the process where memory is asked for.
  @Test func countsBeyondReasonAreRefused() throws {
    func refuseAll<E: Experiment>(_ type: E.Type) throws {
      let whole = try Settings.list(E.presets[0].configuration).filter { setting in
        let items = setting.value.trimmingCharacters(in: ["[", "]"]).split(separator: ",")
        return !items.isEmpty && items.allSatisfy { Int($0.trimmingCharacters(in: .whitespaces)) != nil }
      }
      #expect(!whole.isEmpty, "\(E.name)")
      for (name, value) in whole {
        for digits in ["1000000000000", "9000000000000000000"] {
          refuses(type, "\(name)=\(value.hasPrefix("[") ? "[\(digits), \(digits)]" : digits)")
        }
      }
    }
    for type in ExperimentRegistry.all { try refuseAll(type) }
    for change in ["learning.updatesPerStep=1e300", "learning.environments=9000000", "learning.hidden=[9000000]"] {
      refuses(AntifragileControlExperiment.self, change)
    }
    for change in ["methods.workers=[9000000]", "floor.dimension=9000000", "links.workers=[1, 2, 9000000]"] {
      refuses(DistributedLimitsExperiment.self, change)
    }
    for change in ["small.width=8000000", "outer.tasks=9000000"] { refuses(GradientPromptingExperiment.self, change) }
  }

  /// Whatever number stands in a config.yaml, it is refused in a sentence or does no harm: not to the checks, nor to what plans a run.
  @Test func anEditedConfigurationIsNoTrap() throws {
    let numbers = [
      "-1", "0", "1", "9223372036854775807", "-9223372036854775808", "1.0e+300", ".nan", ".inf", "-.inf", "5.0e-324",
    ]
    func edit<E: Experiment>(_ type: E.Type) throws {
      let smoke = try #require(E.presets.first { $0.name == "smoke" }).configuration
      let lines = try Settings.yaml(smoke).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      var refused = 0
      for (index, line) in lines.enumerated() {
        guard let place = line.range(of: #"(?<=[:-] )-?[0-9][0-9.e+-]*$"#, options: .regularExpression) else {
          continue
        }
        for number in numbers {
          var edited = lines
          edited[index].replaceSubrange(place, with: number)
          do {
            let text = edited.joined(separator: "\n")
            let experiment = E(try Settings.decode(E.Configuration.self, from: text, describing: "f"))
            try experiment.checkSettings()
            _ = try (experiment.claims(), experiment.sweep())
          } catch {
            refused += 1
            #expect(error is SettingsError && "\(error)".contains(" "), "\(E.name), \(line) as \(number): \(error)")
          }
        }
      }
      #expect(refused > 50, "\(E.name): \(refused)")
    }
    for type in ExperimentRegistry.all { try edit(type) }
    refuses(CalibrationExperiment.self, "decision.accuracyMargin=0")
    refuses(CalibrationExperiment.self, "seeds.ablationCount=-1")
    for change in ["exponents.factors=[1e15]", "exponents.factors=[1e-15]", "decision.margin=0"] {
      refuses(DistributedLimitsExperiment.self, change)
    }
    for change in [
      "problem.dimensions=[10000000]", "seeds.trials=10000000", "tuning.position=1e15",
      "problem.positions=[0.5, 4, 1e15]",
    ] {
      refuses(PhaseRetrievalExperiment.self, change)
    }
  }

  /// A run that is to replace another one does not destroy it before its own settings are known to be good.
  @Test func aRefusedReplacementLosesNothing() throws {
    let folder = try RunFolder.create(path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "experiment: calibration\n".write(toFile: folder.configurationPath, atomically: true, encoding: .utf8)
    #expect(throws: SettingsError.self) {
      try start(CalibrationExperiment.self, ["descent.rate=-1"], replacing: true)
    }
    #expect(FileManager.default.fileExists(atPath: folder.configurationPath))
  }

  /// Without its data a run does not begin, and the same folder can be used again.
  @Test func aRunWithoutDataLeavesNoFolder() throws {
    #expect(throws: (any Error).self) { try start(CalibrationExperiment.self, ["data.name=nowhere"]) }
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
