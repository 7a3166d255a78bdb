import Foundation

/// The exponent n of a power law of the loss, a number or a function of |l|.
public enum LossExponent: Hashable, Sendable, CustomStringConvertible {
  case constant(Double)
  /// One exponent where |l| >= 1, another below; the transformed loss is continuous, for 1 to any power is 1.
  case piecewise(above: Double, below: Double)
  /// from + (to - from) sigmoid(slope (|l| - centre)): smoothly from one exponent at small losses to another at large.
  case sigmoid(from: Double, to: Double, slope: Double = 4, centre: Double = 1)

  public var description: String {
    switch self {
    case .constant(let n): "\(n)"
    case .piecewise(let above, let below): "piecewise(\(above), \(below))"
    case .sigmoid(let from, let to, let slope, let centre): "sigmoid(\(from), \(to), \(slope), \(centre))"
    }
  }

  /// n and its derivative by |l|.
  func value(at magnitude: Tensor) -> (exponent: Tensor, slope: Tensor) {
    switch self {
    case .constant(let n): return (magnitude.filled(with: n), magnitude.filled(with: 0))
    case .piecewise(let above, let below):
      return (
        select(magnitude .>= 1, magnitude.filled(with: above), magnitude.filled(with: below)),
        magnitude.filled(with: 0)
      )
    case .sigmoid(let from, let to, let slope, let centre):
      let s = Graphs.sigmoid(slope * (magnitude - centre))
      return (from + (to - from) * s, (slope * (to - from)) * s * (1 - s))
    }
  }

  /// The same on paper.
  func value(at magnitude: Double) -> (exponent: Double, slope: Double) {
    switch self {
    case .constant(let n): return (n, 0)
    case .piecewise(let above, let below): return (magnitude >= 1 ? above : below, 0)
    case .sigmoid(let from, let to, let slope, let centre):
      let s = 1 / (1 + Foundation.exp(-slope * (magnitude - centre)))
      return (from + (to - from) * s, slope * (to - from) * s * (1 - s))
    }
  }
}

/// A power law of the loss: L = sgn(l) |l|^n, which keeps minima and saddles where they are and changes how steep the
/// way to them is.
///
/// The chain rule gives the gradient of L as `factor(of: l)` times that of l: n |l|^(n-1) for a constant exponent. It
/// amplifies where the factor is above 1: for n > 1 at large losses, for n < 1 at small ones. Where the raw loss crosses
/// zero, n > 1 makes that crossing a new stationary point, hence the limits on the factor.
///
/// Keslaki, "AYLA: amplifying gradient sensitivity via loss transformation in non-convex optimization",
/// arXiv 2504.01875, where a loss of exactly 0 is not transformed. Limits and the sigmoid's form are choices of this implementation.
public struct LossTransformation: Hashable, Sendable {
  /// n, a number or a function of |l|.
  public var exponent: LossExponent
  /// Whether the exponent, where it depends on the loss, is a constant for the derivative: factor n |l|^(n-1), without
  /// the term n' |l|^n ln |l|.
  public var freezesExponent: Bool
  /// Bounds of `factor(of:)`.
  public var limits: ClosedRange<Double>

  public init(
    _ exponent: LossExponent, freezesExponent: Bool = true, limits: ClosedRange<Double> = 1e-3...1e3
  ) {
    self.exponent = exponent
    self.freezesExponent = freezesExponent
    self.limits = limits
  }

  /// The transformed loss of a loss, a scalar; differentiable any number of times, without limits on its slope.
  public func callAsFunction(_ loss: Tensor) -> Tensor {
    let magnitude = magnitude(of: loss)
    var n = exponent.value(at: magnitude).exponent
    if freezesExponent { n = n.stoppingGradient }
    // l |l|^(n-1) has the sign of l, and no derivative of a sign.
    return select(loss .== 0, loss, loss * exp((n - 1) * log(magnitude)))
  }

  /// |l|, and 1 at 0, of which no logarithm is taken.
  private func magnitude(of loss: Tensor) -> Tensor { select(loss .!= 0, abs(loss), 1) }

  /// dL/dl within the limits, a scalar of the loss's type; 1 at a loss of exactly 0, which is not transformed.
  public func factor(of loss: Tensor) -> Tensor {
    let magnitude = magnitude(of: loss)
    let (n, slope) = exponent.value(at: magnitude)
    let logarithm = log(magnitude)
    let derivative = exp((n - 1) * logarithm) * (freezesExponent ? n : n + slope * magnitude * logarithm)
    return select(loss .!= 0, min(max(derivative, limits.lowerBound), limits.upperBound), 1)
  }

  /// The same on paper.
  public func factor(of loss: Double) -> Double {
    guard loss != 0 else { return 1 }
    let magnitude = Swift.abs(loss)
    let (n, slope) = exponent.value(at: magnitude)
    let logarithm = Foundation.log(magnitude)
    let derivative = Foundation.exp((n - 1) * logarithm) * (freezesExponent ? n : n + slope * magnitude * logarithm)
    return Swift.min(Swift.max(derivative, limits.lowerBound), limits.upperBound)
  }
}
