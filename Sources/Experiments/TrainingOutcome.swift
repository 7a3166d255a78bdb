import Foundation
import Training

/// What a trained network is worth on a part, beside predictions that need none: in lines for the terminal.
package struct TrainingOutcome {
  package let measures: Measures
  package let baselines: TrainingBaselines
  /// Names of the classes.
  package let classes: [String]

  package init(_ measures: Measures, _ baselines: TrainingBaselines, classes: [String] = []) {
    (self.measures, self.baselines, self.classes) = (measures, baselines, classes)
  }

  var values: [String: Double] { measures.values }

  /// - Parameter title: what was measured.
  package func lines(_ title: String) -> [String] {
    let targets = Measures.targets(in: values)
    let shown = targets.prefix(12).map { "  \($0): \(Measures.text(values, target: $0))" }
    return ["\(title): \(measures.text)"] + shown
      + (targets.count > shown.count ? ["  and \(targets.count - shown.count) more targets, in the log"] : [])
      + [
        "  always the training part's \(baselines.constantName): \(text(baselines.constant))"
      ] + baselines.linear.map { "  \($0.name): \(text($0.values))" }
  }

  private func text(_ values: [String: Double]) -> String { Measures.text(values, loss: measures.lossName) }

  /// Logs the classes one by one.
  func recordClasses(_ context: RunContext, step: Int, prefix: String) throws {
    guard let confusion = measures.confusion else { return }
    for event in ClassAccount(confusion, names: classes).events {
      try context.record(ClassAccount.kind, task: event.name, step: step, event.values.prefixed(prefix))
    }
  }

  /// What is to be said of a network that does not beat the constant prediction; nil of one that does.
  ///
  /// - Parameter trainRows: that it learned from.
  package func verdict(trainRows: Int) -> String? {
    guard !beats(values) else { return nil }
    let own = merit(values)
    let rows = measures.confusion == nil ? "rows" : "classes"
    var text =
      own.map { "by \(unit) this network does not beat the constant prediction, but it tells \(rows) apart (\($0))" }
      ?? "this network does not beat the constant prediction"
    if let other = baselines.linear.first(where: { merit($0.values) != nil }) {
      // What has no such loss tells classes apart better than the constant does, and that is all that is said of it.
      let does = beats(other.values) || (own == nil && measures.confusion != nil)
      text +=
        "; \(other.name) \(does ? "does" : "tells \(rows) apart" + (own == nil ? "" : ", too")) (\(merit(other.values)!))"
    } else if own == nil {
      // Where nothing simpler was tried, as on images, it says only that this descent has found nothing yet.
      text +=
        trainRows < 100
        ? ": \(counted(trainRows, "row")) are few to learn from"
        : baselines.linear.isEmpty
          ? ": more epochs or another rate may help; nothing simpler was tried on it"
          : ": nothing that was found here predicts the target"
    }
    return text
  }

  private func beats(_ found: [String: Double]) -> Bool {
    guard let tag = decidingTag(found), let theirs = baselines.constant[tag] else { return false }
    return found[tag]! < theirs
  }

  /// What decides, or what both have: least squares have no loss of one's own.
  private func decidingTag(_ found: [String: Double]) -> String? {
    ["ownLoss", "weightedLoss", "loss"].first { found[$0] != nil && baselines.constant[$0] != nil }
  }

  /// What decides, in words.
  private var unit: String {
    switch decidingTag(values) {
    case "ownLoss": (values["weightedLoss"] == nil ? "" : "weighted ") + (measures.lossName ?? "its loss")
    case "weightedLoss": "weighted log-loss"
    default: measures.confusion == nil ? measures.lossName ?? "its loss" : "log-loss"
    }
  }

  /// What shows that a prediction is worth more than the constant one; nil where nothing does.
  ///
  /// Least squares have no log-loss, and a network may rank rows well while its probabilities are too bold: shares that
  /// lie two standard errors above chance count too.
  private func merit(_ found: [String: Double]) -> String? {
    guard let confusion = measures.confusion else {
      // Rows may be told apart by what has the wrong level: the mean is far from a quantile. By chance R² is at most the square of a
      // correlation, of which two standard errors are 2/√n.
      let chance = 4 / Double(max(measures.count, 1))
      guard beats(found) || (measures.lossName != nil && found["r2"] ?? 0 > chance) else { return nil }
      // Distances may be smaller though squares are not.
      if let r2 = found["r2"], r2 > 0 { return String(format: "R² %.2f", r2) }
      return found["mae"].map { String(format: "MAE %.4g", $0) } ?? "a smaller error"
    }
    let rows = confusion.counts.indices.map { Double(confusion.support($0)) }
    let n = rows.reduce(0, +)
    if let auc = found["auc"], rows.count == 2 {
      // Of a ranking by chance (Mann and Whitney 1947).
      let error = ((n + 1) / (12 * rows[0] * rows[1])).squareRoot()
      if auc > 0.5 + 2 * error || beats(found) { return String(format: "AUC %.2f", auc) }
      return nil
    }
    guard let accuracy = found["accuracy"], let constant = baselines.constant["accuracy"] else { return nil }
    let (ours, theirs) = (accuracy / 100, constant / 100)
    let error = ((ours * (1 - ours) + theirs * (1 - theirs)) / n).squareRoot()
    return ours > theirs + 2 * error || beats(found) ? String(format: "accuracy %.3g %%", accuracy) : nil
  }
}
