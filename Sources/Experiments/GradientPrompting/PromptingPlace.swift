import LanguageModels
import RunLogs
import Training

/// Where arms of one model are run: its settings, and plain models by seed.
struct PromptingPlace: Sendable {
  private let configuration: GradientPromptingConfiguration
  private let grounds: PromptingGrounds

  /// - Throws: `SettingsError` that says how to get a known model that is not here; `LanguageModelError` where the model
  ///   cannot be read, or is too large for this machine.
  init(_ configuration: GradientPromptingConfiguration, _ locator: DataLocator) throws {
    let model = configuration.isSmall ? nil : try Self.open(configuration.model, locator)
    self.configuration = configuration
    // Seeds share what none of them changes.
    let weights = PromptingGround.PretrainedWeights()
    grounds = PromptingGrounds(trainCount: configuration.data.train) { seed in
      guard let model else { return try PromptingGround.small(configuration, seed: seed) }
      return try PromptingGround.pretrained(model, configuration, seed: seed, weights)
    }
    if model != nil { _ = try grounds.ground(configuration.seeds.first) }
  }

  func cost(_ task: SweepTask<PromptingArm>) throws -> TaskCost {
    // Reading costs as much whatever has been read.
    let ground =
      try configuration.isSmall
      ? PromptingGround.small(configuration, seed: task.seed, updates: 1) : grounds.ground(configuration.seeds.first)
    return try PromptingTask.cost(task.arm, configuration, ground)
  }

  /// - Parameter showsAnswers: whether answers are recorded in words.
  func run(
    _ task: SweepTask<PromptingArm>, _ log: TaskLog<PromptingArm>, showsAnswers: Bool
  ) throws -> TaskOutcome {
    try PromptingTask(
      configuration: configuration, arm: task.arm, seed: task.seed, grounds: grounds, showsAnswers: showsAnswers
    ).run(log)
  }

  /// Why a known model cannot be had: its file is not here, or it is too large for this machine; nil where it can.
  ///
  /// - Throws: what is wrong with a file that is here.
  static func absence(of name: String, _ locator: DataLocator) throws -> String? {
    guard let known = known(name) else { return nil }
    guard let path = known.path(in: locator.directories) else { return instructions(known) }
    let model = try PretrainedModel.open(path)
    do { try checkFits(model) } catch let error as LanguageModelError { return error.description }
    return nil
  }

  private static func known(_ name: String) -> KnownModel? { KnownModel.all.first { $0.name == name } }

  private static func instructions(_ known: KnownModel) -> String {
    "\(known.name) is not here: \(known.instructions), and name DIR by --data or DESCENT_DATA"
  }

  private static func open(_ name: String, _ locator: DataLocator) throws -> PretrainedModel {
    var path = name
    if let known = known(name) {
      guard let found = known.path(in: locator.directories) else { throw SettingsError(instructions(known)) }
      path = found
    }
    let model = try PretrainedModel.open(path)
    try checkFits(model)
    return model
  }

  /// The embedding stands in the trunk and above it; what a step needs comes on top.
  private static func checkFits(_ model: PretrainedModel) throws {
    try model.checkFits(
      2 * model.parameterByteCount, available: AvailableMemory.byteCount, for: "this experiment")
  }
}
