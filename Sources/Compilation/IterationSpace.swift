import CKernels

/// The loop nest of a fused kernel: axes ordered [kept..., reduced..., kept...], merged where all operands allow it.
struct IterationSpace {
  let dims: [Int]
  /// Strides of each operand along `dims`.
  let strides: [[Int]]
  let reducedRange: Range<Int>

  /// - Parameters:
  ///   - shape: the cluster's shape.
  ///   - reduced: axes that are summed over.
  ///   - operands: strides of each operand over `shape`.
  init(shape: [Int], reduced: [Int], operands: [[Int]]) {
    let axes = shape.indices.filter { shape[$0] != 1 }
    let tail = axes.reversed().prefix { !reduced.contains($0) }.reversed()
    // With nothing reduced all axes are one group; else the kept axes before, the reduced, the kept ones that trail.
    let groups: [[Int]] =
      reduced.isEmpty
      ? [axes]
      : [
        axes.filter { !reduced.contains($0) && !tail.contains($0) }, axes.filter { reduced.contains($0) }, Array(tail),
      ]
    var dims: [Int] = []
    var strides: [[Int]] = operands.map { _ in [] }
    var bounds: [Int] = []
    for group in groups {
      let start = dims.count
      for axis in group {
        let merges =
          dims.count > start
          && operands.indices.allSatisfy { strides[$0].last == operands[$0][axis] * shape[axis] }
        if merges {
          dims[dims.count - 1] *= shape[axis]
          for index in operands.indices { strides[index][dims.count - 1] = operands[index][axis] }
        } else {
          dims.append(shape[axis])
          for index in operands.indices { strides[index].append(operands[index][axis]) }
        }
      }
      bounds.append(dims.count)
    }
    reducedRange = groups.count == 1 ? 0..<0 : bounds[0]..<bounds[1]
    if dims.isEmpty {
      dims = [1]
      for index in operands.indices { strides[index] = [0] }
    }
    self.dims = dims
    self.strides = strides
  }
}
