/// How a folder of image files becomes a data set.
public struct ImageOptions: Codable, Sendable, Equatable {
  /// Height and width, in pixels, that all are brought to; nil where all have one size.
  public var size: [Int]?
  /// Fraction that validates, each class alike, where the folder has no part for it.
  public var validation: Double

  public init(size: [Int]? = nil, validation: Double = 0.2) {
    (self.size, self.validation) = (size, validation)
  }

  /// Reads `32` or `48x32`: height and width in pixels.
  ///
  /// - Throws: `DatasetError` where it is neither.
  public static func size(_ text: String) throws -> [Int] {
    let sides = text.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count <= 2, sides.allSatisfy({ $0.map { (1...4096).contains($0) } == true }) else {
      throw DatasetError("size \(text)", "is one or two numbers of pixels up to 4096, as 32 or 48x32 (height x width)")
    }
    return [sides[0]!, sides[sides.count - 1]!]
  }
}
