import Graphs

/// A map x w + b from [..., inputs] to [..., outputs]; weights [inputs, outputs].
public struct Linear: Layer {
  public let inputs: Int
  public let outputs: Int
  public let hasBias: Bool
  public let initializer: Initializer

  public init(_ inputs: Int, _ outputs: Int, bias: Bool = true, initializer: Initializer = .heUniform()) {
    self.inputs = inputs
    self.outputs = outputs
    hasBias = bias
    self.initializer = initializer
  }

  public func declare(in layout: inout ModelLayout) {
    layout.parameter("weight", [inputs, outputs], initializer)
    if hasBias { layout.parameter("bias", [outputs], .uniform(bound: 1 / Double(inputs).squareRoot())) }
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let product = x.matmul(try scope.parameter("weight"))
    return hasBias ? product + (try scope.parameter("bias")) : product
  }
}

/// A 2-d convolution of NHWC images; weights HWIO.
public struct Convolution2D: Layer {
  public let inputs: Int
  public let features: Int
  public let size: Int
  public let stride: Int
  public let padding: Padding
  public let hasBias: Bool
  public let initializer: Initializer

  public init(
    _ inputs: Int, _ features: Int, size: Int, stride: Int = 1, padding: Padding? = nil, bias: Bool = true,
    initializer: Initializer = .heUniform()
  ) {
    self.inputs = inputs
    self.features = features
    self.size = size
    self.stride = stride
    // Half the window on each side, whatever the stride, as is common for images.
    self.padding = padding ?? .explicit(size / 2)
    hasBias = bias
    self.initializer = initializer
  }

  public func declare(in layout: inout ModelLayout) {
    layout.parameter("weight", [size, size, inputs, features], initializer)
    if hasBias { layout.parameter("bias", [features], .uniform(bound: 1 / Double(inputs * size * size).squareRoot())) }
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let y = x.convolved(with: try scope.parameter("weight"), strides: stride, padding: padding)
    return hasBias ? y + (try scope.parameter("bias")) : y
  }
}

/// Batch normalisation with running statistics: mean and unbiased variance, moved by `momentum` at each update.
public struct BatchNorm: Layer {
  public let channels: Int
  public let momentum: Double
  public let epsilon: Double

  public init(_ channels: Int, momentum: Double = 0.1, epsilon: Double = 1e-5) {
    self.channels = channels
    self.momentum = momentum
    self.epsilon = epsilon
  }

  public func declare(in layout: inout ModelLayout) {
    layout.parameter("scale", [channels], .ones)
    layout.parameter("shift", [channels], .zeros)
    layout.state("mean", [channels], .zeros)
    layout.state("variance", [channels], .ones)
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let (scale, shift) = (try scope.parameter("scale"), try scope.parameter("shift"))
    let (mean, variance) = (try scope.state("mean"), try scope.state("variance"))
    guard scope.mode == .training else {
      let factor = rsqrt(variance + epsilon) * scale
      return x * factor + (shift - mean * factor)
    }
    let result = batchNorm(x, scale: scale, shift: shift, epsilon: epsilon)
    let count = Double(x.count / max(channels, 1))
    let unbiased = result.variance * (count / max(count - 1, 1))
    scope.setState("mean", mean + momentum * (result.mean - mean).stoppingGradient)
    scope.setState("variance", variance + momentum * (unbiased - variance).stoppingGradient)
    return result.output
  }
}

/// Layer normalisation over the last axis.
public struct LayerNorm: Layer {
  public let width: Int
  public let epsilon: Double

  public init(_ width: Int, epsilon: Double = 1e-5) {
    self.width = width
    self.epsilon = epsilon
  }

  public func declare(in layout: inout ModelLayout) {
    layout.parameter("scale", [width], .ones)
    layout.parameter("shift", [width], .zeros)
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    layerNorm(x, scale: try scope.parameter("scale"), shift: try scope.parameter("shift"), epsilon: epsilon)
  }
}

/// Rows of a table for int32 symbols: [...] to [..., width].
public struct Embedding: Layer {
  public let count: Int
  public let width: Int
  public let initializer: Initializer

  public init(_ count: Int, _ width: Int, initializer: Initializer = .normal(standardDeviation: 1)) {
    self.count = count
    self.width = width
    self.initializer = initializer
  }

  public func declare(in layout: inout ModelLayout) { layout.parameter("weight", [count, width], initializer) }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    try scope.parameter("weight").gathering(x)
  }
}

/// Sets a fraction of the elements to zero while training and scales the others up (Srivastava et al. 2014).
public struct Dropout: Layer {
  public let rate: Double
  public init(_ rate: Double) { self.rate = rate }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    guard scope.mode == .training, rate > 0 else { return x }
    let random = Tensor.random(.uniform, x.shape, key: try scope.randomKey(), x.elementType)
    return select(random .>= rate, x * (1 / (1 - rate)), 0)
  }
}

/// A function without parameters as a layer.
public struct Activation: Layer {
  public let name: String
  private let function: @Sendable (Tensor) -> Tensor

  public init(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.function = function
  }

  public static let relu = Activation("relu") { Graphs.relu($0) }
  public static let gelu = Activation("gelu") { Graphs.gelu($0) }
  public static let tanh = Activation("tanh") { Graphs.tanh($0) }
  public static let sigmoid = Activation("sigmoid") { Graphs.sigmoid($0) }
  public static let silu = Activation("silu") { Graphs.silu($0) }
  public static let softplus = Activation("softplus") { Graphs.softplus($0) }
  /// All activations that text can name.
  public static let all: [Activation] = [.relu, .gelu, .tanh, .sigmoid, .silu, .softplus]

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor { function(x) }
}

/// Layers one after the other; their paths are their positions, or names.
public struct Sequential: Layer {
  public let layers: [(name: String, layer: any Layer)]

  public init(_ layers: [(name: String, layer: any Layer)]) { self.layers = layers }
  public init(_ layers: [any Layer]) { self.layers = layers.enumerated().map { ("\($0.offset)", $0.element) } }

  public func declare(in layout: inout ModelLayout) {
    for (name, layer) in layers { layout.child(name, layer) }
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    try layers.reduce(x) { try scope.child($1.name, $1.layer, $0) }
  }
}

/// Everything but the batch axis in one.
public struct Flatten: Layer {
  public init() {}
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    x.rank == 2 ? x : x.reshaped(to: [x.shape[0], x.count / max(x.shape[0], 1)])
  }
}

/// The largest element under each window.
public struct MaxPool: Layer {
  public let size: Int
  public let stride: Int
  public init(_ size: Int, stride: Int? = nil) {
    self.size = size
    self.stride = stride ?? size
  }
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    x.maxPooled(size: size, stride: stride)
  }
}

/// The mean over height and width: [batch, height, width, channels] to [batch, channels].
public struct GlobalAveragePool: Layer {
  public init() {}
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor { x.mean([1, 2]) }
}
