import Experiments
import Foundation
import RunLogs
import Synchronization
import Testing

@Suite struct SweepTests {
  private let toy = ToyExperiment(ToyConfiguration())

  private func results(_ events: [RunEvent]) -> [String] { events.filter { $0.kind == "result" }.map(\.task) }

  /// Each task once, under its made name, a stage after the one that it depends on.
  @Test func runsAllInStages() throws {
    let events = try toy.run().events
    let tasks = results(events)
    #expect(tasks.count == 2 * 3 * 2 + 2 * 4 && Set(tasks).count == tasks.count)
    #expect(Set(tasks.prefix(12)) == Set(try toy.grid().tasks.map(\.name)))
    #expect(tasks.suffix(8).contains("brave/seed 3") && tasks.contains("tune plain at 0.1/seed 1001"))
    // The tuned methods took the best rate, which only the stage before could tell.
    let findings = toy.findings(events)
    for seed in findings.seeds {
      #expect(findings.series(.toyHeat, of: .tuned("plain"), seed, kind: "look").map(\.value) == [0.2])
    }
  }

  /// What has a result is not run again; a later stage finds its choice in the log.
  @Test func goesOnWhereItWasCutOff() throws {
    let whole = try toy.run().events
    let cut = whole.filter { !["brave/seed 2", "tune plain at 0.3/seed 1000"].contains($0.task) }
    let again = try toy.run(cut).events
    #expect(Set(results(again)) == ["brave/seed 2", "tune plain at 0.3/seed 1000"])
    let (now, before) = (toy.findings(cut + again), toy.findings(whole))
    for seed in now.seeds {
      #expect(try now[.tuned("brave"), seed, .toyLoss] == before[.tuned("brave"), seed, .toyLoss])
    }
    #expect(try toy.run(whole).events.isEmpty)
  }

  /// Nothing is opened where nothing waits; else the estimate counts what is left, of all stages.
  @Test func estimatesWhatIsLeft() throws {
    let (events, estimate) = try toy.run()
    #expect(estimate.hasPrefix("20 descents: about ") && estimate.contains(" at a time, "))
    #expect(estimate.contains("MB of working memory"))
    #expect(try toy.run(Array(events.dropLast(2))).estimate.hasPrefix("1 descents: about "))
    #expect(try toy.run(events).estimate == "all descents are done; drawing the report")
  }

  /// An error of one task ends the run; what had ended is not lost.
  @Test func anErrorEndsTheRun() throws {
    struct Failure: Error {}
    var failing = toy
    let count = Mutex(0)
    failing.onTask = { _ in
      let number = count.withLock { (value: inout Int) -> Int in
        value += 1
        return value
      }
      if number == 5 { throw Failure() }
    }
    #expect(throws: Failure.self) { try failing.run() }
    #expect(count.withLock { $0 } < 20)
  }

  /// Two arms of one name would share a task.
  @Test func namesAreDistinct() throws {
    struct Twin: SweepArm {
      var number: Int
      var description: String { "one name" }
    }
    #expect(throws: Never.self) { SweepTask(Twin(number: 1), seed: 0).name == "one name/seed 0" }
    var configuration = ToyConfiguration()
    configuration.rates = [0.1, 0.1]
    #expect { try ToyExperiment(configuration).run() } throws: { "\($0)".contains("twice") }
  }

  /// A partial run has a report, which names what has not ended.
  @Test func aPartialRunHasAReport() throws {
    let events = try toy.run().events.filter { !$0.task.hasPrefix("brave") }
    let (verdicts, report) = try toy.report(
      events, context: ReportContext(command: "c", environment: "e", configuration: "s"))
    #expect(verdicts.decisions[0].verdict == .undecided)
    #expect(verdicts.decisions[0].evidence.reason.contains("brave/seed 0 has not ended"))
    let texts = report.sections.compactMap { if case .paragraph(let text) = $0 { text } else { nil } }
    #expect(texts.contains { $0.hasPrefix("4 tasks have not ended") && $0.contains("brave/seed 3") })
  }
}
