extension TableProblem {
  /// What was understood, in one line, and what may be wrong, a line each.
  public var account: String { ([summary] + doubts.map { "  " + $0 }).joined(separator: "\n") }

  /// What was understood of a table, in one line.
  static func summary(
    _ table: Table, _ profiles: [ColumnProfile], _ task: TableTask, _ encoding: TableEncoding, _ split: TableSplit,
    inputs: [Int], lost: String
  ) -> String {
    var parts: [String] = []
    parts.append("\(count(table.rowCount, "row"))" + (lost.isEmpty ? "" : " (\(lost))"))
    let kept = inputs.filter { profiles[$0].reason == nil }
    var kinds: [String] = []
    for (kind, name) in [
      (ColumnKind.number, "number"), (.category, "category"), (.date, "date"), (.text, "text"),
    ] {
      let members = kept.filter { profiles[$0].kind == kind }
      let booleans = members.filter { kind == .category && profiles[$0].isBoolean }.count
      if members.count > booleans {
        kinds.append(count(members.count - booleans, name, kind == .category ? "categories" : nil))
      }
      if booleans > 0 { kinds.append(count(booleans, "boolean")) }
      let times = members.filter { profiles[$0].timeUnit != nil }
      if !times.isEmpty { kinds.append("of which Unix time: " + list(times.map { profiles[$0].column.name })) }
    }
    parts.append(kinds.joined(separator: ", ") + " -> \(count(encoding.width, "feature"))")
    let out = profiles.indices.filter { profiles[$0].reason != nil && !task.targets.contains($0) }
    if !out.isEmpty {
      let byReason = Dictionary(grouping: out) { profiles[$0].reason! }.sorted { $0.key < $1.key }
      parts.append(
        "left out: "
          + byReason.map { "\(list($0.value.map { profiles[$0].column.name })) (\($0.key))" }.joined(separator: ", "))
    }
    let missing = kept.reduce(0) { $0 + profiles[$1].missing }
    if missing > 0, encoding.missing == .fill { parts.append("\(count(missing, "missing cell")) filled") }
    let marked = (kept + task.targets).filter { !profiles[$0].column.marks.isEmpty }
    if !marked.isEmpty {
      parts.append("taken as missing: " + marked.map { marks(profiles[$0].column, table) }.joined(separator: ", "))
    }
    parts += table.notes
    parts.append(task.account)
    let held = split.rows(.test).count
    parts.append(
      "\(split.rows(.train).count) rows train, \(split.rows(.validation).count) validate"
        + (held > 0 ? ", \(held) test" : "") + " (\(split.account))")
    return "\(table.source): " + parts.joined(separator: "; ")
  }

  /// As `"-" in 4 cells of a, the first in line 12`.
  private static func marks(_ column: TableColumn, _ table: Table) -> String {
    let rows = column.marks.values.joined()
    let words = column.marks.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
    return "\(words) in \(count(rows.count, "cell")) of \(column.name), "
      + "\(rows.count == 1 ? "in" : "the first in") line \(table.line(of: rows.min()!))"
  }

  private static func count(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", ... (\(names.count))" : "")
  }
}
