import Models

/// A layer whose parameters are one vector, path after path.
struct FlatModel {
  let layer: any Layer
  private let types: Tree<TensorType>

  init(_ layer: any Layer) {
    self.layer = layer
    types = layer.layout.entries.map(\.type)
  }

  var dimension: Int { types.elementCount }

  /// Starting values of all parameters.
  func start(key: RandomKey) throws -> [Double] {
    try layer.initialParameters(key: key, .float64).leaves.flatMap(\.doubles)
  }

  /// The output for features under parameters x, [dimension].
  func callAsFunction(_ features: Tensor, _ x: Tensor) throws -> Tensor {
    var offset = 0
    let leaves = types.leaves.map { type in
      let part = x.slice(offset..<offset + type.shape.count, axis: 0).reshaped(to: type.shape)
      offset += type.shape.count
      return part
    }
    return try layer(features, Parameters(Tree(sortedPaths: types.paths, leaves: leaves))).output
  }
}

/// The network of Sener and Koltun (2018) for two digits in one picture, without dropout: two convolutions and a linear
/// layer that both tasks share, and two layers for each; [batch, 28, 28, 1] to the logits of both, [batch, 20].
///
/// Our choice: weights start as He et al. (2015) propose. With smaller ones the start itself is nearly stationary, and a
/// short descent would be best that does not move.
struct TwoDigitNetwork: Layer {
  private var trunk: Sequential {
    Sequential([
      Convolution2D(1, 10, size: 5, padding: .explicit(0), initializer: .heNormal()), MaxPool(2), Activation.relu,
      Convolution2D(10, 20, size: 5, padding: .explicit(0), initializer: .heNormal()), MaxPool(2), Activation.relu,
      Flatten(), Linear(320, 50, initializer: .heNormal()), Activation.relu,
    ])
  }
  private var head: MLP { MLP([50, 50, 10], initializer: .heNormal()) }

  func declare(in layout: inout ModelLayout) {
    layout.child("trunk", trunk)
    layout.child("left", head)
    layout.child("right", head)
  }

  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let shared = try scope.child("trunk", trunk, x)
    return concatenate(
      [try scope.child("left", head, shared), try scope.child("right", head, shared)], axis: 1)
  }
}
