/// Hutchinson's estimate of the diagonal of the loss's Hessian: z times the Hessian's product with z, for a random z.
///
/// Bekas, Kokiopoulou, Saad, "An estimator for the diagonal of a matrix", 2007.
enum HessianDiagonal {
  /// What z is drawn from: both have mean 0 and variance 1.
  enum Direction { case normal, signs }

  /// - Parameter key: that the stage asked for, in each update: so those behind it draw the same, whether an estimate is due or not.
  /// - Returns: of the parameters' paths and types.
  /// - Throws: `DescentError` where the descent provides no curvature.
  static func estimate(
    _ direction: Direction, key: Tensor, of gradient: Updates, in context: inout UpdateContext
  ) throws -> Updates {
    // A stream for each path, whatever other parameters there are.
    let z = gradient.tree.mapWithPaths { path, g -> Tensor in
      let own = key + key.graph.constant(NDArray([Int32(0), Int32(bitPattern: FNV.shortHash("curvature " + path))]))
      switch direction {
      case .normal: return Tensor.random(.normal, g.shape, key: own, g.elementType)
      case .signs:
        let drawn = Tensor.random(.uniform, g.shape, key: own, g.elementType)
        return select(drawn .< 0.5, drawn.filled(with: -1), 1)
      }
    }
    let product = try context.hessianProduct(along: Updates(z))
    return Updates(z.zipped(with: product.tree) { $0 * $1 })
  }
}
