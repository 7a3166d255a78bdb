import Foundation

/// Which token of each text gets the most attention, and over which others.
package struct Selection {
  package struct Pair: Hashable {
    package var chosen: Int
    package var other: Int
  }

  private let texts: TokenTexts
  /// The token that each text selects.
  private let chosen: [Int]
  /// Texts in which a token gets the most attention.
  package let counts: [Int: Int]

  package init(_ texts: TokenTexts, scores: [Double]) {
    self.texts = texts
    chosen = (0..<texts.count).map { texts.words(of: $0).max { scores[$0] < scores[$1] }! }
    counts = chosen.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  /// Each selected token with each other one of its texts, once.
  package var pairs: [Pair] {
    var known: Set<Pair> = []
    for (text, chosen) in chosen.enumerated() {
      for other in texts.words(of: text) where other != chosen { known.insert(Pair(chosen: chosen, other: other)) }
    }
    return known.sorted { ($0.chosen, $0.other) < ($1.chosen, $1.other) }
  }

  /// Of the texts of each label, first -1 and then 1: the share whose selected token speaks most for the label, and the share
  /// of positions that hold that token: a selection at random hits so often. NaN for a label without texts.
  ///
  /// - Parameter values: of tokens, positive where they speak for the label 1.
  package func best(by values: [Double]) -> [(share: Double, chance: Double)] {
    var (hits, held, count) = ([0.0, 0], [0.0, 0], [0.0, 0])
    for (text, chosen) in chosen.enumerated() {
      let (tokens, y) = (texts.words(of: text), texts.labels[text])
      let most = tokens.map { y * values[$0] }.max()!
      let side = y > 0 ? 1 : 0
      count[side] += 1
      hits[side] += y * values[chosen] == most ? 1 : 0
      held[side] += Double(tokens.count { y * values[$0] == most }) / Double(tokens.count)
    }
    return (0..<2).map { (hits[$0] / count[$0], held[$0] / count[$0]) }
  }

  /// The share of texts in which a token that speaks most for the label occurs in texts of that label only.
  ///
  /// - Parameters:
  ///   - values: of tokens, positive where they speak for the label 1.
  ///   - differences: of tokens' frequencies in both classes over their sum, ±1 where they occur in one class only.
  package func oneSided(by values: [Double], _ differences: [Double]) -> Double {
    let count = (0..<texts.count).count { text in
      let (tokens, y) = (texts.words(of: text), texts.labels[text])
      let most = tokens.map { y * values[$0] }.max()!
      return tokens.contains { y * values[$0] == most && y * differences[$0] > 1 - 1e-9 }
    }
    return Double(count) / Double(max(texts.count, 1))
  }

  /// The mean of a number of tokens over the selected ones, and over all positions.
  package func mean(of values: [Double]) -> (chosen: Double, chance: Double) {
    (
      chosen.reduce(0) { $0 + values[$1] } / Double(max(chosen.count, 1)),
      texts.tokens.reduce(0) { $0 + values[Int($1)] } / Double(max(texts.tokens.count, 1))
    )
  }

  /// The mean attention on tokens below `important`.
  static func mass(_ texts: TokenTexts, _ scores: [Double], important: Int) -> Double {
    var total = 0.0
    for text in 0..<texts.count {
      let tokens = (0..<texts.length).map { Int(texts.tokens[text * texts.length + $0]) }
      let peak = tokens.map { scores[$0] }.max()!
      let weights = tokens.map { exp(scores[$0] - peak) }
      let chosen = zip(tokens, weights).reduce(0) { $0 + ($1.0 < important ? $1.1 : 0) }
      total += chosen / weights.reduce(0, +)
    }
    return total / Double(max(texts.count, 1))
  }
}
