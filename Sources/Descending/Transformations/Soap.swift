/// Adam in the eigenbasis of Shampoo's second moments: what Adam does element by element is done along directions in which gradients vary
/// by themselves.
///
/// For a gradient G [inputs, outputs] with bases U and V, m is the running mean of G and v that of (Uᵀ G V)², and U (m' / (sqrt(v) + epsilon)) Vᵀ goes
/// on, m' = Uᵀ m V, both corrected for their start at zero. Then L <- b2 L + (1 - b2) G Gᵀ, and every `period` updates the columns of U are sorted by
/// the diagonal of Uᵀ L U, as are the rows of v, and U becomes the orthonormal basis of L U, one step of orthogonal iteration; so do R and V. The
/// first update only begins the bases. A side longer than `largest` keeps the identity; vectors and numbers are Adam's. Kernels of convolutions
/// count as the matrix [height · width · channels, features].
///
/// Vyas et al., "SOAP: improving and stabilizing Shampoo using Adam", 2024, arXiv 2409.11321, algorithm 3, as in the authors' code. There U begins
/// with the eigenvectors of the first gradient's moments, here with the identity and the same step (our choice). A basis is constant for
/// derivatives, so a descent by it cannot be differentiated.
public struct Soap: NamedTransformation {
  /// The share of the mean that is kept from update to update.
  public let beta1: Double
  /// The share of second moments that is kept.
  public let beta2: Double
  /// Updates from one renewal of bases to the next.
  public let period: Int
  /// The longest side that gets a basis.
  public let largest: Int
  /// Added to the root, against division by 0.
  public let epsilon: Double

  public init(
    beta1: Double = 0.95, beta2: Double = 0.95, period: Int = 10, largest: Int = 1024, epsilon: Double = 1e-8
  ) {
    precondition(period > 0 && largest > 0, "bases are some updates apart, and of sides of some length")
    (self.beta1, self.beta2) = (beta1, beta2)
    (self.period, self.largest, self.epsilon) = (period, largest, epsilon)
  }

  public var isDifferentiable: Bool { false }

  public static let kind = TransformationKind(
    "soap", "adam in the eigenbasis of shampoo's second moments",
    TransformationOption("beta1", .decay.doubtingRate(of: "soap"), standard: Soap().beta1, "decay of the mean") {
      (t: Soap) in t.beta1
    },
    TransformationOption("beta2", .decay, standard: Soap().beta2, "decay of second moments") { (t: Soap) in t.beta2 },
    TransformationOption("period", .count(atMost: 1000), standard: Soap().period, "updates between renewals") {
      (t: Soap) in t.period
    },
    TransformationOption("largest", .count(atMost: 4096), standard: Soap().largest, "longest side that gets a basis") {
      (t: Soap) in t.largest
    },
    TransformationOption("epsilon", .epsilon, standard: Soap().epsilon, "added to the root") { (t: Soap) in
      t.epsilon
    },
    examples: ["soap | rate 0.02", "soap 0.8 0.9 period=1 | rate 0.02"]
  ) { Soap(beta1: $0, beta2: $1, period: $2, largest: $3, epsilon: $4) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.reduce(into: parameters.zeros("first").merging(parameters.zeros("second"))) { state, parameter in
      for side in MatrixSides(parameter.1.shape, largest: largest).all {
        let type = parameter.1.elementType
        state["moment\(side.name)/" + parameter.0] = .zeros([side.extent, side.extent], type)
        state["basis\(side.name)/" + parameter.0] = NDArray(
          (0..<side.extent * side.extent).map { $0 % (side.extent + 1) == 0 ? 1.0 : 0 },
          shape: [side.extent, side.extent]
        ).converted(to: type)
      }
    }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let counters = context.counters
    let isFirst = counters.updates .<= 0
    // The first update makes no step, so the second is the first of the means.
    var stepped = counters
    stepped.updates = max(counters.updates - 1, 0)
    let (scale, spread) = (stepped.correction(beta1), stepped.correction(beta2))
    var next = Tree<Tensor>()
    let steps = updates.tree.mapWithPaths { path, g -> Tensor in
      let sides = MatrixSides(g.shape, largest: largest)
      let matrix = g.reshaped(to: sides.matrix)
      let bases = sides.all.map { state["basis\($0.name)/" + path]! }
      func turned(_ x: Tensor) -> Tensor { zip(sides.all, bases).reduce(x) { $1.0.turned($0, into: $1.1) } }
      func kept(_ decay: Double, _ name: String, _ new: Tensor) -> Tensor {
        let old = state[name + "/" + path]!
        return old.where(isFirst, else: decay * old + (1 - decay) * new)
      }
      let first = kept(beta1, "first", g)
      var second = kept(beta2, "second", turned(matrix).squared.reshaped(to: g.shape))
      let mean = turned((first * scale.cast(to: g.elementType)).reshaped(to: sides.matrix))
      let size = root(second * spread.cast(to: g.elementType)) + epsilon
      let ratio = mean / size.reshaped(to: sides.matrix)
      let step = zip(sides.all, bases).reduce(ratio) { $1.0.turned($0, outOf: $1.1) }
      for (side, basis) in zip(sides.all, bases) {
        let (momentAt, basisAt) = ("moment\(side.name)/" + path, "basis\(side.name)/" + path)
        let moment = beta2 * state[momentAt]! + (1 - beta2) * side.moment(of: matrix)
        let renewed = counters.renewing([basisAt: basis, "second": second], every: period) {
          let order = (basis * moment.matmul(basis)).sum([0]).argumentSort(descending: true)
          let sorted = second.reshaped(to: sides.matrix).gathering(order, axis: side.isRows ? 0 : 1)
          let nearer = orthonormalBasis(moment.matmul(basis.gathering(order, axis: 1)))
          return [basisAt: nearer.stoppingGradient, "second": sorted.reshaped(to: g.shape)]
        }
        second = renewed["second"]!
        (next[momentAt], next[basisAt]) = (moment, renewed[basisAt]!)
      }
      (next["first/" + path], next["second/" + path]) = (first, second)
      return step.reshaped(to: g.shape)
    }
    return (Updates(steps), next)
  }
}
