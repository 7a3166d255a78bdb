import Reports
import RunLogs
import Training

// What a report says of single targets and single classes.
extension TrainingRun {
  static func details(_ events: [RunEvent]) -> [Report.Section] {
    targets(events) + classes(events) + chains(events)
  }

  private static func targets(_ events: [RunEvent]) -> [Report.Section] {
    let parts = [("final", "final/validation/", "validation"), ("test", "test/", "test")]
    let rows = parts.flatMap { kind, prefix, name -> [[String]] in
      let values = events.last { $0.kind == kind }?.values.withoutPrefix(prefix) ?? [:]
      return Measures.targets(in: values).map { target in
        [target, name] + ["rmse", "mae", "r2"].map { values["\($0)/\(target)"].map { Report.number($0) } ?? "" }
      }
    }
    guard !rows.isEmpty else { return [] }
    return [.heading("Each target"), .table(header: ["target", "part", "RMSE", "MAE", "R²"], rows: rows)]
  }

  private static func classes(_ events: [RunEvent]) -> [Report.Section] {
    let found = [("validation", "final/validation/"), ("test", "test/")].compactMap { name, prefix in
      ClassAccount(events, prefix: prefix).map { (name, $0) }
    }
    guard !found.isEmpty else { return [] }
    return [.heading("Each class")]
      + found.flatMap { name, account in
        [.paragraph("Rows of the \(name) part by class, and what they were taken for:"), account.section()]
      }
  }

  /// Chains that others took the place of.
  private static func chains(_ events: [RunEvent]) -> [Report.Section] {
    events.filter { $0.kind == chainKind }.map { .paragraph("From update \($0.step) on: \($0.text ?? "").") }
  }
}

extension [String: Double] {
  /// Those with a prefix, without it.
  fileprivate func withoutPrefix(_ prefix: String) -> [String: Double] {
    let own = filter { $0.key.hasPrefix(prefix) }
    return Dictionary(own.map { (String($0.key.dropFirst(prefix.count)), $0.value) }) { $1 }
  }
}
