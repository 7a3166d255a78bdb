import Descent

/// A perceptron whose hidden units are products: (x A) times sigmoid(x B), then a linear layer.
///
/// Dauphin et al., "Language modeling with gated convolutional networks", 2017.
struct Gated: Layer {
  var inputs: Int
  var width: Int
  var outputs: Int

  static let kind = ModelKind(
    name: "gated", summary: "one hidden layer of gated linear units",
    options: [.init("width", "32", "of the hidden layer, at most 4096")]
  ) { values, site in
    Gated(inputs: site.input.count, width: try values.count("width", atMost: 4096), outputs: site.outputs)
  }

  private var value: Linear { Linear(inputs, width) }
  private var gate: Linear { Linear(inputs, width) }
  private var last: Linear { Linear(width, outputs) }

  func declare(in layout: inout ModelLayout) {
    layout.child("value", value)
    layout.child("gate", gate)
    layout.child("last", last)
  }

  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    let x = try Flatten().forward(x, in: &scope)
    let hidden = try scope.child("value", value, x) * sigmoid(try scope.child("gate", gate, x))
    return try scope.child("last", last, hidden)
  }
}
