/// Changes of images that leave their meaning.
public struct Augmentation: Hashable, Sendable, Codable {
  /// Zeros around the image before a window of its size is cut out at random.
  public var cropPadding: Int
  /// Whether half of the images are mirrored.
  public var flips: Bool

  public init(cropPadding: Int = 0, flips: Bool = false) {
    self.cropPadding = cropPadding
    self.flips = flips
  }

  /// Images as they are.
  public static let none = Augmentation()

  /// - Throws: `DatasetError` where examples are no images, or smaller than the frame around them is wide.
  func check(_ dataset: Dataset) throws {
    guard self != .none else { return }
    guard case .images(_, let height, let width, _) = dataset.features else {
      throw DatasetError(dataset.name, "only images can be cropped and flipped")
    }
    guard 0...min(height, width) ~= cropPadding else {
      throw DatasetError(
        dataset.name, "images of \(height) x \(width) pixels cannot be cropped by a frame of \(cropPadding)")
    }
  }
}
