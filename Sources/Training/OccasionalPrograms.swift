/// The programs of an update that does some things only every few updates: one for each set of them that is due together.
struct OccasionalPrograms {
  /// Whether all updates are alike, as nearly always: small steps feel it when that is looked up.
  let isUniform: Bool
  private let periods: [Int]
  private let programs: [Set<Int>: Program]
  /// What an update asks of its problem, in the mean.
  let calls: OracleCalls
  private let asked: [Set<Int>: OracleCalls]
  /// How often each set is due until all are due again.
  private let counts: [Set<Int>: Int]

  /// - Parameters:
  ///   - all: the occasions of the program that does all, which was recorded with them.
  ///   - calls: what that one asks.
  ///   - other: records one in which only some are due.
  init(
    _ all: Occasions, _ program: Program, _ calls: OracleCalls,
    other: (Occasions) throws -> (program: Program, calls: OracleCalls)
  ) rethrows {
    periods = all.periods.sorted()
    isUniform = periods.isEmpty
    counts = Occasions.counts(of: periods)
    var kinds = [(calls: calls, count: counts[all.periods]!)]
    var programs = [all.periods: program]
    var asked = [all.periods: calls]
    for (due, count) in counts where due != all.periods {
      let found = try other(Occasions(due: due, among: all.periods))
      (programs[due], asked[due]) = (found.program, found.calls)
      kinds.append((found.calls, count))
    }
    (self.programs, self.asked, self.calls) = (programs, asked, OracleCalls(meanOf: kinds))
  }

  /// What all updates before one ask for together.
  func calls(before end: Int) -> OracleCalls {
    guard !periods.isEmpty else { return OracleCalls(sumOf: [(calls, end)]) }
    let cycle = counts.values.reduce(0, +)
    var counts = counts.mapValues { $0 * (end / cycle) }
    for update in 0..<end % cycle { counts[Set(periods.filter { update.isMultiple(of: $0) }), default: 0] += 1 }
    return OracleCalls(sumOf: counts.map { (asked[$0] ?? calls, $1) })
  }

  /// That of an update; nil where it does all there is, as nearly always.
  func program(at step: Int) -> Program? {
    guard !periods.isEmpty else { return nil }
    let due = Set(periods.filter { step.isMultiple(of: $0) })
    return due.count == periods.count ? nil : programs[due]
  }
}
