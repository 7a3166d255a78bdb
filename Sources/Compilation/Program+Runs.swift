extension Program {
  /// Runs several times within one call; each run begins where the one before ended. Small programs feel what a call costs besides
  /// its kernels.
  ///
  /// ```swift
  /// // x becomes x + y, for each row of y.
  /// let program = try Program(inputs: [TensorType([3]), TensorType([3])], donating: [0: 0]) { _, x in [x[0] + x[1], x[0].sum()] }
  /// var arrays = [NDArray.zeros([3]), rows]
  /// let sums = try program.run(updating: &arrays, times: rows.shape[0])[0]
  /// ```
  ///
  /// - Parameters:
  ///   - inputs: as of one run. One that is not donated may have a first axis of `count` before its type's own, along which each run
  ///     takes the next part.
  ///   - count: at least one; the results of all runs take memory.
  /// - Returns: the results that take over no argument, each with a first axis of `count`.
  /// - Throws: `ArgumentError` where an array has another type, or `count` is not above 0 or beyond all memory.
  public func run(updating inputs: inout [NDArray], times count: Int) throws -> [NDArray] {
    try run(updating: &inputs, times: count, knowing: 0) { _, _ in true }.results
  }

  /// Of the results of all runs that stand in one array: 1 TB.
  private static let mostBytes = 1 << 40

  /// - Parameters:
  ///   - known: of how many arguments, the first ones, the caller knows that their types are right.
  ///   - goesOn: asked after each run, with the number of runs so far and the results, of which as many parts are there.
  /// - Returns: the results, and the number of runs that were made.
  package func run(
    updating inputs: inout [NDArray], times count: Int, knowing known: Int,
    while goesOn: (_ done: Int, _ results: [NDArray]) -> Bool
  ) throws -> (results: [NDArray], done: Int) {
    guard count > 0 else { throw ArgumentError(reason: "a program runs at least once, not \(count) times") }
    for type in outputTypes {
      let (bytes, isTooMany) = (type.shape.count * type.elementType.byteCount).multipliedReportingOverflow(by: count)
      guard !isTooMany, bytes <= Self.mostBytes else {
        throw ArgumentError(reason: "no memory holds the results of \(count) runs")
      }
    }
    let sequences = try bindInputs(&inputs, times: count, knowing: known)
    var results: [NDArray] = []
    var written: [(position: Int, start: UnsafeMutableRawPointer, stride: Int)] = []
    for (position, type) in outputTypes.enumerated() {
      if let donor = donors[position] {
        plan.bindOutput(position, to: inputs[donor].storage.pointer)
      } else {
        let array = NDArray(uninitialized: Shape([count] + type.shape.dimensions), type.elementType)
        written.append((position, array.storage.pointer, array.byteCount / count))
        results.append(array)
      }
    }
    for run in 0..<count {
      for (position, start, stride) in sequences { plan.bindInput(position, to: start + run * stride) }
      for (position, start, stride) in written { plan.bindOutput(position, to: start + run * stride) }
      plan.run()
      guard goesOn(run + 1, results) else { return (results, run + 1) }
    }
    return (results, count)
  }

  /// - Returns: the arguments of which each run takes the next part, and how many bytes one has.
  private func bindInputs(
    _ inputs: inout [NDArray], times count: Int, knowing known: Int
  ) throws -> [(position: Int, start: UnsafeMutableRawPointer, stride: Int)] {
    guard inputs.count == inputTypes.count else {
      throw ArgumentError(reason: "the program takes \(inputTypes.count) arrays and was given \(inputs.count)")
    }
    var sequences: [(position: Int, start: UnsafeMutableRawPointer, stride: Int)] = []
    for (position, type) in inputTypes.enumerated() {
      if isDonated[position] { inputs[position].makeUnique() }
      let (given, pointer) = (TensorType(of: inputs[position]), inputs[position].storage.pointer)
      plan.bindInput(position, to: pointer)
      if position < known || given == type { continue }
      guard !isDonated[position], given == TensorType(Shape([count] + type.shape.dimensions), type.elementType) else {
        throw ArgumentError(
          reason: "argument \(position) of \(count) runs must be \(type)"
            + (isDonated[position] ? "" : ", or \(count) of them along a first axis,") + " and is \(given)")
      }
      sequences.append((position, pointer, inputs[position].byteCount / count))
    }
    return sequences
  }
}
