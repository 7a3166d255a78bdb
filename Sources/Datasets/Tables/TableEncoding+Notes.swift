/// What is said of another table that was encoded: a first row that is none of its rows, and what training did not know.
extension TableEncoding {
  /// - Parameter columns: of the inputs, in their order.
  func notes(_ columns: [TableColumn], _ table: Table) -> [String] {
    var notes = [table.asideNote].compactMap { $0 }
    if let decimal, let other = table.decimal, other != decimal {
      notes.append("the decimal sign is a \(other), and was a \(decimal) in training")
    }
    notes += zip(inputs, columns).compactMap { unknownNote($0, $1, table.rowCount) }
    notes += [boundNote(columns, table.rowCount), missingNote(columns, table.rowCount)].compactMap { $0 }
    let extra = table.columns.map(\.name).filter { name in
      !inputs.contains { $0.column == name } && !targets.contains(name)
    }
    if !extra.isEmpty { notes.append("not used: \(extra.joined(separator: ", "))") }
    return notes
  }

  /// How many cells of a category hold values that have no feature.
  private func unknownNote(_ input: Input, _ column: TableColumn, _ rows: Int) -> String? {
    guard input.kind == .category else { return nil }
    let unknown = (0..<rows).compactMap { column.text($0) }
      .filter { input.counts.isEmpty ? !input.values.contains($0) : input.counts[$0] == nil }
    guard !unknown.isEmpty else { return nil }
    let shown = Set(unknown).sorted().prefix(3).joined(separator: ", ")
    return
      "\(unknown.count) cell\(unknown.count == 1 ? "" : "s") of \(column.name) with values that training did not know "
      + "(\(shown))"
  }

  /// How many numbers and dates lie so far out that they are taken as the bound of what training saw.
  private func boundNote(_ columns: [TableColumn], _ rows: Int) -> String? {
    let counts = zip(inputs, columns).map { input, column -> (name: String, count: Int) in
      guard let scale = input.scales.first, ["value", "time"].contains(scale.name) else { return (column.name, 0) }
      let values = input.values(of: column)
      return (column.name, (0..<rows).count { scale.isBeyond(values($0)) })
    }
    guard let most = counts.max(by: { $0.count < $1.count }), most.count > 0 else { return nil }
    let all = counts.reduce(0) { $0 + $1.count }
    let cells = "\(all) cell\(all == 1 ? "" : "s")"
    let place = all == most.count ? "of \(most.name)" : "(most in \(most.name): \(most.count))"
    return "\(cells) \(place) far outside of what training saw, taken as its bounds"
  }

  /// How many rows lack a cell where the training data lacked none, so that no feature says so; nil where none does.
  private func missingNote(_ columns: [TableColumn], _ rows: Int) -> String? {
    let silent = zip(inputs, columns).filter { input, _ in
      switch input.kind {
      case .number, .date: !input.hasIndicator
      case .category: !input.countsMissing
      // Texts without words have no feature in training either.
      case .text: missing != .fill
      }
    }.map(\.1)
    let lacking = (0..<rows).filter { row in silent.contains { $0.isMissing(row) } }
    guard !lacking.isEmpty else { return nil }
    let names = silent.filter { column in lacking.contains { column.isMissing($0) } }.map(\.name)
    let shown = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
    let what = "\(lacking.count) of \(rows) rows \(lacking.count == 1 ? "lacks" : "lack") cells"
    return
      (missing == .fill
      ? "\(what) that training never lacked (\(shown))"
      : "\(what) (\(shown)), and the model was trained with --missing \(missing.rawValue)")
      + ": numbers and dates are filled with the median, categories with none"
  }
}

extension TableEncoding.Input {
  /// The numbers that a column's rows are, of numbers and dates; NaN where there is none.
  func values(of column: TableColumn) -> (Int) -> Double {
    if kind == .date {
      let seconds = DateSeconds(column, isDayFirst: isDayFirst, unit: unit)
      return { seconds[$0] }
    }
    guard column.isText else { return { column.number($0) } }
    return { row in column.text(row).flatMap { NumberText.value($0) } ?? .nan }
  }
}
