import Differentiation

/// One operation on example arguments.
public struct OperationCase: Sendable, CustomStringConvertible {
  public var name: String
  public var inputs: [NDArray]
  public var function: @Sendable (Graph, [Tensor]) -> [Tensor]
  public var description: String { name }

  init(_ name: String, _ inputs: [NDArray], _ function: @escaping @Sendable (Graph, [Tensor]) -> [Tensor]) {
    self.name = name
    self.inputs = inputs
    self.function = function
  }

  /// The same arguments in float32 where they are float64.
  public var narrowInputs: [NDArray] { inputs.map { $0.elementType == .float64 ? $0.converted(to: .float32) : $0 } }
}

/// Every differentiable operation, on small arguments away from kinks.
public let operationCases: [OperationCase] = {
  func normal(_ shape: Shape, _ seed: Int = 1) -> NDArray { RandomKey(seed: seed).normal(shape, .float64) }
  func positive(_ shape: Shape, _ seed: Int = 2) -> NDArray {
    RandomKey(seed: seed).uniform(shape, from: 0.5, to: 2, .float64)
  }
  func whole(_ values: [Int32], _ shape: Shape) -> NDArray { NDArray(values, shape: shape) }
  let a = normal([3, 4])
  let b = normal([3, 4], 7)
  let p = positive([3, 4])
  let image = normal([2, 5, 6, 4], 3)
  var cases: [OperationCase] = [
    .init("add broadcast", [a, normal([4], 5)]) { _, x in [x[0] + x[1]] },
    .init("subtract broadcast", [a, normal([3, 1], 5)]) { _, x in [x[0] - x[1]] },
    .init("multiply", [a, b]) { _, x in [x[0] * x[1]] },
    .init("divide", [a, p]) { _, x in [x[0] / x[1]] },
    .init("power", [p, b]) { _, x in [pow(x[0], x[1])] },
    .init("power by a number", [p]) { _, x in [pow(x[0], 2.5), pow(x[0], 3)] },
    .init("maximum, minimum", [a, b]) { _, x in [max(x[0], x[1]), min(x[0], x[1])] },
    .init("maximum of equals", [a, b]) { _, x in [max(x[0] * x[1], x[1] * x[0]) * x[0]] },
    .init("select", [a, b]) { _, x in [select(x[0] .> x[1], x[0] * x[1], x[1].squared)] },
    .init("cast", [a]) { _, x in [x[0].cast(to: .float32).cast(to: .float64)] },
    .init("softplus, silu, gelu", [a]) { _, x in [softplus(x[0]), silu(x[0]), gelu(x[0])] },
    .init("sum", [a]) { _, x in [x[0].squared.sum([0]), x[0].squared.sum([1], keepingAxes: true), x[0].sum()] },
    .init("sum of middle axes", [image]) { _, x in
      [x[0].squared.sum([1, 2]), x[0].squared.sum([0, 2]), x[0].squared.sum([0, 3])]
    },
    .init("mean, variance", [a]) { _, x in [x[0].mean([1]) * x[0].variance([0]).sum(), x[0].variance()] },
    .init("maximum along axes", [a]) { _, x in [x[0].maximum([1]) * x[0].minimum([1]), x[0].maximum().squared] },
    .init("log-sum-exp", [a]) { _, x in [x[0].logSumExp([1]), x[0].logSumExp()] },
    .init("softmax", [a]) { _, x in [softmax(x[0]), logSoftmax(x[0], axis: 0)] },
    .init("cumulative sum", [a]) { _, x in
      [x[0].squared.cumulativeSum(axis: 1), x[0].squared.cumulativeSum(axis: 0, reverse: true)]
    },
    .init("sorted", [a]) { _, x in [x[0].sorted() * x[0], x[0].squared.sorted(descending: true)] },
    .init("norm, dot", [a, b]) { _, x in [x[0].norm() * dot(x[0], x[1])] },
    .init("broadcast", [normal([3, 1])]) { _, x in [x[0].squared.broadcast(to: [2, 3, 4])] },
    .init("reshape, transpose", [a]) { _, x in
      [x[0].squared.transposed().reshaped(to: [2, 6]).transposed() * x[0].reshaped(to: [6, 2])]
    },
    .init("transpose of many axes", [image]) { _, x in [x[0].squared.transposed([2, 0, 3, 1])] },
    .init("slice", [image]) { _, x in
      [
        x[0].squared.sliced(from: [0, 1, 0, 1], to: [2, 5, 6, 3], strides: [1, 2, 3, 1]), x[0].part(1, axis: 2).squared,
      ]
    },
    .init("pad", [a]) { _, x in [x[0].squared.padded(low: [1, 0], high: [2, 1], interior: [0, 2])] },
    .init("reverse", [a]) { _, x in [x[0].reversed(axes: [0, 1]) * x[0]] },
    .init("concatenate, stack", [a, b]) { _, x in
      [concatenate([x[0], x[1].squared, x[0] * x[1]], axis: 1), stack([x[0].squared, x[1]], axis: 1)]
    },
    .init("gather", [a, whole([2, 0, 2, 1], [4])]) { _, x in
      [x[0].squared.gathering(x[1]), x[0].gathering(x[1], axis: 1).squared]
    },
    .init("scatter-add", [a, whole([4, 0, 4], [3])]) { _, x in [x[0].scatterAdding(at: x[1], extent: 5).squared] },
    .init("gather elements", [a, whole([0, 3, 1, 1, 2, 2], [3, 2])]) { _, x in
      [x[0].gatheringElements(x[1], axis: 1).squared]
    },
    .init("scatter-add elements", [a, whole([0, 3, 1, 1, 2, 2, 0, 0, 4, 3, 2, 1], [3, 4])]) { _, x in
      [x[0].scatterAddingElements(at: x[1], axis: 1, extent: 5).squared]
    },
    .init("matmul", [a, normal([4, 5], 9)]) { _, x in [x[0].matmul(x[1])] },
    .init("matmul of transposes", [a, normal([5, 3], 9)]) { _, x in
      [x[0].transposed().matmul(x[1].transposed()).squared]
    },
    .init("batched matmul", [normal([2, 3, 4]), normal([2, 4, 2], 9)]) { _, x in [x[0].matmul(x[1])] },
    .init("matmul with a broadcast batch", [normal([2, 3, 4]), normal([4, 2], 9), normal([2, 2, 3], 8)]) { _, x in
      [x[2].matmul(x[0].matmul(x[1]).reshaped(to: [2, 3, 2]))]
    },
    .init("heads as strided views", [normal([2, 3, 12])]) { _, x in
      let parts = x[0].reshaped(to: [2, 3, 3, 2, 2]).transposed([2, 0, 3, 1, 4])
      return [softmax(parts.part(0).matmul(parts.part(1).transposed())).matmul(parts.part(2))]
    },
    .init("self-attention", [normal([2, 7, 3, 2, 4])]) { _, x in [selfAttention(packed: x[0], causal: false)] },
    .init("causal self-attention", [normal([1, 9, 3, 2, 3])]) { _, x in [selfAttention(packed: x[0], causal: true)] },
    .init("layer norm", [normal([2, 3, 5]), positive([5]), normal([5], 4)]) { _, x in
      [layerNorm(x[0], scale: x[1], shift: x[2])]
    },
    .init("RMS norm", [normal([2, 3, 5]), positive([5])]) { _, x in [rootMeanSquareNorm(x[0], scale: x[1])] },
    .init("grouped attention", [normal([2, 5, 4, 3]), normal([2, 5, 2, 3], 5), normal([2, 5, 2, 3], 6)]) { _, x in
      [groupedAttention(query: x[0], key: x[1], value: x[2])]
    },
    .init("orthonormal basis", [normal([2, 3, 3], 5)]) { _, x in [orthonormalBasis(x[0])] },
    .init("average pool", [image]) { _, x in
      [x[0].squared.averagePooled(size: 2), x[0].squared.averagePooled(size: 3, stride: 2, padding: .same)]
    },
    .init("max pool", [image]) { _, x in
      [x[0].maxPooled(size: 2).squared, x[0].squared.maxPooled(size: 3, stride: 2, padding: .explicit(1))]
    },
    .init("cross-entropy", [a, whole([1, 3, 0], [3])]) { _, x in [softmaxCrossEntropy(x[0].squared, labels: x[1])] },
    .init("many readers of one value", [a, b]) { _, x in
      let s = exp(x[0]) / (1 + x[1].squared)
      let m = s.mean([0])
      return [(s - m) * m.sum(), s.transposed().matmul(s), s.sum([1])]
    },
  ]
  let kernels: [(String, Shape, Int, Padding, Int, Int)] = [
    ("3x3 same", [3, 3, 4, 2], 1, .same, 1, 1), ("3x3 stride 2", [3, 3, 4, 2], 2, .same, 1, 1),
    ("1x1 stride 2", [1, 1, 4, 2], 2, .valid, 1, 1), ("dilated", [2, 2, 4, 2], 1, .valid, 2, 1),
    ("grouped", [3, 3, 2, 4], 1, .explicit(1), 1, 2), ("depthwise", [3, 3, 1, 4], 2, .explicit(1), 1, 4),
    ("even window", [2, 4, 4, 3], 3, .same, 1, 1),
  ]
  for (name, shape, stride, padding, dilation, groups) in kernels {
    cases.append(
      .init("convolution " + name, [image, normal(shape, 4)]) { _, x in
        [x[0].convolved(with: x[1], strides: stride, padding: padding, dilation: dilation, groups: groups)]
      })
  }
  for operation in UnaryOperation.allCases {
    guard let (function, needsPositive) = example(of: operation) else { continue }
    cases.append(.init(operation.rawValue, [needsPositive ? p : a]) { _, x in [function(x[0])] })
  }
  return cases
}()

/// A function that uses an operation, and whether its arguments must be positive; nil where there is no derivative to
/// check.
private func example(of operation: UnaryOperation) -> (function: @Sendable (Tensor) -> Tensor, needsPositive: Bool)? {
  switch operation {
  case .negate: ({ -$0 }, false)
  case .absolute: (abs, false)
  case .sign: ({ sign($0) * $0 }, false)
  case .exp: (exp, false)
  case .log: (log, true)
  case .log1p: (log1p, true)
  case .expm1: (expm1, false)
  case .sqrt: (sqrt, true)
  case .rsqrt: (rsqrt, true)
  case .reciprocal: ({ $0.reciprocal }, true)
  case .square: ({ $0.squared }, false)
  case .sin: (sin, false)
  case .cos: (cos, false)
  case .tanh: (tanh, false)
  case .sigmoid: (sigmoid, false)
  case .erf: (erf, false)
  case .relu: (relu, false)
  case .floor: ({ floor($0) * $0 }, false)
  case .round: ({ round($0) * $0 }, false)
  case .gelu: (gelu, false)
  case .geluSlope: (geluSlope, false)
  case .isFinite, .not: nil
  }
}
