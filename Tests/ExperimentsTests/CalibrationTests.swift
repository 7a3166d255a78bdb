import Experiments
import Foundation
import Reports
import RunLogs
import Testing
import Training

@Suite struct CalibrationTests {
  private let quick = CalibrationExperiment.presets.first { $0.name == "quick" }!.configuration

  /// Results as a run would log them: SGD in a given regime, the projection better in all that is claimed.
  private func events(head: Double = 128, training: Double = 100, temperature: Double = 1.5) -> [RunEvent] {
    var events: [RunEvent] = []
    for seed in 0..<20 {
      let wobble = 0.01 * sin(Double(7 * seed))
      for (arm, shift) in [("sgd", 0.0), ("orthogonal", 1), ("hidden weights only", 0)] {
        let loss = 0.6 - 0.1 * shift + wobble * (1 + shift)
        let values: [String: Double] = [
          "head/features": head, "train/accuracy": training - shift,
          "temperature": temperature - (0.2 + wobble) * shift, "test/accuracy": 80 + wobble * (shift + 1),
          "test/nll": loss, "test/maxSoftmax": loss,
          "test/entropy": 1 / loss, "test/maxLogit": 9 * loss, "test/logitVariance": 40 * loss, "test/ece": loss / 10,
          "scaled/ece": 0.02 + wobble * shift / 10, "corrupted/noise/1/nll": loss,
          "corrupted/noise/1/accuracy": 70 + wobble * shift,
        ]
        events.append(RunEvent(kind: "result", task: "\(arm)/seed \(seed)", step: 900, time: 0, values: values))
      }
    }
    return events
  }

  private func found(_ events: [RunEvent]) throws -> (decisions: [Decision], report: Report, opening: String) {
    let (decisions, report) = try CalibrationExperiment(quick).report(
      events, context: ReportContext(command: "c", environment: "e", configuration: "s"))
    return (decisions, report, CalibrationExperiment.headline.sentence(decisions, report.preconditions))
  }

  @Test func quickIsARegimeInWhichTheClaimsCanApply() {
    #expect(quick.model.kind == "mlp" && quick.model.width >= 128, "both hidden layers have the head's features")
    #expect(quick.seeds.count >= 8 && quick.seeds.ablationCount >= 8)
    #expect(quick.data.cropPadding == 0 && !quick.data.flips, "augmentation prevents interpolation")
  }

  @Test func claimsAreJudgedWherePreconditionsHold() throws {
    let found = try found(events())
    #expect(found.report.preconditions.map(\.count) == [20, 20, 20])
    #expect(found.report.preconditions.allSatisfy { $0.holds })
    #expect(found.report.preconditions.map(\.measured).prefix(2) == [128, 100], "those of SGD, not of the projection")
    #expect(found.decisions.map(\.claim) == CalibrationExperiment.claims)
    for decision in found.decisions { #expect(decision.verdict == .upheld, "\(decision.claim.id)") }
    for evidence in found.decisions.map(\.evidence) where !evidence.pValue.isNaN {
      #expect(evidence.adjustedPValue! >= evidence.pValue)
    }
    #expect(
      found.opening.hasPrefix(
        "Orthogonal gradients keep the accuracy of SGD, lower the test loss and lower the calibration error (of 12"))
  }

  @Test(arguments: [
    (32.0, 100.0, 1.5, "features that the head sees: 32"), (128, 93, 1.5, "training accuracy of SGD (%): 93"),
    (128, 100, 0.9, "temperature that fits SGD: 0.9"),
  ])
  func withoutAPreconditionNothingIsSaid(head: Double, training: Double, temperature: Double, account: String) throws {
    let found = try found(events(head: head, training: training, temperature: temperature))
    #expect(found.report.preconditions.count { $0.holds } == 2)
    for decision in found.decisions {
      // What follows from scale-invariance needs no regime.
      let isAlgebra = decision.claim.id == "normalised-weights-do-not-matter"
      #expect(decision.verdict == (isAlgebra ? .upheld : .notApplicable), "\(decision.claim.id)")
      #expect(isAlgebra || decision.evidence.reason.contains(account))
    }
    #expect(found.opening.hasPrefix("Whether orthogonal gradients keep") && found.opening.contains(account))
  }

  /// A log of an earlier version, which did not measure the preconditions, is not judged.
  @Test func whatWasNotMeasuredIsNotJudged() throws {
    let old = events().map { event in
      var event = event
      event.values["train/accuracy"] = nil
      return event
    }
    #expect(try found(old).decisions[0].verdict == .notApplicable)
  }

  /// Patterns of each ablation find parameters in their network; the smoke run has all its arms.
  @Test(arguments: ["mlp", "cnn", "resnet8", "resnet18"])
  func ablationsFitTheirNetwork(kind: String) throws {
    var configuration = quick
    configuration.model.kind = kind
    configuration.model.width = 4
    let arms = try CalibrationExperiment(configuration).ablationNames()
    #expect(arms.count == (kind == "cnn" ? 2 : 3) && arms.first == "head only")
  }

  @Test func anUnknownNetworkNamesTheNearest() {
    var configuration = quick
    configuration.model.kind = "resnet9"
    #expect { try CalibrationExperiment(configuration).ablationNames() } throws: { "\($0)".contains("resnet8") }
  }
}
