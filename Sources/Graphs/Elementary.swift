// Elementary functions, element by element; the derivative of each is in Differentiation.

/// The absolute value; the derivative at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { x.unary(.absolute) }
/// -1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { x.unary(.sign) }
/// e to the power x.
public func exp(_ x: Tensor) -> Tensor { x.unary(.exp) }
/// The natural logarithm; -infinity at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { x.unary(.log) }
/// log(1 + x), accurate near 0.
public func log1p(_ x: Tensor) -> Tensor { x.unary(.log1p) }
/// exp(x) - 1, accurate near 0.
public func expm1(_ x: Tensor) -> Tensor { x.unary(.expm1) }
/// The root; NaN below 0. The derivative at 0 is infinite.
public func sqrt(_ x: Tensor) -> Tensor { x.unary(.sqrt) }
/// 1 / sqrt(x).
public func rsqrt(_ x: Tensor) -> Tensor { x.unary(.rsqrt) }
/// The sine of an angle in radians.
public func sin(_ x: Tensor) -> Tensor { x.unary(.sin) }
/// The cosine of an angle in radians.
public func cos(_ x: Tensor) -> Tensor { x.unary(.cos) }
/// The hyperbolic tangent, in -1...1.
public func tanh(_ x: Tensor) -> Tensor { x.unary(.tanh) }
/// 1 / (1 + exp(-x)).
public func sigmoid(_ x: Tensor) -> Tensor { x.unary(.sigmoid) }
/// The error function.
public func erf(_ x: Tensor) -> Tensor { x.unary(.erf) }
/// max(x, 0); the derivative at 0 is 0.
public func relu(_ x: Tensor) -> Tensor { x.unary(.relu) }
/// The largest whole number not above x; derivative 0.
public func floor(_ x: Tensor) -> Tensor { x.unary(.floor) }
/// The nearest whole number, ties to even; derivative 0.
public func round(_ x: Tensor) -> Tensor { x.unary(.round) }

/// log(1 + exp(x)) without overflow.
public func softplus(_ x: Tensor) -> Tensor { relu(x) + log1p(exp(-abs(x))) }

/// x * Phi(x), Phi the standard normal distribution function (Hendrycks and Gimpel 2016, the exact form).
public func gelu(_ x: Tensor) -> Tensor { x.unary(.gelu) }
/// The derivative of `gelu`.
package func geluSlope(_ x: Tensor) -> Tensor { x.unary(.geluSlope) }

/// x * sigmoid(x) (Elfwing et al. 2018).
public func silu(_ x: Tensor) -> Tensor { x * sigmoid(x) }

/// x to the power y; for a negative x, y must be a whole number.
public func pow(_ x: Tensor, _ y: Tensor) -> Tensor { Tensor.binary(.power, x, y) }
/// x to the power of a number; for a negative x, a whole one.
public func pow(_ x: Tensor, _ y: Double) -> Tensor { Tensor.binary(.power, x, x.scalar(y)) }

/// The larger of two; of equals, the derivative goes to each by half.
public func max(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.binary(.maximum, a, b) }
/// The larger of each element and a number; of equals, the derivative is one half.
public func max(_ a: Tensor, _ b: Double) -> Tensor { Tensor.binary(.maximum, a, a.scalar(b)) }
/// The smaller of two; of equals, the derivative goes to each by half.
public func min(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.binary(.minimum, a, b) }
/// The smaller of each element and a number; of equals, the derivative is one half.
public func min(_ a: Tensor, _ b: Double) -> Tensor { Tensor.binary(.minimum, a, a.scalar(b)) }

/// Element by element, `a` where the condition holds and `b` elsewhere; all three broadcast together.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  guard let (x, y) = Tensor.aligned("select", a, b), let shape = x.shape.broadcast(with: condition.shape),
    condition.elementType == .bool
  else {
    return a.graph.fail("select", [condition, a, b], "needs a bool condition and shapes that broadcast together")
  }
  return a.graph.record(
    .elementwise(.select),
    [condition.broadcastIfNeeded(to: shape), x.broadcastIfNeeded(to: shape), y.broadcastIfNeeded(to: shape)],
    TensorType(shape, a.elementType))
}

/// Element by element, `a` where the condition holds and a number elsewhere.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Double) -> Tensor { select(condition, a, a.scalar(b)) }
