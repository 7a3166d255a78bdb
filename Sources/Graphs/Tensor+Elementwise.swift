import Foundation

// Element-by-element operations. Operands broadcast (trailing axes aligned, extents equal or 1) and have one element
// type; a Double takes the type of the tensor beside it.

extension Tensor {
  func unary(_ operation: UnaryOperation) -> Tensor {
    if operation == .not || operation == .isFinite {
      guard operation == .isFinite || elementType == .bool else {
        return graph.fail("not", [self], "logical operations need bool")
      }
      return graph.record(.elementwise(.unary(operation)), [self], TensorType(shape, .bool))
    }
    guard elementType.isFloatingPoint || (elementType == .int32 && operation.worksOnIntegers) else {
      return graph.fail(operation.rawValue, [self], "not defined for \(elementType)")
    }
    if let value = fillValue, let folded = operation.value(at: value) { return filled(with: folded) }
    return graph.record(.elementwise(.unary(operation)), [self], type)
  }

  /// Both operands in their common shape, or the failure.
  static func aligned(_ name: String, _ a: Tensor, _ b: Tensor) -> (Tensor, Tensor)? {
    precondition(a.graph === b.graph, "\(name): the operands belong to different graphs")
    guard a.elementType == b.elementType, let shape = a.shape.broadcast(with: b.shape) else { return nil }
    return (a.broadcastIfNeeded(to: shape), b.broadcastIfNeeded(to: shape))
  }

  static func misfit(_ name: String, _ a: Tensor, _ b: Tensor) -> Tensor {
    let reason =
      a.elementType != b.elementType
      ? "element types differ" : "shapes \(a.shape) and \(b.shape) do not broadcast together"
    return a.graph.fail(name, [a, b], reason)
  }

  static func binary(_ operation: BinaryOperation, _ left: Tensor, _ right: Tensor) -> Tensor {
    guard let (a, b) = aligned(operation.rawValue, left, right) else { return misfit(operation.rawValue, left, right) }
    let logical = operation == .and || operation == .or
    guard logical == (a.elementType == .bool) else {
      return a.graph.fail(operation.rawValue, [a, b], "not defined for \(a.elementType)")
    }
    if let simpler = simplified(operation, a, b) { return simpler }
    return a.graph.record(.elementwise(.binary(operation)), [a, b], a.type)
  }

  /// Arithmetic with a value known while tracing, done while tracing.
  private static func simplified(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) -> Tensor? {
    let x = a.fillValue
    let y = b.fillValue
    if let x, let y, let value = operation.value(x, y, a.elementType) { return a.filled(with: value) }
    switch operation {
    case .add where x == 0: return b
    case .add where y == 0, .subtract where y == 0: return a
    case .subtract where x == 0: return b.unary(.negate)
    case .multiply where x == 1: return b
    case .multiply where y == 1, .divide where y == 1: return a
    case .multiply where x == -1: return b.unary(.negate)
    case .multiply where y == -1, .divide where y == -1: return a.unary(.negate)
    case .power where y == 1: return a
    case .power where y == 2: return a.unary(.square)
    case .power where y == 0.5 && a.elementType.isFloatingPoint: return a.unary(.sqrt)
    case .power where y == -1 && a.elementType.isFloatingPoint: return a.unary(.reciprocal)
    case .add, .subtract, .multiply, .divide, .power, .maximum, .minimum, .and, .or: return nil
    }
  }

  static func compare(_ comparison: Comparison, _ left: Tensor, _ right: Tensor) -> Tensor {
    guard let (a, b) = aligned(comparison.rawValue, left, right) else {
      return misfit(comparison.rawValue, left, right)
    }
    return a.graph.record(.elementwise(.compare(comparison)), [a, b], TensorType(a.shape, .bool))
  }

  /// The sum, element by element; shapes broadcast.
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, a, b) }
  /// The difference, element by element; shapes broadcast.
  public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, a, b) }
  /// The product, element by element; shapes broadcast.
  public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, a, b) }
  /// The quotient, element by element; shapes broadcast. A division by 0 gives infinity or NaN.
  public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, a, b) }
  /// The negative of each element.
  public static prefix func - (a: Tensor) -> Tensor { a.unary(.negate) }

  /// A number added to each element.
  public static func + (a: Tensor, b: Double) -> Tensor { a + a.scalar(b) }
  /// A number added to each element.
  public static func + (a: Double, b: Tensor) -> Tensor { b.scalar(a) + b }
  /// Each element less a number.
  public static func - (a: Tensor, b: Double) -> Tensor { a - a.scalar(b) }
  /// A number less each element.
  public static func - (a: Double, b: Tensor) -> Tensor { b.scalar(a) - b }
  /// Each element times a number.
  public static func * (a: Tensor, b: Double) -> Tensor { a * a.scalar(b) }
  /// Each element times a number.
  public static func * (a: Double, b: Tensor) -> Tensor { b.scalar(a) * b }
  /// Each element over a number.
  public static func / (a: Tensor, b: Double) -> Tensor { a / a.scalar(b) }
  /// A number over each element.
  public static func / (a: Double, b: Tensor) -> Tensor { b.scalar(a) / b }

  /// Where elements are equal, as bool; shapes broadcast. NaN equals nothing.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { compare(.equal, a, b) }
  /// Where elements differ, as bool; shapes broadcast.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { compare(.notEqual, a, b) }
  /// Where the left element is smaller, as bool; shapes broadcast.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { compare(.less, a, b) }
  /// Where the left element is not larger, as bool; shapes broadcast. False beside NaN.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { compare(.lessOrEqual, a, b) }
  /// Where the left element is larger, as bool; shapes broadcast.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { compare(.greater, a, b) }
  /// Where the left element is not smaller, as bool; shapes broadcast. False beside NaN.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { compare(.greaterOrEqual, a, b) }
  /// Where elements equal a number, as bool.
  public static func .== (a: Tensor, b: Double) -> Tensor { compare(.equal, a, a.scalar(b)) }
  /// Where elements differ from a number, as bool.
  public static func .!= (a: Tensor, b: Double) -> Tensor { compare(.notEqual, a, a.scalar(b)) }
  /// Where elements are below a number, as bool.
  public static func .< (a: Tensor, b: Double) -> Tensor { compare(.less, a, a.scalar(b)) }
  /// Where elements are at most a number, as bool.
  public static func .<= (a: Tensor, b: Double) -> Tensor { compare(.lessOrEqual, a, a.scalar(b)) }
  /// Where elements are above a number, as bool.
  public static func .> (a: Tensor, b: Double) -> Tensor { compare(.greater, a, a.scalar(b)) }
  /// Where elements are at least a number, as bool.
  public static func .>= (a: Tensor, b: Double) -> Tensor { compare(.greaterOrEqual, a, a.scalar(b)) }
  /// Where both hold, of bools; shapes broadcast.
  public static func .& (a: Tensor, b: Tensor) -> Tensor { binary(.and, a, b) }
  /// Where either holds, of bools; shapes broadcast.
  public static func .| (a: Tensor, b: Tensor) -> Tensor { binary(.or, a, b) }
  /// Logical negation, element by element.
  public static prefix func ! (a: Tensor) -> Tensor { a.unary(.not) }

  /// The same numbers in another element type; truncates towards zero to int32, compares with zero to bool.
  public func cast(to elementType: ElementType) -> Tensor {
    if elementType == self.elementType { return self }
    if elementType.isFloatingPoint, self.elementType.isFloatingPoint, let value = fillValue {
      return graph.fill(value, TensorType(shape, elementType))
    }
    return graph.record(.elementwise(.cast), [self], TensorType(shape, elementType))
  }

  /// Whether each element is neither infinite nor NaN.
  public var isFinite: Tensor { unary(.isFinite) }
  /// x * x.
  public var squared: Tensor { unary(.square) }
  /// 1 / x.
  public var reciprocal: Tensor { unary(.reciprocal) }

  /// The same value, constant for derivatives.
  public var stoppingGradient: Tensor { graph.record(.pass(.stopGradient), [self], type) }
}

extension UnaryOperation {
  /// The result for a number known while tracing; nil where that is left to the kernel.
  func value(at x: Double) -> Double? {
    switch self {
    case .negate: -x
    case .square: x * x
    case .reciprocal: 1 / x
    case .sqrt: x.squareRoot()
    case .relu: max(x, 0)
    case .absolute, .sign, .exp, .log, .log1p, .expm1, .rsqrt, .sin, .cos, .tanh, .sigmoid, .erf, .floor, .round,
      .isFinite, .not, .gelu, .geluSlope:
      nil
    }
  }

  var worksOnIntegers: Bool {
    switch self {
    case .negate, .absolute, .sign, .square, .relu, .isFinite: true
    case .exp, .log, .log1p, .expm1, .sqrt, .rsqrt, .reciprocal, .sin, .cos, .tanh, .sigmoid, .erf, .floor, .round,
      .not, .gelu, .geluSlope:
      false
    }
  }
}

extension BinaryOperation {
  func value(_ x: Double, _ y: Double, _ type: ElementType) -> Double? {
    guard type.isFloatingPoint else { return nil }
    return switch self {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .power: pow(x, y)
    case .maximum: max(x, y)
    case .minimum: min(x, y)
    case .and, .or: nil
    }
  }
}
