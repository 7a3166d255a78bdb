/// The programs of an update that does some things only every few updates: one for each set of them that is due together.
struct OccasionalPrograms {
  private let periods: [Int]
  private let programs: [Set<Int>: Program]
  /// What an update asks of its problem, in the mean.
  let calls: OracleCalls

  /// - Parameters:
  ///   - all: the occasions of the program that does all, which was recorded with them.
  ///   - calls: what that one asks.
  ///   - other: records one in which only some are due.
  init(
    _ all: Occasions, _ program: Program, _ calls: OracleCalls,
    other: (Occasions) throws -> (program: Program, calls: OracleCalls)
  ) rethrows {
    periods = all.periods.sorted()
    let counts = Occasions.counts(of: periods)
    var kinds = [(calls: calls, count: counts[all.periods]!)]
    var programs = [all.periods: program]
    for (due, count) in counts where due != all.periods {
      let found = try other(Occasions(due: due))
      programs[due] = found.program
      kinds.append((found.calls, count))
    }
    (self.programs, self.calls) = (programs, OracleCalls(meanOf: kinds))
  }

  /// That of an update; nil where it does all there is, as nearly always.
  func program(at step: Int) -> Program? {
    guard !periods.isEmpty else { return nil }
    let due = Set(periods.filter { step.isMultiple(of: $0) })
    return due.count == periods.count ? nil : programs[due]
  }
}
