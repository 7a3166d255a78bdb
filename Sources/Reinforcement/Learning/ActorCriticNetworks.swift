import Models

/// A policy for bounded actions: hidden layers, then tanh, scaled to the bounds. `[rows, observations]` to `[rows, actions]`.
///
/// The last layer starts uniform in ±0.003 (Lillicrap et al. 2016, section 7): first actions lie near the middle, where
/// tanh is not flat.
public struct ActorNetwork: Layer {
  /// Numbers of an observation.
  public let observations: Int
  /// Widths of the hidden layers.
  public let hidden: [Int]
  /// Of the actions: tanh's ±1 are their ends.
  public let bounds: Box

  public init(observations: Int, hidden: [Int], bounds: Box) {
    self.observations = observations
    self.hidden = hidden
    self.bounds = bounds
  }

  private var body: [Linear] {
    zip([observations] + hidden, hidden).map { Linear($0, $1) }
  }

  public func declare(in layout: inout ModelLayout) {
    for (index, linear) in body.enumerated() { layout.child("linear\(index)", linear) }
    layout.parameter("output/weight", [hidden.last ?? observations, bounds.count], .uniform(bound: 3e-3))
    layout.parameter("output/bias", [bounds.count], .uniform(bound: 3e-3))
  }

  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    var y = x
    for (index, linear) in body.enumerated() { y = relu(try scope.child("linear\(index)", linear, y)) }
    let raw = y.matmul(try scope.parameter("output/weight")) + (try scope.parameter("output/bias"))
    return x.graph.constant(NDArray(bounds.center)) + x.graph.constant(NDArray(bounds.halfWidth)) * tanh(raw)
  }
}

/// The value of an action in a state: `[rows, observations]` and `[rows, actions]`, joined, to `[rows]`.
///
/// One number a row, without an axis of one: a target `[rows]` then cannot spread into `[rows, rows]`.
public struct CriticNetwork: Layer {
  /// Numbers of an observation and an action together.
  public let inputs: Int
  /// Widths of the hidden layers.
  public let hidden: [Int]

  public init(inputs: Int, hidden: [Int]) {
    self.inputs = inputs
    self.hidden = hidden
  }

  private var body: MLP { MLP([inputs] + hidden + [1]) }

  public func declare(in layout: inout ModelLayout) { body.declare(in: &layout) }
  public func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor {
    try body.forward(x, in: &scope).reshaped(to: [x.shape[0]])
  }

  /// The value of actions.
  func value(_ states: Tensor, _ actions: Tensor, _ parameters: Parameters) throws -> Tensor {
    try self(concatenate([states, actions], axis: 1), parameters).output
  }
}

extension Tensor {
  /// Within bounds of their own for each column, where `[rows, columns]`.
  func clamped(to box: Box) -> Tensor {
    min(max(self, graph.constant(NDArray(box.low))), graph.constant(NDArray(box.high)))
  }

  /// Within -limit...limit, for a scalar limit.
  func clamped(within limit: Tensor) -> Tensor { min(max(self, -limit), limit) }
}
