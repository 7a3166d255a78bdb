import Graphs
import Parameters

/// A function of named numbers and lists of numbers, read from text, which can be traced and differentiated.
///
/// `+ - * / ^`, parentheses, the functions of `functions`, `pi` and `e`; elements `x[0]`, `x[-1]` and slices `x[1:]`, `x[:-1]` of
/// lists, as in Python. Numbers and lists mix element by element.
/// ```swift
/// let valley = try Formula("sum(100 * (x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)")  // Rosenbrock's, of any length
/// let objective = Objective { parameters, _, _ in ObjectiveValue(try valley.value(at: parameters.tree)) }
/// ```
public struct Formula: Sendable, CustomStringConvertible {
  /// As it was written.
  public let description: String
  /// The names that are neither functions nor constants, sorted.
  public let variables: [String]
  private let expression: Expression

  /// The names of all functions that formulas can call.
  public static var functions: [String] { FormulaFunction.all.map(\.name) }

  /// - Throws: `FormulaError` saying where it cannot be read.
  public init(_ text: String) throws {
    var parser = FormulaParser(text)
    description = text
    expression = try parser.whole()
    variables = parser.variables.sorted()
  }

  /// Records the value where the variables are.
  ///
  /// - Parameter point: a tensor of each variable, a number [] or a list [n], floating-point.
  /// - Returns: a number, [].
  /// - Throws: `FormulaError` where a variable is missing, lists have other lengths, or the value is a list.
  public func value(at point: Tree<Tensor>) throws -> Tensor {
    guard let any = point.leaves.first else { throw FormulaError("\(description) has no variable") }
    let result = try value(of: expression, point)
    let tensor = result.tensor(in: any)
    guard tensor.shape.rank == 0 else {
      throw FormulaError("\(description) is a list of \(tensor.shape[0]) numbers: take their sum or mean")
    }
    return tensor
  }

  /// Its value where it has no variables; nil where it has.
  package var constant: Double? {
    guard variables.isEmpty, case .number(let value)? = try? value(of: expression, Tree()) else { return nil }
    return value
  }

  /// A number that is known, or one that is traced.
  private enum Value {
    case number(Double)
    case tensor(Tensor)

    func tensor(in any: Tensor) -> Tensor {
      switch self {
      case .number(let value): any.graph.fill(value, TensorType(.scalar, any.elementType))
      case .tensor(let tensor): tensor
      }
    }
  }

  private func value(of expression: Expression, _ point: Tree<Tensor>) throws -> Value {
    switch expression {
    case .number(let number): return .number(number)
    case .variable(let name):
      guard let tensor = point[name] else {
        throw FormulaError("there is no value of \(name); \(NearestName.hint(name, among: point.paths))")
      }
      return .tensor(tensor)
    case .negative(let inner):
      return each(try value(of: inner, point), { -$0 }, { -$0 })
    case .binary:
      // A long sum leans to the left, and would be too deep for the stack.
      var (first, others) = (expression, [(Expression.Operator, Expression)]())
      while case .binary(let sign, let left, let right) = first {
        others.append((sign, right))
        first = left
      }
      return try others.reversed().reduce(try value(of: first, point)) {
        try binary($1.0, $0, try value(of: $1.1, point), point)
      }
    case .call(let function, let arguments):
      return try call(function, try arguments.map { try value(of: $0, point) }, point)
    case .element(let inner, let index):
      let list = try list(try value(of: inner, point), "[\(index)]")
      let place = index < 0 ? list.shape[0] + index : index
      guard (0..<list.shape[0]).contains(place) else {
        throw FormulaError("[\(index)] is not in a list of \(list.shape[0]) numbers")
      }
      return .tensor(list.part(place))
    case .slice(let inner, let first, let beyond):
      let text = "[\(first.map(String.init) ?? ""):\(beyond.map(String.init) ?? "")]"
      let list = try list(try value(of: inner, point), text)
      let count = list.shape[0]
      func place(_ index: Int) -> Int { Swift.min(Swift.max(index < 0 ? count + index : index, 0), count) }
      let (low, high) = (place(first ?? 0), place(beyond ?? count))
      guard low < high else { throw FormulaError("\(text) of a list of \(count) numbers is empty") }
      return .tensor(list.slice(low..<high, axis: 0))
    }
  }

  private func list(_ value: Value, _ text: String) throws -> Tensor {
    guard case .tensor(let tensor) = value, tensor.shape.rank == 1 else {
      throw FormulaError("\(text) is for a list, and is given a number")
    }
    return tensor
  }

  private func each(
    _ value: Value, _ traced: (Tensor) -> Tensor, _ known: (Double) -> Double
  ) -> Value {
    switch value {
    case .number(let number): .number(known(number))
    case .tensor(let tensor): .tensor(traced(tensor))
    }
  }

  private func pair(
    _ a: Value, _ b: Value, _ name: String, _ point: Tree<Tensor>, _ traced: (Tensor, Tensor) -> Tensor,
    _ known: (Double, Double) -> Double
  ) throws -> Value {
    if case .number(let x) = a, case .number(let y) = b { return .number(known(x, y)) }
    let (x, y) = (a.tensor(in: point.leaves[0]), b.tensor(in: point.leaves[0]))
    guard x.shape.rank == 0 || y.shape.rank == 0 || x.shape == y.shape else {
      throw FormulaError("\(name) of lists of \(x.shape[0]) and \(y.shape[0]) numbers")
    }
    return .tensor(traced(x, y))
  }

  private func binary(
    _ sign: Expression.Operator, _ a: Value, _ b: Value, _ point: Tree<Tensor>
  ) throws -> Value {
    let name = String(sign.rawValue)
    switch sign {
    case .add: return try pair(a, b, name, point, { $0 + $1 }, { $0 + $1 })
    case .subtract: return try pair(a, b, name, point, { $0 - $1 }, { $0 - $1 })
    case .multiply: return try pair(a, b, name, point, { $0 * $1 }, { $0 * $1 })
    case .divide: return try pair(a, b, name, point, { $0 / $1 }, { $0 / $1 })
    case .power:
      if case .tensor(let base) = a, case .number(let exponent) = b { return .tensor(Self.power(base, exponent)) }
      return try pair(a, b, name, point, { pow($0, $1) }, FormulaFunction.power)
    }
  }

  /// Whole powers are products, whose derivatives are right at 0 and below, too.
  private static func power(_ base: Tensor, _ exponent: Double) -> Tensor {
    guard let whole = Int(exactly: exponent), (1...64).contains(whole) else { return pow(base, exponent) }
    var (result, square, rest) = (Tensor?.none, base, whole)
    while rest > 0 {
      if rest % 2 == 1 { result = result.map { $0 * square } ?? square }
      rest /= 2
      if rest > 0 { square = square.squared }
    }
    return result!
  }

  private func call(_ function: FormulaFunction, _ arguments: [Value], _ point: Tree<Tensor>) throws -> Value {
    switch function.action {
    case .each(let traced, let known): return each(arguments[0], traced, known)
    case .pair(let traced, let known):
      return try pair(arguments[0], arguments[1], function.name, point, traced, known)
    case .whole(let traced): return .tensor(traced(try list(arguments[0], function.name)))
    case .product(let traced):
      let (a, b) = (try list(arguments[0], function.name), try list(arguments[1], function.name))
      guard a.shape == b.shape else {
        throw FormulaError("\(function.name) of lists of \(a.shape[0]) and \(b.shape[0]) numbers")
      }
      return .tensor(traced(a, b))
    }
  }
}
