import Reports

extension TrainedEmbeddingAttentionExperiment {
  public func frame(_ findings: Findings<TokenSource>) throws -> ReportFrame {
    ReportFrame(
      title: "Attention with trained embeddings",
      subtitle: "\(configuration.data.names.joined(separator: ", ")), n = \(reportedSeeds.count) seeds",
      comparison:
        "n = \(reportedSeeds.count) seeds, each with its own start and output vector and its own texts: no text is in two "
        + "samples.",
      sections: try configuration.sources.flatMap { try sections($0, findings) },
      choices:
        "Published: the model, the alignment after one step, the selection by the trained query. Ours, and perhaps "
        + "not the paper's: dimensions, rates, the synthetic sequences, tokeniser, vocabulary, texts cut to one length, "
        + "steps of one length on the query instead of a flow, the SVM on the tokens that the query selects.")
  }

  private func sections(_ data: TokenSource, _ findings: Findings<TokenSource>) throws -> [Report.Section] {
    let tokens = try findings.records("token", of: data, configuration.seeds.first).map(Token.init)
    let onlySynthetic: [Measure] =
      data == .synthetic ? [.cosine(at: looks.last!), .untrainedCosine, .marginViolation, .marginConstraints] : []
    let measures: [Measure] =
      [
        .alignmentSlope, .relativeError, .signedCorrelation, .unsignedCorrelation, .positiveScore, .neutralScore,
        .negativeScore, .judgedTokens, .bestSelection, .chanceSelection, .untrainedSelection, .selectedTelling,
        .chanceTelling, .untrainedTelling, .accuracyBefore, .accuracyAfter,
      ] + onlySynthetic + [.seconds]
    let rows = try measures.map { measure -> [String] in
      let summary = Summary(try findings.values(measure, of: data))
      let interval = summary.interval()
      return [
        "\(measure)", Report.number(summary.mean),
        "[\(Report.number(interval.low)), \(Report.number(interval.high))]", "\(summary.count)",
      ]
    }
    var result: [Report.Section] = [
      .heading("On \(data)"), .table(header: ["quantity", "mean", "95 % interval", "n"], rows: rows),
    ]
    guard !tokens.isEmpty else { return result }
    let rate = configuration.rate(data)
    // The tokens that attention selects are named in the plot.
    let named = Set(tokens.sorted { $0.score > $1.score }.prefix(12).map(\.number))
    var scores = Plot(
      name: "scores-\(data)", title: "After training the query, \(data) (first seed)",
      xLabel: "P(+ | token) - P(- | token)", yLabel: "<E_s, p> / |p|",
      series: [
        .init(
          name: "tokens", x: tokens.map(\.difference), y: tokens.map(\.score), style: .points,
          labels: tokens.map { named.contains($0.number) ? $0.word : "" })
      ])
    // Names stand to the right of their points.
    scores.xRange = -1.1...1.4
    let (alpha, alignment) = (tokens.map(\.frequency), tokens.map(\.alignment))
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
      tokenTable(tokens.filter { $0.selected > 0 }, by: \.selected),
      .paragraph("The tokens with the highest scores, however often they occur."),
      tokenTable(tokens, by: \.score),
    ]
    func series(_ name: String, _ measure: (Int) -> Measure) throws -> Plot.Series? {
      let samples = try looks.map { ($0, try findings.values(measure($0), of: data)) }
        .filter { $0.1.count > 1 && $0.1.allSatisfy { $0.isFinite } }
      return samples.isEmpty ? nil : .mean(name, x: samples.map { Double($0.0) }, of: samples.map(\.1))
    }
    let loss = [try series("loss", Measure.queryLoss)].compactMap { $0 }
    let selection: [Plot.Series] =
      data == .synthetic
      ? try [
        series("cosine to the hard-margin solution", Measure.cosine),
        series("attention on label tokens", Measure.labelAttention),
      ].compactMap { $0 } : []
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

  private func tokenTable(_ tokens: [Token], by key: (Token) -> Double) -> Report.Section {
    .table(
      header: ["token", "score", "posterior difference", "count", "texts in which it is selected"],
      rows: tokens.sorted { key($0) > key($1) }.prefix(30).map { token in
        [token.word] + [token.score, token.difference, token.count, token.selected].map { Report.number($0) }
      })
  }

  /// What was recorded of one token.
  private struct Token {
    let number: Int
    let word: String
    let score, difference, frequency, alignment, count, selected: Double

    init(_ record: Findings<TokenSource>.Record) throws {
      (number, word) = (record.step, record.text)
      (score, difference, count) = try (record[.tokenScore], record[.tokenDifference], record[.tokenCount])
      frequency = try record[.tokenFrequency]
      (alignment, selected) = try (record[.tokenAlignment], record[.tokenSelected])
    }
  }
}
