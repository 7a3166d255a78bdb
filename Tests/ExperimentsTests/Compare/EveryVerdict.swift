import Experiments
import Statistics
import Testing

/// Made-up findings in which the claims of a comparison come out in every way, and in which their conditions hold, and do not.
enum EveryVerdict {
  static func check(_ experiment: ComparisonExperiment) throws {
    for test in try experiment.claims() {
      for wanted in [Verdict.upheld, .refuted, .undecided] {
        var findings = Findings<ComparisonTrial>.madeUp(
          seeds: experiment.reportedSeeds, ComparisonExperiment.madeUpMeasures)
        try test.makeUp(wanted, alpha: 0.05, &findings)
        #expect(try test.decide(findings, alpha: 0.05).verdict == wanted, "\(test.claim.id) \(wanted)")
        for holds in [true, false] {
          for condition in test.conditions {
            try condition.makeUp(holding: holds, &findings)
            #expect(try condition.measured(findings).holds == holds, "\(condition.name)")
          }
          #expect(try test.conditions.allSatisfy { try $0.measured(findings).holds } == holds)
        }
        #expect(
          try experiment.decide(findings).decisions.first { $0.claim.id == test.claim.id }?.verdict == .notApplicable)
      }
    }
  }
}
