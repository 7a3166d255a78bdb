import Foundation
import Reports
import RunLogs
import Statistics

extension TrainedEmbeddingAttentionExperiment {
  public func report(
    _ events: [RunEvent], context: ReportContext
  ) throws -> (decisions: [Decision], report: Report) {
    let decisions = decide(events)
    var sections: [Report.Section] = [
      .heading("Claims"),
      .paragraph(
        "n = \(reportedSeeds.count) seeds, each with its own texts, start and output vector; every claim at its own level, without "
          + "correction for their number."), .decisions(decisions),
    ]
    for data in configuration.data.names { sections += self.sections(data, events) }
    sections += [
      .heading("How it was made"),
      .paragraph(
        "Published: the model, the alignment after one step, the selection by the trained query. Ours, and perhaps not the "
          + "paper's: dimensions, rates, the synthetic sequences, tokeniser, vocabulary, texts cut to one length, steps of "
          + "one length on the query instead of a flow, the SVM on the tokens that the query selects."),
      .code(context.command), .code(context.configuration), .code(context.environment),
    ]
    let report = Report(
      title: "Attention with trained embeddings",
      subtitle: "\(configuration.data.names.joined(separator: ", ")), "
        + "n = \(reportedSeeds.count) seeds", sections: sections)
    return (decisions, report)
  }

  private func sections(_ data: String, _ events: [RunEvent]) -> [Report.Section] {
    let found = events.results
    let results = reportedSeeds.compactMap { found[TrainedEmbeddingAttentionTask.name(data, $0)] }
    let first = TrainedEmbeddingAttentionTask.name(data, configuration.seeds.first)
    let tokens = events.filter { $0.kind == "token" && $0.task == first }
    func values(_ name: String) -> [Double] { tokens.map { $0.values[name] ?? .nan } }
    let names = [
      "slope", "relativeError", "correlation/signed", "correlation/unsigned", "shape/positive", "shape/neutral",
      "shape/negative", "selection/best", "accuracy/before", "accuracy/after", "svm/violation", "svm/constraints",
      "seconds",
    ]
    let rows = names.compactMap { name -> [String]? in
      let column = results.compactMap { $0[name] }
      guard !column.isEmpty else { return nil }
      let summary = Summary(column)
      let interval = summary.interval()
      return [
        name, Report.number(summary.mean), "[\(Report.number(interval.low)), \(Report.number(interval.high))]",
        "\(column.count)",
      ]
    }
    var result: [Report.Section] = [
      .heading("On \(data)"), .table(header: ["quantity", "mean", "95 % interval", "n"], rows: rows),
    ]
    guard !tokens.isEmpty else { return result }
    let rate = configuration.rate(data)
    // The tokens that attention selects are named in the plot.
    let named = Set(tokens.sorted { $0.values["score"]! > $1.values["score"]! }.prefix(12).map(\.step))
    var scores = Plot(
      name: "scores-\(data)", title: "After training the query, \(data) (first seed)",
      xLabel: "P(+ | token) - P(- | token)", yLabel: "<E_s, p> / |p|",
      series: [
        .init(
          name: "tokens", x: values("difference"), y: values("score"), style: .points,
          labels: tokens.map { named.contains($0.step) ? $0.text ?? "" : "" })
      ])
    // Names stand to the right of their points.
    scores.xRange = -1.1...1.4
    let (alpha, alignment) = (values("frequency"), values("alignment"))
    let ends = [alpha.min()!, alpha.max()!]
    result += [
      .plot(
        Plot(
          name: "alignment-\(data)", title: "After one step, \(data) (first seed)", xLabel: "signed frequency",
          yLabel: "<E_s, v>",
          series: [
            .init(name: "tokens", x: alpha, y: alignment, style: .points),
            .init(name: "rate / 2 times signed frequency", x: ends, y: ends.map { $0 * rate / 2 }),
          ])),
      .plot(scores),
      .paragraph(
        "The tokens that the query selects: those with the most attention in most training texts (first seed)."),
      tokenTable(tokens.filter { $0.values["selected"]! > 0 }, by: "selected"),
      .paragraph("The tokens with the highest scores, however often they occur."),
      tokenTable(tokens, by: "score"),
    ]
    func series(_ kind: String, _ name: String) -> Plot.Series? {
      let summaries = looks.compactMap { step -> (Double, Summary)? in
        let column = results.compactMap { $0["\(kind)/\(step)"] }
        return column.count > 1 && column.allSatisfy { $0.isFinite } ? (Double(step), Summary(column)) : nil
      }
      guard !summaries.isEmpty else { return nil }
      return Plot.Series(
        name: name, x: summaries.map(\.0), y: summaries.map { $0.1.mean },
        low: summaries.map { $0.1.interval().low }, high: summaries.map { $0.1.interval().high })
    }
    let loss = [series("loss", "loss")].compactMap { $0 }
    let selection = [
      series("cosine", "cosine to the hard-margin solution"), series("mass", "attention on label tokens"),
    ].compactMap { $0 }
    if !selection.isEmpty {
      result.append(
        .plot(
          Plot(
            name: "selection-\(data)", title: "Selection over the steps on the query, \(data)", xLabel: "step",
            yLabel: "mean over seeds", series: selection)))
    }
    result.append(
      .plot(
        Plot(
          name: "loss-\(data)", title: "Loss over the steps on the query, \(data)", xLabel: "step",
          yLabel: "training loss, mean over seeds", series: loss)))
    return result
  }

  private func tokenTable(_ tokens: [RunEvent], by key: String) -> Report.Section {
    .table(
      header: ["token", "score", "posterior difference", "count", "texts in which it is selected"],
      rows: tokens.sorted { $0.values[key]! > $1.values[key]! }.prefix(30).map { token in
        [token.text ?? ""] + ["score", "difference", "count", "selected"].map { Report.number(token.values[$0]!) }
      })
  }
}
