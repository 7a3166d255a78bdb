/// One entry of a GGUF file's metadata.
public enum GGUFValue: Sendable, Equatable {
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
  case integers([Int])
  case numbers([Double])
  case flags([Bool])
  case texts([String])

  /// The value where it is a whole number, else nil.
  public var integer: Int? {
    if case .integer(let value) = self { return value }
    return nil
  }
  /// A number, whole or not.
  public var number: Double? {
    switch self {
    case .number(let value): return value
    case .integer(let value): return Double(value)
    default: return nil
    }
  }
  /// The value where it is a truth value, else nil.
  public var flag: Bool? {
    if case .flag(let value) = self { return value }
    return nil
  }
  /// The value where it is a text, else nil.
  public var text: String? {
    if case .text(let value) = self { return value }
    return nil
  }
  /// The values where it is a list of whole numbers, else nil.
  public var integers: [Int]? {
    if case .integers(let values) = self { return values }
    return nil
  }
  /// The values where it is a list of numbers, whole or not, else nil.
  public var numbers: [Double]? {
    switch self {
    case .numbers(let values): return values
    case .integers(let values): return values.map(Double.init)
    default: return nil
    }
  }
  /// The values where it is a list of texts, or an empty list, else nil.
  public var texts: [String]? {
    switch self {
    case .texts(let values): return values
    case .integers(let values) where values.isEmpty: return []
    default: return nil
    }
  }
}
