import Arrays
import Foundation

/// How the next token is chosen from logits.
public struct Sampling: Sendable, Hashable {
  /// Logits are divided by it; 0 takes the likeliest token.
  public var temperature: Double
  /// Only so many of the likeliest tokens; nil for all.
  public var topK: Int?
  /// Only the likeliest tokens that together have this probability; 1 for all (Holtzman et al. 2020).
  public var topP: Double

  /// - Throws: `LanguageModelError` where a value cannot be.
  public init(temperature: Double = 0, topK: Int? = nil, topP: Double = 1) throws {
    guard temperature >= 0, temperature.isFinite else {
      throw LanguageModelError("the temperature is 0 or more, not \(temperature)")
    }
    guard topK ?? 1 >= 1 else { throw LanguageModelError("top-k is 1 or more, not \(topK!)") }
    guard topP > 0, topP <= 1 else { throw LanguageModelError("top-p is above 0 and at most 1, not \(topP)") }
    (self.temperature, self.topK, self.topP) = (temperature, topK, topP)
  }

  /// The likeliest token; the first of equals.
  public static func likeliest(_ logits: [Float]) -> Int32 {
    var (best, largest) = (0, logits.first ?? 0)
    for index in logits.indices where logits[index] > largest { (best, largest) = (index, logits[index]) }
    return Int32(best)
  }

  /// The probability of each token that may be chosen, the likeliest first.
  public func candidates(_ logits: [Float]) -> [(token: Int32, probability: Double)] {
    guard temperature > 0 else { return [(Self.likeliest(logits), 1)] }
    var order = Array(logits.indices)
    let before = { (a: Int, b: Int) in logits[a] != logits[b] ? logits[a] > logits[b] : a < b }
    if let topK, topK < order.count {
      order = Self.largest(topK, of: order, before)
    } else {
      order.sort(by: before)
    }
    let peak = Double(logits[order[0]])
    var weights = order.map { exp((Double(logits[$0]) - peak) / temperature) }
    let total = weights.reduce(0, +)
    var covered = 0.0
    var kept = 0
    while kept < weights.count, covered < topP * total || kept == 0 {
      covered += weights[kept]
      kept += 1
    }
    weights.removeLast(weights.count - kept)
    return zip(order, weights).map { (Int32($0), $1 / covered) }
  }

  private static func largest(_ count: Int, of order: [Int], _ before: (Int, Int) -> Bool) -> [Int] {
    var kept: [Int] = []
    for index in order {
      if kept.count == count, !before(index, kept[count - 1]) { continue }
      let place = kept.firstIndex { before(index, $0) } ?? kept.count
      kept.insert(index, at: place)
      if kept.count > count { kept.removeLast() }
    }
    return kept
  }

  /// One token, drawn by a key of its own.
  public func choose(_ logits: [Float], key: RandomKey) -> Int32 {
    let candidates = candidates(logits)
    var left = key.uniform(count: 1)[0]
    for (token, probability) in candidates {
      left -= probability
      if left < 0 { return token }
    }
    return candidates[candidates.count - 1].token
  }
}
