/// The extents of an array, outermost first; the empty shape is a scalar's.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible, Codable {
  /// Extents, outermost first.
  public var dimensions: [Int]

  public init(_ dimensions: [Int]) { self.dimensions = dimensions }
  public init(arrayLiteral elements: Int...) { dimensions = elements }

  /// The shape of a single number, [].
  public static let scalar = Shape([])

  /// Number of dimensions.
  public var rank: Int { dimensions.count }

  /// Number of elements: the product of the extents, 1 for a scalar.
  public var count: Int { dimensions.reduce(1, *) }

  /// The extent of one axis; negative axes count from the end.
  public subscript(axis: Int) -> Int {
    get { dimensions[axis < 0 ? axis + rank : axis] }
    set { dimensions[axis < 0 ? axis + rank : axis] = newValue }
  }

  /// Strides, in elements, of a dense row-major array of this shape.
  public var denseStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * dimensions[axis + 1] }
    return strides
  }

  /// The common shape that both broadcast to (NumPy's rule: trailing axes aligned, extents equal or 1), or nil.
  public func broadcast(with other: Shape) -> Shape? {
    let rank = max(self.rank, other.rank)
    var result = [Int](repeating: 1, count: rank)
    for axis in 1...max(rank, 1) where axis <= rank {
      let a = axis <= self.rank ? dimensions[self.rank - axis] : 1
      let b = axis <= other.rank ? other.dimensions[other.rank - axis] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      result[rank - axis] = a == 1 ? b : a
    }
    return Shape(result)
  }

  /// The shape without the given axis.
  public func removing(axis: Int) -> Shape {
    var result = dimensions
    result.remove(at: axis < 0 ? axis + rank : axis)
    return Shape(result)
  }

  public var description: String { "[" + dimensions.map(String.init).joined(separator: ", ") + "]" }
}
