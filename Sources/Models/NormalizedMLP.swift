/// Hidden linear layers without bias, each followed by batch normalisation and ReLU, and a linear head.
///
/// The hidden weights are scale-invariant, as convolutions before batch normalisation are.
public struct NormalizedMLP: Layer {
  /// Numbers of an example, whose axes are flattened.
  public let inputs: Int
  /// Widths of the hidden layers.
  public let hidden: [Int]
  /// Numbers of the output.
  public let classes: Int

  /// - Parameter hidden: the widths of the hidden layers; the last is the number of the head's features.
  public init(inputs: Int, hidden: [Int], classes: Int = 10) {
    self.inputs = inputs
    self.hidden = hidden
    self.classes = classes
  }

  private var layers: Sequential {
    var layers: [(name: String, layer: any Layer)] = [("flatten", Flatten())]
    for (index, (from, to)) in zip([inputs] + hidden, hidden).enumerated() {
      layers += [
        ("hidden\(index + 1)", Linear(from, to, bias: false)), ("norm\(index + 1)", BatchNorm(to)),
        ("relu\(index + 1)", Activation.relu),
      ]
    }
    return Sequential(layers + [("head", Linear(hidden.last ?? inputs, classes))])
  }

  public func declare(in layout: inout ModelLayout) { layers.declare(in: &layout) }
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor { try layers.forward(x, in: &scope) }
}
