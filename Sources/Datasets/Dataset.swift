import Foundation

/// Examples with their targets: images or rows of numbers, and classes or numbers to predict.
public struct Dataset: Sendable {
  /// Images are kept as bytes and become float32 when a batch is made.
  public enum Features: Sendable {
    /// Row-major bytes of NHWC images; value / 255 is in [0, 1].
    case images([UInt8], height: Int, width: Int, channels: Int)
    /// [count, ...], float32.
    case numbers(NDArray)
  }

  /// What is to be predicted.
  public enum Targets: Sendable {
    /// Classes in 0..<classNames.count.
    case classes([Int32])
    /// [count, ...], float32.
    case numbers(NDArray)
  }

  /// As reports and errors call it.
  public var name: String
  /// What is predicted from.
  public var features: Features
  /// What is to be predicted.
  public var targets: Targets
  /// By label; empty where targets are numbers.
  public var classNames: [String]

  public init(name: String, features: Features, targets: Targets, classNames: [String] = []) {
    self.name = name
    self.features = features
    self.targets = targets
    self.classNames = classNames
  }

  /// - Throws: `DatasetError` where targets are not as many as examples, a label is no class, or a number to predict is none.
  public func checkTargets() throws {
    switch targets {
    case .classes(let labels):
      guard labels.count == count else { throw DatasetError(name, "\(count) examples have \(labels.count) labels") }
      let limit = classNames.isEmpty ? Int32.max : Int32(clamping: max(classNames.count, 2))
      if let row = labels.firstIndex(where: { $0 < 0 || $0 >= limit }) {
        let known =
          classNames.isEmpty ? "classes are counted from 0" : "there are \(classNames.count) classes, from 0 on"
        throw DatasetError(name, "the label of example \(row) is \(labels[row]), and \(known)")
      }
    case .numbers(let array):
      guard array.shape.rank > 0, array.shape[0] == count else {
        throw DatasetError(name, "\(count) examples have targets of the shape \(array.shape)")
      }
      let width = max(array.count / max(count, 1), 1)
      if let place = (0..<array.count).first(where: { !array[flat: $0].isFinite }) {
        throw DatasetError(name, "the target of example \(place / width) is \(array[flat: place])")
      }
    }
  }

  /// Number of examples.
  public var count: Int {
    switch features {
    case .images(let bytes, let height, let width, let channels): bytes.count / max(height * width * channels, 1)
    case .numbers(let array): array.shape[0]
    }
  }

  /// The shape of one example's features.
  public var exampleShape: Shape {
    switch features {
    case .images(_, let height, let width, let channels): [height, width, channels]
    case .numbers(let array): array.shape.removing(axis: 0)
    }
  }

  /// The classes, nil where targets are numbers.
  public var labels: [Int32]? {
    if case .classes(let labels) = targets { return labels }
    return nil
  }

  /// The examples at the given positions, in that order.
  public func subset(_ indices: [Int]) -> Dataset {
    var result = self
    switch features {
    case .images(let bytes, let height, let width, let channels):
      let size = height * width * channels
      var chosen: [UInt8] = []
      chosen.reserveCapacity(indices.count * size)
      for index in indices { chosen.append(contentsOf: bytes[index * size..<(index + 1) * size]) }
      result.features = .images(chosen, height: height, width: width, channels: channels)
    case .numbers(let array): result.features = .numbers(array.rows(at: indices))
    }
    switch targets {
    case .classes(let labels): result.targets = .classes(indices.map { labels[$0] })
    case .numbers(let array): result.targets = .numbers(array.rows(at: indices))
    }
    return result
  }

  /// Parts of the given sizes, drawn without replacement.
  /// - Throws: `DatasetError` where there are too few examples.
  public func split(_ sizes: [Int], key: RandomKey) throws -> [Dataset] {
    guard sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(0, +) <= count else {
      throw DatasetError(name, "\(count) examples cannot be split into \(sizes)")
    }
    let order = key.permutation(count)
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return subset(Array(order[start..<start + size]))
    }
  }

  /// The same number of examples of each class, drawn without replacement.
  ///
  /// - Throws: `DatasetError` where there are no classes, or one has too few examples.
  public func balancedSubset(perClass: Int, key: RandomKey) throws -> Dataset {
    guard let labels else { throw DatasetError(name, "has no classes to balance") }
    var chosen: [Int] = []
    for label in 0..<classNames.count {
      let members = labels.indices.filter { labels[$0] == Int32(label) }
      guard members.count >= perClass else {
        throw DatasetError(name, "the class \(classNames[label]) has \(members.count) examples, fewer than \(perClass)")
      }
      let order = key.split(label).permutation(members.count)
      chosen += order.prefix(perClass).map { members[$0] }
    }
    return subset(chosen.sorted())
  }

  /// A fraction of the labels replaced by classes drawn uniformly from all.
  public func withLabelNoise(_ fraction: Double, key: RandomKey) -> Dataset {
    guard let labels, fraction > 0 else { return self }
    var noisy = labels
    let count = Int((fraction * Double(labels.count)).rounded())
    let drawn = key.split("classes").integers(count: count, below: max(classNames.count, 1))
    for (position, label) in zip(key.split("positions").permutation(labels.count).prefix(count), drawn) {
      noisy[position] = Int32(label)
    }
    var result = self
    result.targets = .classes(noisy)
    return result
  }

  /// Features of a range of examples as float32, images in [0, 1]: [range.count, ...].
  public func featureArray(_ range: Range<Int>) -> NDArray { featureArray(at: Array(range)) }

  /// Features of some examples as float32, images in [0, 1]: [indices.count, ...].
  public func featureArray(at indices: [Int]) -> NDArray {
    switch features {
    case .numbers(let array): return array.rows(at: indices)
    case .images(let bytes, let height, let width, let channels):
      let size = height * width * channels
      var result = NDArray(uninitialized: [indices.count, height, width, channels], .float32)
      result.withUnsafeMutableElements(of: Float.self) { target in
        bytes.withUnsafeBufferPointer { source in
          for (row, index) in indices.enumerated() {
            for i in 0..<size { target[row * size + i] = Float(source[index * size + i]) * (1 / 255) }
          }
        }
      }
      return result
    }
  }

  /// Targets at positions: int32 [n] for classes, else float32.
  public func targetArray(at indices: [Int]) -> NDArray {
    switch targets {
    case .classes(let labels): NDArray(indices.map { labels[$0] })
    case .numbers(let array): array.rows(at: indices)
    }
  }

  /// Mean and standard deviation of each channel (last axis) over all examples; channels that are constant have 1, so that
  /// dividing by it leaves them as they are.
  public func channelStatistics() -> (mean: [Double], standardDeviation: [Double]) {
    let channels = exampleShape.rank == 0 ? 1 : exampleShape[-1]
    switch features {
    case .images(let bytes, _, _, _):
      var sums = [Double](repeating: 0, count: channels)
      var squares = sums
      bytes.withUnsafeBufferPointer { source in
        for i in source.indices {
          let value = Double(source[i]) / 255
          sums[i % channels] += value
          squares[i % channels] += value * value
        }
      }
      let n = Double(max(bytes.count / channels, 1))
      let mean = sums.map { $0 / n }
      return (mean, zip(squares, mean).map { max($0 / n - $1 * $1, 1e-12).squareRoot() })
    case .numbers(let array):
      // Numbers may be far from 0: two passes.
      return array.withUnsafeElements(of: Float.self) { source in
        let moments = (0..<channels).map { channel in
          Moments(stride(from: channel, to: source.count, by: channels).lazy.map { Double(source[$0]) })
        }
        return (moments.map(\.mean), moments.map(\.guardedDeviation))
      }
    }
  }
}
