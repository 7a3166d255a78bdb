import Datasets

extension TrainingProblem {
  /// Examples that bring a test part, by which nothing is chosen: a share of the others validates, of each class alike.
  ///
  /// - Parameters:
  ///   - parts: what is learned from, and the test part.
  ///   - share: of what is learned from, between 0 and 1.
  ///   - key: draws the share.
  /// - Throws: `DatasetError` where there are too few examples to hold some out.
  package init(_ parts: (train: Dataset, test: Dataset), validation share: Double, key: RandomKey) throws {
    let all = parts.train
    let groups: [[Int]] =
      all.labels.map { labels in
        Dictionary(grouping: labels.indices) { labels[$0] }.sorted { $0.key < $1.key }.map(\.value)
      } ?? [Array(0..<all.count)]
    var (train, held) = ([Int](), [Int]())
    for (index, members) in groups.enumerated() {
      let order = key.split(index).permutation(members.count)
      let count = min(Int((Double(members.count) * share).rounded()), members.count - 1)
      held += order.prefix(count).map { members[$0] }
      train += order.dropFirst(count).map { members[$0] }
    }
    guard !held.isEmpty else { throw DatasetError(all.name, "\(all.count) examples are too few to hold some out") }
    self.init(train: all.subset(train.sorted()), validation: all.subset(held.sorted()), test: parts.test)
  }
}
