import Experiments
import Foundation
import RunLogs
import Synchronization
import Testing
import Training

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
    // Tasks run at a time, so that the last lines may be those of several.
    let last = results(events).last
    #expect(try toy.run(events.filter { $0.task != last }).estimate.hasPrefix("1 descents: about "))
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

  /// Seeds of one arm are one piece of work where they can be, and find what they find one by one; an error takes its piece along and
  /// no other, and what is left is done later.
  @Test func seedsOfAnArmAreDoneTogether() throws {
    var joined = toy
    let groups = Mutex([[SweepTask<ToyArm>]]())
    joined.onGroup = { tasks in groups.withLock { $0.append(tasks) } }
    let (apart, together) = (try toy.run().events, try joined.run().events)
    #expect(Set(results(apart)) == Set(results(together)) && results(together).count == 20)
    let found = groups.withLock { $0 }
    #expect(found.count > 2 && found.allSatisfy { Set($0.map(\.arm)).count == 1 && $0.count > 1 })
    #expect(Set(found.joined()).count == found.reduce(0) { $0 + $1.count })
    for seed in toy.findings(apart).seeds {
      for arm in ["plain", "brave"] {
        let (one, other) = (toy.findings(apart), toy.findings(together))
        #expect(try one[.tuned(arm), seed, .toyLoss] == other[.tuned(arm), seed, .toyLoss])
        #expect(other.series(.toyHeat, of: .tuned(arm), seed, kind: "look").map(\.value) == [0.2])
      }
    }
    struct Failure: Error {}
    var failing = toy
    failing.onGroup = { tasks in if tasks[0].arm == .tuned("brave") { throw Failure() } }
    #expect(throws: Failure.self) { try failing.run() }
    // A log in which an arm's last seed is missing: one task, by itself.
    let lost = results(together).filter { $0 != "brave/seed 3" }
    groups.withLock { $0 = [] }
    let again = try joined.run(together.filter { lost.contains($0.task) }).events
    #expect(results(again) == ["brave/seed 3"] && groups.withLock { $0.isEmpty })
  }

  @Test func aRefusedStepNamesItsTask() throws {
    var failing = toy
    failing.onTask = { _ in throw TrainingError("the loss is not finite") }
    #expect { try failing.run() } throws: {
      "\($0)".contains("/seed ") && "\($0)".contains(": the loss is not finite")
    }
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
    #expect(verdicts.decisions[0].verdict == .notMeasured)
    #expect(verdicts.opening.hasPrefix("unfinished: 4 of 20 tasks are missing. ") && report.opening == verdicts.opening)
    #expect(verdicts.preconditions[0].finding == "holds")
    #expect(verdicts.decisions[0].evidence.reason.contains("brave/seed 0 has not ended"))
    let texts = report.sections.compactMap { if case .paragraph(let text) = $0 { text } else { nil } }
    #expect(texts.contains { $0.hasPrefix("4 tasks have not ended") && $0.contains("brave/seed 3") })
  }

  /// Without data nothing is undecided and no precondition fails: nothing was measured, in the terminal and on the page.
  @Test func anEmptyRunIsNotMeasured() throws {
    let (verdicts, report) = try toy.report(
      [], context: ReportContext(command: "c", environment: "e", configuration: "s"))
    #expect(verdicts.decisions.allSatisfy { $0.verdict == .notMeasured })
    #expect(
      verdicts.opening
        == "unfinished: 20 of 20 tasks are missing. Whether brave steps lower the loss was not measured "
        + "(of 1 claim 1 is not measured).")
    let text = TerminalSummary(
      opening: verdicts.opening, preconditions: verdicts.preconditions, decisions: verdicts.decisions
    ).text()
    #expect(text.hasPrefix("unfinished: 20 of 20") && !text.contains("does not hold"))
    #expect(text.split(separator: "\n").contains { $0.hasPrefix("heat") && $0.hasSuffix("not measured") })
    #expect(report.preconditions[0].finding == "not measured")
  }

  /// Values that are no numbers yet are not measured; in a whole run they are undecided.
  @Test func whatIsNoNumberYetIsNotMeasured() throws {
    let events = try toy.run().events
    func decisions(_ isWhole: Bool) throws -> Verdicts {
      var findings = toy.findings(isWhole ? events : events.filter { $0.task != "brave/seed 3" })
      for seed in 0..<4 where isWhole || seed < 3 { findings.set(.toyLoss, of: .tuned("brave"), seed, to: .nan) }
      for seed in 0..<4 { findings.set(.toyHeat, of: .tuned("plain"), seed, to: .nan) }
      return try toy.decide(findings)
    }
    let (whole, partial) = (try decisions(true), try decisions(false))
    #expect(whole.decisions[0].verdict == .notApplicable && whole.preconditions[0].finding == "does not hold")
    #expect(partial.decisions[0].verdict == .notMeasured && partial.preconditions[0].finding == "not measured")
  }

  /// What an ended run had to leave out is not what it did not come to.
  @Test func whatIsLeftOutIsNotUnfinished() throws {
    func opening(_ last: String) throws -> String {
      let events = try toy.run().events.filter { !$0.task.hasPrefix("brave") }
      func note(_ kind: String, _ text: String?) -> RunEvent {
        RunEvent(kind: kind, task: "", step: 0, time: 0, values: [:], text: text)
      }
      return try toy.report(
        events + [note("absent", "courage: no file"), note(last, nil)],
        context: ReportContext(command: "", environment: "", configuration: "")
      ).verdicts.opening
    }
    #expect(try opening("end").hasPrefix("left out: 4 of 20 tasks, for want of courage. "))
    #expect(try opening("resume").hasPrefix("unfinished: 4 of 20 tasks are missing. "))
  }

  /// Smoke proves nothing, whatever the experiment.
  @Test func smokeSaysWhatItIsGoodFor() throws {
    func opening(_ preset: String) throws -> String {
      try toy.report(
        try toy.run().events,
        context: ReportContext(preset: preset, command: "", environment: "", configuration: "")
      ).verdicts.opening
    }
    let caution = "smoke checks that everything works; its verdicts say nothing about the method. "
    #expect(try opening("smoke") == caution + opening("quick"))
  }

  /// Progress names the stage where there are several.
  @Test func stagesHaveNames() throws {
    let sweep = Sweep<ToyArm>([.init([], named: "search"), .init([])]) { _, _ in fatalError("nothing to open") }
    #expect(sweep.unit(of: 0) == "search: descents" && sweep.unit(of: 1) == "part 2 of 2: descents")
    #expect(Sweep<ToyArm>([.init([])]) { _, _ in fatalError("nothing to open") }.unit(of: 0) == "descents")
  }
}
