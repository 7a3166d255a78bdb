import Foundation
import Training

/// How a run goes on with more epochs, another chain or another patience: what was a default follows the new number of
/// epochs, and a rate that has ended at 0 is refused.
package struct Continuation {
  /// Of the run from here on.
  package let chain: String
  /// Of the run from here on.
  package let patience: Int
  /// What a user should know, in sentences.
  package private(set) var notices: [String] = []

  /// - Parameters:
  ///   - saved: what the run had until now.
  ///   - epochs, chain, patience: what it is to have; nil for what follows from the others.
  ///   - rows: that train.
  /// - Throws: `DescentError` for a chain that cannot be read; `SettingsError` where nothing would move.
  package init(
    of saved: TrainingRun.Settings, epochs: Int, chain: String? = nil, patience: Int? = nil, rows: Int, isTable: Bool
  ) throws {
    func standard(_ epochs: Int) -> TrainingDefaults {
      TrainingDefaults(rows: rows, isTable: isTable, batch: saved.batch, epochs: epochs)
    }
    func canonical(_ chain: String) throws -> String { try DescentMethodKind.parse(chain).description }
    let (before, after) = (standard(saved.epochs), standard(epochs))
    let own = try canonical(saved.chain)
    self.patience = patience ?? (saved.patience == before.patience ? after.patience : saved.patience)
    let isLonger = epochs > saved.epochs
    if isLonger, chain == nil, own == (try canonical(before.chain)) {
      self.chain = try canonical(after.chain)
      notices = ["the default schedule is stretched to \(counted(epochs, "epoch")): \(self.chain)"]
      return
    }
    let asked = try chain.map(canonical) ?? own
    self.chain = asked == own ? saved.chain : asked
    guard isLonger || asked != own else { return }
    let course = RateCourse(try DescentMethodKind.parse(asked), rows: rows, batch: saved.batch)
    let idle = course.idleEpochs(of: epochs)
    if isLonger, idle >= epochs - saved.epochs {
      let longer = TrainingDefaults.stretching(self.chain, to: epochs)
      throw SettingsError(
        "the rate of \(self.chain) is 0 after \(counted(epochs - idle, "epoch")): nothing would move. Give "
          + (longer.map { "--chain \"\($0)\"" } ?? "a longer schedule by --chain"))
    }
    if let notice = course.notice(epochs) {
      notices.append(notice)
    } else if isLonger, let rate = course.lastRate(from: saved.epochs, to: epochs) {
      let shown = String(format: "%.4g", rate)
      notices.append("the chain's schedule has ended; what comes runs at its last rate, \(shown)")
    }
  }
}

/// What a chain's schedules come to over a run.
package struct RateCourse {
  private let rates: [Schedule]
  private let updates: Int
  private let batch: Int

  /// - Parameter rows: that train.
  package init(_ method: any DescentMethod, rows: Int, batch: Int) {
    // A rate that is not known says nothing.
    rates = method.learningRates ?? []
    self.batch = min(batch, max(rows, 1))
    updates = max(rows / self.batch, 1)
  }

  private func values(at step: Int) -> [Double] {
    rates.map {
      $0.value(
        updates: Double(step), samples: Double(step) * Double(batch), epochs: Double(step) / Double(updates))
    }
  }

  /// Of the last epochs those whose rates are all 0, so that nothing moves.
  package func idleEpochs(of epochs: Int) -> Int {
    guard !rates.isEmpty else { return 0 }
    return (0..<epochs).reversed().prefix { epoch in
      // A rate may begin and end an epoch at 0.
      let steps = Set((0...16).map { epoch * updates + $0 * (updates - 1) / 16 })
      return steps.allSatisfy { values(at: $0).allSatisfy { $0 == 0 } }
    }.count
  }

  /// That epochs are idle, in a sentence; nil where none is.
  package func notice(_ epochs: Int) -> String? {
    let idle = idleEpochs(of: epochs)
    guard idle > 0 else { return nil }
    return "the chain's rate is 0 in the last \(idle) of \(counted(epochs, "epoch")): nothing moves there"
  }

  /// The share of a run's last updates in which all rates are 0, to a hundredth or so.
  package func idleShare(ofUpdates total: Int) -> Double {
    guard !rates.isEmpty, total > 1 else { return 0 }
    let looks = 128
    let idle = (0...looks).reversed().prefix { look in
      values(at: look * (total - 1) / looks).allSatisfy { $0 == 0 }
    }.count
    // A schedule may well end at 0.
    return idle > 2 ? Double(idle - 1) / Double(looks) : 0
  }

  /// The rate of a schedule that has ended before an epoch; nil where it has not, or is none.
  package func lastRate(from first: Int, to end: Int) -> Double? {
    guard let rate = rates.first, rates.count == 1 else { return nil }
    if case .constant = rate { return nil }
    let start = values(at: first * updates)[0]
    let stretch = (0...64).map { first * updates + $0 * (end * updates - 1 - first * updates) / 64 }
    // It has ended where it would never change again.
    let later = [2, 10, 1000].map { $0 * end * updates }
    return (stretch + later).allSatisfy { values(at: $0)[0] == start } ? start : nil
  }
}
