/// The sides of a parameter, seen as a matrix [inputs, outputs], that are short enough for a matrix of their own.
struct MatrixSides {
  /// One of them.
  struct Side {
    /// Rows (inputs) or columns (outputs).
    let isRows: Bool
    let extent: Int

    /// As paths call it.
    var name: String { isRows ? "Rows" : "Columns" }

    /// G Gᵀ or Gᵀ G, [extent, extent].
    func moment(of g: Tensor) -> Tensor { isRows ? g.matmul(g.transposed()) : g.transposed().matmul(g) }

    /// A symmetric matrix times this side.
    func product(of matrix: Tensor, with g: Tensor) -> Tensor { isRows ? matrix.matmul(g) : g.matmul(matrix) }

    /// Along a basis, the columns of an orthogonal matrix.
    func turned(_ g: Tensor, into basis: Tensor) -> Tensor {
      isRows ? basis.transposed().matmul(g) : g.matmul(basis)
    }

    /// What is given along a basis, as it was.
    func turned(_ g: Tensor, outOf basis: Tensor) -> Tensor {
      isRows ? basis.matmul(g) : g.matmul(basis.transposed())
    }
  }

  /// Kernels of convolutions are [height · width · channels, features].
  let matrix: Shape
  /// None of vectors and numbers, and of matrices that are vectors or whose sides are all longer than `largest`.
  let all: [Side]

  init(_ shape: Shape, largest: Int) {
    let outputs = shape.dimensions.last ?? 1
    let inputs = outputs > 0 ? shape.count / outputs : 0
    matrix = [inputs, outputs]
    let isMatrix = shape.rank >= 2 && inputs > 1 && outputs > 1
    let sides = isMatrix ? [Side(isRows: true, extent: inputs), Side(isRows: false, extent: outputs)] : []
    all = sides.filter { $0.extent <= largest }
  }
}
