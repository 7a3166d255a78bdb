/// Finds the known name that a misspelt one was meant to be.
public enum NearestName {
  /// The candidate with the fewest edits, where those are few enough to be a slip.
  public static func of(_ name: String, among candidates: [String]) -> String? {
    let scored = candidates.map { ($0, distance(Array(name.lowercased()), Array($0.lowercased()))) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= max(2, name.count / 2) else { return nil }
    return best.0
  }

  /// ", did you mean X?" or the list of what there is.
  public static func hint(_ name: String, among candidates: [String]) -> String {
    if let nearest = of(name, among: candidates) { return "did you mean \(nearest)?" }
    return "there are: " + candidates.joined(separator: ", ")
  }

  /// Insertions, deletions and replacements that turn one into the other (Levenshtein).
  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for i in a.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let replaced = diagonal + (a[i] == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[b.count]
  }
}
