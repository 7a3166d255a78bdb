import Differentiation

/// Values recorded so far, from which a random function makes the next.
struct RandomPool {
  struct Item {
    var tensor: Tensor
    /// Whether it holds elements of arguments unchanged, so that comparing them depends on no rounding.
    var isExact: Bool
  }

  private(set) var values: [Item]
  private var dice: Dice
  private let largest: Int

  init(_ key: RandomKey, _ arguments: [Tensor]) {
    dice = Dice(key)
    values = arguments.map { Item(tensor: $0, isExact: true) }
    largest = 4 * arguments.map(\.count).max()!
  }

  /// Records one more operation, on values chosen at random, and returns its name.
  mutating func grow() -> String {
    while true {
      // Recent values more often: chains are what fuses.
      let item = dice.roll(2) == 0 ? dice.pick(Array(values.suffix(3))) : dice.pick(values)
      let kind = dice.pick(RandomOperation.allCases)
      guard let result = made(kind, item), result.tensor.count <= largest, result.tensor.rank <= 5 else { continue }
      values.append(result)
      return "\(kind.rawValue) \(item.tensor.shape) -> \(result.tensor.shape)"
    }
  }

  private mutating func made(_ kind: RandomOperation, _ item: Item) -> Item? {
    let x = item.tensor
    if let result = moved(kind, x, isExact: item.isExact) { return Item(tensor: result, isExact: item.isExact) }
    return combined(kind, item).map { Item(tensor: $0, isExact: false) }
  }

  /// The same elements in other places.
  private mutating func moved(_ kind: RandomOperation, _ x: Tensor, isExact: Bool) -> Tensor? {
    switch kind {
    case .transpose: return x.transposed(dice.order(x.rank))
    case .reshape:
      let dimensions = x.shape.dimensions
      switch dice.roll(4) {
      case 0: return x.reshaped(to: [x.count])
      case 1 where x.rank > 1: return x.reshaped(to: Shape([dimensions[0] * dimensions[1]] + dimensions.dropFirst(2)))
      case 2 where x.count % 2 == 0: return x.reshaped(to: [2, -1])
      default: return x.expanded(axis: dice.roll(x.rank + 1))
      }
    case .slice:
      let starts = x.shape.dimensions.map { dice.roll(($0 + 1) / 2 + ($0 == 0 ? 1 : 0)) }
      let strides = x.shape.dimensions.map { _ in 1 + dice.roll(2) }
      let ends = x.shape.dimensions.enumerated().map { axis, extent in
        Swift.max(extent - dice.roll(2), Swift.min(starts[axis] + 1, extent))
      }
      return x.sliced(from: starts, to: ends, strides: strides)
    case .reverse: return x.reversed(axes: axes(of: x))
    case .broadcast:
      let wide = x.shape.dimensions.map { $0 == 1 && dice.roll(2) == 0 ? 3 : $0 }
      return x.broadcast(to: Shape((dice.roll(2) == 0 ? [2] : []) + wide))
    case .gather where x.rank > 0:
      let axis = dice.roll(x.rank)
      guard x.shape[axis] > 0 else { return nil }
      let positions = (0..<1 + dice.roll(6)).map { _ in Int32(dice.roll(x.shape[axis])) }
      return x.gathering(x.graph.constant(NDArray(positions)), axis: axis)
    case .sort where x.rank > 0 && isExact:
      return x.sorted(descending: dice.roll(2) == 0)
    default: return nil
    }
  }

  /// New elements.
  private mutating func combined(_ kind: RandomOperation, _ item: Item) -> Tensor? {
    let x = item.tensor
    switch kind {
    case .unary:
      let functions: [(Tensor) -> Tensor] = [
        tanh, sigmoid, sin, cos, abs, relu, { -$0 }, { sqrt(abs($0) + 1) }, { tanh($0).squared }, { exp(-$0.squared) },
        { log1p(abs($0)) }, { erf($0) }, { rsqrt($0.squared + 1) }, softplus, gelu, { 0.5 * $0 + 0.25 }, { 1 - $0 },
      ]
      return dice.pick(functions)(x)
    case .binary:
      let y = partner { $0.shape.broadcast(with: x.shape) != nil }
      let functions: [(Tensor, Tensor) -> Tensor] = [
        { ($0 + $1) * 0.5 }, { $0 - $1 }, { tanh($0) * $1 }, { $0 / (1 + $1.squared) }, { max($0, $1) },
        { min($0, $1) }, { pow(1 + $0.squared, tanh($1)) },
      ]
      return dice.pick(functions)(x, y)
    case .reduce where x.count > 0:
      let axes = axes(of: x)
      let keeping = dice.roll(2) == 0
      switch dice.roll(3) {
      case 0: return x.mean(axes, keepingAxes: keeping)
      case 1: return x.maximum(axes, keepingAxes: keeping)
      default: return x.minimum(axes, keepingAxes: keeping)
      }
    case .normalize where x.rank > 0 && x.count > 0:
      let axis = dice.roll(x.rank)
      switch dice.roll(3) {
      case 0: return softmax(x, axis: axis)
      case 1: return x - x.mean([axis], keepingAxes: true)
      default: return x.logSumExp([axis])
      }
    case .select:
      guard item.isExact else { return nil }
      let other = partner { $0.shape == x.shape }
      let threshold = Double(dice.roll(3)) * 0.5 - 0.5
      return dice.roll(2) == 0
        ? Graphs.select(x .> threshold, other, x) : (x .<= threshold).cast(to: x.elementType) * other
    case .pad:
      let low = x.shape.dimensions.map { _ in dice.roll(2) }
      let high = x.shape.dimensions.map { _ in dice.roll(2) }
      return x.padded(low: low, high: high, interior: x.shape.dimensions.map { _ in dice.roll(2) })
    case .concatenate where x.rank > 0:
      return concatenate([x, partner { $0.shape == x.shape }, x], axis: dice.roll(x.rank))
    case .cumulativeSum where x.rank > 0:
      let axis = dice.roll(x.rank)
      return x.cumulativeSum(axis: axis, reverse: dice.roll(2) == 0) * (1 / Double(Swift.max(x.shape[axis], 1)))
    case .scatter where x.rank > 0:
      let axis = dice.roll(x.rank)
      let positions = (0..<x.shape[axis]).map { _ in Int32(dice.roll(4)) }
      return x.scatterAdding(at: x.graph.constant(NDArray(positions)), axis: axis, extent: 4)
        * (1 / Double(Swift.max(x.shape[axis], 1)))
    case .matmul where x.rank >= 2:
      let y = partner { $0.rank >= 2 && $0.shape[-1] == x.shape[-1] && x.matches($0) }
      return tanh(x).matmul(y.transposed()) * (1 / Double(Swift.max(x.shape[-1], 1)))
    case .convolution where x.rank == 4 && x.shape[1] > 1 && x.shape[2] > 1 && x.shape[0] > 0 && x.shape[3] > 0:
      let weights = x.slice(0..<1, axis: 0).reshaped(to: [x.shape[1], x.shape[2], x.shape[3], 1])
        .sliced(from: [0, 0, 0, 0], to: [2, 2, x.shape[3], 1])
      let padding: Padding = dice.roll(2) == 0 ? .same : .valid
      return dice.roll(3) == 0
        ? x.averagePooled(size: 2, stride: 1 + dice.roll(2), padding: padding)
        : x.convolved(with: tanh(weights), strides: 1 + dice.roll(2), padding: padding) * (0.25 / Double(x.shape[3]))
    case .argument where x.rank > 0 && item.isExact && x.count > 0:
      return x.argumentOfMaximum(axis: dice.roll(x.rank)).cast(to: x.elementType) * 0.1
    case .stop: return x.stoppingGradient
    case .layerNorm, .batchNorm, .attention, .crossEntropy: return x.count > 0 ? composite(kind, x) : nil
    default: return nil
    }
  }

  /// Operations that have kernels for their value and first derivative, and decompose beyond.
  private mutating func composite(_ kind: RandomOperation, _ x: Tensor) -> Tensor? {
    switch kind {
    case .layerNorm, .batchNorm:
      guard x.rank > 0 else { return nil }
      let (scale, shift) = (1 + 0.5 * tanh(elements(x.shape[-1])), elements(x.shape[-1]))
      // A large epsilon, so that rows of equal numbers amplify no rounding.
      return kind == .layerNorm
        ? Graphs.layerNorm(x, scale: scale, shift: shift, epsilon: 0.3)
        : Graphs.batchNorm(x, scale: scale, shift: shift, epsilon: 0.3).output
    case .attention:
      let (batch, time, heads, width) = (1 + dice.roll(2), 1 + dice.roll(4), 1 + dice.roll(2), 1 + dice.roll(4))
      let packed = elements(batch * time * 3 * heads * width).reshaped(to: [batch, time, 3, heads, width])
      return selfAttention(packed: packed, causal: dice.roll(2) == 0)
    case .crossEntropy:
      guard x.rank > 0 else { return nil }
      let rows = x.shape.removing(axis: -1)
      let labels = (0..<rows.count).map { _ in Int32(dice.roll(x.shape[-1])) }
      return softmaxCrossEntropy(x, labels: x.graph.constant(NDArray(labels, shape: rows)))
    default: return nil
    }
  }

  /// A vector of elements of one of the values, in any order.
  private mutating func elements(_ count: Int) -> Tensor {
    let x = partner { $0.count > 0 }
    let positions = (0..<count).map { _ in Int32(dice.roll(x.count)) }
    return x.reshaped(to: [x.count]).gathering(x.graph.constant(NDArray(positions)))
  }

  private mutating func axes(of x: Tensor) -> [Int] {
    let chosen = (0..<x.rank).filter { _ in dice.roll(2) == 0 }
    return chosen.isEmpty && x.rank > 0 ? [dice.roll(x.rank)] : chosen
  }

  /// Another value that fits; there is always one, the value itself.
  private mutating func partner(_ fits: (Tensor) -> Bool) -> Tensor {
    dice.pick(values.map(\.tensor).filter(fits))
  }
}

enum RandomOperation: String, CaseIterable {
  case unary, binary, reduce, normalize, select, transpose, reshape, slice, reverse, broadcast, pad, concatenate
  case gather, scatter, cumulativeSum, sort, argument, matmul, convolution, stop
  case layerNorm, batchNorm, attention, crossEntropy
}

extension Tensor {
  /// Whether the batch axes of two matrix products broadcast together.
  fileprivate func matches(_ other: Tensor) -> Bool {
    Shape(Array(shape.dimensions.dropLast(2))).broadcast(with: Shape(Array(other.shape.dimensions.dropLast(2)))) != nil
  }
}
