import Formulas
import Training

/// Descents on one function by one method from several starts, as one program.
///
/// A method that does some things only every few updates has several programs, and its descents run one after another.
struct FunctionDescents {
  let function: TestFunction
  let method: any DescentMethod
  /// What an update asks for, in the mean.
  let meanCalls: OracleCalls
  /// What all updates before one ask for together.
  let calls: (_ before: Int) -> OracleCalls
  /// Whether a mean of places counts, and not the last.
  let keepsMean: Bool
  private let states: () -> [TrainingState]
  private let advance: (Int) throws -> (losses: [Double], values: [Double])
  private let values: ([TrainingState]) throws -> [Double]

  /// - Parameters:
  ///   - keys: of each seed's start, noise and randomness.
  ///   - shared: of each seed's instance of the function, which all ways to descend share.
  /// - Throws: `DescentError`, `FormulaError` where the method does not fit the function.
  init(_ function: TestFunction, _ method: any DescentMethod, keys: [RandomKey], shared: [RandomKey]) throws {
    (self.function, self.method) = (function, method)
    let starts = try zip(keys, shared).map { key, shared in
      let instance = try function.instance(key: shared)
      return try TrainingState(
        startingFrom: function.start(key: key, in: instance), modelState: instance, method: method)
    }
    keepsMean = !MovingAverage.averages(in: starts[0].optimizerState).isEmpty
    let randomness = keys.map { $0.split("training") }
    func single(_ index: Int) throws -> TrainingStep {
      try TrainingStep(
        function.objective, method: method, inputs: Tree(), from: starts[index], key: randomness[index])
    }
    let first = try single(0)
    (meanCalls, calls) = (first.calls, { first.calls(before: $0) })
    if first.isUniform {
      let steps = try TrainingSteps(
        function.objective, method: method, inputs: Tree(), from: starts, keys: randomness)
      states = { steps.states }
      let exact = steps.readingTags.firstIndex(of: TestFunction.exactValue) ?? 0
      advance = {
        let readings = try steps.advance(steps: $0, checksLoss: false)
        return (readings[0].doubles, readings[exact].doubles)
      }
    } else {
      let steps = try [first] + starts.indices.dropFirst().map(single)
      states = { steps.map(\.state) }
      let exact = first.readingTags.firstIndex(of: TestFunction.exactValue) ?? 0
      advance = { count in
        let readings = try (0..<count).flatMap { _ in try steps.map { try $0.advance(checksLoss: false) } }
        return (readings.map { $0[0] }, readings.map { $0[exact] })
      }
    }
    let packing = TreePacking([starts[0].parameters.types, starts[0].modelState.types])
    let program = try Program(
      inputs: packing.types.map { TensorType(Shape([starts.count] + $0.shape.dimensions), $0.elementType) }
    ) { _, x in
      try vectorized(over: x) { own in
        let trees = packing.unpack(own)
        return [try function.value(at: trees[0], of: trees[1])]
      }
    }
    values = { states in
      let packed = states.map { state in
        packing.pack([MovingAverage.evaluated(state.parameters, in: state.optimizerState), state.modelState])
      }
      return try program.run(packed[0].indices.map { leaf in NDArray(stacking: packed.map { $0[leaf] }) })[0].doubles
    }
  }

  /// The function where each descent is, by the mean of points where the method keeps one.
  func look() throws -> (points: [Tree<NDArray>], values: [Double]) {
    let states = states()
    return (
      states.map { MovingAverage.evaluated($0.parameters, in: $0.optimizerState) }, try values(states)
    )
  }

  /// Updates of each.
  ///
  /// - Returns: where each update began, what each descended and the function without noise; of all descents, update by update.
  func advance(_ updates: Int) throws -> (losses: [Double], values: [Double]) { try advance(updates) }
}
