extension Tensor {
  func broadcastIfNeeded(to shape: Shape) -> Tensor {
    if shape == self.shape { return self }
    if case .source(.fill(let value))? = graph.node(of: self)?.operation {
      return graph.fill(value, TensorType(shape, elementType))
    }
    return graph.record(.rearrange(.broadcast), [self], TensorType(shape, elementType))
  }

  /// This tensor repeated along new leading axes and axes of extent 1 (NumPy's rule).
  public func broadcast(to shape: Shape, file: String = #fileID, line: Int = #line) -> Tensor {
    guard at(file, line).shape.broadcast(with: shape) == shape else {
      return graph.fail("broadcast", [self], "cannot become \(shape)")
    }
    return broadcastIfNeeded(to: shape)
  }

  /// The same elements in row-major order under another shape; one extent may be -1, to be inferred.
  public func reshaped(to shape: Shape, file: String = #fileID, line: Int = #line) -> Tensor {
    graph.location = SourceLocation(file: file, line: line)
    var target = shape
    let unknown = shape.dimensions.filter { $0 == -1 }.count
    if unknown == 1 {
      let known = shape.dimensions.filter { $0 != -1 }.reduce(1, *)
      guard known > 0, count % known == 0 else { return graph.fail("reshape", [self], "cannot become \(shape)") }
      target = Shape(shape.dimensions.map { $0 == -1 ? count / known : $0 })
    }
    guard target.count == count, !target.dimensions.contains(where: { $0 < 0 }) else {
      return graph.fail("reshape", [self], "\(count) elements cannot become \(shape)")
    }
    if target == self.shape { return self }
    if case .source(.fill(let value))? = graph.node(of: self)?.operation {
      return graph.fill(value, TensorType(target, elementType))
    }
    return graph.record(.rearrange(.reshape), [self], TensorType(target, elementType))
  }

  /// Axes in another order: axis i of the result is axis `permutation[i]`. Without an argument, the last two swap.
  public func transposed(_ permutation: [Int]? = nil, file: String = #fileID, line: Int = #line) -> Tensor {
    let order = permutation ?? (rank < 2 ? Array(0..<rank) : Array(0..<rank - 2) + [rank - 1, rank - 2])
    guard at(file, line).rank == order.count, order.sorted() == Array(0..<rank) else {
      return graph.fail("transpose", [self], "\(order) is not an order of \(rank) axes")
    }
    if order == Array(0..<rank) { return self }
    return graph.record(
      .rearrange(.transpose(order)), [self], TensorType(Shape(order.map { shape[$0] }), elementType))
  }

  /// Elements `starts..<ends` of each axis, every `strides`-th.
  public func sliced(
    from starts: [Int], to ends: [Int], strides: [Int]? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let steps = strides ?? [Int](repeating: 1, count: rank)
    let isInside = { (axis: Int) -> Bool in
      let (start, end) = (starts[axis], ends[axis])
      return start >= 0 && start <= end && end <= shape[axis] && steps[axis] >= 1
    }
    guard at(file, line).rank == starts.count, ends.count == rank, steps.count == rank,
      (0..<rank).allSatisfy(isInside)
    else { return graph.fail("slice", [self], "cannot take \(starts)..<\(ends) by \(steps)") }
    let extents = (0..<rank).map { (axis: Int) -> Int in
      let span: Int = ends[axis] - starts[axis]
      return (span + steps[axis] - 1) / steps[axis]
    }
    if Shape(extents) == shape { return self }
    return graph.record(
      .rearrange(.slice(starts: starts, strides: steps)), [self], TensorType(Shape(extents), elementType))
  }

  /// Elements `range` along one axis; negative axes count from the end.
  public func slice(_ range: Range<Int>, axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    let axis = axis < 0 ? axis + rank : axis
    guard axis >= 0, axis < rank else { return at(file, line).graph.fail("slice", [self], "there is no axis \(axis)") }
    var starts = [Int](repeating: 0, count: rank)
    var ends = shape.dimensions
    starts[axis] = range.lowerBound
    ends[axis] = range.upperBound
    return sliced(from: starts, to: ends, file: file, line: line)
  }

  /// The part at one position of an axis, which disappears.
  public func part(_ index: Int, axis: Int = 0, file: String = #fileID, line: Int = #line) -> Tensor {
    slice(index..<index + 1, axis: axis, file: file, line: line)
      .reshaped(to: shape.removing(axis: axis), file: file, line: line)
  }

  /// Zeros before, after and between the elements of each axis.
  public func padded(
    low: [Int], high: [Int], interior: [Int]? = nil, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let between = interior ?? [Int](repeating: 0, count: rank)
    guard at(file, line).rank == low.count, high.count == rank, between.count == rank,
      (low + high + between).allSatisfy({ $0 >= 0 })
    else { return graph.fail("pad", [self], "cannot pad by \(low), \(high), \(between)") }
    let extents = (0..<rank).map { axis -> Int in
      let gaps = Swift.max(shape[axis] - 1, 0) * between[axis]
      return low[axis] + high[axis] + shape[axis] + gaps
    }
    if Shape(extents) == shape { return self }
    return graph.record(
      .assemble(.pad(low: low, high: high, interior: between)), [self], TensorType(Shape(extents), elementType))
  }

  /// The order along the given axes turned round.
  public func reversed(axes: [Int], file: String = #fileID, line: Int = #line) -> Tensor {
    guard let axes = at(file, line).resolved(axes) else { return graph.fail("reverse", [self], "no axes \(axes)") }
    return graph.record(.rearrange(.reverse(axes: axes)), [self], type)
  }

  /// A new axis of extent 1.
  public func expanded(axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
    var dimensions = shape.dimensions
    let position = axis < 0 ? axis + rank + 1 : axis
    guard position >= 0, position <= rank else {
      return at(file, line).graph.fail("expand", [self], "there is no place \(axis) for an axis")
    }
    dimensions.insert(1, at: position)
    return reshaped(to: Shape(dimensions), file: file, line: line)
  }

  /// Axes without signs, sorted and different, or nil.
  func resolved(_ axes: [Int]) -> [Int]? {
    let positive = axes.map { $0 < 0 ? $0 + rank : $0 }.sorted()
    guard positive.allSatisfy({ $0 >= 0 && $0 < rank }), Set(positive).count == positive.count else { return nil }
    return positive
  }
}

/// Tensors one after the other along an axis; the other extents are equal.
public func concatenate(_ parts: [Tensor], axis: Int, file: String = #fileID, line: Int = #line) -> Tensor {
  precondition(!parts.isEmpty, "nothing to concatenate")
  let first = parts[0].at(file, line)
  let axis = axis < 0 ? axis + first.rank : axis
  guard axis >= 0, axis < first.rank,
    parts.allSatisfy({
      $0.rank == first.rank && $0.elementType == first.elementType
        && $0.shape.removing(axis: axis) == first.shape.removing(axis: axis)
    })
  else { return first.graph.fail("concatenate", parts, "the parts differ outside of axis \(axis)") }
  if parts.count == 1 { return first }
  var shape = first.shape
  shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
  return first.graph.record(.assemble(.concatenate(axis: axis)), parts, TensorType(shape, first.elementType))
}

/// Tensors of one shape stacked along a new axis.
public func stack(_ parts: [Tensor], axis: Int = 0, file: String = #fileID, line: Int = #line) -> Tensor {
  concatenate(
    parts.map { $0.expanded(axis: axis, file: file, line: line) }, axis: axis, file: file,
    line: line)
}
