/// The square root with derivative 0 at 0, so that unrolled steps stay differentiable where a gradient vanishes.
public func root(_ x: Tensor) -> Tensor {
  let isPositive = x .> 0
  return select(isPositive, sqrt(select(isPositive, x, 1)), 0)
}
