import Foundation
import Training

/// What a descent on unknown data starts from, where nothing is said: for standardised features and targets.
///
/// Our choice, tried on the tables of Documentation/records/tables.md.
package struct TrainingDefaults {
  package var batch: Int
  package var epochs: Int
  package var chain: String
  package var patience: Int
  package var hidden: [Int]

  /// - Parameters:
  ///   - rows: that train.
  ///   - batch, epochs, chain: what a user says.
  package init(rows: Int, isTable: Bool, batch: Int? = nil, epochs: Int? = nil, chain: String? = nil) {
    let size = [(256, 16), (1024, 32), (8192, 64), (100_000, 128)].first { rows < $0.0 }?.1 ?? 512
    let own = min(batch ?? (isTable ? size : 64), max(rows, 1))
    self.batch = own
    let updates = max(rows / self.batch, 1)
    // Some 4000 updates; a chain whose rate falls to an end is as long, and no chain ends before its last stretch.
    let budget = isTable ? min(max(4000 / updates, 10), 200) : 10
    let named = chain.flatMap { chain in
      Self.length(of: chain, updates: updates, batch: own)
        ?? Self.stretch(of: chain, updates: updates, batch: own).map { max($0, budget) }
    }
    self.epochs = epochs ?? named ?? budget
    let warmUp = max(1, Int(min(100, Double(updates) * Double(self.epochs) / 10)))
    let rate = isTable ? 0.003 : 0.001
    self.chain =
      chain ?? "clip 1 | adam | decay 0.01 | rate warmup(\(warmUp)updates, cosine(\(rate), \(self.epochs)epochs))"
    patience = max(10, self.epochs / 4)
    hidden = [64, 64]
  }

  /// A chain whose longest stretch of epochs is another; nil where it names none, or where stretches follow one another.
  static func stretching(_ chain: String, to epochs: Int) -> String? {
    guard !chain.contains("join("), !chain.contains("repeat(") else { return nil }
    let found = chain.matches(of: stretch)
    let longest = found.max { (Double($0.output.1) ?? 0) < (Double($1.output.1) ?? 0) }
    return longest.map { chain.replacing($0.output.0, with: "\(epochs)epochs") }
  }

  /// The epochs after which a chain's rates have fallen to their end; nil where none has one.
  ///
  /// - Parameters:
  ///   - updates: of an epoch.
  ///   - batch: samples of an update.
  package static func length(of chain: String, updates: Int, batch: Int) -> Int? {
    guard longest(of: chain, { $0.end(updates: updates, batch: batch) }) != nil else { return nil }
    return longest(of: chain) { schedule in
      let end = schedule.end(updates: updates, batch: batch)
      // Beside one that ends, others come to their last stretch.
      return end > 0 ? end : schedule.epochs(updates: updates, batch: batch)
    }
  }

  /// The longest stretch of epochs that a chain names, those that follow one another together; nil where it names none.
  package static func stretch(of chain: String, updates: Int, batch: Int) -> Int? {
    longest(of: chain) { $0.epochs(updates: updates, batch: batch) }
  }

  private static func longest(of chain: String, _ epochs: (Schedule) -> Double) -> Int? {
    let method = try? DescentMethodKind.parse(chain)
    // A chain that can be read has one way to write its numbers, 2e1 and 20 alike.
    let text = method?.description ?? chain
    let longest =
      method?.learningRates?.map(epochs).max() ?? text.matches(of: stretch).compactMap { Double($0.output.1) }.max()
    return longest.map { Int(min($0.rounded(.up), 1e18)) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// A number of epochs in a chain's text.
  private static var stretch: Regex<(Substring, Substring)> { /([0-9.]+(?:[eE][+\-]?[0-9]+)?) ?epochs?\b/ }
}
