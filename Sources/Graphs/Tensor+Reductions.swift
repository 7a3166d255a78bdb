extension Tensor {
  func reduced(_ reduction: Reduction, _ axes: [Int]?, keepingAxes: Bool, _ file: String, _ line: Int) -> Tensor {
    let wanted = axes ?? Array(0..<rank)
    guard let axes = at(file, line).resolved(wanted) else {
      return graph.fail(reduction.rawValue, [self], "there are no axes \(wanted)")
    }
    guard elementType != .bool else { return graph.fail(reduction.rawValue, [self], "not defined for bool") }
    let kept = (0..<rank).filter { !axes.contains($0) }.map { shape[$0] }
    let flat: Tensor
    if axes.allSatisfy({ shape[$0] == 1 }) {
      flat = reshaped(to: Shape(kept), file: file, line: line)
    } else if reduction != .sum && axes.contains(where: { shape[$0] == 0 }) {
      return graph.fail(reduction.rawValue, [self], "an empty axis has none")
    } else {
      flat = graph.record(.reduce(reduction, axes: axes), [self], TensorType(Shape(kept), elementType))
    }
    guard keepingAxes else { return flat }
    let full = (0..<rank).map { axes.contains($0) ? 1 : shape[$0] }
    return flat.reshaped(to: Shape(full), file: file, line: line)
  }

  /// The sum over the given axes (all, when none are named), which disappear or keep extent 1.
  public func sum(_ axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line) -> Tensor
  {
    reduced(.sum, axes, keepingAxes: keepingAxes, file, line)
  }

  /// The largest element; of equals, each gets an equal share of the derivative.
  public func maximum(
    _ axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor { reduced(.maximum, axes, keepingAxes: keepingAxes, file, line) }

  /// The smallest element; of equals, each gets an equal share of the derivative.
  public func minimum(
    _ axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor { reduced(.minimum, axes, keepingAxes: keepingAxes, file, line) }

  /// The arithmetic mean.
  public func mean(
    _ axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let total = sum(axes, keepingAxes: keepingAxes, file: file, line: line)
    return total * (Double(max(total.count, 1)) / Double(max(count, 1)))
  }

  /// The biased variance: mean of squared deviations from the mean.
  public func variance(
    _ axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    (self - mean(axes, keepingAxes: true, file: file, line: line)).squared
      .mean(axes, keepingAxes: keepingAxes, file: file, line: line)
  }

  /// log(sum(exp(x))) along the axes, without overflow.
  public func logSumExp(
    _ axes: [Int]? = nil, keepingAxes: Bool = false, file: String = #fileID, line: Int = #line
  ) -> Tensor {
    let peak = maximum(axes, keepingAxes: true, file: file, line: line).stoppingGradient
    let total = log(exp(self - peak).sum(axes, keepingAxes: true, file: file, line: line)) + peak
    if keepingAxes { return total }
    let gone = resolved(axes ?? Array(0..<rank)) ?? []
    let kept = (0..<rank).filter { !gone.contains($0) }.map { shape[$0] }
    return total.reshaped(to: Shape(kept), file: file, line: line)
  }

  private func argument(_ axis: Int, largest: Bool, _ file: String, _ line: Int) -> Tensor {
    let position = axis < 0 ? axis + rank : axis
    guard at(file, line).rank > position, position >= 0, shape[position] > 0 else {
      return graph.fail(largest ? "argumentOfMaximum" : "argumentOfMinimum", [self], "there is no axis \(axis)")
    }
    return graph.record(
      .scan(.argument(axis: position, largest: largest)), [self], TensorType(shape.removing(axis: position), .int32))
  }

  /// Position of the largest element along an axis (int32); the first of equals.
  public func argumentOfMaximum(axis: Int = -1, file: String = #fileID, line: Int = #line) -> Tensor {
    argument(axis, largest: true, file, line)
  }

  /// Position of the smallest element along an axis (int32); the first of equals.
  public func argumentOfMinimum(axis: Int = -1, file: String = #fileID, line: Int = #line) -> Tensor {
    argument(axis, largest: false, file, line)
  }

  /// The stable order that sorts the last axis (int32).
  public func argumentSort(descending: Bool = false, file: String = #fileID, line: Int = #line) -> Tensor {
    guard at(file, line).rank > 0 else { return graph.fail("argumentSort", [self], "a scalar has no order") }
    return graph.record(.scan(.argumentSort(descending: descending)), [self], TensorType(shape, .int32))
  }

  /// The elements of the last axis in order; differentiable.
  public func sorted(descending: Bool = false, file: String = #fileID, line: Int = #line) -> Tensor {
    gatheringElements(argumentSort(descending: descending, file: file, line: line), axis: -1, file: file, line: line)
  }

  /// Sums of all elements up to each one along an axis, or from each one on.
  public func cumulativeSum(axis: Int, reverse: Bool = false, file: String = #fileID, line: Int = #line) -> Tensor {
    let position = axis < 0 ? axis + rank : axis
    guard at(file, line).rank > position, position >= 0, elementType != .bool else {
      return graph.fail("cumulativeSum", [self], "there is no axis \(axis), or no sum of its elements")
    }
    return graph.record(.scan(.cumulativeSum(axis: position, reverse: reverse)), [self], type)
  }

  /// The Euclidean norm of all elements.
  public func norm(file: String = #fileID, line: Int = #line) -> Tensor { sqrt(squared.sum(file: file, line: line)) }
}

/// The inner product of two tensors of one shape, a scalar.
public func dot(_ a: Tensor, _ b: Tensor) -> Tensor { (a * b).sum() }

/// exp(x) / sum(exp(x)) along an axis.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor {
  let peak = x.maximum([axis], keepingAxes: true).stoppingGradient
  let raised = exp(x - peak)
  return raised / raised.sum([axis], keepingAxes: true)
}

/// log(softmax(x)) along an axis, without overflow.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor { x - x.logSumExp([axis], keepingAxes: true) }
