import Foundation

/// The mean loss on a plane through a point.
public struct LossPlane: Sendable {
  /// How far along either direction, rising.
  public let positions: [Double]
  /// At each position along the first direction a row of one loss for each along the second.
  public let losses: [[Double]]

  /// The losses on both axes at a distance from the point, there and back: four where the distance is a position.
  public func losses(at distance: Double) -> [Double] {
    guard let center = positions.firstIndex(of: 0) else { return [] }
    return positions.indices.filter { abs(positions[$0]) == distance }.flatMap {
      distance == 0 ? [losses[center][center]] : [losses[$0][center], losses[center][$0]]
    }
  }
}

extension RiskProbe {
  /// The mean loss on the plane that two random directions span, whose filters are as long as the point's own: what scales
  /// weights and undoes it later, as in a network with ReLU, then changes no picture.
  ///
  /// H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the Loss Landscape of Neural Nets", 2018, arXiv
  /// 1712.09913. Directions: `filterNormalizedDirection`.
  ///
  /// - Parameters:
  ///   - sets: examples, each set of which gets a plane.
  ///   - key: decides the directions.
  ///   - positions: along both, rising; 1 is as far as the weights are long.
  ///   - afterEach: called after each of the points, of which there are as many as the square of the positions.
  /// - Throws: `ShapeError` or `ModelError` where examples or parameters do not fit the model.
  public func planes(
    through parameters: Tree<NDArray>, on sets: [ExampleArrays], key: RandomKey, positions: [Double],
    afterEach: () -> Void = {}
  ) throws -> [LossPlane] {
    let directions = (0..<2).map { parameters.filterNormalizedDirection(key: key.split($0)) }
    let packing = TreePacking([Tree<TensorType>](repeating: parameters.types, count: 3))
    let moving = try Program(inputs: packing.types + [TensorType([2], .float64)]) { _, x in
      let (trees, way) = (packing.unpack(x), x[packing.count])
      return trees[0].leaves.indices.map { leaf in
        let type = trees[0].leaves[leaf].elementType
        let along = (0..<2).map { way.part($0).cast(to: type) * trees[$0 + 1].leaves[leaf] }
        return trees[0].leaves[leaf] + along[0] + along[1]
      }
    }
    let arguments = parameters.leaves + directions.flatMap(\.leaves)
    var losses = sets.map { _ in [[Double]]() }
    for first in positions {
      for index in sets.indices { losses[index].append([]) }
      for second in positions {
        let moved = Tree(
          sortedPaths: parameters.paths, leaves: try moving.run(arguments + [NDArray([first, second])]))
        for (index, examples) in sets.enumerated() {
          losses[index][losses[index].count - 1].append(try risk(moved, on: examples))
        }
        afterEach()
      }
    }
    return losses.map { LossPlane(positions: positions, losses: $0) }
  }
}

extension Tree where Leaf == NDArray {
  /// A random direction each of whose filters has the length of this tree's: what makes one output, along the last axis of a
  /// weight. Vectors and numbers, as biases and scales, stay where they are.
  public func filterNormalizedDirection(key: RandomKey) -> Tree<NDArray> {
    mapWithPaths { path, leaf in
      guard leaf.shape.rank > 1, leaf.count > 0 else { return .zeros(leaf.shape, leaf.elementType) }
      let (filters, own) = (leaf.shape[-1], leaf.doubles)
      var draws = key.split(path).normal(count: leaf.count)
      for filter in 0..<filters {
        var (length, drawn) = (0.0, 0.0)
        for index in stride(from: filter, to: own.count, by: filters) {
          length += own[index] * own[index]
          drawn += draws[index] * draws[index]
        }
        let factor = drawn > 0 ? (length / drawn).squareRoot() : 0
        for index in stride(from: filter, to: own.count, by: filters) { draws[index] *= factor }
      }
      return NDArray(draws, shape: leaf.shape).converted(to: leaf.elementType)
    }
  }
}
