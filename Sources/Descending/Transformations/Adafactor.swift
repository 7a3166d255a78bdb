/// Gradients divided by a root mean square that is kept as means of rows and of columns: little memory for large matrices.
///
/// For a matrix, r and c are running means of g² + epsilon over its columns and over its rows, and v = r c / mean(r) is what
/// divides; vectors keep v itself. Update t keeps 1 - t^-decay. Then u / max(1, rms(u) / clip) goes on, tensor by tensor; with
/// `relative`, times the root mean square of the parameter, at least `least`, 0.001. Kernels of convolutions are matrices of their last two axes. Elements of
/// a gradient beyond 1e15 (1e150 in double precision) count as that: their squares could not be added.
///
/// Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", 2018, arXiv 1804.04235, algorithms 4 and 5.
public struct Adafactor: NamedTransformation {
  /// How fast means grow long: update t keeps 1 - t^-decay.
  public let decay: Double
  /// The largest root mean square of a tensor's update.
  public let clip: Double
  /// Added to squares.
  public let epsilon: Double
  /// Whether steps are relative to the parameter's size.
  public let relative: Bool
  /// The least size that they are relative to.
  public let least: Double

  public init(
    decay: Double = 0.8, clip: Double = 1, epsilon: Double = 1e-30, relative: Bool = false, least: Double = 0.001
  ) {
    (self.decay, self.clip, self.epsilon, self.relative, self.least) = (decay, clip, epsilon, relative, least)
  }

  public var requirements: Requirements { relative ? .parameters : [] }

  public static let kind = TransformationKind(
    "adafactor", "divide by a root mean square that is kept as means of rows and columns",
    TransformationOption(
      "decay",
      .number("above 0, at most 1", examples: ["0.5", "0.25"]) { $0 > 0 && $0 <= 1 }.doubtingRate(of: "adafactor"),
      standard: Adafactor().decay, "update t keeps 1 - t^-decay of the means"
    ) { (t: Adafactor) in t.decay },
    TransformationOption("clip", .positive, standard: Adafactor().clip, "largest root mean square of an update") {
      (t: Adafactor) in t.clip
    },
    TransformationOption("epsilon", .epsilon, standard: Adafactor().epsilon, "added to squares") { (t: Adafactor) in
      t.epsilon
    },
    TransformationOption("relative", .flag, standard: Adafactor().relative, "steps relative to the parameter's size") {
      (t: Adafactor) in t.relative
    },
    TransformationOption("least", .positive, standard: Adafactor().least, "size that steps are relative to") {
      (t: Adafactor) in t.least
    },
    examples: [
      "adafactor | rate linear(0.02, 0, 2500updates)", "adafactor 1 relative=true | rate linear(0.02, 0, 2500updates)",
    ]
  ) { Adafactor(decay: $0, clip: $1, epsilon: $2, relative: $3, least: $4) }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    parameters.reduce(into: Tree()) { state, parameter in
      let (shape, type) = (parameter.1.shape, parameter.1.elementType)
      if shape.rank < 2 {
        state["square/" + parameter.0] = .zeros(shape, type)
      } else {
        state["row/" + parameter.0] = .zeros(shape.removing(axis: shape.rank - 1), type)
        state["column/" + parameter.0] = .zeros(shape.removing(axis: shape.rank - 2), type)
      }
    }
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let kept = 1 - pow(context.counters.updates + 1, -decay)
    let parameters = relative ? try context.parameters() : nil
    var next = Tree<Tensor>()
    let scaled = updates.tree.mapWithPaths { path, gradient -> Tensor in
      let most = gradient.elementType == .float32 ? 1e15 : 1e150
      // Selected, not clamped: what is no number stays so.
      let g = select(abs(gradient) .> most, most * sign(gradient), gradient)
      let square = g.squared + epsilon
      let share = kept.cast(to: g.elementType)
      func mean(_ name: String, _ new: Tensor) -> Tensor {
        let old = state[name + "/" + path]!
        let mean = new + share * (old - new)
        next[name + "/" + path] = mean
        return mean
      }
      var u: Tensor
      if g.rank < 2 {
        u = g * rsqrt(mean("square", square))
      } else {
        let (row, column) = (mean("row", square.mean([-1])), mean("column", square.mean([-2])))
        let share = row / row.mean([-1], keepingAxes: true)
        u = g * rsqrt(share).expanded(axis: g.rank - 1) * rsqrt(column).expanded(axis: g.rank - 2)
      }
      u = u / max(root(u.squared.mean()) / clip, 1)
      return parameters?[path].map { u * max(root($0.squared.mean()), least) } ?? u
    }
    return (Updates(scaled), next)
  }
}
