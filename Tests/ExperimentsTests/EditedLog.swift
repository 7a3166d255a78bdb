import Arrays
import Experiments
import Reports
import RunLogs
import Testing

/// Logs that someone edited: of one a report is made, or it is refused in a sentence. A trap would end the tests.
enum EditedLog {
  private static let numbers = [Double.nan, .infinity, -.infinity, 1e300, -1e300, 1e12, -1, 0]

  /// Logs in which all numbers are the same, with steps and times as they were or not; in which one of three is any of these; in which
  /// one of six is missing.
  private static func all(of events: [RunEvent]) -> [[RunEvent]] {
    let same = numbers.flatMap { number in
      [false, true].map { changesSteps in
        events.map { event in
          var own = event
          own.values = event.values.mapValues { _ in number }
          if changesSteps { (own.step, own.time) = (number > 0 ? .max : .min, number) }
          return own
        }
      }
    }
    let mixed = (0..<24).map { round in
      events.enumerated().map { index, event in
        var own = event
        // By name: a dictionary's order is another in each process.
        let tags = event.values.keys.sorted()
        let draws = RandomKey(seed: round).split(index).integers(count: 2 * tags.count, below: 24)
        for (place, tag) in tags.enumerated() {
          if round < 16, draws[2 * place] < 8 { own.values[tag] = numbers[draws[2 * place + 1] % 8] }
          if round >= 16, draws[2 * place] < 4 { own.values[tag] = nil }
        }
        return own
      }
    }
    return same + mixed
  }

  /// Decides, reports and writes tables from each; of some it writes the page, which takes longer.
  static func check(_ experiment: some Experiment, _ events: [RunEvent]) throws {
    let gnuplot = try Gnuplot()
    let context = ReportContext(command: "command", environment: "environment", configuration: "configuration")
    for (round, edited) in all(of: events).enumerated() {
      do {
        let (verdicts, report) = try experiment.report(edited, context: context)
        #expect(!verdicts.decisions.isEmpty)
        for table in try experiment.tables(experiment.findings(edited)) { #expect(!table.csv.isEmpty) }
        if round % 5 == 0 { #expect(try !report.html(gnuplot).isEmpty) }
      } catch {
        #expect("\(error)".contains(" "), "round \(round), \(type(of: error)): \(error)")
      }
    }
  }
}
