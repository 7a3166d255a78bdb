import Graphs

/// A map x w + b from [..., inputs] to [..., outputs]; weights [inputs, outputs].
public struct Linear: Layer {
  /// Numbers of a row, in.
  public let inputs: Int
  /// Numbers of a row, out.
  public let outputs: Int
  /// Whether b is added.
  public let hasBias: Bool
  /// How weights start; b starts as biases do: uniform within 1/√inputs of 0, as in PyTorch.
  public let initializer: Initializer

  /// - Parameter bias: whether b is added.
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
  /// Channels of the input.
  public let inputs: Int
  /// Channels of the output.
  public let features: Int
  /// Height and width of the window.
  public let size: Int
  /// Distance from one place of the window to the next, in both directions.
  public let stride: Int
  /// What surrounds the image.
  public let padding: Padding
  /// Whether each feature has a number added.
  public let hasBias: Bool
  /// How weights start; biases start uniform within 1/√(taps · channels) of 0, as in PyTorch.
  public let initializer: Initializer

  /// - Parameter padding: zeros of half the window on each side when nil, so that stride 1 keeps an image's size.
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
  /// Extent of the last axis.
  public let channels: Int
  /// The share of each new batch in the running statistics.
  public let momentum: Double
  /// Added to the variance under the root.
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
  /// Extent of the last axis.
  public let width: Int
  /// Added to the variance under the root.
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
  /// Rows of the table; symbols are 0..<count.
  public let count: Int
  /// Numbers of a row.
  public let width: Int
  /// How the table starts.
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
  /// The fraction that is set to zero, in 0..<1.
  public let rate: Double
  public init(_ rate: Double) { self.rate = rate }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    guard (0..<1).contains(rate) else { throw ModelError("dropout: the rate must be in 0..<1 and is \(rate)") }
    guard scope.mode == .training, rate > 0 else { return x }
    let random = Tensor.random(.uniform, x.shape, key: try scope.randomKey(), x.elementType)
    return select(random .>= rate, x * (1 / (1 - rate)), 0)
  }
}

/// A function without parameters as a layer.
public struct Activation: Layer {
  /// As text and descriptions call it.
  public let name: String
  private let function: @Sendable (Tensor) -> Tensor

  /// A function of one's own; it must be traced from its argument alone.
  public init(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
    self.name = name
    self.function = function
  }

  /// max(x, 0).
  public static let relu = Activation("relu") { Graphs.relu($0) }
  /// x Φ(x), with the normal distribution function (Hendrycks and Gimpel 2016, the exact form).
  public static let gelu = Activation("gelu") { Graphs.gelu($0) }
  /// The hyperbolic tangent.
  public static let tanh = Activation("tanh") { Graphs.tanh($0) }
  /// 1 / (1 + exp(-x)).
  public static let sigmoid = Activation("sigmoid") { Graphs.sigmoid($0) }
  /// x sigmoid(x) (Elfwing et al. 2018).
  public static let silu = Activation("silu") { Graphs.silu($0) }
  /// log(1 + exp(x)).
  public static let softplus = Activation("softplus") { Graphs.softplus($0) }
  /// All activations that text can name.
  public static let all: [Activation] = [.relu, .gelu, .tanh, .sigmoid, .silu, .softplus]

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor { function(x) }
}

/// Layers one after the other; their paths are their positions, or names.
public struct Sequential: Layer {
  /// In their order; names are the first parts of the paths of their parameters.
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
  /// Height and width of the window.
  public let size: Int
  /// Distance from one place of the window to the next; its size by default.
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
