/// Which of the things that are done every few updates are due in the update that is being recorded, and which were asked for.
///
/// A recorded update has no branches. One of each kind of update is recorded instead: with the roots of a matrix, and without.
package final class Occasions {
  /// More periods than these are not told apart: each doubles the programs.
  private static let most = 3

  /// Nor longer ones: all sets of them must come within a million updates.
  private static let longest = 1000

  private let due: Set<Int>?
  private let known: Set<Int>?
  /// The periods that were asked for.
  package private(set) var periods: Set<Int> = []

  /// Of an update in which all is due.
  package init() { (due, known) = (nil, nil) }

  /// - Parameters:
  ///   - due: the periods at the end of which the update stands.
  ///   - known: those that are told apart.
  package init(due: Set<Int>, among known: Set<Int>) { (self.due, self.known) = (due, known) }

  /// Whether something is due that is done at each update whose number is a multiple of the period; nil where that is not known.
  fileprivate func isDue(every period: Int) -> Bool? {
    if let due, let known { return known.contains(period) ? due.contains(period) : nil }
    guard periods.contains(period) || periods.count < Self.most, period <= Self.longest else { return nil }
    periods.insert(period)
    return true
  }

  /// How often each set of these periods is due together, until all are due again.
  package static func counts(of periods: [Int]) -> [Set<Int>: Int] {
    // Beyond a million updates they are those of the first million.
    var cycle = 1
    for period in periods { cycle = Swift.min(cycle / greatestCommonDivisor(cycle, period) * period, 1_000_000) }
    var counts: [Set<Int>: Int] = [:]
    for update in 0..<cycle { counts[Set(periods.filter { update.isMultiple(of: $0) }), default: 0] += 1 }
    return counts
  }

  private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
}

extension Counters {
  /// What is computed anew at the first update and each `period`-th one after it, and stays as it is in between.
  ///
  /// A training step records one program for updates that renew it and one for those that do not, which take no time for it. Where
  /// updates are counted by something else, as within `accumulate`, or one program makes all of them, it is computed each time.
  ///
  /// - Parameters:
  ///   - old: as it was.
  ///   - period: at least 1.
  ///   - renew: of the same paths and types.
  /// - Throws: what `renew` throws.
  public func renewing(
    _ old: Tree<Tensor>, every period: Int, _ renew: () throws -> Tree<Tensor>
  ) rethrows -> Tree<Tensor> {
    guard period > 1 else { return try renew() }
    if let isDue = occasions?.isDue(every: period) { return isDue ? try renew() : old }
    let isDue = (updates - Double(period) * round(updates / Double(period))) .== 0
    return try renew().zipped(with: old) { $0.where(isDue, else: $1) }
  }

  /// These counters as something sees them that is renewed every `period` updates: updates count its renewals before this update.
  func renewals(every period: Int) -> Counters {
    var own = self
    own.updates = floor(updates / Double(period))
    return own
  }
}
