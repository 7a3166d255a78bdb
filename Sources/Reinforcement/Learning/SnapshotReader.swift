import Arrays
import Parameters

/// Parts of a snapshot, which may come from a damaged file or from another run: each is what it must be, or an error.
struct SnapshotReader {
  private let tree: Tree<NDArray>

  init(_ tree: Tree<NDArray>) { self.tree = tree }

  /// The array of a path, of a shape and type; nil stands for any extent.
  func array(_ path: String, _ shape: [Int?], _ type: ElementType = .float32) throws -> NDArray {
    guard let array = tree[path] else { throw ControlError("a saved run lacks its \(path)") }
    let fits =
      array.shape.rank == shape.count && zip(array.shape.dimensions, shape).allSatisfy { $1 == nil || $0 == $1 }
    guard array.elementType == type, fits else {
      let wanted = shape.map { $0.map { "\($0)" } ?? "any" }.joined(separator: ", ")
      throw ControlError("\(path) of a saved run must be \(type) [\(wanted)] and is \(TensorType(of: array))")
    }
    return array
  }

  /// Numbers in double precision.
  func numbers(_ path: String, _ shape: [Int?]) throws -> [Double] { try array(path, shape, .float64).doubles }

  /// A count that was saved as a number.
  static func count(_ value: Double, _ what: String) throws -> Int {
    guard value >= 0, value < 0x1p53, value == value.rounded() else {
      throw ControlError("\(what) of a saved run is \(value), which is no count")
    }
    return Int(value)
  }
}
