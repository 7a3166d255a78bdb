import Training

/// How a point moves against a direction.
protocol Mover {
  mutating func moved(_ point: [Double], from previous: [Double], along direction: [Double]) throws -> [Double]
}

/// x - η d + α (x - x'), x' the point before (Polyak 1964).
struct HeavyBall: Mover {
  let rate: Double
  let momentum: Double

  func moved(_ point: [Double], from previous: [Double], along direction: [Double]) -> [Double] {
    point.indices.map { point[$0] + (momentum * (point[$0] - previous[$0]) - rate * direction[$0]) }
  }
}

/// The step that a chain makes of a direction, as of a gradient.
struct ChainMover: Mover {
  private let step: TrainingStep

  init(_ chain: Chain, _ start: [Double], key: RandomKey) throws {
    guard !chain.requirements.contains(.loss) else {
      throw DescentError("\(chain) needs the loss, and there are several objectives")
    }
    let method = GradientDescent(chain)
    step = try TrainingStep(
      // Its gradient is the direction.
      Objective { point, inputs, _ in ObjectiveValue(dot(try inputs["direction"], point["x"]!)) }, method: method,
      inputs: ["direction": TensorType([start.count], .float64)],
      from: try TrainingState(startingFrom: ["x": NDArray(start)], method: method), key: key)
  }

  func moved(_ point: [Double], from previous: [Double], along direction: [Double]) throws -> [Double] {
    try step.advance(["direction": NDArray(direction)], checksLoss: false)
    return step.state.parameters["x"]!.doubles
  }
}
