import Foundation

/// The constant prediction with the least mean loss, where no formula names it.
enum BestConstant {
  /// Of each column by a loss of differences: [width].
  static func outputs(of targets: [Double], width: Int, _ loss: (Double) -> Double) -> [Double] {
    let rows = targets.count / max(width, 1)
    // Some hundred thousand rows tell it well enough.
    let step = max(1, rows / 200_000)
    return (0..<width).map { column in
      let values = stride(from: 0, to: rows, by: step).map { targets[$0 * width + column] }
      return minimum(among: values) { constant in values.reduce(0) { $0 + loss(constant - $1) } }
    }
  }

  /// Of all columns by a loss of one's own, one column after another, twice; nil of more than eight, and where the loss is finite nowhere.
  static func outputs(of targets: [Double], width: Int, _ loss: LossFunction) throws -> [Float]? {
    guard 1...8 ~= width else { return nil }
    let rows = targets.count / width
    let step = max(1, rows / 20_000)
    let chosen = stride(from: 0, to: rows, by: step).flatMap { targets[$0 * width..<($0 + 1) * width] }
    let count = chosen.count / width
    guard count > 0 else { return nil }
    let array = NDArray(chosen.map { Float($0) }, shape: [count, width])
    let program = try Program(inputs: [TensorType([width]), TensorType(of: array)]) { _, x in
      [loss(x[0].broadcast(to: x[1].shape), x[1])]
    }
    func mean(_ constants: [Double]) -> Double {
      let found =
        (try? program.run([NDArray(constants.map { Float($0) }, shape: [width]), array])[0].item) ?? .infinity
      return found.isFinite ? found : .infinity
    }
    let columns = (0..<width).map { column in stride(from: column, to: chosen.count, by: width).map { chosen[$0] } }
    var best = columns.map { $0.sorted()[count / 2] }
    for _ in 0..<(width == 1 ? 1 : 2) {
      for column in 0..<width {
        best[column] = minimum(among: columns[column]) { constant in
          var constants = best
          constants[column] = constant
          return mean(constants)
        }
      }
    }
    return mean(best).isFinite ? best.map { Float($0) } : nil
  }

  /// Where a function is least: the best of places that lie evenly and of such that lie as the values do, as a loss may be flat far out and
  /// its wells narrow; then golden sections around it.
  private static func minimum(among values: [Double], _ function: (Double) -> Double) -> Double {
    let sorted = values.sorted()
    guard let start = sorted.first, let end = sorted.last, start < end else { return values.first ?? 0 }
    let even = (0...40).map { start + Double($0) / 40 * (end - start) }
    let own = (0...40).map { sorted[$0 * (sorted.count - 1) / 40] }
    let places = Set(even + own).sorted()
    let worths = places.map(function)
    let best = worths.indices.min { worths[$0] < worths[$1] }!
    var (low, high) = (places[max(best - 1, 0)], places[min(best + 1, places.count - 1)])
    let share = (5.0.squareRoot() - 1) / 2
    var (left, right) = (high - share * (high - low), low + share * (high - low))
    var (worthLeft, worthRight) = (function(left), function(right))
    for _ in 0..<40 where left < right {
      if worthLeft <= worthRight {
        (high, right, worthRight) = (right, left, worthLeft)
        left = high - share * (high - low)
        worthLeft = function(left)
      } else {
        (low, left, worthLeft) = (left, right, worthRight)
        right = low + share * (high - low)
        worthRight = function(right)
      }
    }
    let middle = (low + high) / 2
    return function(middle) <= worths[best] ? middle : places[best]
  }

  /// Of classes by a loss of one's own, by a descent on one row of outputs from the logarithms of the classes' shares: [classes]; nil of more than
  /// 1000 classes, as all are tried against all, and where the loss is finite nowhere.
  ///
  /// - Parameter weights: what rows of each class count.
  static func outputs(of labels: [Int32], classes: Int, weights: [Double]?, _ loss: LossFunction) throws -> [Float]? {
    guard classes <= 1000 else { return nil }
    var counts = [Double](repeating: 0, count: classes)
    for label in labels { counts[Int(label)] += weights?[Int(label)] ?? 1 }
    let total = counts.reduce(0, +)
    guard total > 0 else { return nil }
    let shares = NDArray(counts.map { Float($0 / total) }, shape: [classes])
    let all = NDArray((0..<classes).map { Int32($0) }, shape: [classes])
    let objective = Objective { parameters, _, _ in
      let row = parameters["outputs"]!
      let losses = loss.perSample(row.expanded(axis: 0).broadcast(to: [classes, classes]), row.graph.constant(all))
      return ObjectiveValue((losses * row.graph.constant(shares)).sum())
    }
    // One more of each class, so that none is impossible.
    let start = NDArray(counts.map { Float(log(($0 + 1) / (total + Double(classes)))) }, shape: [classes])
    let method = try DescentMethodKind.parse("finite (adam | rate cosine(0.1, 400updates))")
    let step = try TrainingStep(
      objective, method: method, inputs: Tree(),
      from: try TrainingState(startingFrom: Tree(["outputs": start]), method: method), key: RandomKey(seed: 0))
    var best: (worth: Double, outputs: [Float])?
    for _ in 0..<400 {
      let here = step.state.parameters["outputs"]!.floats
      let worth = try step.advance(checksLoss: false)[0]
      if worth.isFinite, worth < best?.worth ?? .infinity { best = (worth, here) }
    }
    return best?.outputs
  }
}
