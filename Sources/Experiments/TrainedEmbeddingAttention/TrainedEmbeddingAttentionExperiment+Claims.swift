extension TrainedEmbeddingAttentionExperiment {
  private static let paper = "Wu et al., arXiv 2505.17282"

  /// The steps at which the query was looked at.
  package var looks: [Int] {
    let every = configuration.flow.steps / configuration.flow.looks
    return Array(stride(from: every, through: configuration.flow.steps, by: every))
  }

  public func claims() throws -> [ClaimTest<TokenSource>] { configuration.sources.flatMap(claims(on:)) }

  private func claims(on data: TokenSource) -> [ClaimTest<TokenSource>] {
    let (rule, last) = (configuration.decision, looks.last!)
    typealias Test = ClaimTest<TokenSource>
    /// One measure above another of the same descents.
    func higher(
      _ id: String, _ statement: String, _ measure: Measure, than other: Measure, source: String
    ) -> Test {
      .higher(
        "\(id)-\(data)", statement, .measure(measure, of: data), than: .measure(other, of: data), source: source)
    }
    var tests = [
      Test.equal(
        "alignment-\(data)",
        "On \(data), one step moves each embedding along v by half the rate times its signed frequency.",
        .measure(.alignmentSlope, of: data), to: 1, within: rule.slopeMargin,
        source: Self.paper + "; the slope derived by us, for a small start"
      ).identity,
      higher(
        "signed", "On \(data), alignment follows the signed frequency more closely than the frequency.",
        .signedCorrelation, than: .unsignedCorrelation, source: Self.paper),
      higher(
        "positive", "On \(data), tokens of positive texts get higher scores <E_s, p> than neutral ones.",
        .positiveScore, than: .neutralScore, source: Self.paper + ", figure 1"),
      higher(
        "negative", "On \(data), tokens of negative texts get higher scores than neutral ones too: a U-shape.",
        .negativeScore, than: .neutralScore, source: Self.paper + ", figure 1"),
    ]
    tests += [
      higher(
        "best",
        "On \(data), in either class the query selects the token that speaks most for the label more often than a "
          + "position drawn at random holds it.", .bestSelection, than: .chanceSelection, source: Self.paper
      ).requiring([oneSided(data)]),
      higher(
        "trained-best", "On \(data), in either class it selects that token more often than the untrained query.",
        .bestSelection, than: .untrainedSelection, source: Self.paper + "; the comparison is ours"
      ).requiring([oneSided(data)]),
    ]
    guard data == .synthetic else {
      return tests + [
        higher(
          "telling",
          "On \(data), in held-out texts the selected tokens tell more of the label than tokens drawn at random.",
          .selectedTelling, than: .chanceTelling, source: Self.paper),
        higher(
          "trained-telling", "On \(data), they tell more than those that the untrained query selects.",
          .selectedTelling,
          than: .untrainedTelling, source: Self.paper + "; the comparison is ours"),
        higher(
          "accuracy", "On \(data), training the query raises held-out accuracy over one step on the embeddings alone.",
          .accuracyAfter, than: .accuracyBefore, source: "ours"),
      ]
    }
    tests += [
      .higher(
        "selection-synthetic", "Attention ends on the label tokens: their share exceeds the threshold.",
        .measure(.labelAttention(at: last), of: data), than: rule.threshold, source: Self.paper),
      .higher(
        "margin-synthetic",
        "The query ends in the direction of the hard-margin solution: their cosine exceeds the threshold.",
        .measure(.cosine(at: last), of: data), than: rule.threshold,
        source: Self.paper + "; the form of the problem is our reading"),
      .higher(
        "trained-margin-synthetic",
        "The query is nearer in direction to the hard-margin solution for what it selects than the untrained query is to the "
          + "one for its own selection.", .measure(.cosine(at: last), of: data),
        than: .measure(.untrainedCosine, of: data), source: Self.paper + "; the comparison is ours"),
    ]
    return tests
  }

  /// The theory's label tokens occur in one class, so that a token that speaks for a label tells it.
  private func oneSided(_ data: TokenSource) -> Condition<TokenSource> {
    Condition(
      "share of texts whose best token occurs with one label only, \(data)", .atLeast(0.9),
      "The token that speaks most for the label tells it.", .measure(.oneSidedBest, of: data))
  }
}
