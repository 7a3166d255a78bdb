@_exported import Parameters

/// How a parameter starts.
public enum Initializer: Hashable, Sendable {
  case zeros
  case ones
  case normal(standardDeviation: Double)
  /// Uniform in -bound...bound.
  case uniform(bound: Double)
  /// Normal with variance gain^2 / fan-in (He et al. 2015 with gain sqrt(2)).
  case heNormal(gain: Double = 1.4142135623730951)
  /// Uniform with variance gain^2 / fan-in; with gain 1/sqrt(3) the default of many libraries, bound 1/sqrt(fan-in).
  case heUniform(gain: Double = 0.5773502691896258)
  /// Uniform with variance 2 / (fan-in + fan-out) (Glorot and Bengio 2010).
  case glorotUniform
  /// Orthonormal columns (or rows, the fewer) times a gain (Saxe et al. 2014).
  case orthogonal(gain: Double = 1)

  /// The array for a weight of that shape; fans follow the layout [..., in, out].
  ///
  /// - Throws: `LinearAlgebraError` where an orthogonal start is not found.
  public func array(_ shape: Shape, key: RandomKey, _ type: ElementType = .float32) throws -> NDArray {
    let fanIn = Double(max(shape.dimensions.dropLast().reduce(1, *), 1))
    let fanOut = Double(shape.rank == 0 ? 1 : shape[-1] * shape.dimensions.dropLast(2).reduce(1, *))
    switch self {
    case .zeros: return .zeros(shape, type)
    case .ones: return .ones(shape, type)
    case .normal(let deviation): return key.normal(shape, standardDeviation: deviation, type)
    case .uniform(let bound): return key.uniform(shape, from: -bound, to: bound, type)
    case .heNormal(let gain): return key.normal(shape, standardDeviation: gain / fanIn.squareRoot(), type)
    case .heUniform(let gain):
      let bound = gain * (3 / fanIn).squareRoot()
      return key.uniform(shape, from: -bound, to: bound, type)
    case .glorotUniform:
      let bound = (6 / (fanIn + fanOut)).squareRoot()
      return key.uniform(shape, from: -bound, to: bound, type)
    case .orthogonal(let gain):
      let rows = shape.dimensions.dropLast().reduce(1, *)
      let matrix = try LinearAlgebra.randomOrthogonal(rows, shape[-1], key: key)
      return NDArray(matrix.doubles.map { gain * $0 }, shape: shape).converted(to: type)
    }
  }
}
