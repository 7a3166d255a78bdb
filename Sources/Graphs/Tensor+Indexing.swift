extension Tensor {
  /// Parts of an axis at a vector of positions (int32): the axis takes the vector's extent.
  ///
  /// A position outside the axis gives NaN (0 for int32); its derivative is dropped.
  public func gathering(_ indices: Tensor, axis: Int = 0, file: String = #fileID, line: Int = #line) -> Tensor {
    let position = axis < 0 ? axis + rank : axis
    guard at(file, line).rank > position, position >= 0, indices.elementType == .int32 else {
      return graph.fail("gather", [self, indices], "needs int32 positions and an axis \(axis)")
    }
    let flat = indices.reshaped(to: [indices.count], file: file, line: line)
    var shape = self.shape
    shape[position] = indices.count
    let rows = graph.record(.index(.gather(axis: position)), [self, flat], TensorType(shape, elementType))
    if indices.rank == 1 { return rows }
    var dimensions = shape.dimensions
    dimensions.replaceSubrange(position...position, with: indices.shape.dimensions)
    return rows.reshaped(to: Shape(dimensions), file: file, line: line)
  }

  /// The adjoint of `gathering`: parts along an axis added up at a vector of positions of an axis of that extent.
  public func scatterAdding(
    at indices: Tensor, axis: Int = 0, extent: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let position = axis < 0 ? axis + rank : axis
    guard at(file, line).rank > position, position >= 0, indices.elementType == .int32, indices.rank == 1,
      indices.count == shape[position]
    else { return graph.fail("scatterAdd", [self, indices], "needs one int32 position for each part of axis \(axis)") }
    var shape = self.shape
    shape[position] = extent
    return graph.record(
      .index(.scatterAdd(axis: position, extent: extent)), [self, indices], TensorType(shape, elementType))
  }

  /// Elements along an axis at positions of their own: result[i, j] = self[i, indices[i, j]] for axis 1.
  public func gatheringElements(_ indices: Tensor, axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    let position = axis < 0 ? axis + rank : axis
    guard at(file, line).rank > position, position >= 0, indices.elementType == .int32, indices.rank == rank,
      indices.shape.removing(axis: position) == shape.removing(axis: position)
    else {
      return graph.fail(
        "gatherElements", [self, indices], "positions must be int32 and differ only along axis \(axis)")
    }
    return graph.record(
      .index(.gatherElements(axis: position)), [self, indices], TensorType(indices.shape, elementType))
  }

  /// The adjoint of `gatheringElements`.
  public func scatterAddingElements(
    at indices: Tensor, axis: Int, extent: Int, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let position = axis < 0 ? axis + rank : axis
    guard at(file, line).rank > position, position >= 0, indices.elementType == .int32, indices.shape == shape else {
      return graph.fail("scatterAddElements", [self, indices], "needs one int32 position for each element")
    }
    var shape = self.shape
    shape[position] = extent
    return graph.record(
      .index(.scatterAddElements(axis: position, extent: extent)), [self, indices], TensorType(shape, elementType))
  }

  /// 1 where the class is the index of the last axis and 0 elsewhere, for int32 classes.
  public func oneHot(count: Int, _ elementType: ElementType = .float32, file: String = #fileID, line: Int = #line)
    -> Tensor
  {
    guard at(file, line).elementType == .int32 else { return graph.fail("oneHot", [self], "classes must be int32") }
    let shape = Shape(self.shape.dimensions + [count])
    let classes = graph.record(.source(.iota(axis: rank)), [], TensorType(shape, .int32))
    return (expanded(axis: rank, file: file, line: line) .== classes).cast(to: elementType)
  }
}

extension Graph {
  /// The index along an axis.
  public func iota(_ shape: Shape, axis: Int = -1, _ elementType: ElementType = .int32) -> Tensor {
    record(.source(.iota(axis: axis < 0 ? axis + shape.rank : axis)), [], TensorType(shape, elementType))
  }
}

extension Tensor {
  /// Numbers of the counter-based stream of a key (a tensor of 2 x int32, as `RandomKey.array`): the same key, the
  /// same numbers, whatever the number of threads.
  public static func random(
    _ distribution: RandomDistribution, _ shape: Shape, key: Tensor, _ elementType: ElementType = .float32,
    file: String = #fileID, line: Int = #line
  ) -> Tensor {
    guard key.at(file, line).elementType == .int32, key.count == 2,
      distribution == .bits ? elementType == .int32 : elementType.isFloatingPoint
    else {
      return key.graph.fail("random", [key], "needs a key of 2 x int32, and int32 for bits or else a floating type")
    }
    return key.graph.record(.random(distribution), [key], TensorType(shape, elementType))
  }
}
