import Foundation

/// Runs a model on any number of examples, in inference mode, by batches.
public final class Predictor {
  private let model: any Layer
  private let batchSize: Int
  private let isPadded: Bool
  private var programs: [Shape: Program] = [:]

  /// - Parameter isPadded: whether a last batch is filled up with zeros, so that all have one size, and rows are kept
  ///   apart: the bits of a perceptron's output for an example then depend neither on how many there are, nor on its place
  ///   among them, nor on the number of threads.
  public init(_ model: any Layer, batchSize: Int = 256, isPadded: Bool = false) {
    self.model = model
    self.batchSize = batchSize
    self.isPadded = isPadded
  }

  /// Outputs [count, ...] for features [count, ...].
  ///
  /// - Throws: `TrainingError` for no example; `ModelError` or `ShapeError` where features or parameters do not fit the
  ///   model.
  public func predict(_ features: NDArray, parameters: Tree<NDArray>, modelState: Tree<NDArray>) throws -> NDArray {
    let count = features.shape[0]
    guard count > 0 else { throw TrainingError("there is nothing to predict") }
    var parts: [NDArray] = []
    for start in stride(from: 0, to: count, by: batchSize) {
      let end = min(start + batchSize, count)
      let rows = isPadded ? features.padded(start..<end, to: batchSize) : features.rows(start..<end)
      let program = try program(rows, parameters, modelState)
      let output = try program.run(parameters.leaves + modelState.leaves + [rows])[0]
      parts.append(rows.shape[0] > end - start ? output.rows(0..<end - start) : output)
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
    let program = try Program(inputs: packing.types + [TensorType(of: rows)], keepsRowsApart: isPadded) { _, x in
      let trees = packing.unpack(x)
      return [try model(x[packing.count], Parameters(trees[0]), state: trees[1], mode: .inference).output]
    }
    programs[rows.shape] = program
    return program
  }
}

extension NDArray {
  /// Rows with zeros behind them.
  fileprivate func padded(_ range: Range<Int>, to count: Int) -> NDArray {
    let own = rows(range)
    if range.count == count { return own }
    let result = NDArray.zeros(Shape([count] + shape.dimensions.dropFirst()), elementType)
    result.storage.pointer.copyMemory(from: own.storage.pointer, byteCount: own.byteCount)
    return result
  }
}
