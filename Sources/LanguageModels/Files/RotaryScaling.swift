import Arrays
import Foundation

/// How long contexts stretch rotary positions, as written in `config.json`.
enum RotaryScaling {
  /// What each pair's frequency is divided by.
  static func factors(
    _ scaling: [String: Any], _ rotary: Rotary, headWidth: Int, file: JSONFile
  ) throws -> [Double] {
    let type: String =
      try file.value("rope_type", "text", in: scaling) ?? file.value("type", "text", in: scaling) ?? "none"
    let frequencies = rotary.frequencies(headWidth: headWidth)
    func number(_ key: String) throws -> Double {
      guard let value = scaling[key] as? Double, value > 0, value.isFinite else {
        throw FileError(path: file.path, reason: "its rope_scaling does not say \(key)")
      }
      return value
    }
    switch type {
    case "default", "none": return []
    case "linear": return try frequencies.map { _ in try number("factor") }
    case "llama3":
      // Long waves are stretched, short ones kept, those between blended (Llama 3.1).
      let (factor, low, high) = (
        try number("factor"), try number("low_freq_factor"), try number("high_freq_factor")
      )
      let length = try number("original_max_position_embeddings")
      return frequencies.map { frequency in
        let turns = length * frequency / (2 * .pi)
        if turns > high { return 1 }
        if turns < low { return factor }
        let share = (turns - low) / (high - low)
        return 1 / ((1 - share) / factor + share)
      }
    default: throw FileError(path: file.path, reason: "its rope_scaling is of the type \(type), not linear or llama3")
    }
  }
}
