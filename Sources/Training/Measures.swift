import Foundation

/// What a model's outputs are worth on examples whose targets are known, in double precision and in the targets' units.
public struct Measures: Sendable {
  /// By tag: "loss" is the mean loss of the rows, "weightedLoss" that where classes have weights; classes have "accuracy" (percent), "f1" (mean over classes) and, of
  /// two, "auc"; numbers have "rmse", "mae" and "r2", each the mean over targets where they are several.
  public private(set) var values: [String: Double] = [:]

  /// - Parameters:
  ///   - outputs: [count, ...], logits or standardised numbers.
  ///   - targets: the classes, or standardised numbers of the outputs' shape.
  ///   - scale: undoes the standardisation.
  ///   - names: of several targets.
  ///   - classWeights: what rows of each class count.
  public init(
    outputs: NDArray, targets: Dataset.Targets, loss: LossFunction, scale: TargetScale? = nil, names: [String] = [],
    classWeights: [Double]? = nil
  ) {
    switch targets {
    case .classes(let labels): measure(outputs, labels, loss, classWeights)
    case .numbers(let array): measure(outputs, array, scale, names)
    }
  }

  private mutating func measure(_ outputs: NDArray, _ labels: [Int32], _ loss: LossFunction, _ weights: [Double]?) {
    let z = outputs.doubles
    let classes = max(z.count / max(labels.count, 1), 1)
    var (total, right) = (0.0, 0)
    var weighted = (sum: 0.0, weight: 0.0)
    var counts = [(hits: Int, predicted: Int, actual: Int)](repeating: (0, 0, 0), count: classes)
    for (row, label) in labels.enumerated() {
      let own = z[row * classes..<(row + 1) * classes]
      let best = own.indices.reduce(own.startIndex) { own[$1] > own[$0] ? $1 : $0 } - own.startIndex
      if best == Int(label) {
        right += 1
        counts[best].hits += 1
      }
      counts[best].predicted += 1
      counts[Int(label)].actual += 1
      let chosen = own[own.startIndex + Int(label)]
      let before = total
      if loss == .stableMax {
        func raised(_ x: Double) -> Double { x >= 0 ? x + 1 : 1 / (1 - x) }
        total += log(own.reduce(0) { $0 + raised($1) }) - log(raised(chosen))
      } else {
        let peak = own.max()!
        total += peak + log(own.reduce(0) { $0 + exp($1 - peak) }) - chosen
      }
      if let weight = weights?[Int(label)] {
        weighted = (weighted.sum + weight * (total - before), weighted.weight + weight)
      }
    }
    let n = Double(labels.count)
    values["loss"] = total / n
    if weighted.weight > 0 { values["weightedLoss"] = weighted.sum / weighted.weight }
    values["accuracy"] = 100 * Double(right) / n
    let present = counts.filter { $0.actual > 0 }
    values["f1"] =
      present.reduce(0) { $0 + 2 * Double($1.hits) / Double($1.predicted + $1.actual) } / Double(max(present.count, 1))
    if classes == 2, let auc = Self.areaUnderCurve(labels.indices.map { z[2 * $0 + 1] - z[2 * $0] }, labels) {
      values["auc"] = auc
    }
  }

  /// The chance that a row of class 1 is ranked above one of class 0, ties counted half (Mann and Whitney 1947).
  static func areaUnderCurve(_ scores: [Double], _ labels: [Int32]) -> Double? {
    let positives = labels.filter { $0 == 1 }.count
    let negatives = labels.count - positives
    guard positives > 0, negatives > 0, scores.allSatisfy(\.isFinite) else { return nil }
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    var (ranks, start) = (0.0, 0)
    while start < order.count {
      var end = start
      while end + 1 < order.count, scores[order[end + 1]] == scores[order[start]] { end += 1 }
      let rank = Double(start + end) / 2 + 1
      ranks += rank * Double(order[start...end].filter { labels[$0] == 1 }.count)
      start = end + 1
    }
    let (p, n) = (Double(positives), Double(negatives))
    return (ranks - p * (p + 1) / 2) / (p * n)
  }

  private mutating func measure(_ outputs: NDArray, _ targets: NDArray, _ scale: TargetScale?, _ names: [String]) {
    let (y, t) = (outputs.doubles, targets.doubles)
    precondition(y.count == t.count, "outputs \(outputs.shape) and targets \(targets.shape) differ")
    let rows = max(targets.shape[0], 1)
    let width = max(t.count / rows, 1)
    let scale =
      scale ?? TargetScale(mean: [Double](repeating: 0, count: width), deviation: [Double](repeating: 1, count: width))
    values["loss"] = zip(y, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(max(t.count, 1))
    var sums = (rmse: 0.0, mae: 0.0, r2: 0.0)
    for column in 0..<width {
      var (squares, distances, mean, spread) = (0.0, 0.0, 0.0, 0.0)
      for row in 0..<rows {
        let index = row * width + column
        squares += (y[index] - t[index]) * (y[index] - t[index])
        distances += abs(y[index] - t[index])
        mean += t[index] / Double(rows)
      }
      for row in 0..<rows { spread += (t[row * width + column] - mean) * (t[row * width + column] - mean) }
      let deviation = scale.deviation[column % scale.deviation.count]
      let found = (
        rmse: deviation * (squares / Double(rows)).squareRoot(), mae: deviation * distances / Double(rows),
        r2: spread > 0 ? 1 - squares / spread : .nan
      )
      sums = (sums.rmse + found.rmse, sums.mae + found.mae, sums.r2 + found.r2)
      if width > 1, width <= 32, names.count == width {
        values["rmse/\(names[column])"] = found.rmse
        values["r2/\(names[column])"] = found.r2
      }
    }
    values["rmse"] = sums.rmse / Double(width)
    values["mae"] = sums.mae / Double(width)
    if sums.r2.isFinite { values["r2"] = sums.r2 / Double(width) }
  }

  /// What chooses an epoch: the loss that is descended.
  public static func decisive(_ values: [String: Double]) -> Double? { values["weightedLoss"] ?? values["loss"] }

  /// The main ones as text: "accuracy 93.1 %, log-loss 0.21".
  public var text: String { Self.text(values) }

  /// The main ones of those that are there, as text.
  public static func text(_ values: [String: Double]) -> String {
    let shown: [(tag: String, name: String, unit: String)] =
      values["rmse"] == nil
      ? [("accuracy", "accuracy", " %"), ("f1", "F1", ""), ("auc", "AUC", ""), ("loss", "log-loss", "")]
      : [("rmse", "RMSE", ""), ("mae", "MAE", ""), ("r2", "R²", "")]
    return shown.compactMap { item in
      values[item.tag].map { "\(item.name) \(String(format: "%.4g", $0))\(item.unit)" }
    }.joined(separator: ", ")
  }
}
