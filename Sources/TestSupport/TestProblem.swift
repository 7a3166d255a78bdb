import Descending

/// A loss and where to start, in float64.
public struct TestProblem: Sendable {
  public var name: String
  public var start: Tree<NDArray>
  public var loss: @Sendable (Parameters) -> Tensor

  public init(name: String, start: Tree<NDArray>, loss: @escaping @Sendable (Parameters) -> Tensor) {
    (self.name, self.start, self.loss) = (name, start, loss)
  }

  /// Half the squared distance to 1 of one number.
  public static let parabola = TestProblem(name: "parabola", start: Tree(["x": NDArray(3.0)])) { p in
    0.5 * (p["x"]! - 1).squared
  }

  /// Rosenbrock's valley, on a scale on which fixed rates are stable.
  public static let valley = TestProblem(name: "valley", start: Tree(["b": NDArray([2.0, -1])])) { p in
    let (x, y) = (p["b"]!.part(0), p["b"]!.part(1))
    return 0.05 * ((1 - x).squared + 10 * (y - x.squared).squared)
  }

  /// |A X - B|^2 over matrices, with a condition number near 10.
  public static let matrix = TestProblem(
    name: "matrix", start: Tree(["layer/X": NDArray([2.0, -1, 0.7, 3, -2, 0.2], shape: [3, 2])])
  ) { p in
    let graph = p["layer/X"]!.graph
    let a = graph.constant(NDArray([1.0, 0.3, 0, 0.2, 0.8, 0.1, 0, 0.1, 0.5], shape: [3, 3]))
      .cast(to: p["layer/X"]!.elementType)
    return 0.5 * (a.matmul(p["layer/X"]!) - 1).squared.sum()
  }

  /// A quadratic bowl with its minimum at 1 over leaves of mixed shapes. No element starts at its minimum: where a
  /// gradient vanishes, scaled methods have a kink.
  public static let bowl = TestProblem(
    name: "bowl",
    start: Tree([
      "a/matrix": NDArray([0.9, -2, 0.5, 1.5, 0.3, -0.7], shape: [2, 3]), "b": NDArray([2, -1, 0.6]),
      "c": NDArray(0.4),
    ])
  ) { p in
    p.tree.leaves.map { (0.5 * ($0 - 1).squared).sum() }.reduce(p.tree.leaves[0].scalar(0), +)
  }

  /// 1 - cosine to a target, leaf by leaf: only directions count, so nothing is lost with the radial part.
  public static let direction = TestProblem(
    name: "direction",
    start: Tree(["u": NDArray([1.0, -0.5, 0.3]), "v": NDArray([0.2, 1, -0.4, 0.8], shape: [2, 2])])
  ) { p in
    p.tree.leaves.map { w in
      let target = w.graph.constant(NDArray((0..<w.count).map { 1 + 0.5 * Double($0) }, shape: w.shape))
        .cast(to: w.elementType)
      return 1 - dot(w, target) * rsqrt(w.squared.sum() * target.squared.sum())
    }.reduce(p.tree.leaves[0].scalar(0), +)
  }

  /// The problems on which a first-order method must descend.
  public static let all = [parabola, valley, matrix, bowl]
}
