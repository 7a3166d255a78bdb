/// What an experiment found, as one plain sentence made from the verdicts.
package struct Headline: Sendable {
  /// Whom the sentence is about, as "orthogonal gradients"; empty for a sentence that only counts verdicts.
  package var subject: String
  /// The claims that it names, each with what the subject does, as "lower the test loss".
  package var phrases: [(id: String, phrase: String)]

  /// A sentence that only counts verdicts.
  package static let counts = Headline(subject: "", phrases: [])

  package init(subject: String, phrases: [(id: String, phrase: String)]) {
    self.subject = subject
    self.phrases = phrases
  }

  /// The sentence. Identities are no findings, and are neither named nor counted. Whatever is not upheld is said as plainly as what is.
  ///
  /// - Parameter preconditions: those that do not hold are named beside the claims that cannot be judged.
  package func sentence(_ all: [Decision], _ preconditions: [Precondition] = []) -> String {
    let decisions = all.filter { !$0.claim.isIdentity }
    let named = clauses(decisions, preconditions)
    guard !named.isEmpty else { return Self.capitalized(Self.count(decisions)) + "." }
    return Self.capitalized(named.joined(separator: "; ")) + " (\(Self.count(decisions)))."
  }

  private func clauses(_ decisions: [Decision], _ preconditions: [Precondition]) -> [String] {
    func found(_ verdict: Verdict) -> [String] {
      phrases.filter { named in decisions.contains { $0.claim.id == named.id && $0.verdict == verdict } }.map(\.phrase)
    }
    let (upheld, refuted) = (found(.upheld), found(.refuted))
    let (undecided, notApplicable, notMeasured) = (found(.undecided), found(.notApplicable), found(.notMeasured))
    var clauses: [String] = []
    if !upheld.isEmpty || !refuted.isEmpty {
      let parts = [
        upheld.isEmpty ? nil : Self.list(upheld, "and"), refuted.isEmpty ? nil : "do not " + Self.list(refuted, "or"),
      ]
      clauses.append(subject + " " + parts.compactMap { $0 }.joined(separator: ", but "))
    }
    func whether(_ phrases: [String], _ rest: String) {
      guard !phrases.isEmpty else { return }
      clauses.append("whether \(clauses.isEmpty ? subject : "they") \(Self.list(phrases, "or")) \(rest)")
    }
    whether(undecided, "is undecided")
    let failed = preconditions.filter { $0.isMeasured && !$0.holds }.map(\.account)
    whether(
      notApplicable,
      "cannot be judged by this run"
        + (failed.isEmpty ? "" : ", whose preconditions do not hold: \(failed.joined(separator: ", "))"))
    whether(notMeasured, "was not measured")
    return clauses
  }

  /// "of 12 claims 9 are upheld, 1 is refuted and 2 are undecided".
  private static func count(_ decisions: [Decision]) -> String {
    let parts = Verdict.allCases.compactMap { verdict -> String? in
      let count = decisions.count { $0.verdict == verdict }
      return count == 0 ? nil : "\(count) \(count == 1 ? "is" : "are") \(verdict.rawValue)"
    }
    guard !parts.isEmpty else { return "no claim was put to the test" }
    return "of \(counted(decisions.count, "claim")) \(list(parts, "and"))"
  }

  /// "a, b and c".
  private static func list(_ items: [String], _ conjunction: String) -> String {
    items.count < 2
      ? items.joined() : items.dropLast().joined(separator: ", ") + " \(conjunction) " + items[items.count - 1]
  }

  private static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
