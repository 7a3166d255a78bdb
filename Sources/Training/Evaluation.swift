/// What a model is evaluated with: averaged parameters where the chain keeps them, else its own.
public struct EvaluatedState: Sendable {
  /// By path.
  public var parameters: Tree<NDArray>
  /// Running values by path.
  public var modelState: Tree<NDArray>

  public init(parameters: Tree<NDArray>, modelState: Tree<NDArray>) {
    (self.parameters, self.modelState) = (parameters, modelState)
  }
}

extension Trainer {
  /// The parameters, those of which the method keeps an average as this average.
  public var evaluatedState: EvaluatedState {
    let state = state
    return EvaluatedState(
      parameters: MovingAverage.evaluated(state.parameters, in: state.optimizerState), modelState: state.modelState)
  }
}

/// Examples that a model is measured on again and again.
public final class Evaluation {
  private let features: NDArray
  private let targets: Dataset.Targets
  private let predictor: Predictor
  private let loss: LossFunction
  private let scale: TargetScale?
  private let names: [String]
  private let classWeights: [Double]?
  private let descended: LossFunction?

  /// - Parameters:
  ///   - problem: gives normalisation, the targets' scale and their names.
  ///   - descended: what is to be "ownLoss" whatever else is measured; nil for what `Measures` says.
  public init(
    _ dataset: Dataset, of problem: TrainingProblem, _ model: any Layer, _ loss: LossFunction,
    descended: LossFunction? = nil
  ) {
    self.descended = descended
    var features: NDArray
    if case .numbers(let array) = dataset.features, problem.normalization == nil {
      features = array
    } else {
      features = dataset.featureArray(0..<dataset.count)
      problem.normalization?.apply(to: &features)
    }
    self.features = features
    targets = dataset.targets
    predictor = Predictor(model, isPadded: problem.encoding != nil)
    self.loss = loss
    (scale, names) = (problem.targetScale, problem.encoding?.targets ?? [])
    classWeights = problem.classWeights
  }

  /// Outputs [count, ...] of the examples.
  ///
  /// - Throws: `ShapeError` or `ModelError` where the state is not the model's.
  public func outputs(_ state: EvaluatedState) throws -> NDArray {
    try predictor.predict(features, parameters: state.parameters, modelState: state.modelState)
  }

  /// What the outputs are worth, in the targets' units.
  ///
  /// - Parameter isThorough: whether to measure also what an epoch need not know: see `Measures`.
  /// - Throws: `ShapeError` or `ModelError` where the state is not the model's.
  public func measures(_ state: EvaluatedState, isThorough: Bool = false) throws -> Measures {
    let outputs = try outputs(state)
    func measures(_ loss: LossFunction, _ isThorough: Bool) throws -> Measures {
      try Measures(
        outputs: outputs, targets: targets, loss: loss, scale: scale, names: names, classWeights: classWeights,
        isThorough: isThorough)
    }
    let found = try measures(loss, isThorough)
    return try descended.map { found.adding(ownLoss: Measures.decisive(try measures($0, false).values)) } ?? found
  }
}

/// The weights of the epoch whose loss on validation was the least; kept in checkpoints.
public struct BestEpoch: Sendable {
  /// Empty while there is none.
  public private(set) var weights = EvaluatedState(parameters: Tree(), modelState: Tree())
  /// 0 for none.
  public private(set) var epoch = 0
  /// On validation; infinite while there is none.
  public private(set) var loss = Double.infinity

  /// - Parameter memory: what a checkpoint holds.
  public init(_ memory: Tree<NDArray>? = nil) {
    guard let memory, let at = memory["at"], at.count == 2 else { return }
    (epoch, loss) = (Int(at[flat: 0]), at[flat: 1])
    weights = EvaluatedState(parameters: memory.subtree("parameters"), modelState: memory.subtree("model"))
  }

  /// Takes an epoch that is better than those before.
  public mutating func consider(_ weights: EvaluatedState, epoch: Int, loss: Double) {
    guard loss < self.loss else { return }
    (self.weights, self.epoch, self.loss) = (weights, epoch, loss)
  }

  /// What a checkpoint keeps of it; empty while there is none.
  public var memory: Tree<NDArray> {
    guard epoch > 0 else { return Tree() }
    return weights.parameters.prefixed("parameters").merging(weights.modelState.prefixed("model"))
      .merging(Tree(["at": NDArray([Double(epoch), loss])]))
  }
}

extension Baselines {
  /// Those of a problem on its validation part, or on another.
  ///
  /// - Throws: `DatasetError` where one part has classes and the other numbers; `LinearAlgebraError` where least
  ///   squares fail.
  public static func of(
    _ problem: TrainingProblem, on part: Dataset? = nil, loss: LossFunction = .squaredError
  ) throws -> Baselines {
    try Baselines(
      train: problem.normalized(problem.train), validation: problem.normalized(part ?? problem.validation),
      scale: problem.targetScale, names: problem.encoding?.targets ?? [], classWeights: problem.classWeights, loss: loss
    )
  }

  /// What the constant prediction of a problem is worth on a part.
  ///
  /// - Throws: `DatasetError` where one part has classes and the other numbers.
  package static func constant(
    of problem: TrainingProblem, on part: Dataset, loss: LossFunction
  ) throws -> [String: Double] {
    try constant(
      train: problem.train, validation: part, scale: problem.targetScale, names: problem.encoding?.targets ?? [],
      classWeights: problem.classWeights, loss: loss
    ).values
  }
}

extension LogisticRegression {
  /// What that of a problem's training part is worth on another part; nil where there is none.
  ///
  /// - Throws: `LinearAlgebraError` where features are not finite.
  public static func measures(_ problem: TrainingProblem, on part: Dataset) throws -> Measures? {
    let fitted = try LogisticRegression(problem.normalized(problem.train), classWeights: problem.classWeights)
    return try fitted.map {
      try Measures(
        outputs: try $0.outputs(problem.normalized(part)), targets: part.targets, loss: .crossEntropy,
        classWeights: problem.classWeights)
    }
  }
}

extension TrainingProblem {
  /// A part whose features are as a model gets them; images are left alone.
  fileprivate func normalized(_ part: Dataset) -> Dataset {
    guard let normalization, case .numbers(var features) = part.features else { return part }
    normalization.apply(to: &features)
    var result = part
    result.features = .numbers(features)
    return result
  }
}
