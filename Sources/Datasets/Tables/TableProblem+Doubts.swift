import Foundation

/// What in a table may be a slip of a hand.
extension TableProblem {
  /// - Parameter others: columns that are neither predicted nor predicted from.
  /// - Throws: `DatasetError` for a column of measured numbers or dates that a slip makes one of words.
  static func refuseOddCells(_ table: Table, _ profiles: [ColumnProfile], besides others: [Int]) throws {
    for (index, profile) in profiles.enumerated() where !others.contains(index) {
      if let odd = profile.odd, odd.isSlip { throw odd.refusal(table, profile.column.name) }
    }
  }

  /// - Parameter inputs: columns that are predicted from.
  static func doubts(_ table: Table, _ profiles: [ColumnProfile], _ task: TableTask, inputs: [Int]) -> [String] {
    var doubts: [String] = []
    for (index, profile) in profiles.enumerated() {
      let isTarget = task.targets.contains(index)
      if isTarget || inputs.contains(index) || profile.reason == "identifier" {
        if let doubt = profile.doubt(table, isTarget: isTarget) { doubts.append(doubt) }
      }
      if isTarget ? task.classes == nil : inputs.contains(index), let doubt = farDoubt(table, profile) {
        doubts.append(doubt)
      }
    }
    return doubts
  }

  private static func farDoubt(_ table: Table, _ profile: ColumnProfile) -> String? {
    let column = profile.column
    let found: FarCells?
    switch profile.kind {
    case .number: found = FarCells(rows: table.rowCount) { column.number($0) }
    case .date:
      let seconds = DateSeconds(column, isDayFirst: nil, unit: profile.timeUnit)
      found = FarCells(rows: table.rowCount) { seconds[$0] }
    case .category, .text: found = nil
    }
    guard let found else { return nil }
    let isOne = found.count == 1
    let middle =
      profile.kind == .number ? String(format: " (half of all lie between %.4g and %.4g)", found.low, found.high) : ""
    return
      "column \(column.name): \(found.count) of \(found.present) cells \(isOne ? "lies" : "lie") far from all others"
      + "\(middle), \(isOne ? "" : "the first ")in line \(table.line(of: found.first)) with "
      + "\(column.text(found.first) ?? ""); a slip spoils what is learned: mend it, or leave the cell empty"
  }

  /// Why nothing is left to predict from.
  static func poverty(_ table: Table, _ profiles: [ColumnProfile], _ task: TableTask) -> String {
    let names = task.targets.map { profiles[$0].column.name }.joined(separator: ", ")
    let others = profiles.indices.filter { !task.targets.contains($0) }
    var text = "has no column that could predict \(names)"
    if task.isChosen { text += ", the last column that can be predicted" }
    if !others.isEmpty {
      let left = others.map { other in
        let causes = [profiles[other].reason, profiles[other].odd?.account(table)].compactMap { $0 }
        return "\(profiles[other].column.name) (\(causes.joined(separator: "; ")))"
      }
      text += "; left out: " + left.prefix(8).joined(separator: ", ") + (left.count > 8 ? ", ..." : "")
    }
    return text
  }
}
