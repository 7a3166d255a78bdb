import Diagnostics
import Foundation

/// What a model's outputs are worth on examples whose targets are known, in double precision and in the targets' units.
public struct Measures: Sendable {
  /// By tag: "loss" is the mean loss of the rows, "weightedLoss" that where classes have weights. A loss of classes that is no
  /// log-loss, and one of numbers that is none of differences, is "ownLoss", by the classes' weights where they have some; "loss" is then
  /// the log-loss of a softmax, or the squared error, as of other descents on the same data.
  ///
  /// Of a quantile "coverage" is the share of targets that do not lie above their prediction, in per cent.
  ///
  /// Classes have "accuracy" and "balancedAccuracy" (percent; the second is the mean recall), "f1" (macro: the mean over
  /// classes) and, of two, "auc" and "averagePrecision" (of the second). Numbers have "rmse", "mae" and "r2"; several
  /// targets have each of them ("rmse/NAME") and the means over targets.
  public private(set) var values: [String: Double] = [:]
  /// Which classes were taken for which; nil of numbers, and where measures are not thorough.
  public private(set) var confusion: ConfusionMatrix?
  /// What was measured by, where text is to name it: "huber", "focal gamma=3"; nil of squares, distances and log-losses.
  public let lossName: String?
  /// Examples that were measured.
  public let count: Int

  /// - Parameters:
  ///   - outputs: [count, ...], logits or standardised numbers.
  ///   - targets: the classes, or standardised numbers of the outputs' shape.
  ///   - scale: undoes the standardisation.
  ///   - names: of several targets; their positions where there are none.
  ///   - classWeights: what rows of each class count.
  ///   - isThorough: whether to measure what an epoch need not know: of classes the confusion matrix, "ece" and "brier"
  ///     (see `Calibration`), of more than 32 targets each.
  /// - Throws: `TrainingError` where outputs and targets do not fit; `ShapeError` where a loss of one's own does not take them.
  public init(
    outputs: NDArray, targets: Dataset.Targets, loss: LossFunction, scale: TargetScale? = nil, names: [String] = [],
    classWeights: [Double]? = nil, isThorough: Bool = false
  ) throws {
    count = try Self.count(outputs, targets)
    lossName = loss.isNamed && loss != .stableMax ? loss.name : nil
    switch targets {
    case .classes(let labels): measure(outputs, labels, loss, classWeights, isThorough)
    case .numbers(let array): measure(outputs, array, loss, scale, names, isThorough)
    }
    if loss.isMeasuredByItself { values["ownLoss"] = try loss.mean(outputs, targets, weights: classWeights) }
  }

  /// Examples, where outputs and targets are of as many.
  private static func count(_ outputs: NDArray, _ targets: Dataset.Targets) throws -> Int {
    switch targets {
    case .classes(let labels):
      let classes = outputs.count / max(labels.count, 1)
      guard outputs.count == labels.count * classes else {
        throw TrainingError("outputs \(outputs.shape) are not those of \(labels.count) examples")
      }
      if let wrong = labels.first(where: { $0 < 0 || $0 >= classes }) {
        throw TrainingError(
          "there is an example of class \(wrong), and outputs \(outputs.shape) are of classes 0 to \(classes - 1)")
      }
      return labels.count
    case .numbers(let array):
      guard outputs.count == array.count, let rows = array.shape.dimensions.first else {
        throw TrainingError("outputs \(outputs.shape) and targets \(array.shape) differ")
      }
      return rows
    }
  }

  private mutating func measure(
    _ outputs: NDArray, _ labels: [Int32], _ loss: LossFunction, _ weights: [Double]?, _ isThorough: Bool
  ) {
    let z = outputs.doubles
    let classes = max(z.count / max(labels.count, 1), 1)
    var (total, right) = (0.0, 0)
    var weighted = (sum: 0.0, weight: 0.0)
    var counts = [(hits: Int, predicted: Int, actual: Int)](repeating: (0, 0, 0), count: classes)
    var predicted: [Int32] = []
    for (row, label) in labels.enumerated() {
      let own = z[row * classes..<(row + 1) * classes]
      let best = own.indices.reduce(own.startIndex) { own[$1] > own[$0] ? $1 : $0 } - own.startIndex
      if best == Int(label) {
        right += 1
        counts[best].hits += 1
      }
      counts[best].predicted += 1
      if isThorough { predicted.append(Int32(best)) }
      counts[Int(label)].actual += 1
      let chosen = own[own.startIndex + Int(label)]
      let before = total
      if loss.link == .stableMax {
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
    values["balancedAccuracy"] =
      100 * present.reduce(0) { $0 + Double($1.hits) / Double($1.actual) } / Double(max(present.count, 1))
    if classes == 2 {
      // Of a softmax the difference of logits ranks as the probability does.
      let scores = labels.indices.map { row in
        loss.link == .stableMax ? loss.probabilities(z[2 * row..<2 * row + 2])[1] : z[2 * row + 1] - z[2 * row]
      }
      values["auc"] = Self.areaUnderCurve(scores, labels)
      values["averagePrecision"] = Self.averagePrecision(scores, labels)
    }
    guard isThorough, !labels.isEmpty else { return }
    confusion = ConfusionMatrix(actual: labels, predicted: predicted, classes: classes)
    // Of a loss of one's own nobody knows the probabilities; logarithms of some are logits of a softmax that gives them.
    guard let link = loss.link else { return }
    let logits =
      link == .softmax
      ? z
      : labels.indices.flatMap { row in loss.probabilities(z[row * classes..<(row + 1) * classes]).map { log($0) } }
    let calibration = Calibration(logits: logits, labels: labels, classes: classes)
    (values["ece"], values["brier"]) = (calibration.expectedCalibrationError, calibration.brierScore)
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

  /// The mean precision over the rows of class 1, each at the threshold that just takes it in; ties are taken in together.
  static func averagePrecision(_ scores: [Double], _ labels: [Int32]) -> Double? {
    let positives = labels.count { $0 == 1 }
    guard positives > 0, scores.allSatisfy(\.isFinite) else { return nil }
    let order = scores.indices.sorted { scores[$0] > scores[$1] }
    var (sum, hits, start) = (0.0, 0, 0)
    while start < order.count {
      var end = start
      while end + 1 < order.count, scores[order[end + 1]] == scores[order[start]] { end += 1 }
      let found = order[start...end].count { labels[$0] == 1 }
      hits += found
      sum += Double(found) * Double(hits) / Double(end + 1)
      start = end + 1
    }
    return sum / Double(positives)
  }

  private mutating func measure(
    _ outputs: NDArray, _ targets: NDArray, _ loss: LossFunction, _ scale: TargetScale?, _ names: [String],
    _ isThorough: Bool
  ) {
    let (y, t) = (outputs.doubles, targets.doubles)
    let rows = max(targets.shape[0], 1)
    let width = max(t.count / rows, 1)
    let scale =
      scale ?? TargetScale(mean: [Double](repeating: 0, count: width), deviation: [Double](repeating: 1, count: width))
    // A loss of one's own that is none of differences is judged by squares.
    let worth = loss.ofDifference ?? { $0 * $0 }
    values["loss"] = zip(y, t).reduce(0) { $0 + worth($1.0 - $1.1) } / Double(max(t.count, 1))
    if case .quantile = loss.constant, loss.isNamed {
      values["coverage"] = 100 * Double(zip(y, t).count { $0 >= $1 }) / Double(max(t.count, 1))
    }
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
      if width > 1, isThorough || width <= 32 {
        let name = names.count == width ? names[column] : "\(column)"
        (values["rmse/\(name)"], values["mae/\(name)"], values["r2/\(name)"]) = (found.rmse, found.mae, found.r2)
      }
    }
    values["rmse"] = sums.rmse / Double(width)
    values["mae"] = sums.mae / Double(width)
    if sums.r2.isFinite { values["r2"] = sums.r2 / Double(width) }
  }

  /// The same, with what is descended.
  func adding(ownLoss: Double?) -> Measures {
    var copy = self
    copy.values["ownLoss"] = ownLoss
    return copy
  }

  /// What chooses an epoch: the loss that is descended, or the log-loss of its probabilities.
  public static func decisive(_ values: [String: Double]) -> Double? {
    values["ownLoss"] ?? values["weightedLoss"] ?? values["loss"]
  }

  /// The main ones as text: "accuracy 93.1 %, macro F1 0.9, log-loss 0.21".
  public var text: String { Self.text(values, loss: lossName) }

  /// The main ones of those that are there, as text. Errors of several targets have several units, and no mean.
  ///
  /// - Parameter loss: what the loss is called where no other name says it: see `lossName`.
  public static func text(_ values: [String: Double], loss: String? = nil) -> String {
    let own = values["ownLoss"] ?? (values["accuracy"] == nil ? values["loss"] : nil)
    let weight = values["weightedLoss"] == nil ? "" : "weighted "
    let below = values["coverage"].map { ["\(number($0)) % of targets below"] } ?? []
    let named = (loss.flatMap { name in own.map { ["\(weight)\(name) \(number($0))"] } } ?? []) + below
    let several = targets(in: values).count
    if several > 1, let mean = values["r2"] {
      return (["mean R² \(number(mean)) of \(several) targets"] + named).joined(separator: ", ")
    }
    let all =
      values["rmse"] != nil
      ? errors("")
      : [
        ("accuracy", "accuracy", " %"), ("f1", "macro F1", ""), ("auc", "AUC", ""),
        ("loss", values["weightedLoss"] == nil ? "log-loss" : "unweighted log-loss", ""),
        ("weightedLoss", "weighted log-loss", ""),
      ]
    return (shown(values, all) + named).joined(separator: ", ")
  }

  /// What else a thorough look at a classifier finds, as text; empty where there is nothing.
  ///
  /// - Parameter positive: the class that average precision is about.
  public static func detail(_ values: [String: Double], positive: String) -> String {
    join(
      values,
      [
        ("balancedAccuracy", "balanced accuracy", " %"), ("averagePrecision", "average precision", " (\(positive))"),
        ("ece", "ECE", ""), ("brier", "Brier score", ""),
      ])
  }

  /// The names of several targets that have measures of their own, in order.
  public static func targets(in values: [String: Double]) -> [String] {
    values.keys.filter { $0.hasPrefix("rmse/") }.map { String($0.dropFirst(5)) }
      .sorted { $0.compare($1, options: .numeric) == .orderedAscending }
  }

  /// The measures of one of several targets, as text.
  public static func text(_ values: [String: Double], target: String) -> String {
    join(values, errors("/" + target))
  }

  private static func errors(_ suffix: String) -> [(tag: String, name: String, unit: String)] {
    [("rmse" + suffix, "RMSE", ""), ("mae" + suffix, "MAE", ""), ("r2" + suffix, "R²", "")]
  }

  private static func join(
    _ values: [String: Double], _ all: [(tag: String, name: String, unit: String)]
  ) -> String { shown(values, all).joined(separator: ", ") }

  private static func shown(
    _ values: [String: Double], _ all: [(tag: String, name: String, unit: String)]
  ) -> [String] {
    all.compactMap { item in values[item.tag].map { "\(item.name) \(number($0))\(item.unit)" } }
  }

  private static func number(_ value: Double) -> String { String(format: "%.4g", value) }
}
