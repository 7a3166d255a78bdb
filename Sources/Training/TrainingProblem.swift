/// What is learned from and what it is measured on: parts whose targets are classes or standardised numbers.
public struct TrainingProblem: Sendable {
  /// What is learned from.
  public var train: Dataset
  /// What is looked at on the way, and chooses.
  public var validation: Dataset
  /// What nothing is chosen by, where there is such a part.
  public package(set) var test: Dataset?
  /// What is still to be done to features when a batch is made.
  public var normalization: Normalization?
  /// Undoes the standardisation of numbers to predict.
  public var targetScale: TargetScale?
  /// How a table became numbers.
  public var encoding: TableEncoding?
  /// What rows of each class count, in the order of the outputs; nil where all count the same.
  public var classWeights: [Double]?
  /// What was understood, in one line.
  public var summary: String
  /// What may be wrong in a table's file, a sentence each.
  public var doubts: [String] = []
  /// What was understood, and what may be wrong, a line each.
  public var account: String { ([summary] + doubts.map { "  " + $0 }).joined(separator: "\n") }
  /// Where the validation part's rows stand in their file.
  public var validationLines: [Int]

  /// A table's.
  public init(_ table: TableProblem) {
    (train, validation, test) = (table.train, table.validation, table.test)
    (targetScale, encoding) = (table.encoding.targetScale, table.encoding)
    (summary, doubts, validationLines) = (table.summary, table.doubts, table.validationLines)
  }

  /// Images, or arrays of numbers: features are standardised channel by channel, numbers to predict one by one, both
  /// from the training part. The test part, by which nothing is chosen, is standardised as the others are.
  ///
  /// Classes without names are named by their numbers.
  public init(train: Dataset, validation: Dataset, test: Dataset? = nil) {
    var train = train
    if case .classes(let labels) = train.targets, train.classNames.isEmpty, let last = labels.max(), 0..<100_000 ~= last
    {
      train.classNames = (0...Int(last)).map(String.init)
    }
    let statistics = train.channelStatistics()
    normalization = Normalization(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
    (self.train, self.validation) = (train, validation)
    validationLines = []
    self.test = test
    let shape = train.exampleShape.dimensions.map(String.init).joined(separator: " x ")
    let target: String
    if case .numbers(let targets) = train.targets, case .numbers(let held) = validation.targets {
      let scale = TargetScale(of: targets)
      self.train.targets = .numbers(scale.standardize(targets))
      self.validation.targets = .numbers(scale.standardize(held))
      if let test, case .numbers(let last) = test.targets { self.test!.targets = .numbers(scale.standardize(last)) }
      targetScale = scale
      target = "\(scale.mean.count) number\(scale.mean.count == 1 ? "" : "s") to predict"
    } else {
      target = "\(train.classNames.count) classes"
    }
    summary =
      "\(train.name): examples of \(shape), \(target); \(train.count) train, \(validation.count) validate"
      + (test.map { ", \($0.count) test" } ?? "")
  }

  /// Outputs that a model needs.
  public var outputs: Int {
    switch train.targets {
    case .classes: max(train.classNames.count, 2)
    case .numbers(let array): array.count / max(array.shape[0], 1)
    }
  }

  /// A short name for exactly these data: equal data, equal names.
  public var fingerprint: String {
    let parts = [("train", train), ("validation", validation)] + (test.map { [("test", $0)] } ?? [])
    return Tree(parts.flatMap { $1.arrays($0) }).digest + "-\(train.count)-\(validation.count)"
  }
}

extension Dataset {
  /// A short name for exactly these examples, without their targets.
  package var featureDigest: String { Tree(Array(arrays("part").prefix(1))).digest }

  /// Features and targets under a name.
  fileprivate func arrays(_ name: String) -> [(path: String, leaf: NDArray)] {
    let own: NDArray
    switch features {
    case .numbers(let array): own = array
    case .images(let bytes, _, _, _):
      own = NDArray(
        stride(from: 0, to: bytes.count, by: 4).map { start in
          bytes[start..<min(start + 4, bytes.count)].reduce(Int32(0)) { $0 &* 256 &+ Int32($1) }
        })
    }
    return [(name + "/features", own), (name + "/targets", targetArray(at: Array(0..<count)))]
  }
}
