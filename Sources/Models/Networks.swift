/// Linear layers with an activation between them.
public struct MLP: Layer {
  /// Of the input, the hidden layers and the output.
  public let widths: [Int]
  /// Between the linear layers, not behind the last.
  public let activation: Activation
  /// Whether the linear layers have biases.
  public let hasBias: Bool
  /// How weights start.
  public let initializer: Initializer

  /// - Parameter widths: of the input, the hidden layers and the output.
  public init(
    _ widths: [Int], activation: Activation = .relu, bias: Bool = true, initializer: Initializer = .heUniform()
  ) {
    self.widths = widths
    self.activation = activation
    hasBias = bias
    self.initializer = initializer
  }

  private var linears: [Linear] {
    zip(widths, widths.dropFirst()).map { Linear($0, $1, bias: hasBias, initializer: initializer) }
  }

  public func declare(in layout: inout ModelLayout) {
    for (index, linear) in linears.enumerated() { layout.child("linear\(index)", linear) }
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    var y = try Flatten().forward(x, in: &scope)
    for (index, linear) in linears.enumerated() {
      y = try scope.child("linear\(index)", linear, y)
      if index + 1 < linears.count { y = try activation.forward(y, in: &scope) }
    }
    return y
  }
}

/// Two 3x3 convolutions with batch normalisation and a way around them (He et al. 2016).
struct ResidualBlock: Layer {
  let inputs: Int
  let features: Int
  let stride: Int

  private var first: Convolution2D {
    Convolution2D(inputs, features, size: 3, stride: stride, bias: false, initializer: .heNormal())
  }
  private var second: Convolution2D {
    Convolution2D(features, features, size: 3, bias: false, initializer: .heNormal())
  }
  /// Where the shape changes, the way around is a 1x1 convolution.
  private var shortcut: Convolution2D? {
    stride == 1 && inputs == features
      ? nil : Convolution2D(inputs, features, size: 1, stride: stride, bias: false, initializer: .heNormal())
  }

  func declare(in layout: inout ModelLayout) {
    layout.child("conv1", first)
    layout.child("norm1", BatchNorm(features))
    layout.child("conv2", second)
    layout.child("norm2", BatchNorm(features))
    if let shortcut {
      layout.child("shortcut", shortcut)
      layout.child("shortcutNorm", BatchNorm(features))
    }
  }

  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    var y = try scope.child("conv1", first, x)
    y = relu(try scope.child("norm1", BatchNorm(features), y))
    y = try scope.child("conv2", second, y)
    y = try scope.child("norm2", BatchNorm(features), y)
    guard let shortcut else { return relu(y + x) }
    let around = try scope.child("shortcutNorm", BatchNorm(features), try scope.child("shortcut", shortcut, x))
    return relu(y + around)
  }
}

/// A residual network for small images: a 3x3 stem without pooling, stages of blocks, mean over the plane, a linear
/// head.
public struct ResNet: Layer {
  /// Channels of the images.
  public let channels: Int
  /// Numbers of the output.
  public let classes: Int
  /// Features of each stage's blocks; every stage but the first starts with stride 2.
  public let stages: [(features: Int, blocks: Int)]

  public init(channels: Int, classes: Int, stages: [(features: Int, blocks: Int)]) {
    self.channels = channels
    self.classes = classes
    self.stages = stages
  }

  /// Three stages of one block.
  public static func resNet8(channels: Int = 3, classes: Int = 10, width: Int = 16) -> ResNet {
    ResNet(channels: channels, classes: classes, stages: [(width, 1), (2 * width, 1), (4 * width, 1)])
  }

  /// Four stages of two blocks: ResNet-18 with the stem for small images.
  public static func resNet18(channels: Int = 3, classes: Int = 10, width: Int = 64) -> ResNet {
    ResNet(
      channels: channels, classes: classes, stages: [(width, 2), (2 * width, 2), (4 * width, 2), (8 * width, 2)])
  }

  private var stem: Convolution2D {
    Convolution2D(channels, stages[0].features, size: 3, bias: false, initializer: .heNormal())
  }

  private var blocks: [(name: String, block: ResidualBlock)] {
    var result: [(name: String, block: ResidualBlock)] = []
    var inputs = stages[0].features
    for (stage, (features, count)) in stages.enumerated() {
      for index in 0..<count {
        let stride = stage > 0 && index == 0 ? 2 : 1
        result.append(
          ("stage\(stage + 1)/block\(index + 1)", ResidualBlock(inputs: inputs, features: features, stride: stride)))
        inputs = features
      }
    }
    return result
  }

  public func declare(in layout: inout ModelLayout) {
    layout.child("stem", stem)
    layout.child("stemNorm", BatchNorm(stages[0].features))
    for (name, block) in blocks { layout.child(name, block) }
    layout.child("head", Linear(stages.last!.features, classes))
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    var y = try scope.child("stem", stem, x)
    y = relu(try scope.child("stemNorm", BatchNorm(stages[0].features), y))
    for (name, block) in blocks { y = try scope.child(name, block, y) }
    return try scope.child("head", Linear(stages.last!.features, classes), y.mean([1, 2]))
  }
}

/// Two convolutions with max pooling and two linear layers.
public struct SmallCNN: Layer {
  /// Of the images, in pixels.
  public let height: Int
  /// Of the images, in pixels.
  public let width: Int
  /// Channels of the images.
  public let channels: Int
  /// Numbers of the output.
  public let classes: Int
  /// Of the first convolution; the second has twice as many.
  public let features: Int

  public init(height: Int = 28, width: Int = 28, channels: Int = 1, classes: Int = 10, features: Int = 16) {
    self.height = height
    self.width = width
    self.channels = channels
    self.classes = classes
    self.features = features
  }

  private var layers: Sequential {
    Sequential([
      ("conv1", Convolution2D(channels, features, size: 3, initializer: .heNormal())), ("relu1", Activation.relu),
      ("pool1", MaxPool(2)),
      ("conv2", Convolution2D(features, 2 * features, size: 3, initializer: .heNormal())), ("relu2", Activation.relu),
      ("pool2", MaxPool(2)), ("flatten", Flatten()),
      ("hidden", Linear(height / 4 * (width / 4) * 2 * features, 8 * features, initializer: .heNormal())),
      ("relu3", Activation.relu), ("head", Linear(8 * features, classes)),
    ])
  }

  public func declare(in layout: inout ModelLayout) { layers.declare(in: &layout) }
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor { try layers.forward(x, in: &scope) }
}
