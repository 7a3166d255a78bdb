extension LossFunction {
  /// Whether it is another number than the "loss" of `Measures`, which is the log-loss of classes, and of numbers a loss of differences.
  package var isMeasuredByItself: Bool {
    takesClasses ? self != .crossEntropy && self != .stableMax : ofDifference == nil
  }

  /// Whether descending it well is another matter than predicting well by squares or by a log-loss: a quantile, a hinge.
  package var isMeasuredByAnother: Bool {
    takesClasses ? link == nil : hasOtherCentre
  }

  /// Whether predictions that are best by it are neither near the mean nor near the median, or nobody knows.
  var hasOtherCentre: Bool { !takesClasses && ![.mean, .sought, .quantile(0.5)].contains(constant) }

  /// Whether measures that have a name of their own do not say it.
  var isNamed: Bool { ![.crossEntropy, .squaredError, .absoluteError].contains(self) }

  /// The mean over all rows of outputs [count, ...], computed as a descent does, and added up in double precision.
  ///
  /// - Parameter weights: what rows of each class count; nil for all the same.
  /// - Throws: `ShapeError` where the function cannot be computed of such outputs and targets.
  func mean(_ outputs: NDArray, _ targets: Dataset.Targets, weights: [Double]?) throws -> Double {
    let all: NDArray
    switch targets {
    case .classes(let labels): all = NDArray(labels)
    case .numbers(let array): all = array
    }
    var (sum, weight) = (0.0, 0.0)
    var programs: [Int: Program] = [:]
    for start in stride(from: 0, to: all.shape[0], by: Self.rowsAtOnce) {
      let range = start..<min(start + Self.rowsAtOnce, all.shape[0])
      let part = [outputs.rows(range), all.rows(range)]
      let program =
        try programs[range.count]
        ?? Program(inputs: part.map { TensorType(of: $0) }) { _, x in [perSample(x[0], x[1])] }
      programs[range.count] = program
      let found = try program.run(part)[0].doubles
      let places = found.count / range.count
      for (row, index) in range.enumerated() {
        let own = weights.flatMap { weights in targets.label(index).map { weights[Int($0)] } } ?? 1
        sum += own * found[row * places..<(row + 1) * places].reduce(0, +) / Double(places)
        weight += own
      }
    }
    return sum / weight
  }

  private static let rowsAtOnce = 1024
}

extension Dataset.Targets {
  fileprivate func label(_ index: Int) -> Int32? {
    guard case .classes(let labels) = self else { return nil }
    return labels[index]
  }
}
