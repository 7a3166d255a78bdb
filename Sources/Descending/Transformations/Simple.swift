/// Adds coefficient times parameter to each gradient. Before a `Momentum` it is L2 regularisation as in SGD; after
/// `Adam` it is decoupled (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019).
public struct WeightDecay: GradientTransformation {
  public let coefficient: Double
  /// Parameters whose path matches one of these patterns are left out.
  public let excluded: [String]

  public init(_ coefficient: Double, excluding excluded: [String] = []) {
    self.coefficient = coefficient
    self.excluded = excluded
  }

  public var requirements: Requirements { .parameters }
  public var description: String {
    "decay \(coefficient)" + (excluded.isEmpty ? "" : " except=\(excluded.joined(separator: "+"))")
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let parameters = try context.parameters()
    let decayed = updates.tree.mapWithPaths { path, g -> Tensor in
      guard let w = parameters[path], !excluded.contains(where: { PathPattern($0).matches(path) }) else { return g }
      return g + coefficient * w
    }
    return (Updates(decayed), state)
  }
}

/// Scales all updates together so that their norm is at most a limit (Pascanu, Mikolov, Bengio, 2013).
public struct ClipByGlobalNorm: GradientTransformation {
  public let limit: Double
  public init(_ limit: Double) { self.limit = limit }
  public var description: String { "clip \(limit)" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let norm = root(updates.squaredNorm)
    context.read("optimizer/gradientNorm", norm)
    context.read("optimizer/clipped", (norm .> limit).cast(to: .float32))
    return (min(limit / max(norm, 1e-30), 1) * updates, state)
  }
}

/// Limits each element to -limit...limit.
public struct ClipByValue: GradientTransformation {
  public let limit: Double
  public init(_ limit: Double) { self.limit = limit }
  public var description: String { "clipvalue \(limit)" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (updates.map { min(max($0, -limit), limit) }, state) }
}

/// The sign of each element (Bernstein et al., "signSGD", 2018).
public struct Sign: GradientTransformation {
  public init() {}
  public var description: String { "sign" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (updates.map { sign($0) }, state) }
}

/// All updates times one number.
public struct Scale: GradientTransformation {
  public let factor: Double
  public init(_ factor: Double) { self.factor = factor }
  public var description: String { "scale \(factor)" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) { (factor * updates, state) }
}

/// Adds Gaussian noise of a standard deviation, keyed by the step (Neelakantan et al., 2015).
public struct GradientNoise: GradientTransformation {
  public let standardDeviation: Double
  public init(_ standardDeviation: Double) { self.standardDeviation = standardDeviation }
  public var requirements: Requirements { .randomness }
  public var description: String { "noise \(standardDeviation)" }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let key = try context.key()
    let offsets = updates.tree.leaves.indices.map { index in
      // A different stream for each leaf: the key's second word is shifted by the leaf's position.
      key + key.graph.constant(NDArray([Int32(0), Int32(truncatingIfNeeded: 0x9E37 &* (index + 1))]))
    }
    let noisy = zip(updates.tree.leaves, offsets).map { g, key in
      g + standardDeviation * Tensor.random(.normal, g.shape, key: key, g.elementType)
    }
    return (Updates(Tree(sortedPaths: updates.paths, leaves: noisy)), state)
  }
}

/// Passes updates on only when all of them are finite; else the step is zero, and counted.
public struct ApplyIfFinite: GradientTransformation {
  public init() {}
  public var description: String { "finite" }

  public func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    Tree(["skipped": NDArray(Float(0))])
  }

  public func apply(
    to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
  ) throws -> (updates: Updates, state: Tree<Tensor>) {
    let all = updates.tree.leaves.map { $0.isFinite.cast(to: .float32).minimum() }
    guard let first = all.first else { return (updates, state) }
    let fine = all.dropFirst().reduce(first) { min($0, $1) } .> 0.5
    let skipped = state["skipped"]! + 1 - fine.cast(to: .float32)
    context.read("optimizer/skipped", skipped)
    return (updates.map { select(fine.broadcast(to: $0.shape), $0, 0) }, Tree(["skipped": skipped]))
  }
}
