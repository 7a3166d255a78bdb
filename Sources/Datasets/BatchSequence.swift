/// How a descent meets its examples.
public enum SamplingOrder: String, Sendable, Hashable, Codable, CaseIterable {
  /// A new order each epoch.
  case shuffled
  /// Each position of an epoch drawn from all examples.
  case replacement
  /// The order of the first epoch, again and again.
  case fixed
}

/// The batches of a descent: by default a new random order each epoch, each batch a function of key, epoch and position only.
///
/// Nothing is consumed: batch k is the same whenever and by whatever thread it is made, so a resumed run sees exactly
/// what an uninterrupted one does.
public struct BatchSequence: Sendable {
  /// Whose examples are drawn.
  public let dataset: Dataset
  /// Examples of each batch.
  public let batchSize: Int
  /// Decides order and augmentation.
  public let key: RandomKey
  /// What is done to images, anew each time that they are drawn.
  public let augmentation: Augmentation
  /// What features are scaled by, after augmentation; nil for none.
  public let normalization: Normalization?
  /// How examples are drawn.
  public let sampling: SamplingOrder
  /// Batches in one epoch; a rest smaller than a batch is left out of that epoch.
  public let batchesPerEpoch: Int

  /// - Throws: `DatasetError` where there is not one whole batch, or examples cannot be augmented or scaled so.
  public init(
    _ dataset: Dataset, batchSize: Int, key: RandomKey, augmentation: Augmentation = .none,
    normalization: Normalization? = nil, sampling: SamplingOrder = .shuffled
  ) throws {
    guard batchSize > 0, dataset.count >= batchSize else {
      throw DatasetError(dataset.name, "\(dataset.count) examples do not fill one batch of \(batchSize)")
    }
    try dataset.checkTargets()
    try augmentation.check(dataset)
    try normalization?.check(dataset)
    self.dataset = dataset
    self.batchSize = batchSize
    self.key = key
    self.augmentation = augmentation
    self.normalization = normalization
    self.sampling = sampling
    batchesPerEpoch = dataset.count / batchSize
  }

  /// The order of an epoch.
  public func order(epoch: Int) -> [Int] {
    let epochs = key.split("epoch")
    switch sampling {
    case .shuffled: return epochs.split(epoch).permutation(dataset.count)
    case .replacement: return epochs.split(epoch).integers(count: dataset.count, below: dataset.count)
    case .fixed: return epochs.split(0).permutation(dataset.count)
    }
  }

  /// A batch by its number since the start, given its epoch's order.
  public func batch(_ number: Int, order: [Int]) -> (features: NDArray, targets: NDArray) {
    batch(number, order: order, rows: 0..<batchSize)
  }

  /// Some rows of a batch, to the bits that they have in the whole one.
  public func batch(_ number: Int, order: [Int], rows: Range<Int>) -> (features: NDArray, targets: NDArray) {
    let start = number % batchesPerEpoch * batchSize
    let indices = Array(order[start + rows.lowerBound..<start + rows.upperBound])
    return (features(indices, from: rows.lowerBound, number), dataset.targetArray(at: indices))
  }

  /// Several batches of one epoch that are not augmented: features and targets with a first axis of batches.
  package func batches(_ numbers: Range<Int>, order: [Int]) -> (features: NDArray, targets: NDArray) {
    let start = numbers.lowerBound % batchesPerEpoch
    precondition(augmentation == .none && start + numbers.count <= batchesPerEpoch, "batches of several epochs")
    let indices = Array(order[start * batchSize..<(start + numbers.count) * batchSize])
    func apart(_ array: NDArray) -> NDArray {
      array.reshaped(to: Shape([numbers.count, batchSize] + array.shape.dimensions.dropFirst()))
    }
    return (apart(features(indices, from: 0, numbers.lowerBound)), apart(dataset.targetArray(at: indices)))
  }

  /// - Parameter first: the row of the batch that the first index is of.
  private func features(_ indices: [Int], from first: Int, _ number: Int) -> NDArray {
    guard case .images(let bytes, let height, let width, let channels) = dataset.features else {
      var result = dataset.featureArray(at: indices)
      normalize(&result)
      return result
    }
    let pad = augmentation.cropPadding
    // Those of the rows before are drawn and left.
    let draws =
      augmentation == .none
      ? []
      : key.split("augmentation").split(number).uniform(count: 3 * (first + indices.count)).suffix(3 * indices.count)
    let (offset, factor) = affine(channels)
    var result = NDArray(uninitialized: [indices.count, height, width, channels], .float32)
    result.withUnsafeMutableElements(of: Float.self) { target in
      bytes.withUnsafeBufferPointer { source in
        let size = height * width * channels
        var window = ImageWindow(height: height, width: width, offset: offset, factor: factor)
        for (row, index) in indices.enumerated() {
          if augmentation != .none {
            let drawn = draws.startIndex + 3 * row
            window.down = pad == 0 ? 0 : Int(draws[drawn] * Double(2 * pad + 1)) - pad
            window.right = pad == 0 ? 0 : Int(draws[drawn + 1] * Double(2 * pad + 1)) - pad
            window.isMirrored = augmentation.flips && draws[drawn + 2] < 0.5
          }
          window.read(source.baseAddress! + index * size, into: target.baseAddress! + row * size)
        }
      }
    }
    return result
  }

  /// Bytes to normalised numbers: byte * factor + offset.
  private func affine(_ channels: Int) -> (offset: [Float], factor: [Float]) {
    guard let normalization else {
      return ([Float](repeating: 0, count: channels), [Float](repeating: 1 / 255, count: channels))
    }
    let pairs = zip(normalization.mean, normalization.standardDeviation)
    return (pairs.map { Float(-$0 / $1) }, pairs.map { Float(1 / (255 * $1)) })
  }

  private func normalize(_ array: inout NDArray) { normalization?.apply(to: &array) }
}
