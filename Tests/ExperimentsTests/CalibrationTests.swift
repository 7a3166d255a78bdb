import Experiments
import Foundation
import RunLogs
import Testing
import Training

@Suite struct CalibrationTests {
  private let quick = CalibrationExperiment.presets.first { $0.name == "quick" }!.configuration

  /// Findings of SGD in a given regime, with the projection better in all that is claimed.
  private func findings(head: Double = 128, training: Double = 100, temperature: Double = 1.5) throws
    -> Findings<CalibrationArm>
  {
    let ablated = try CalibrationExperiment(quick).ablations().first { $0.description == "hidden weights only" }!
    var findings = Findings<CalibrationArm>.madeUp(seeds: Array(0..<20))
    for seed in 0..<20 {
      let wobble = 0.01 * sin(Double(7 * seed))
      for (arm, shift) in [(CalibrationArm.sgd, 0.0), (.orthogonal, 1), (ablated, 0)] {
        let loss = 0.6 - 0.1 * shift + wobble * (1 + shift)
        var values: [Measure: Double] = [
          .headFeatures: head, .trainAccuracy: training - shift,
          .temperature: temperature - (0.2 + wobble) * shift, .test(.accuracy): 80 + wobble * (shift + 1),
          .test(.nll): loss, .test(.maxSoftmax): loss, .test(.entropy): 1 / loss, .test(.maxLogit): 9 * loss,
          .test(.logitVariance): 40 * loss, .test(.ece): loss / 10, .scaled(.ece): 0.02 + wobble * shift / 10,
          .scaled(.brier): 0.3 + wobble * shift / 10, .scaled(.nll): 0.5 * loss, .invariantCosine: 1e-4 * (1 + wobble),
        ]
        for kind in quick.corruption.kinds {
          for severity in 1...5 {
            values[.damaged(.nll, by: kind, severity: severity)] = loss
            values[.damaged(.entropy, by: kind, severity: severity)] = 1 / loss
            values[.damaged(.accuracy, by: kind, severity: severity)] = 70 + wobble * shift
          }
        }
        for (measure, value) in values { findings.set(measure, of: arm, seed, to: value) }
      }
    }
    return findings
  }

  private func found(_ findings: Findings<CalibrationArm>) throws -> Verdicts {
    try CalibrationExperiment(quick).decide(findings)
  }

  @Test func quickIsARegimeInWhichTheClaimsCanApply() {
    #expect(quick.model.kind == "mlp" && quick.model.width >= 128, "both hidden layers have the head's features")
    #expect(quick.seeds.count >= 8 && quick.seeds.ablationCount >= 8)
    #expect(quick.data.cropPadding == 0 && !quick.data.flips, "augmentation prevents interpolation")
  }

  @Test func anEditedLogIsNoTrap() throws {
    let (experiment, found) = (CalibrationExperiment(quick), try findings())
    let results = try experiment.sweep().tasks(found).compactMap { task in
      found.measures(of: task.arm, task.seed).map {
        RunEvent(kind: "result", task: task.name, step: 9, time: 1, values: $0)
      }
    }
    try #require(results.count == 50)
    try EditedLog.check(experiment, results)
  }

  @Test func claimsAreJudgedWherePreconditionsHold() throws {
    let found = try found(try findings())
    #expect(found.preconditions.map(\.count) == [20, 20, 20])
    #expect(found.preconditions.allSatisfy { $0.holds })
    #expect(found.preconditions.map(\.measured).prefix(2) == [128, 100], "those of SGD, not of the projection")
    for decision in found.decisions { #expect(decision.verdict == .upheld, "\(decision.claim.id)") }
    for decision in found.decisions where !decision.evidence.pValue.isNaN {
      // What could not come out otherwise is no member of the family.
      let adjusted = decision.evidence.adjustedPValue
      #expect(decision.claim.isIdentity ? adjusted == nil : adjusted! >= decision.evidence.pValue)
    }
    #expect(
      found.opening.hasPrefix(
        "Orthogonal gradients keep the accuracy of SGD, lower the test loss and lower the calibration error (of 16"))
  }

  @Test(arguments: [
    (32.0, 100.0, 1.5, "features that the head sees: 32"), (128, 93, 1.5, "training accuracy of SGD (%): 93"),
    (128, 100, 0.9, "temperature that fits SGD: 0.9"),
  ])
  func withoutAPreconditionNothingIsSaid(head: Double, training: Double, temperature: Double, account: String) throws {
    let found = try found(try findings(head: head, training: training, temperature: temperature))
    #expect(found.preconditions.count { $0.holds } == 2)
    for decision in found.decisions {
      // What follows from scale-invariance needs no regime.
      let isIdentity = decision.claim.isIdentity
      #expect(decision.verdict == (isIdentity ? .upheld : .notApplicable), "\(decision.claim.id)")
      #expect(isIdentity || decision.evidence.reason.contains(account))
    }
    #expect(found.opening.hasPrefix("Whether orthogonal gradients keep") && found.opening.contains(account))
  }

  /// A log of an earlier version, which did not measure the preconditions, is not judged.
  @Test func whatWasNotMeasuredIsNotJudged() throws {
    let experiment = CalibrationExperiment(quick)
    let claim = try experiment.claims()[0]
    let events = (0..<2).flatMap { seed in
      [CalibrationArm.sgd, .orthogonal].map { arm in
        RunEvent(
          kind: "result", task: SweepTask(arm, seed: seed).name, step: 900, time: 0,
          values: [Measure.test(.accuracy).tag: 80 + 0.1 * Double(seed)])
      }
    }
    let findings = experiment.findings(events)
    let condition = try claim.conditions.map { try $0.measured(findings) }
    #expect(condition.allSatisfy { !$0.holds && $0.count == 0 })
    // What is measured at all must be there, or the report says which task lacks it.
    #expect(throws: FindingsError.missing(measure: .test(.nll), task: "sgd/seed 0")) { try experiment.decide(findings) }
  }

  /// Patterns of each ablation find parameters in their network; the smoke run has all its arms.
  @Test(arguments: ["mlp", "cnn", "resnet8", "resnet18"])
  func ablationsFitTheirNetwork(kind: String) throws {
    var configuration = quick
    configuration.model.kind = kind
    configuration.model.width = 4
    let arms = try CalibrationExperiment(configuration).ablations().map(\.description)
    #expect(arms.count == (kind == "cnn" ? 2 : 3) && arms.first == "head only")
  }

  /// One severity at which the loss is higher refutes that it is lower at each.
  @Test func eachSeverityCounts() throws {
    var made = try findings()
    for seed in 0..<20 {
      for kind in quick.corruption.kinds {
        let measure = Measure.damaged(.nll, by: kind, severity: 3)
        made.set(measure, of: .orthogonal, seed, to: 0.75 + 0.01 * sin(Double(seed)))
      }
    }
    let decisions = try found(made).decisions
    #expect(decisions.first { $0.claim.id == "corruption-loss-each" }!.verdict == .refuted)
    #expect(decisions.first { $0.claim.id == "corruption-entropy-each" }!.verdict == .upheld)
    // Over all severities the loss is still lower.
    #expect(decisions.first { $0.claim.id == "corruption-loss" }!.verdict == .upheld)
  }

  /// The presets beyond quick keep what the claims take for granted, and their arms have names of their own.
  @Test(arguments: ["variants", "standard", "paper"]) func otherPresetsFit(name: String) throws {
    let preset = CalibrationExperiment.presets.first { $0.name == name }!.configuration
    let experiment = CalibrationExperiment(preset)
    try experiment.check()
    let names =
      try [CalibrationArm.sgd, .orthogonal].map(\.description) + experiment.ablations().map(\.description)
      + experiment.variants.map(\.description)
    #expect(Set(names).count == names.count)
    let head = try experiment.model().layout.entries["head/weight"]!.type.shape[0]
    #expect(head >= 128)
  }

  /// Inner convolutions that change the number of features start by fan-out, N(0, 2 / (taps · features)); all else stays.
  @Test func innerConvolutionsStartByFanOut() throws {
    let network = ResNet.resNet8(channels: 3, width: 16)
    let before = try network.initialParameters(key: RandomKey(seed: 3))
    let after = CalibrationNetwork.resnet8.start(before)
    var changed = 0
    for (path, leaf) in zip(after.paths, after.leaves) {
      let shape = leaf.shape
      guard shape.rank == 4, path != "stem/weight", shape[2] != shape[3] else {
        #expect(leaf.doubles == before[path]?.doubles, "\(path)")
        continue
      }
      changed += 1
      let values = leaf.doubles
      let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
      let expected = 2 / Double(shape[0] * shape[1] * shape[3])
      // The variance of a variance is 2 / n of its square: five deviations.
      #expect(abs(variance / expected - 1) < 5 * (2 / Double(values.count)).squareRoot(), "\(path)")
    }
    #expect(changed == 4)
  }

  @Test(arguments: [
    ("variants.bases=[adma]", "adam"), ("variants.widths=[128]", "model.width"),
    ("variants.seedCount=21", "seeds.count"),
    ("variants.plainSteps=3", "plainSteps"), ("variants.lengthening=0", "lengthening"),
  ])
  func mistakesAreNamed(_ change: String, _ hint: String) throws {
    let changed = try Settings.applying([change], to: quick)
    #expect { try CalibrationExperiment(changed).check() } throws: { "\($0)".contains(hint) }
  }

  @Test func everySettingIsDescribed() throws {
    let names = try Settings.list(quick).map(\.name)
    #expect(Set(names) == Set(CalibrationExperiment.settingDescriptions.keys))
  }

  @Test func anUnknownNetworkNamesTheNearest() {
    var configuration = quick
    configuration.model.kind = "resnet9"
    #expect { try CalibrationExperiment(configuration).ablations() } throws: { "\($0)".contains("resnet8") }
  }
}
