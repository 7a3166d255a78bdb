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
  /// Share of texts whose chosen token speaks most for the label, in the class in which it is least above chance. A query along v
  /// chooses the most positive token everywhere: that is right in half of all texts, and in none of the negative ones.
  static let bestSelection = Measure("selection/best")
  /// The same of the query before its training, in the same class.
  static let untrainedSelection = Measure("selection/untrained")
  /// Share of positions that hold the token that speaks most for the label, in the same class.
  static let chanceSelection = Measure("selection/chance")
  /// Share of training texts whose token that speaks most for the label occurs in texts of that label only.
  static let oneSidedBest = Measure("selection/oneSided")
  /// The mean over held-out texts of how much the chosen token tells there: its posterior difference among them, with the
  /// sign that it had in training.
  static let selectedTelling = Measure("telling/selected")
  /// The same of the query before its training.
  static let untrainedTelling = Measure("telling/untrained")
  /// The same of a position drawn at random.
  static let chanceTelling = Measure("telling/chance")
  /// Tokens that occur often enough in the seed's own training texts to be judged.
  static let judgedTokens = Measure("tokens/judged")
  static let accuracyBefore = Measure("accuracy/before")
  static let accuracyAfter = Measure("accuracy/after")
  /// Cosine of the untrained query to the hard-margin solution for what that selects.
  static let untrainedCosine = Measure("svm/untrainedCosine")
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
