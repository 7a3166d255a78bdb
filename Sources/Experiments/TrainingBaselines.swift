import Training

/// What predictions are worth that need no network, on a part of a run's data.
package struct TrainingBaselines {
  /// Always the training part's majority, mean, a quantile, or the constant with the least loss.
  package let constant: [String: Double]
  /// Which of these.
  let constantName: String
  /// Nil where there are too many features.
  package let leastSquares: [String: Double]?
  /// Nil of numbers, and where there are too many features.
  package let logistic: [String: Double]?

  package init(
    constant: [String: Double], named constantName: String = "mean", leastSquares: [String: Double]? = nil,
    logistic: [String: Double]? = nil
  ) {
    (self.constant, self.constantName) = (constant, constantName)
    (self.leastSquares, self.logistic) = (leastSquares, logistic)
  }

  /// - Parameter loss: which is descended.
  /// - Throws: `LinearAlgebraError` where features are not finite.
  package init(_ problem: TrainingProblem, on part: Dataset, loss: LossFunction) throws {
    let found = try Baselines.of(problem, on: part, loss: loss)
    self.init(
      constant: found.constant, named: found.constantName, leastSquares: found.linear,
      logistic: try LogisticRegression.measures(problem, on: part)?.values)
  }

  /// By the names that a log has.
  var all: [(name: String, values: [String: Double])] {
    [("constant", constant)] + linear
  }

  /// Those that learn, by name.
  var linear: [(name: String, values: [String: Double])] {
    [("least squares", leastSquares), ("logistic regression", logistic)].compactMap { name, values in
      values.map { (name, $0) }
    }
  }
}
