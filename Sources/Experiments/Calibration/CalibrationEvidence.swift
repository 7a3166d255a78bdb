import RunLogs

/// What the descents of a calibration run ended with, read from its log.
struct CalibrationEvidence {
  /// The measures of one descent, by tag.
  typealias Measures = [String: Double]

  private let arms: [String: [Int: Measures]]

  init(_ events: [RunEvent]) {
    var arms: [String: [Int: Measures]] = [:]
    for (task, values) in events.results {
      let parts = task.components(separatedBy: "/seed ")
      if parts.count == 2, let seed = Int(parts[1]) { arms[parts[0], default: [:]][seed] = values }
    }
    self.arms = arms
  }

  /// The descents of an arm, in the order of their seeds.
  func descents(_ arm: String) -> [Measures] {
    (arms[arm] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
  }

  /// A measure over the seeds of an arm, where it was taken.
  func values(_ tag: String, of arm: String) -> [Double] { descents(arm).compactMap { $0[tag] } }

  /// A measure in two arms, over the seeds that both have.
  func pairs(
    _ first: String, _ second: String, _ measure: (Measures) -> Double?
  ) -> (first: [Double], second: [Double]) {
    let (a, b) = (arms[first] ?? [:], arms[second] ?? [:])
    let both = Set(a.keys).intersection(b.keys).sorted().compactMap { seed -> (Double, Double)? in
      guard let x = measure(a[seed]!), let y = measure(b[seed]!) else { return nil }
      return (x, y)
    }
    return (both.map(\.0), both.map(\.1))
  }

  /// The mean of a measure over kinds of damage, at one severity or at all.
  static func damaged(_ tag: String, severity: Int? = nil) -> (Measures) -> Double? {
    { values in
      let chosen = values.filter { key, _ in
        let parts = key.split(separator: "/")
        return parts.count == 4 && parts[0] == "corrupted" && parts[3] == tag
          && (severity == nil || Int(parts[2]) == severity)
      }
      return chosen.isEmpty ? nil : chosen.values.sorted().reduce(0, +) / Double(chosen.count)
    }
  }
}
