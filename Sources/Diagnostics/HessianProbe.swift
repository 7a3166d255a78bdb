import Foundation

/// The ends of a Hessian's spectrum, by Lanczos' iteration.
public struct HessianEnds: Sendable {
  /// The largest eigenvalue, the sharpness. An estimate from below: some eigenvalue is at most `largestError` away.
  public var largest = Double.nan
  /// The most that `largest` is away from an eigenvalue, where rounding is as usual.
  public var largestError = Double.nan
  /// The least eigenvalue, an estimate from above: below 0 where the loss bends down in some direction.
  public var least = Double.nan
  /// The most that `least` is away from an eigenvalue.
  public var leastError = Double.nan
  /// Products of the Hessian with a vector that were computed.
  public var products = 0

  /// Before these no tolerance ends the iteration.
  static let leastProducts = 10
}

/// Gradients of a model's mean loss over any number of examples, and products of its Hessian with directions: the Hessian
/// itself is never built.
///
/// ```swift
/// let probe = HessianProbe(MLP([4, 8, 1])) { LossFunction.squaredError.perSample($0, $1) }
/// let ends = try probe.ends(at: parameters, on: examples, key: RandomKey(seed: 0))
/// print(ends.largest, "±", ends.largestError)
/// ```
public final class HessianProbe {
  private enum Kind: Hashable { case gradient, product }
  private struct Slot: Hashable {
    var kind: Kind
    var types: [TensorType]
  }

  private var loss: MeanLoss
  private var programs: [Slot: Program] = [:]
  private var iterations: [[TensorType]: LanczosPrograms] = [:]
  private var scaling: [[TensorType]: Program] = [:]

  /// - Parameters:
  ///   - modelState: running values of the model, which is measured in inference mode.
  ///   - batchSize: examples that are measured at a time; when nil 64 of a model with convolutions, and 1000 of others.
  ///   - loss: the loss of each row, [batch], from outputs and targets.
  public init(
    _ model: any Layer, modelState: Tree<NDArray> = Tree(), batchSize: Int? = nil,
    loss: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) {
    self.loss = MeanLoss(model, modelState: modelState, batchSize: batchSize, perSample: loss)
  }

  /// Running values of the model; may be set to later ones of the same types.
  public var modelState: Tree<NDArray> {
    get { loss.modelState }
    set { loss.modelState = newValue }
  }

  /// The gradient of the mean loss, in the parameters' types.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func gradient(at parameters: Tree<NDArray>, on examples: ExampleArrays) throws -> Tree<NDArray> {
    try sum(.gradient, parameters, nil, examples)
  }

  /// The Hessian of the mean loss times a direction, whose paths and types are the parameters'.
  ///
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model; `ArgumentError` where the
  ///   direction does not fit the parameters.
  public func product(
    with direction: Tree<NDArray>, at parameters: Tree<NDArray>, on examples: ExampleArrays
  ) throws -> Tree<NDArray> {
    try sum(.product, parameters, direction, examples)
  }

  /// The largest and the least eigenvalue of the Hessian of the mean loss.
  ///
  /// Lanczos' iteration from a random direction (C. Lanczos 1950). It keeps three vectors and orthogonalises no further:
  /// rounding then repeats eigenvalues that were found, and moves none (C. Paige 1971). An eigenvalue is within |β s| of
  /// its estimate, β being the next off-diagonal number and s the last of the estimate's eigenvector.
  ///
  /// - Parameters:
  ///   - key: decides the first direction.
  ///   - products: the most products with the Hessian, at least 1, and never more than there are parameters; each takes as
  ///     long as some two gradients.
  ///   - tolerance: it ends when both errors are at most this times the larger of both, in size, and no sooner than after ten products
  ///     or as many as there are parameters: the first directions may hold next to nothing of the largest eigenvalue's, and are near another
  ///     eigenvalue then. Below 1e-5, in float32, is what rounding hides.
  ///   - scale: numbers above 0, in the parameters' types: the ends are those of D H D, D being their diagonal, which has the
  ///     eigenvalues of D² H. With 1 / sqrt(p) they are those of a Hessian whose gradients are divided by p.
  /// - Returns: the ends; not a number where the Hessian is not finite.
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func ends(
    at parameters: Tree<NDArray>, on examples: ExampleArrays, key: RandomKey, products: Int = 40,
    tolerance: Double = 0.01, scale: Tree<NDArray>? = nil
  ) throws -> HessianEnds {
    precondition(products > 0, "an eigenvalue takes at least one product")
    var lanczos = try lanczos(from: parameters, key: key)
    var ends = HessianEnds()
    let precision = lanczos.precision
    let most = min(products, lanczos.dimension)
    while ends.products < most {
      try lanczos.take(scaled(product(with: scaled(lanczos.direction, scale), at: parameters, on: examples), scale))
      ends.products += 1
      guard lanczos.isFinite else { return HessianEnds(products: ends.products) }
      // A further direction would be made of rounding alone.
      let isLast = ends.products == most || lanczos.next <= precision * ends.size
      // Many estimates would take longer than the products.
      if isLast || ends.products <= 32 || ends.products.isMultiple(of: 8) {
        try ends.estimate(lanczos)
        let error = max(ends.largestError, ends.leastError)
        let isNear = error <= max(tolerance, precision) * ends.size && ends.products >= HessianEnds.leastProducts
        if isLast || isNear || lanczos.next <= precision * ends.size { break }
      }
    }
    return ends
  }

  /// Lanczos' iteration from a random direction, its programs compiled once for each set of types.
  func lanczos(from parameters: Tree<NDArray>, key: RandomKey, keepsAll: Bool = false) throws -> Lanczos {
    let types = parameters.types
    if iterations[types.leaves] == nil { iterations[types.leaves] = try LanczosPrograms(types) }
    return Lanczos(iterations[types.leaves]!, like: parameters, key: key, keepsAll: keepsAll)
  }

  // MARK: Programs

  private func sum(
    _ kind: Kind, _ parameters: Tree<NDArray>, _ direction: Tree<NDArray>?, _ examples: ExampleArrays
  ) throws -> Tree<NDArray> {
    var sums = parameters.leaves.map { NDArray.zeros($0.shape, $0.elementType) }
    try loss.forEachPart(of: examples) { part in
      let weight = NDArray([Double(part.count) / Double(examples.count)], shape: .scalar)
      let others = modelState.leaves + (direction?.leaves ?? []) + [part.features, part.targets, weight]
      let program = try program(kind, parameters, part)
      var arguments = sums + parameters.leaves + others
      // The program takes the sums over, which nothing else holds.
      sums.removeAll(keepingCapacity: true)
      _ = try program.run(updating: &arguments)
      sums = Array(arguments.prefix(parameters.count))
    }
    return Tree(sortedPaths: parameters.paths, leaves: sums)
  }

  private func program(_ kind: Kind, _ parameters: Tree<NDArray>, _ part: ExampleArrays) throws -> Program {
    let n = parameters.count
    let data = [part.features, part.targets].map { TensorType(of: $0) }
    let slot = Slot(kind: kind, types: parameters.types.leaves + modelState.types.leaves + data)
    if let known = programs[slot] { return known }
    let loss = loss
    let packing = TreePacking(
      [parameters.types, parameters.types, modelState.types] + (kind == .product ? [parameters.types] : []))
    let program = try Program(
      inputs: packing.types + data + [TensorType(.scalar, .float64)],
      donating: Dictionary(uniqueKeysWithValues: (0..<n).map { ($0, $0) })
    ) { _, x in
      let trees = packing.unpack(x)
      let others = Array(x.dropFirst(packing.count))
      let point = Parameters(trees[1])
      let risk = try loss.risk(of: others[0], others[1], at: point, state: trees[2])
      let found =
        kind == .gradient
        ? gradients(of: risk, withRespectTo: point)
        : hessianProduct(of: risk, at: point, along: Updates(trees[3]))
      return (Updates(trees[0]) + others[2] * found).tree.leaves
    }
    programs[slot] = program
    return program
  }

  /// Number times number; the vector itself without a scale.
  private func scaled(_ vector: Tree<NDArray>, _ scale: Tree<NDArray>?) throws -> Tree<NDArray> {
    guard let scale else { return vector }
    if scaling[vector.types.leaves] == nil {
      let packing = TreePacking([vector.types, scale.types])
      scaling[vector.types.leaves] = try Program(inputs: packing.types) { _, x in
        let trees = packing.unpack(x)
        return trees[0].zipped(with: trees[1]) { $0 * $1 }.leaves
      }
    }
    let leaves = try scaling[vector.types.leaves]!.run(vector.leaves + scale.leaves)
    return Tree(sortedPaths: vector.paths, leaves: leaves)
  }
}

extension HessianEnds {
  /// The larger end's size; 0 before the first estimate.
  fileprivate var size: Double { largest.isNaN ? 0 : max(abs(largest), abs(least)) }

  /// Both ends of the tridiagonal matrix, and how far they may be from eigenvalues.
  fileprivate mutating func estimate(_ lanczos: Lanczos) throws {
    let found = try lanczos.estimates()
    (least, largest) = (found.first!.value, found.last!.value)
    leastError = max(found.first!.error, lanczos.precision * size)
    largestError = max(found.last!.error, lanczos.precision * size)
  }
}

extension Tree where Leaf == NDArray {
  /// The Euclidean norm over all leaves, in double precision.
  public var norm: Double { leaves.reduce(0) { $0 + $1.doubles.reduce(0) { $0 + $1 * $1 } }.squareRoot() }
}

extension NDArray {
  func scaled(by factor: Double) -> NDArray {
    NDArray(doubles.map { factor * $0 }, shape: shape).converted(to: elementType)
  }
}
