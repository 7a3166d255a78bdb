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
  /// How many updates are worth a call.
  let updatesAtOnce: Int
  /// Whether a mean of places counts, and not the last.
  let keepsMean: Bool
  private let places: () -> [Tree<NDArray>]
  private let advance: (Int) throws -> (losses: [Double], values: [Double])
  private let program: Program

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
    let keepsMean = !MovingAverage.averages(in: starts[0].optimizerState).isEmpty
    self.keepsMean = keepsMean
    let randomness = keys.map { $0.split("training") }
    let together = try TrainingSteps(
      function.objective, method: method, inputs: Tree(), from: starts, keys: randomness)
    let exact = together.readingTags.firstIndex(of: TestFunction.exactValue) ?? 0
    updatesAtOnce = together.isUniform ? together.updatesAtOnce : 1
    if together.isUniform {
      let own = together.calls
      (meanCalls, calls) = (own, { OracleCalls(sumOf: [(own, $0)]) })
      places = { keepsMean ? Self.stacked(together.states) : Array(together.stacked.prefix(2)) }
      advance = {
        let readings = try together.advance(steps: $0, checksLoss: false)
        return (readings[0].doubles, readings[exact].doubles)
      }
    } else {
      let steps = try starts.indices.map { index in
        try TrainingStep(
          function.objective, method: method, inputs: Tree(), from: starts[index], key: randomness[index])
      }
      (meanCalls, calls) = (steps[0].calls, { steps[0].calls(before: $0) })
      places = { Self.stacked(steps.map(\.state)) }
      advance = { count in
        let readings = try (0..<count).flatMap { _ in try steps.map { try $0.advance(checksLoss: false) } }
        return (readings.map { $0[0] }, readings.map { $0[exact] })
      }
    }
    let packing = TreePacking([starts[0].parameters.types, starts[0].modelState.types])
    program = try Program(
      inputs: packing.types.map { TensorType(Shape([starts.count] + $0.shape.dimensions), $0.elementType) }
    ) { _, x in
      try vectorized(over: x) { own in
        let trees = packing.unpack(own)
        return [try function.value(at: trees[0], of: trees[1])]
      }
    }
  }

  /// Points, by their mean where the method keeps one, and instances, with the descents along a first axis.
  private static func stacked(_ states: [TrainingState]) -> [Tree<NDArray>] {
    func stacked(_ trees: [Tree<NDArray>]) -> Tree<NDArray> {
      Tree(
        sortedPaths: trees[0].paths,
        leaves: trees[0].leaves.indices.map { leaf in NDArray(stacking: trees.map { $0.leaves[leaf] }) })
    }
    return [
      stacked(states.map { MovingAverage.evaluated($0.parameters, in: $0.optimizerState) }),
      stacked(states.map(\.modelState)),
    ]
  }

  /// The function where each descent is, by the mean of points where the method keeps one.
  ///
  /// - Returns: the points, with the descents along a first axis, and the function there.
  func look() throws -> (points: Tree<NDArray>, values: [Double]) {
    let places = places()
    return (places[0], try program.run(places[0].leaves + places[1].leaves)[0].doubles)
  }

  /// Updates of each, fewer where no loss is finite any more.
  ///
  /// - Returns: where each update began, what each descended and the function without noise; of all descents, update by update.
  func advance(_ updates: Int) throws -> (losses: [Double], values: [Double]) { try advance(updates) }
}
