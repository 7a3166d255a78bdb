import Foundation

/// What a trained model's predictions depend on, column by column: how much worse they are without a column's
/// information, and how they move with its values.
///
/// It speaks of the model, not of the world: two columns that say the same share their importance, and a dependence is
/// no cause.
///
/// ```swift
/// let explanation = try Explanation(model, rows: problem.validation, key: RandomKey(seed: 0))
/// print(explanation.importances[0].column)
/// ```
public struct Explanation: Sendable {
  /// How much worse predictions are where a column's cells are exchanged among rows (Breiman, "Random forests", 2001;
  /// Fisher, Rudin, Dominici, "All models are wrong, but many are useful", 2019).
  public struct Importance: Sendable {
    /// The column's name.
    public let column: String
    /// What `measure` grew by, for each exchange.
    public let increases: [Double]
    /// Their mean.
    public var mean: Double { increases.reduce(0, +) / Double(increases.count) }
  }

  /// The mean prediction over rows if all had one value in a column (Friedman, "Greedy function approximation: a
  /// gradient boosting machine", 2001, section 8.2).
  public struct Dependence: Sendable {
    /// The column's name.
    public let column: String
    /// As cells would have them.
    public let cells: [String]
    /// The values of numbers; nil for categories.
    public let positions: [Double]?
    /// By output, then by cell: means of the target, in its units, or of the probabilities of the classes.
    public let means: [[Double]]
  }

  /// What importance is measured by: "log-loss" of classes, "RMSE" of numbers, in the target's units; "standardised RMSE"
  /// of several targets, whose units differ; a loss's name where no other says it, as "quantile share=0.9".
  public let measure: String
  /// Whether outputs are classes.
  public let isClasses: Bool
  /// It, on the rows as they are.
  public let value: Double
  /// The most important first.
  public let importances: [Importance]
  /// Of the most important columns that hold numbers or categories.
  public let dependences: [Dependence]
  /// The outputs' names: classes, or targets.
  public let outputs: [String]
  /// Rows that were predicted.
  public let rows: Int

  /// - Parameters:
  ///   - rows: with targets, encoded as the model's own: a problem's part, or `TableEncoding.dataset(of:)`.
  ///   - repeats: exchanges of each column.
  ///   - curves: columns whose dependence is drawn, at most.
  /// - Throws: `TrainingError` where the model is none of tables, or there are fewer than two rows.
  public init(
    _ model: TrainedModel, rows dataset: Dataset, key: RandomKey, repeats: Int = 10, curves: Int = 6
  ) throws {
    guard let encoding = model.manifest.encoding else {
      throw TrainingError("columns are explained of models of tables, and this one takes images")
    }
    guard repeats > 0 else { throw TrainingError("a column is exchanged at least once") }
    guard dataset.count > 1 else { throw TrainingError("rows are exchanged with others: two are needed") }
    let features = dataset.featureArray(0..<dataset.count)
    let predictor = try TrainedModel.predictor(model.manifest.model, isTable: true)
    let outputs = { (array: NDArray) in
      try predictor.predict(array, parameters: model.parameters, modelState: model.modelState)
    }
    let isClasses = !model.manifest.classes.isEmpty
    let isPooled = encoding.targets.count > 1
    // Errors count as they were descended: by squares, by distances, by the log-loss, or by a loss that no other name says.
    let loss = model.manifest.loss
    let isSquared = loss == .squaredError
    let isOwn = loss.isMeasuredByItself || loss.hasOtherCentre
    let worth = { (array: NDArray) throws -> Double in
      let found = try Measures(
        outputs: try outputs(array), targets: dataset.targets,
        loss: isClasses || isSquared || isOwn ? loss : .absoluteError, scale: model.manifest.targetScale
      ).values
      if isOwn { return found["ownLoss"] ?? found["loss"]! }
      if isClasses { return found["loss"]! }
      guard isPooled else { return found[isSquared ? "rmse" : "mae"]! }
      return isSquared ? found["loss"]!.squareRoot() : found["loss"]!
    }
    let base = try worth(features)
    let ranges = encoding.featureRanges
    let found = try zip(encoding.inputs, ranges).map { input, range -> Importance in
      let own = key.split("exchange").split(input.column)
      return Importance(
        column: input.column,
        increases: try (0..<repeats).map { index in
          try worth(features.exchanging(range, by: own.split(index).permutation(dataset.count))) - base
        })
    }
    let order = found.indices.sorted { (found[$0].mean, $1) > (found[$1].mean, $0) }
    self.isClasses = isClasses
    measure =
      isOwn
      ? loss.name : isClasses ? "log-loss" : (isPooled ? "standardised " : "") + (isSquared ? "RMSE" : "MAE")
    value = base
    importances = order.map { found[$0] }
    self.rows = dataset.count
    let names = isClasses ? model.manifest.classes : encoding.targets
    self.outputs = names
    let sample = Array(key.split("rows").permutation(dataset.count).prefix(500)).sorted()
    let few = features.rows(at: sample)
    let shown = order.filter { [.number, .category].contains(encoding.inputs[$0].kind) }.prefix(curves)
    dependences = try shown.map { index in
      let (input, range) = (encoding.inputs[index], ranges[index])
      let (cells, positions) = Self.cells(of: input, few, range)
      let own = try encoding.features(ofColumn: input.column, cells: cells)
      let means = try cells.indices.map { row in
        Self.means(try outputs(few.setting(range, to: own.rows(row..<row + 1))), model.manifest)
      }
      return Dependence(
        column: input.column, cells: cells, positions: positions,
        means: names.indices.map { output in means.map { $0[output] } })
    }
  }

  /// Twenty places between the 5th and the 95th percentile of a column's numbers; the values of a category.
  private static func cells(
    of input: TableEncoding.Input, _ features: NDArray, _ range: Range<Int>
  ) -> (cells: [String], positions: [Double]?) {
    guard input.kind == .number, let scale = input.scales.first else { return (input.values, nil) }
    let width = features.shape[1]
    let standardised = (0..<features.shape[0]).map { features[flat: $0 * width + range.lowerBound] }.sorted()
    let at = { (share: Double) in standardised[Int(share * Double(standardised.count - 1))] }
    let (low, high) = (at(0.05), at(0.95))
    let values = Set((0..<20).map { scale.mean + scale.deviation * (low + (high - low) * Double($0) / 19) }).sorted()
    return (values.map { "\($0)" }, values)
  }

  /// The mean of each output over rows, in the targets' own terms.
  private static func means(_ outputs: NDArray, _ manifest: TrainedModel.Manifest) -> [Double] {
    let rows = outputs.shape[0]
    let width = outputs.count / rows
    var values = manifest.targetScale?.restore(outputs) ?? outputs.doubles
    if !manifest.classes.isEmpty {
      for row in 0..<rows {
        let own = row * width..<(row + 1) * width
        values.replaceSubrange(own, with: manifest.loss.probabilities(values[own]))
      }
    }
    return (0..<width).map { column in
      (0..<rows).reduce(0) { $0 + values[$1 * width + column] } / Double(rows)
    }
  }
}

extension NDArray {
  /// Rows [n, width] whose features in a range are those of the rows that a permutation names.
  fileprivate func exchanging(_ range: Range<Int>, by permutation: [Int]) -> NDArray {
    let width = shape[1]
    var values = floats
    let old = values
    for (row, other) in permutation.enumerated() {
      for feature in range { values[row * width + feature] = old[other * width + feature] }
    }
    return NDArray(values, shape: shape)
  }

  /// Rows [n, width] whose features in a range are all those of one row.
  fileprivate func setting(_ range: Range<Int>, to own: NDArray) -> NDArray {
    let width = shape[1]
    var values = floats
    let given = own.floats
    for row in 0..<shape[0] {
      for (index, feature) in range.enumerated() { values[row * width + feature] = given[index] }
    }
    return NDArray(values, shape: shape)
  }
}
