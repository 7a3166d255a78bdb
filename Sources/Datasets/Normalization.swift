/// Features less their mean over their standard deviation, channel by channel.
public struct Normalization: Hashable, Sendable, Codable {
  /// One for each channel.
  public var mean: [Double]
  /// One for each channel, positive.
  public var standardDeviation: [Double]

  public init(mean: [Double], standardDeviation: [Double]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// - Throws: `DatasetError` where it is not of as many channels as examples have.
  func check(_ dataset: Dataset) throws {
    let channels = dataset.exampleShape.dimensions.last ?? 1
    guard mean.count == channels, standardDeviation.count == channels else {
      throw DatasetError(
        dataset.name,
        "examples of \(channels) channels cannot be scaled by \(mean.count) means and \(standardDeviation.count) deviations"
      )
    }
  }

  /// Normalises float32 features [..., channels] in place.
  public func apply(to array: inout NDArray) {
    let channels = mean.count
    array.withUnsafeMutableElements(of: Float.self) { values in
      for i in values.indices {
        values[i] = Float((Double(values[i]) - mean[i % channels]) / standardDeviation[i % channels])
      }
    }
  }
}
