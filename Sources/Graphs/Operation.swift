/// One primitive of the engine. Every operation that a user calls is made of these; each has one derivative rule,
/// written in the same primitives, so derivatives of any order exist.
///
/// Operations come in families. Whoever treats them says so family by family and case by case, without a default, so that
/// the compiler finds every place that a new one needs.
public enum Operation: Hashable, Sendable {
  case source(Source)
  /// Numbers of a counter-based stream; input: key (2 x int32), or n of them, whose numbers lie one after another.
  case random(RandomDistribution)
  case elementwise(Elementwise)
  /// The reduced axes disappear.
  case reduce(Reduction, axes: [Int])
  case scan(Scan)
  case rearrange(Rearrangement)
  case assemble(Assembly)
  case index(Indexing)
  /// Batched matrix product: [..., m, k] x [..., k, n]; batch axes equal.
  case matmul
  case convolve(Convolution)
  case pool(Pooling)
  case pass(Passing)
  /// A composite with a kernel of its own for speed; it decomposes into primitives where that kernel does not serve.
  case composite(Composite)
}

extension Operation {
  /// What is there before anything is computed.
  public enum Source: Hashable, Sendable {
    /// Argument of the program, by position.
    case input(Int)
    /// An array known while tracing, by its position among the graph's constants.
    case constant(Int)
    /// One value everywhere.
    case fill(Double)
    /// The index along an axis.
    case iota(axis: Int)
  }

  /// Element by element, on operands of one shape.
  public enum Elementwise: Hashable, Sendable {
    case unary(UnaryOperation)
    case binary(BinaryOperation)
    case compare(Comparison)
    /// condition ? a : b; inputs: condition (bool), a, b.
    case select
    /// Conversion to the output's element type.
    case cast
  }

  /// Along one axis, each result from all before it or all of them.
  public enum Scan: Hashable, Sendable {
    /// Position of the largest (or smallest) element along an axis, int32; the first of equals.
    case argument(axis: Int, largest: Bool)
    /// The order that sorts the last axis, int32; stable.
    case argumentSort(descending: Bool)
    case cumulativeSum(axis: Int, reverse: Bool)
  }

  /// The same elements seen otherwise.
  public enum Rearrangement: Hashable, Sendable {
    /// To the output's shape; trailing axes aligned, extents equal or 1.
    case broadcast
    case reshape
    /// Output axis i is input axis `permutation[i]`.
    case transpose([Int])
    case slice(starts: [Int], strides: [Int])
    case reverse(axes: [Int])
  }

  /// Arrays put into a larger one.
  public enum Assembly: Hashable, Sendable {
    /// Zeros before, after and between the elements of each axis.
    case pad(low: [Int], high: [Int], interior: [Int])
    case concatenate(axis: Int)
  }

  /// Elements at positions that are numbers in a tensor; a position outside of the axis is an error of the caller.
  public enum Indexing: Hashable, Sendable {
    /// Rows of x along an axis at a vector of positions; inputs: x, indices (int32).
    case gather(axis: Int)
    /// The adjoint of `gather`; inputs: updates, indices. The output's axis has the given extent.
    case scatterAdd(axis: Int, extent: Int)
    /// Elements of x along an axis, indices as many-dimensional as x; inputs: x, indices (int32).
    case gatherElements(axis: Int)
    /// The adjoint of `gatherElements`; inputs: updates, indices. The output's axis has the given extent.
    case scatterAddElements(axis: Int, extent: Int)
  }

  /// The triple that is closed under differentiation.
  public enum Convolution: Hashable, Sendable {
    /// Inputs: source NHWC, weights HWIO.
    case forward(Window)
    /// Inputs: the destination's gradient, weights.
    case dataGradient(Window, sourceShape: Shape)
    /// Inputs: source, the destination's gradient.
    case weightGradient(Window, weightShape: Shape)
  }

  /// What windows see of an image [N, H, W, C]; maxima are gathered at the positions that `argument` gives.
  public enum Pooling: Hashable, Sendable {
    /// Position of each window's largest element in the H x W plane: [N, Ho * Wo, C], int32.
    case argument(Window)
    /// The sum under each window: [N, Ho, Wo, C].
    case sum(Window)
    /// The adjoint of `sum`.
    case sumGradient(Window, sourceShape: Shape)
  }

  /// The value of the first input, with another derivative.
  public enum Passing: Hashable, Sendable {
    /// The derivative too is as it is. What simplifies rearrangements does not look behind it.
    case identity
    /// The derivative is zero.
    case stopGradient
    /// Inputs: batch-normalised values made of primitives, then x, scale, shift, the batch's mean and 1 / deviation
    /// [channels]. The derivative in closed form takes two passes over x, where that of the primitives takes three.
    case batchNormalization
    /// The derivative too is as it is. Nothing that follows is computed before the other inputs are there.
    case later
  }
}

/// A function of one element.
public enum UnaryOperation: String, Hashable, Sendable, CaseIterable {
  case negate, absolute, sign, exp, log, log1p, expm1, sqrt, rsqrt, reciprocal, square
  case sin, cos, tanh, sigmoid, erf, relu, floor, round, isFinite, not
  /// x Phi(x) and its derivative Phi(x) + x phi(x), with the standard normal distribution's Phi and phi.
  case gelu, geluSlope
}

/// A function of two elements of equal place.
public enum BinaryOperation: String, Hashable, Sendable, CaseIterable {
  case add, subtract, multiply, divide, power, maximum, minimum, and, or
}

/// A comparison of two elements of equal place, whose result is bool.
public enum Comparison: String, Hashable, Sendable, CaseIterable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
}

/// How the elements along axes become one.
public enum Reduction: String, Hashable, Sendable, CaseIterable { case sum, maximum, minimum }

/// What random elements are drawn from, by a key.
public enum RandomDistribution: String, Hashable, Sendable, CaseIterable {
  /// Uniform in [0, 1).
  case uniform
  /// Standard normal.
  case normal
  /// Raw 32-bit words as int32.
  case bits
}
