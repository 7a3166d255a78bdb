import Arrays
import Datasets

/// Classification of a few classes from a few examples each: n ways, k shots (Vinyals et al. 2016).
public struct FewShotTasks: Sendable {
  /// Classes of a task.
  public let ways: Int
  /// Examples of each class to adapt to.
  public let shots: Int
  /// Further examples of each class, to be judged by.
  public let queries: Int
  private let dataset: Dataset
  /// Positions of the examples of each class.
  private let members: [[Int]]

  /// - Parameters:
  ///   - classes: those that tasks are drawn from.
  ///   - queries: examples of each class to be judged by.
  /// - Throws: `DatasetError` where there are too few classes or examples.
  public init(_ dataset: Dataset, classes: [Int], ways: Int, shots: Int, queries: Int) throws {
    guard let labels = dataset.labels else { throw DatasetError(dataset.name, "has no classes to draw tasks from") }
    guard ways >= 2, shots >= 1, queries >= 1, classes.count >= ways, Set(classes).count == classes.count else {
      throw DatasetError(
        dataset.name, "tasks of \(ways) ways and \(shots) shots cannot be drawn from \(classes.count) classes")
    }
    members = classes.map { wanted in labels.indices.filter { labels[$0] == Int32(wanted) } }
    if let few = members.first(where: { $0.count < shots + queries }) {
      throw DatasetError(dataset.name, "a class has \(few.count) examples, fewer than \(shots + queries)")
    }
    (self.dataset, self.ways, self.shots, self.queries) = (dataset, ways, shots, queries)
  }

  /// Support features, support labels, query features and query labels of the task of a key; labels are 0..<ways.
  public func task(_ key: RandomKey) -> [NDArray] {
    let chosen = key.split("classes").permutation(members.count).prefix(ways)
    var (support, query): ([Int], [Int]) = ([], [])
    for (way, position) in chosen.enumerated() {
      let order = key.split("examples").split(way).permutation(members[position].count).map { members[position][$0] }
      support += order.prefix(shots)
      query += order[shots..<shots + queries]
    }
    func labels(_ count: Int) -> NDArray { NDArray((0..<ways * count).map { Int32($0 / count) }) }
    return [dataset.featureArray(at: support), labels(shots), dataset.featureArray(at: query), labels(queries)]
  }

  /// The types of a task's four arrays.
  public var types: [TensorType] {
    let shape = dataset.exampleShape.dimensions
    return [
      TensorType(Shape([ways * shots] + shape)), TensorType([ways * shots], .int32),
      TensorType(Shape([ways * queries] + shape)), TensorType([ways * queries], .int32),
    ]
  }
}
