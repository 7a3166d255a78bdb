/// The type of an array's elements: float32 for work, float64 for proofs, int32 and bool where needed.
public enum ElementType: String, Sendable, Hashable, CaseIterable, Codable {
  case float32, float64, int32, bool

  /// Size of one element in bytes; a bool takes one.
  public var byteCount: Int {
    switch self {
    case .float32, .int32: 4
    case .float64: 8
    case .bool: 1
    }
  }

  /// Whether derivatives exist for values of this type.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }
}

/// A Swift type that can be an element of an array.
public protocol Scalar: Sendable, Equatable {
  /// What arrays of it are called.
  static var elementType: ElementType { get }
  /// The value as a Double; bools become 0 and 1.
  var asDouble: Double { get }
  /// The nearest value of this type.
  init(rounding value: Double)
}

extension Float: Scalar {
  public static var elementType: ElementType { .float32 }
  public var asDouble: Double { Double(self) }
  public init(rounding value: Double) { self = Float(value) }
}

extension Double: Scalar {
  public static var elementType: ElementType { .float64 }
  public var asDouble: Double { self }
  public init(rounding value: Double) { self = value }
}

extension Int32: Scalar {
  public static var elementType: ElementType { .int32 }
  public var asDouble: Double { Double(self) }
  public init(rounding value: Double) {
    // Conversion clamps instead of trapping: data decides the value, not the programmer.
    self = value.isNaN ? 0 : Int32(Swift.max(Swift.min(value.rounded(), Double(Int32.max)), Double(Int32.min)))
  }
}

extension Bool: Scalar {
  public static var elementType: ElementType { .bool }
  public var asDouble: Double { self ? 1 : 0 }
  public init(rounding value: Double) { self = value != 0 }
}
