/// Two digits in one picture, one task each (construction of Sabour et al. 2017 as in Sener and Koltun 2018).
public enum MultiMNIST {
  /// Overlays each image with another one drawn at random: the left at 0..<28, the right at 6..<34 of a canvas of
  /// 36x36, the larger value where both are, made 28x28 by nearest neighbours.
  ///
  /// - Returns: images in [0, 1], [count, 28, 28, 1], and the labels of the left and right digit.
  /// - Throws: `DatasetError` when the data set is not of grey 28x28 images with classes.
  public static func overlaid(
    _ dataset: Dataset, count: Int, key: RandomKey
  ) throws -> (images: NDArray, left: [Int32], right: [Int32]) {
    guard case .images(let bytes, 28, 28, 1) = dataset.features, let labels = dataset.labels else {
      throw DatasetError(dataset.name, "is not of grey 28x28 images with classes")
    }
    guard count > 0, count <= dataset.count else {
      throw DatasetError(dataset.name, "\(count) pictures cannot be made from \(dataset.count) images")
    }
    let left = Array(key.split("left").permutation(dataset.count).prefix(count))
    let right = key.split("right").integers(count: count, below: dataset.count)
    var pixels = [Float](repeating: 0, count: count * 784)
    for picture in 0..<count {
      for row in 0..<28 {
        for column in 0..<28 {
          let (y, x) = (row * 36 / 28, column * 36 / 28)
          var value: UInt8 = 0
          if y < 28, x < 28 { value = bytes[left[picture] * 784 + y * 28 + x] }
          // The right digit lies at 6...33 in both directions.
          if (6..<34).contains(y), (6..<34).contains(x) {
            value = max(value, bytes[right[picture] * 784 + (y - 6) * 28 + x - 6])
          }
          pixels[picture * 784 + row * 28 + column] = Float(value) / 255
        }
      }
    }
    return (NDArray(pixels, shape: [count, 28, 28, 1]), left.map { labels[$0] }, right.map { labels[$0] })
  }
}
