/// Where texts come from: what the claims are about, and so the arms of the sweep.
public enum TokenSource: String, CaseIterable, SweepArm {
  case synthetic, imdb
  case movieSentences = "movie-sentences"
}

extension Measure {
  /// Slope of the change of alignment over what is predicted, rate / 2 times the signed frequency.
  static let alignmentSlope = Measure("slope")
  static let relativeError = Measure("relativeError")
  static let signedCorrelation = Measure("correlation/signed")
  static let unsignedCorrelation = Measure("correlation/unsigned")
  /// Mean scores of the tokens of positive texts, of negative ones, and of those between.
  static let positiveScore = Measure("shape/positive")
  static let neutralScore = Measure("shape/neutral")
  static let negativeScore = Measure("shape/negative")
  /// Share of texts whose chosen token speaks most for the label.
  static let bestSelection = Measure("selection/best")
  static let accuracyBefore = Measure("accuracy/before")
  static let accuracyAfter = Measure("accuracy/after")
  static let marginViolation = Measure("svm/violation")
  static let marginConstraints = Measure("svm/constraints")

  static func queryLoss(at step: Int) -> Measure { Measure("loss/\(step)") }
  /// Cosine of the query to the hard-margin solution.
  static func cosine(at step: Int) -> Measure { Measure("cosine/\(step)") }
  /// Attention on label tokens.
  static func labelAttention(at step: Int) -> Measure { Measure("mass/\(step)") }

  /// Measures of one token, recorded for the first seed.
  static let tokenDifference = Measure("difference")
  static let tokenScore = Measure("score")
  static let tokenFrequency = Measure("frequency")
  static let tokenAlignment = Measure("alignment")
  static let tokenCount = Measure("count")
  static let tokenSelected = Measure("selected")
}
