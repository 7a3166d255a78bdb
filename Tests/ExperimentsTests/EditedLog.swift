import Arrays
import Experiments
import Reports
import RunLogs
import Testing

/// Logs that someone edited: of one a report is made, or it is refused in a sentence. A trap would end the tests.
enum EditedLog {
  private static let numbers = [Double.nan, .infinity, -.infinity, 1e300, -1e300, 1e12, -1, 0]

  /// Logs in which all numbers are the same, with steps and times as they were or not; in which one of three is any of these; in which
  /// one of six is missing; in which one alone is another.
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
    let places = events.indices.flatMap { index in events[index].values.keys.sorted().map { (index, $0) } }
    let single = places.isEmpty ? [] : RandomKey(seed: 0).split("single").integers(count: 24, below: places.count)
    return same + mixed
      + single.enumerated().map { round, place in
        var own = events
        own[places[place].0].values[places[place].1] = numbers[round % numbers.count]
        return own
      }
  }

  /// Decides, reports and writes tables from each; of some it writes the page, which takes longer.
  static func check<E: Experiment>(_ experiment: E, _ events: [RunEvent]) throws {
    let gnuplot = try Gnuplot()
    let context = ReportContext(command: "command", environment: "environment", configuration: "configuration")
    var decided = 0
    for (round, edited) in all(of: events).enumerated() {
      attempt(round) {
        let verdicts = try experiment.decide(experiment.findings(edited))
        #expect(!verdicts.decisions.isEmpty)
        decided += 1
      }
      attempt(round) {
        let (_, report) = try experiment.report(edited, context: context)
        let tables = try experiment.tables(experiment.findings(edited))
        for table in tables { #expect(!table.csv.isEmpty) }
        guard round % 5 == 0 else { return }
        let page = try report.html(gnuplot)
        #expect(!page.isEmpty)
      }
    }
    // Much of what may be edited makes another report, not none.
    #expect(decided >= 8, "\(E.name): \(decided)")
  }

  private static func attempt(_ round: Int, _ body: () throws -> Void) {
    do { try body() } catch {
      let isSaid = error is FindingsError || error is StatisticsError || error is SettingsError
      #expect(isSaid && "\(error)".contains(" "), "round \(round), \(type(of: error)): \(error)")
    }
  }
}
