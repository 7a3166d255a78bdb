import Foundation
import Reports
import RunLogs
import Training

/// Diagnostics of a run: what they see goes to its log, and what they cost.
final class Watching {
  private let watches: Watches
  private let context: RunContext
  private let trainer: Trainer
  /// Marks looks that are only taken because a run ends.
  static let endText = "end"
  private var told: (watches: [String: Double], run: Double)

  /// Begins; a fresh descent is looked at before its first update.
  init(_ watches: Watches, _ context: RunContext, _ trainer: Trainer, memory: Tree<NDArray>?) throws {
    (self.watches, self.context, self.trainer) = (watches, context, trainer)
    told = (watches.seconds, context.elapsed)
    try watches.begin(trainer, memory: memory)
    if memory == nil { try look() }
  }

  /// Looks where it is due between two epochs' ends, at which `look` is called anyway.
  func lookBetween() throws {
    if trainer.step % trainer.batches.batchesPerEpoch != 0, watches.isDue(trainer) { try look() }
  }

  /// Looks once more where a run ends, with those whose turn it is not: what is told of the end is of the end. When the run
  /// goes on, these are dropped.
  func lookAtEnd() throws { try look(atEnd: true) }

  /// Records one event for each diagnostic, and the seconds since the last.
  func look(atEnd: Bool = false) throws {
    let found = try watches.look(trainer, ofTurn: !atEnd)
    guard !found.isEmpty || !atEnd else { return }
    for (name, values) in found {
      try context.record("watch", task: name, step: trainer.step, values, text: atEnd ? Self.endText : nil)
    }
    let now = (watches: watches.seconds, run: context.elapsed)
    var costs = ["seconds/run": now.run - told.run]
    for name in watches.names { costs["seconds/\(name)"] = now.watches[name]! - told.watches[name]! }
    try context.record("cost", step: trainer.step, costs)
    told = now
  }
}

/// A run has ended well, and only its report could not be drawn or written.
package struct UndrawnReport: Error, CustomStringConvertible {
  /// What would have stood before the report's path.
  package let account: String
  /// Why there is none.
  package let reason: ReportError
  package var description: String { "no report: \(reason)" }
}

extension TrainingRun {
  /// Whether a folder holds a run of this kind.
  package static func isRun(_ folder: RunFolder) -> Bool { (try? settings(of: folder)) != nil }

  /// What a run came to, what the diagnostics saw, and where the report is.
  ///
  /// - Throws: `UndrawnReport` with the rest, as on a machine without gnuplot.
  static func account(of folder: RunFolder, after outcome: String) throws -> String {
    let lines = [outcome] + (try WatchEvidence(try folder.events())).lines
    do { return (lines + ["report: " + (try report(folder))]).joined(separator: "\n") } catch let error as ReportError {
      throw UndrawnReport(account: lines.joined(separator: "\n"), reason: error)
    }
  }

  /// Draws the report of a run folder from its log, and returns its path.
  ///
  /// - Throws: `ReportError` where it cannot be drawn.
  package static func report(_ folder: RunFolder) throws -> String {
    let settings = try settings(of: folder)
    let events = try folder.events()
    let epochs = events.filter { $0.kind == "epoch" }
    let evidence = try WatchEvidence(events)
    let environment = (try? String(contentsOfFile: folder.environmentPath, encoding: .utf8)) ?? "unknown"
    var report = Report(
      title: "Training on \(settings.source)",
      subtitle: "\(settings.model), \(settings.chain), " + (settings.loss.map { "on \($0), " } ?? "")
        + "\(epochs.count) of \(counted(settings.epochs, "epoch"))",
      sections: [.heading("Loss")] + curves(epochs) + comparison(events) + details(events) + evidence.sections + [
        .heading("How it was made"), .code(try Experiments.Settings.text(of: folder)),
        .code(environment),
      ])
    report.opening =
      events.last { $0.kind == failureKind }?.text.map { "The descent failed: \($0)." }
      ?? events.last { $0.kind == stopKind }?.text.map { "The descent \($0)." } ?? ""
    try report.write(to: folder.reportPath, gnuplot: try Gnuplot())
    return folder.reportPath
  }

  /// What the model is worth in the end, beside predictions that need no descent.
  private static func comparison(_ events: [RunEvent]) -> [Report.Section] {
    let rows: [(name: String, values: [String: Double])] = events.compactMap { event in
      let name: String
      switch event.kind {
      case "final": name = "trained, validation"
      case "test": name = "trained, test"
      case "baseline": name = event.task + ", validation"
      default: return nil
      }
      // Earlier versions logged "final" without a prefix of its own.
      let parts = ["final/", "validation/", "test/"]
      let tags = event.values.map { tag, value in
        (parts.reduce(tag) { $0.hasPrefix($1) ? String($0.dropFirst($1.count)) : $0 }, value)
      }
      return (name, Dictionary(tags) { $1 })
    }
    guard !rows.isEmpty else { return [] }
    let isSeveral = rows.contains { !Measures.targets(in: $0.values).isEmpty }
    // Errors of several targets have several units, and no mean.
    let errors = isSeveral ? [("r2", "mean R²")] : [("rmse", "RMSE"), ("mae", "MAE"), ("r2", "R²")]
    let known = [
      ("loss", lossName(rows.map(\.values))), ("weightedLoss", "weighted loss"), ("accuracy", "accuracy (%)"),
      ("balancedAccuracy", "balanced accuracy (%)"), ("f1", "macro F1"), ("auc", "AUC"),
      ("averagePrecision", "average precision"), ("ece", "ECE"), ("brier", "Brier score"),
      ("ownLoss", "what is descended"), ("coverage", "targets below (%)"),
    ]
    let columns = (known + errors).filter { tag, _ in rows.contains { $0.values[tag] != nil } }
    return [
      .heading("What it is worth"),
      .table(
        header: ["prediction"] + columns.map(\.1),
        rows: rows.map { row in [row.name] + columns.map { row.values[$0.0].map { Report.number($0) } ?? "" } }),
    ]
  }

  /// Numbers are descended on a scale of their own, whatever their unit.
  private static func lossName(_ values: [[String: Double]]) -> String {
    values.contains { $0.keys.contains { $0.hasSuffix("rmse") } } ? "loss (standardised)" : "loss"
  }

  private static func curves(_ epochs: [RunEvent]) -> [Report.Section] {
    func series(_ tag: String, _ name: String) -> Plot.Series {
      let points = epochs.enumerated().compactMap { index, event in
        event.values[tag].flatMap { $0.isFinite ? (Double(index + 1), $0) : nil }
      }
      return .init(name: name, x: points.map(\.0), y: points.map(\.1))
    }
    // What is descended has a tag of its own where it is no log-loss, or weighted: what is called loss is then another one.
    let held =
      ["validation/ownLoss", "validation/weightedLoss"].first { tag in epochs.contains { $0.values[tag] != nil } }
      ?? "validation/loss"
    var plots = [
      Plot(
        name: "loss", title: "Loss", xLabel: "epoch", yLabel: "mean \(lossName(epochs.map(\.values)))",
        series: [series("loss/train", "batches of the epoch"), series(held, "validation, after it")])
    ]
    // Losses fall by factors.
    plots[0].isLogY =
      plots[0].series.allSatisfy { $0.y.allSatisfy { $0 > 0 } } && plots[0].series.contains { !$0.y.isEmpty }
    let others = Set(epochs.flatMap(\.values.keys)).filter { $0.split(separator: "/").count < 3 || $0.contains("[") }
      .subtracting(["epoch", "loss/train", held]).sorted()
    for tag in others {
      // Tags of groups hold path patterns, which are no names of files.
      let plain = String(tag.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
      let name = plots.contains { $0.name == plain } ? "\(plain)-\(plots.count)" : plain
      plots.append(Plot(name: name, title: tag, xLabel: "epoch", yLabel: tag, series: [series(tag, tag)]))
    }
    return plots.map { .plot($0) }
  }
}
