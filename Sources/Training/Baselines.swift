import Foundation

/// What predictions are worth that need no descent: a model should beat them.
public struct Baselines: Sendable {
  /// The majority of the training part, or its mean (where the loss is no square the constant with the least loss); where classes have weights,
  /// "weightedLoss" is that of the constant with the least.
  public var constant: [String: Double]
  /// What the constant is of the training part: "majority", "mean", "median", "quantile 0.9" or "best constant".
  public var constantName: String
  /// Least squares on the same features, with a ridge of 1 (classes as indicators); nil where there are more than 1000.
  public var linear: [String: Double]?

  /// - Parameters:
  ///   - train, validation: of rank 2, standardised.
  ///   - classWeights: what rows of each class count.
  ///   - loss: of numbers, that which a model descends.
  /// - Throws: `DatasetError` where one part has classes and the other numbers; `LinearAlgebraError` where least squares fail.
  public init(
    train: Dataset, validation: Dataset, scale: TargetScale?, names: [String] = [], classWeights: [Double]? = nil,
    loss: LossFunction = .squaredError
  ) throws {
    (constant, constantName) = try Self.constant(
      train: train, validation: validation, scale: scale, names: names, classWeights: classWeights, loss: loss)
    switch (train.targets, validation.targets) {
    case (.classes(let labels), .classes):
      let classes = max(train.classNames.count, 2)
      var indicators = [Double](repeating: 0, count: labels.count * classes)
      for (row, label) in labels.enumerated() { indicators[row * classes + Int(label)] = 1 }
      if let fitted = try Self.leastSquares(train, validation, indicators, classes) {
        linear = try Measures(outputs: fitted, targets: validation.targets, loss: .crossEntropy).values
        // Indicators are no logits.
        linear!["loss"] = nil
      }
    case (.numbers(let targets), .numbers(let held)):
      let width = targets.count / max(targets.shape[0], 1)
      if let fitted = try Self.leastSquares(train, validation, targets.doubles, width) {
        linear =
          try Measures(
            outputs: fitted.reshaped(to: held.shape), targets: validation.targets, loss: loss, scale: scale,
            names: names
          ).values
      }
    default: break
    }
  }

  /// What the constant prediction is worth, and what it is of the training part.
  ///
  /// - Throws: `DatasetError` where one part has classes and the other numbers.
  package static func constant(
    train: Dataset, validation: Dataset, scale: TargetScale?, names: [String], classWeights: [Double]?,
    loss: LossFunction
  ) throws -> (values: [String: Double], name: String) {
    switch (train.targets, validation.targets) {
    case (.classes(let labels), .classes(let held)):
      let classes = max(train.classNames.count, 2)
      func shares(_ weights: [Double]?) -> NDArray {
        // One more of each class, so that none is impossible.
        var counts = [Double](repeating: 1, count: classes)
        for label in labels { counts[Int(label)] += weights?[Int(label)] ?? 1 }
        let logits = counts.map { Float(log($0 / counts.reduce(0, +))) }
        return NDArray((0..<held.count).flatMap { _ in logits }, shape: [held.count, classes])
      }
      func worth(_ weights: [Double]?) throws -> [String: Double] {
        try Measures(
          outputs: shares(weights), targets: validation.targets, loss: .crossEntropy, classWeights: classWeights
        ).values
      }
      var values = try worth(nil)
      if classWeights != nil { values["weightedLoss"] = try worth(classWeights)["weightedLoss"] }
      if loss.takesClasses, loss.isMeasuredByItself,
        let best = try BestConstant.outputs(of: labels, classes: classes, weights: classWeights, loss)
      {
        let rows = NDArray((0..<held.count).flatMap { _ in best }, shape: [held.count, classes])
        values["ownLoss"] = try loss.mean(rows, validation.targets, weights: classWeights)
      }
      // It ranks nothing.
      (values["auc"], values["averagePrecision"]) = (nil, nil)
      return (values, "majority")
    case (.numbers(let targets), .numbers(let held)):
      let width = targets.count / max(targets.shape[0], 1)
      let (centre, name) = try centre(of: targets.doubles, width, loss)
      let values =
        try Measures(
          outputs: NDArray((0..<held.count / max(width, 1)).flatMap { _ in centre }, shape: held.shape),
          targets: validation.targets, loss: loss, scale: scale, names: names
        ).values
      return (values, name)
    default: throw DatasetError(validation.name, "classes and numbers cannot be mixed")
    }
  }

  /// The constant of each column with the least loss, and what it is.
  private static func centre(of targets: [Double], _ width: Int, _ loss: LossFunction) throws -> (
    values: [Float], name: String
  ) {
    if loss.constant == nil, let found = try BestConstant.outputs(of: targets, width: width, loss) {
      return (found, "best constant")
    }
    // Of a loss of one's own and many targets nobody knows it.
    switch loss.constant ?? .quantile(0.5) {
    // That of standardised targets is 0.
    case .mean: return ([Float](repeating: 0, count: width), "mean")
    case .quantile(let share):
      let name = share == 0.5 ? "median" : "quantile \(PlainNumber.text(share))"
      return (quantiles(targets, width, share).map { Float($0) }, name)
    case .sought:
      return (BestConstant.outputs(of: targets, width: width, loss.ofDifference!).map { Float($0) }, "best constant")
    }
  }

  /// The number of each column that a share of it lies below, halfway between two where the share ends between them.
  private static func quantiles(_ values: [Double], _ width: Int, _ share: Double) -> [Double] {
    (0..<width).map { column in
      let sorted = stride(from: column, to: values.count, by: width).map { values[$0] }.sorted()
      guard !sorted.isEmpty else { return 0 }
      let place = share * Double(sorted.count)
      let (below, above) = (Int(place.rounded(.up)) - 1, Int(place.rounded(.down)))
      return (sorted[min(max(below, 0), sorted.count - 1)] + sorted[min(above, sorted.count - 1)]) / 2
    }
  }

  /// The features of some rows, and a column of ones: float64 [rows, features + 1].
  static func design(_ dataset: Dataset, _ rows: [Int]) -> NDArray {
    let features = dataset.exampleShape.count
    let x = dataset.featureArray(at: rows).floats
    var result = [Double](repeating: 1, count: rows.count * (features + 1))
    for row in rows.indices {
      for feature in 0..<features { result[row * (features + 1) + feature] = Double(x[row * features + feature]) }
    }
    return NDArray(result, shape: [rows.count, features + 1])
  }

  private static func leastSquares(
    _ train: Dataset, _ validation: Dataset, _ targets: [Double], _ width: Int
  ) throws -> NDArray? {
    let features = train.exampleShape.count
    guard features <= 1000, train.exampleShape.rank == 1 else { return nil }
    // Every k-th row where there are more than fit into memory beside the data.
    let step = max(1, train.count * features / 20_000_000)
    let rows = Array(stride(from: 0, to: train.count, by: step))
    let x = design(train, rows)
    let y = NDArray(rows.flatMap { targets[$0 * width..<($0 + 1) * width] }, shape: [rows.count, width])
    let transposed = x.transposed()
    var gram = try LinearAlgebra.product(transposed, x)
    gram.withUnsafeMutableElements(of: Double.self) { g in
      for feature in 0..<features { g[feature * (features + 1) + feature] += 1 }
      g[features * (features + 1) + features] += 1e-9
    }
    guard let weights = try? LinearAlgebra.solve(gram, try LinearAlgebra.product(transposed, y)) else { return nil }
    var parts: [Float] = []
    for start in stride(from: 0, to: validation.count, by: 4096) {
      let held = design(validation, Array(start..<min(start + 4096, validation.count)))
      parts += try LinearAlgebra.product(held, weights).floats
    }
    return NDArray(parts, shape: [validation.count, width])
  }
}

extension NDArray {
  /// A float64 matrix with rows and columns exchanged.
  func transposed() -> NDArray {
    let (rows, columns) = (shape[0], shape[1])
    var result = NDArray(uninitialized: [columns, rows], .float64)
    withUnsafeElements(of: Double.self) { source in
      result.withUnsafeMutableElements(of: Double.self) { target in
        for row in 0..<rows {
          for column in 0..<columns { target[column * rows + row] = source[row * columns + column] }
        }
      }
    }
    return result
  }
}
