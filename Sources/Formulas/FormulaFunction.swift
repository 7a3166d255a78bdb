import Foundation
import Graphs

/// A function that formulas can call.
struct FormulaFunction: Sendable {
  enum Action: Sendable {
    /// Of each element.
    case each(@Sendable (Tensor) -> Tensor, @Sendable (Double) -> Double)
    /// Of two numbers or lists, element by element.
    case pair(@Sendable (Tensor, Tensor) -> Tensor, @Sendable (Double, Double) -> Double)
    /// A list becomes a number.
    case whole(@Sendable (Tensor) -> Tensor)
    /// Two lists become a number.
    case product(@Sendable (Tensor, Tensor) -> Tensor)
  }

  let name: String
  let action: Action

  var argumentCount: Int {
    switch action {
    case .each, .whole: 1
    case .pair, .product: 2
    }
  }

  /// In the order in which help tells them.
  static let all: [FormulaFunction] = [
    .init(name: "abs", action: .each({ Graphs.abs($0) }, { Swift.abs($0) })),
    .init(name: "exp", action: .each({ Graphs.exp($0) }, { Foundation.exp($0) })),
    .init(name: "log", action: .each({ Graphs.log($0) }, { Foundation.log($0) })),
    .init(name: "sqrt", action: .each({ Graphs.sqrt($0) }, { $0.squareRoot() })),
    .init(name: "sin", action: .each({ Graphs.sin($0) }, { Foundation.sin($0) })),
    .init(name: "cos", action: .each({ Graphs.cos($0) }, { Foundation.cos($0) })),
    .init(name: "tan", action: .each({ Graphs.sin($0) / Graphs.cos($0) }, { Foundation.tan($0) })),
    .init(
      name: "sinh", action: .each({ 0.5 * (Graphs.exp($0) - Graphs.exp(-$0)) }, { Foundation.sinh($0) })),
    .init(
      name: "cosh", action: .each({ 0.5 * (Graphs.exp($0) + Graphs.exp(-$0)) }, { Foundation.cosh($0) })),
    .init(name: "tanh", action: .each({ Graphs.tanh($0) }, { Foundation.tanh($0) })),
    .init(name: "sigmoid", action: .each({ Graphs.sigmoid($0) }, { 1 / (1 + Foundation.exp(-$0)) })),
    .init(
      name: "softplus",
      action: .each({ Graphs.softplus($0) }, { Swift.max($0, 0) + log1p(Foundation.exp(-Swift.abs($0))) })),
    .init(name: "relu", action: .each({ Graphs.relu($0) }, { Swift.max($0, 0) })),
    .init(name: "erf", action: .each({ Graphs.erf($0) }, { Foundation.erf($0) })),
    .init(name: "min", action: .pair({ Graphs.min($0, $1) }, { Swift.min($0, $1) })),
    .init(name: "max", action: .pair({ Graphs.max($0, $1) }, { Swift.max($0, $1) })),
    .init(name: "sum", action: .whole { $0.sum() }),
    .init(name: "mean", action: .whole { $0.mean() }),
    .init(name: "norm", action: .whole { norm($0) }),
    .init(name: "dot", action: .product { Graphs.dot($0, $1) }),
  ]

  /// What other languages call functions, and what says the same here.
  static let elsewhere = [
    "ln": "log(x)", "log10": "log(x) / log(10)", "log2": "log(x) / log(2)", "log1p": "log(1 + x)",
    "expm1": "exp(x) - 1",
    "pow": "x^y", "power": "x^y", "square": "x^2", "cbrt": "x^(1/3)", "fabs": "abs(x)", "maximum": "max(x, y)",
    "minimum": "min(x, y)",
    "logistic": "sigmoid(x)", "sec": "1 / cos(x)", "cot": "cos(x) / sin(x)",
  ]

  /// Scaled by a power of two where squares would leave a double, as `euclideanNorm`; a constant for derivatives, which it does not change.
  private static func norm(_ x: Tensor) -> Tensor {
    let largest = Graphs.abs(x).maximum().stoppingGradient
    let one = largest.filled(with: 1)
    let scale = select(largest .> 0x1p480, 0x1p-600 * one, select(largest .< 0x1p-450, 0x1p600 * one, one))
    return (scale * x).norm() / scale
  }

  /// A power of numbers that are known.
  static func power(_ x: Double, _ y: Double) -> Double { Foundation.pow(x, y) }

  /// Names of numbers.
  static let constants: [String: Double] = ["pi": Double.pi, "e": M_E]
}
