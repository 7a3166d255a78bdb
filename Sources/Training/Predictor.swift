import Foundation

/// Runs a model on any number of examples, in inference mode, by batches.
public final class Predictor {
  private let model: any Layer
  private let batchSize: Int
  private var programs: [Shape: Program] = [:]

  public init(_ model: any Layer, batchSize: Int = 256) {
    self.model = model
    self.batchSize = batchSize
  }

  /// Outputs [count, ...] for features [count, ...].
  public func predict(_ features: NDArray, parameters: Tree<NDArray>, modelState: Tree<NDArray>) throws -> NDArray {
    let count = features.shape[0]
    guard count > 0 else { throw TrainingError("there is nothing to predict") }
    var parts: [NDArray] = []
    for start in stride(from: 0, to: count, by: batchSize) {
      let rows = features.rows(start..<min(start + batchSize, count))
      let program = try program(rows, parameters, modelState)
      parts.append(try program.run(parameters.leaves + modelState.leaves + [rows])[0])
    }
    var dimensions = parts[0].shape.dimensions
    dimensions[0] = count
    let result = NDArray(uninitialized: Shape(dimensions), parts[0].elementType)
    var offset = 0
    for part in parts {
      (result.storage.pointer + offset).copyMemory(from: part.storage.pointer, byteCount: part.byteCount)
      offset += part.byteCount
    }
    return result
  }

  private func program(_ rows: NDArray, _ parameters: Tree<NDArray>, _ modelState: Tree<NDArray>) throws -> Program {
    if let known = programs[rows.shape] { return known }
    let model = model
    let packing = TreePacking([parameters.types, modelState.types])
    let program = try Program(inputs: packing.types + [TensorType(of: rows)]) { _, x in
      let trees = packing.unpack(x)
      return [try model(x[packing.count], Parameters(trees[0]), state: trees[1], mode: .inference).output]
    }
    programs[rows.shape] = program
    return program
  }
}
