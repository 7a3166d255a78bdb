import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct LossPlaneTests {
  private let key = RandomKey(seed: 11)
  private let data: ExampleArrays
  private let model = MLP([3, 8, 2])
  private let positions = [-0.5, -0.25, 0, 0.25, 0.5]

  init() { data = ExampleArrays(features: key.split("x").normal([40, 3]), targets: key.split("y").normal([40, 2])) }

  private func probe() -> RiskProbe { RiskProbe(model) { LossFunction.squaredError.perSample($0, $1) } }

  /// Filters are as long as those of the weights, and point elsewhere; biases do not move.
  @Test func directions() throws {
    let weights = try model.initialParameters(key: key.split("weights"))
    let direction = weights.filterNormalizedDirection(key: key)
    #expect(direction.types == weights.types && direction != weights)
    for (path, (own, found)) in weights.zipped(with: direction, { ($0, $1) }) {
      guard own.shape.rank == 2 else {
        #expect(found.doubles.allSatisfy { $0 == 0 }, "\(path)")
        continue
      }
      for filter in 0..<own.shape[1] {
        func length(_ x: NDArray) -> Double {
          (0..<x.shape[0]).reduce(0) { $0 + pow(x[flat: $1 * x.shape[1] + filter], 2) }.squareRoot()
        }
        #expect(abs(length(own) - length(found)) < rounding(.float32, terms: 8, scale: length(own)))
      }
    }
    #expect(weights.filterNormalizedDirection(key: key) == direction)
    #expect(weights.filterNormalizedDirection(key: key.split(1)) != direction)
  }

  /// Each point of a plane is the loss there, of each set of examples.
  @Test func lossesAreThoseOfTheirPoints() throws {
    let weights = try model.initialParameters(key: key.split("weights"))
    let few = ExampleArrays(features: data.features.rows(0..<7), targets: data.targets.rows(0..<7))
    var count = 0
    let planes = try probe().planes(through: weights, on: [data, few], key: key, positions: positions) { count += 1 }
    #expect(count == 25 && planes.count == 2)
    let (first, second) = (
      weights.filterNormalizedDirection(key: key.split(0)), weights.filterNormalizedDirection(key: key.split(1))
    )
    for (i, j) in [(0, 0), (1, 4), (2, 2), (4, 3)] {
      let moved = Tree(
        sortedPaths: weights.paths,
        leaves: weights.leaves.indices.map { leaf in
          let (w, a, b) = (weights.leaves[leaf], first.leaves[leaf].floats, second.leaves[leaf].floats)
          return NDArray(
            w.floats.indices.map { w.floats[$0] + Float(positions[i]) * a[$0] + Float(positions[j]) * b[$0] },
            shape: w.shape)
        })
      for (plane, examples) in zip(planes, [data, few]) {
        let exact = try probe().risk(moved, on: examples)
        #expect(abs(plane.losses[i][j] - exact) < rounding(.float32, terms: 200, scale: 1 + exact))
      }
    }
    let plane = planes[0]
    #expect(plane.losses(at: 0) == [plane.losses[2][2]])
    #expect(plane.losses(at: 0.5) == [plane.losses[0][2], plane.losses[2][0], plane.losses[4][2], plane.losses[2][4]])
    #expect(plane.losses(at: 0.3).isEmpty)
  }

  /// Weights that are scaled in one layer and back in the next are the same network with ReLU: the same picture.
  @Test func scalesChangeNoPicture() throws {
    let weights = try model.initialParameters(key: key.split("weights"))
    let factors = ["linear0/weight": 4 as Float, "linear0/bias": 4, "linear1/weight": 0.25]
    let scaled = weights.mapWithPaths { path, leaf in
      NDArray(leaf.floats.map { $0 * (factors[path] ?? 1) }, shape: leaf.shape)
    }
    let planes = try [weights, scaled].map {
      try probe().planes(through: $0, on: [data], key: key, positions: positions)[0]
    }
    for (a, b) in zip(planes[0].losses.joined(), planes[1].losses.joined()) {
      #expect(abs(a - b) < rounding(.float32, terms: 100, scale: 1 + a))
    }
    #expect(planes[0].losses[0][0] != planes[0].losses[2][2])
  }
}
