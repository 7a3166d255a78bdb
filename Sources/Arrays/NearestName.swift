/// Finds the known name that a misspelt one was meant to be.
public enum NearestName {
  /// The candidate with the fewest edits, where those are few enough to be a slip: one, and of longer names one in three
  /// characters. Another word is no slip: "sgd" is not "sign", and "x" is not "y".
  public static func of(_ name: String, among candidates: [String]) -> String? {
    let scored = candidates.map { ($0, distance(Array(name.lowercased()), Array($0.lowercased()))) }
    guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= (name.count == 1 ? 0 : max(1, name.count / 3)) else {
      return nil
    }
    return best.0
  }

  /// ", did you mean X?" or the list of what there is.
  public static func hint(_ name: String, among candidates: [String]) -> String {
    if let nearest = of(name, among: candidates) { return "did you mean \(nearest)?" }
    return "there are: " + candidates.joined(separator: ", ")
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one into the other (optimal string alignment).
  package static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var (before, row) = ([Int](), Array(0...b.count))
    for i in a.indices {
      var next = [i + 1]
      for j in b.indices {
        var edits = min(row[j] + (a[i] == b[j] ? 0 : 1), next[j] + 1, row[j + 1] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { edits = min(edits, before[j - 1] + 1) }
        next.append(edits)
      }
      (before, row) = (row, next)
    }
    return row[b.count]
  }
}
