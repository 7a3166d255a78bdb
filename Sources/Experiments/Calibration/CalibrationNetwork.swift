import Models

/// The networks of the calibration experiment, and which of their parameters an ablation projects.
package enum CalibrationNetwork: String, CaseIterable {
  case mlp, cnn, resnet8, resnet18

  /// - Throws: `SettingsError` naming the nearest.
  init(named name: String) throws {
    guard let found = Self(rawValue: name) else {
      throw SettingsError(
        "model.kind: there is no \(name); \(NearestName.hint(name, among: Self.allCases.map(\.rawValue)))")
    }
    self = found
  }

  /// - Parameter width: features of the first stage; of both hidden layers in the MLP.
  func layer(channels: Int, size: Int, width: Int) -> any Layer {
    switch self {
    case .mlp: NormalizedMLP(inputs: size * size * channels, hidden: [width, width])
    case .cnn: SmallCNN(height: size, width: size, channels: channels, features: width)
    case .resnet8: ResNet.resNet8(channels: channels, width: width)
    case .resnet18: ResNet.resNet18(channels: channels, width: width)
    }
  }

  /// The linear layer that gives the logits.
  static let head = "head/weight"

  /// Arms that project a part of the parameters only, by the patterns of their paths.
  var ablations: [(name: String, patterns: [String])] {
    let head = (name: "head only", patterns: ["head/*"])
    return switch self {
    case .mlp:
      [
        head, (name: "norms only", patterns: ["norm*/scale", "norm*/shift"]),
        (name: "hidden weights only", patterns: ["hidden*/weight"]),
      ]
    case .cnn: [head, (name: "convolutions only", patterns: ["conv*/weight"])]
    case .resnet8, .resnet18:
      [
        head, (name: "norms only", patterns: ["*orm*/scale", "*orm*/shift"]),
        (name: "convolutions only", patterns: ["*conv*/weight", "stem/weight", "*shortcut/weight"]),
      ]
    }
  }

  /// Patterns of weights before batch normalisation, which are scale-invariant; none where nothing is normalised.
  var invariantWeights: [String] {
    switch self {
    case .mlp: ["hidden*/weight"]
    case .cnn: []
    case .resnet8, .resnet18: ["*conv*/weight", "stem/weight", "*shortcut/weight"]
    }
  }

  /// Starting parameters as in the authors' residual network: inner convolutions by fan-out, where ours start by fan-in.
  package func start(_ parameters: Tree<NDArray>) -> Tree<NDArray> {
    guard self == .resnet8 || self == .resnet18 else { return parameters }
    return parameters.mapWithPaths { path, leaf in
      guard leaf.shape.rank == 4, path != "stem/weight", leaf.shape[2] != leaf.shape[3] else { return leaf }
      let factor = (Double(leaf.shape[2]) / Double(leaf.shape[3])).squareRoot()
      return NDArray(leaf.doubles.map { factor * $0 }, shape: leaf.shape).converted(to: leaf.elementType)
    }
  }
}
