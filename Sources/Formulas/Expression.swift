/// What a formula says, as a tree.
indirect enum Expression: Sendable {
  enum Operator: Character, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case power = "^"
  }

  case number(Double)
  case variable(String)
  case negative(Expression)
  case binary(Operator, Expression, Expression)
  case call(FormulaFunction, [Expression])
  /// One element of a list; below 0 from its end.
  case element(Expression, Int)
  /// Elements from the first on and before the second; below 0 from the list's end, nil for its start or end.
  case slice(Expression, from: Int?, to: Int?)
}
