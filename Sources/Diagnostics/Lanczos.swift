import Foundation

/// Lanczos' iteration (C. Lanczos 1950) for a symmetric matrix that is known by its products with vectors alone: a tridiagonal
/// matrix whose eigenvalues come near those of the large one.
struct Lanczos {
  /// What the matrix is to be multiplied with next; of length 1.
  private(set) var direction: Tree<NDArray>
  /// The length of what is left of the last product: |next s| is how far an estimate may be from an eigenvalue, s being the
  /// last number of its eigenvector.
  private(set) var next = 0.0
  private(set) var diagonal: [Double] = []
  private var beside: [Double] = []
  private var before: Tree<NDArray>
  private var kept: [Tree<NDArray>] = []
  private let keepsAll: Bool
  private let programs: LanczosPrograms

  /// - Parameters:
  ///   - parameters: their types are those of all vectors.
  ///   - key: decides the first direction, which is uniform on the sphere.
  ///   - keepsAll: whether each direction is made orthogonal to all before. Else three vectors are kept: rounding then repeats
  ///     eigenvalues that were found, and moves none (C. Paige 1971).
  init(_ programs: LanczosPrograms, like parameters: Tree<NDArray>, key: RandomKey, keepsAll: Bool) {
    (self.programs, self.keepsAll) = (programs, keepsAll)
    let draw = parameters.mapWithPaths { path, leaf in
      key.split(path).normal(leaf.shape).converted(to: leaf.elementType)
    }
    let length = draw.norm
    direction = draw.map { $0.scaled(by: 1 / length) }
    before = parameters.map { NDArray.zeros($0.shape, $0.elementType) }
  }

  var dimension: Int { direction.leaves.reduce(0) { $0 + $1.count } }
  var isFinite: Bool { next.isFinite && diagonal.last?.isFinite != false }
  /// What a product's own rounding hides, relative to the largest eigenvalue in size.
  var precision: Double { direction.leaves.contains { $0.elementType == .float32 } ? 1e-5 : 1e-13 }

  /// Takes the matrix' product with `direction`, and finds the next one.
  mutating func take(_ image: Tree<NDArray>) throws {
    if !diagonal.isEmpty { beside.append(next) }
    let last = NDArray([beside.last ?? 0], shape: .scalar)
    let results = try programs.step.run(direction.leaves + before.leaves + image.leaves + [last])
    before = direction
    diagonal.append(results[results.count - 2].item)
    next = results[results.count - 1].item
    direction = Tree(sortedPaths: before.paths, leaves: Array(results.dropLast(2)))
    // Nothing is left where all was found.
    guard keepsAll, isFinite, next > 0 else { return }
    kept.append(before)
    for other in kept {
      direction = Tree(sortedPaths: before.paths, leaves: try programs.removal.run(direction.leaves + other.leaves))
    }
    let length = direction.norm
    next *= length
    if length > 0 { direction = direction.map { $0.scaled(by: 1 / length) } }
  }

  /// Eigenvalues of the tridiagonal matrix in rising order: how far each is at most from one of the large matrix where rounding
  /// is as usual, and its share of the first direction's squared length.
  func estimates() throws -> [(value: Double, error: Double, weight: Double)] {
    let n = diagonal.count
    var matrix = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      matrix[i * n + i] = diagonal[i]
      if i + 1 < n { (matrix[i * n + i + 1], matrix[(i + 1) * n + i]) = (beside[i], beside[i]) }
    }
    let (values, vectors) = try LinearAlgebra.symmetricEigen(of: NDArray(matrix, shape: [n, n]))
    return (0..<n).map { i in
      let (first, last) = (vectors[flat: i], vectors[flat: (n - 1) * n + i])
      return (values[flat: i], abs(next * last), first * first)
    }
  }
}

/// The vector arithmetic of Lanczos' iteration, compiled for vectors of certain types.
struct LanczosPrograms {
  /// From v, the one before, h = H v and β the next v, α = v·h and the next β.
  let step: Program
  /// From v and w what of v is orthogonal to w, a vector of length 1.
  let removal: Program

  init(_ types: Tree<TensorType>) throws {
    let three = TreePacking([types, types, types])
    step = try Program(inputs: three.types + [TensorType(.scalar, .float64)]) { _, x in
      let vectors = three.unpack(x).map { Updates($0) }
      let (v, image) = (vectors[0], vectors[2] - x[three.count] * vectors[1])
      let along = dot(v, image).cast(to: .float64)
      let rest = image - along * v
      let length = rest.norm.cast(to: .float64)
      return ((1 / max(length, 1e-300)) * rest).tree.leaves + [along, length]
    }
    let two = TreePacking([types, types])
    removal = try Program(inputs: two.types) { _, x in
      let vectors = two.unpack(x).map { Updates($0) }
      return (vectors[0] - dot(vectors[0], vectors[1]).cast(to: .float64) * vectors[1]).tree.leaves
    }
  }
}
