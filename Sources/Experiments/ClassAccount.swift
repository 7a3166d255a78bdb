import Reports
import RunLogs
import Training

/// Classes one by one: precision, recall, support, and what their rows were taken for.
package struct ClassAccount {
  private struct Row {
    var name: String
    var support: Int
    var precision: Double?
    var recall: Double?
    /// By the class that rows were taken for; those without rows may be missing.
    var taken: [String: Int]
  }

  /// The kind of event that logs one.
  static let kind = "class"
  /// More are not logged.
  private static let most = 100

  private let rows: [Row]

  /// - Parameter names: of the classes, in order; those without one are numbered.
  package init(_ confusion: ConfusionMatrix, names known: [String]) {
    let names = confusion.counts.indices.map { $0 < known.count ? known[$0] : "class \($0)" }
    rows = confusion.counts.indices.map { index in
      let taken = zip(names, confusion.counts[index]).filter { $0.1 > 0 }
      return Row(
        name: names[index], support: confusion.support(index), precision: confusion.precision(index),
        recall: confusion.recall(index), taken: Dictionary(taken, uniquingKeysWith: +))
    }
  }

  /// What a log holds; nil where it holds nothing.
  ///
  /// - Parameter prefix: of the tags of one part.
  init?(_ events: [RunEvent], prefix: String) {
    rows = events.compactMap { event in
      guard event.kind == Self.kind, let support = event.values[prefix + "support"] else { return nil }
      let taken = event.values.compactMap { tag, value -> (String, Int)? in
        tag.hasPrefix(prefix + "as/") ? (String(tag.dropFirst(prefix.count + 3)), Int(saturating: value)) : nil
      }
      return Row(
        name: event.task, support: Int(saturating: support), precision: event.values[prefix + "precision"],
        recall: event.values[prefix + "recall"], taken: Dictionary(taken) { $1 })
    }
    if rows.isEmpty { return nil }
  }

  /// What is logged: names and values.
  var events: [(name: String, values: [String: Double])] {
    guard rows.count <= Self.most else { return [] }
    return rows.map { row in
      var values = ["support": Double(row.support)]
      (values["precision"], values["recall"]) = (row.precision, row.recall)
      for (name, count) in row.taken { values["as/" + name] = Double(count) }
      return (row.name, values)
    }
  }

  /// The confusion matrix stands at the right where the classes are few, else what each is most often mistaken for.
  private func table() -> (header: [String], rows: [[String]]) {
    let isMatrix = rows.count <= 10
    return (
      ["class", "support", "precision", "recall"]
        + (isMatrix ? rows.map { "as \($0.name)" } : ["mostly mistaken for"]),
      rows.map { row in
        let wrong = row.taken.filter { $0.key != row.name }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return [row.name, "\(row.support)"] + [row.precision, row.recall].map { $0.map { Report.number($0) } ?? "" }
          + (isMatrix
            ? rows.map { "\(row.taken[$0.name] ?? 0)" }
            : [wrong.prefix(3).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")])
      }
    )
  }

  /// A table for the terminal; of many classes the first fifty.
  package var text: String {
    let (header, rows) = table()
    return TextTable(header: header, rows: Array(rows.prefix(50))).text()
      + (rows.count > 50 ? "\nand \(rows.count - 50) more classes" : "")
  }

  /// The same for a report.
  func section() -> Report.Section {
    let (header, rows) = table()
    return .table(header: header, rows: rows)
  }
}
