/// Which classes were taken for which, and what that says of each.
///
/// ```swift
/// let found = ConfusionMatrix(actual: [0, 0, 1], predicted: [0, 1, 1], classes: 2)
/// print(found.counts)  // [[1, 1], [0, 1]]
/// print(found.recall(0)!, found.precision(1)!)  // 0.5 0.5
/// ```
public struct ConfusionMatrix: Sendable, Equatable {
  /// Rows by their class, then by the class that they were taken for.
  public let counts: [[Int]]

  /// - Parameters:
  ///   - actual, predicted: of the same rows, in 0..<classes.
  public init(actual: [Int32], predicted: [Int32], classes: Int) {
    precondition(actual.count == predicted.count, "one prediction for each row")
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    for (label, guess) in zip(actual, predicted) { counts[Int(label)][Int(guess)] += 1 }
    self.counts = counts
  }

  /// Rows of a class.
  public func support(_ index: Int) -> Int { counts[index].reduce(0, +) }

  /// The share of the rows taken for a class that are of it; nil where none was.
  public func precision(_ index: Int) -> Double? {
    let taken = counts.reduce(0) { $0 + $1[index] }
    return taken > 0 ? Double(counts[index][index]) / Double(taken) : nil
  }

  /// The share of a class's rows that were taken for it; nil where it has none.
  public func recall(_ index: Int) -> Double? {
    let support = support(index)
    return support > 0 ? Double(counts[index][index]) / Double(support) : nil
  }
}
