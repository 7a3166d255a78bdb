import Foundation
import RunLogs
import Statistics

extension TrainedEmbeddingAttentionExperiment {
  private static let source = "Wu et al., arXiv 2505.17282"

  private static func claims(on data: String) -> [Claim] {
    [
      Claim(
        id: "alignment-\(data)",
        statement: "On \(data), one step moves each embedding along v by half the rate times its signed frequency.",
        source: source + "; the slope derived by us"),
      Claim(
        id: "signed-\(data)",
        statement: "On \(data), alignment follows the signed frequency more closely than the frequency.",
        source: source),
      Claim(
        id: "positive-\(data)",
        statement: "On \(data), tokens of positive texts get higher scores <E_s, p> than neutral ones.",
        source: source + ", figure 1"),
      Claim(
        id: "negative-\(data)",
        statement: "On \(data), tokens of negative texts get higher scores than neutral ones too: a U-shape.",
        source: source + ", figure 1"),
    ]
  }

  public static let claims: [Claim] =
    claims(on: "synthetic") + [
      Claim(
        id: "selection-synthetic", statement: "Attention ends on the label tokens: their share exceeds the threshold.",
        source: source),
      Claim(
        id: "margin-synthetic",
        statement: "The query ends in the direction of the hard-margin solution: their cosine exceeds the threshold.",
        source: source + "; the form of the problem is our reading"),
    ]
    + ["imdb", "movie-sentences"].flatMap { data in
      claims(on: data) + [
        Claim(
          id: "accuracy-\(data)",
          statement: "On \(data), training the query raises held-out accuracy over one step on the embeddings alone.",
          source: "ours")
      ]
    }

  /// One decision for each claim about data that were run.
  package func decide(_ events: [RunEvent]) -> [Decision] {
    let found = events.results
    var results: [String: [[String: Double]]] = [:]
    for data in configuration.data.names {
      results[data] = reportedSeeds.compactMap { found[TrainedEmbeddingAttentionTask.name(data, $0)] }
    }
    let (rule, last) = (configuration.decision, lastLook)
    return Self.claims.compactMap { claim in
      let parts = claim.id.split(separator: "-", maxSplits: 1)
      guard let rows = results[String(parts[1])] else { return nil }
      func column(_ name: String) -> [Double] { rows.map { $0[name] ?? .nan } }
      switch parts[0] {
      case "alignment":
        let summary = Summary(column("slope"))
        return claim.decideValue(
          1, within: rule.slopeMargin, estimate: summary.mean,
          interval: summary.interval(level: 1 - 2 * rule.alpha), count: summary.count,
          test: "mean over seeds of slope / (rate / 2), equivalence")
      case "signed":
        return claim.decideDifference(
          .higher, from: column("correlation/unsigned"), to: column("correlation/signed"), alpha: rule.alpha)
      case "positive":
        return claim.decideDifference(
          .higher, from: column("shape/neutral"), to: column("shape/positive"), alpha: rule.alpha)
      case "negative":
        return claim.decideDifference(
          .higher, from: column("shape/neutral"), to: column("shape/negative"), alpha: rule.alpha)
      case "selection":
        return claim.decideDifference(.higher, from: rule.threshold, to: column("mass/\(last)"), alpha: rule.alpha)
      case "margin":
        return claim.decideDifference(.higher, from: rule.threshold, to: column("cosine/\(last)"), alpha: rule.alpha)
      default:
        return claim.decideDifference(
          .higher, from: column("accuracy/before"), to: column("accuracy/after"), alpha: rule.alpha)
      }
    }
  }

  /// The steps at which the query was looked at.
  package var looks: [Int] {
    let every = configuration.flow.steps / configuration.flow.looks
    return Array(stride(from: every, through: configuration.flow.steps, by: every))
  }

  private var lastLook: Int { looks.last! }
}
