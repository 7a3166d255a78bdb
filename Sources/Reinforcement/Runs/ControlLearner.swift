import Parameters

/// A run that learns to control, whatever its method: what saves, evaluates and reports needs no more.
public protocol ControlLearner: AnyObject {
  /// Steps so far, those of all copies counted.
  var environmentSteps: Int { get }
  /// What the last update read, by tag.
  var readings: [String: Double] { get }
  /// The smallest unit of work: steps of all copies, and the updates that they owe.
  ///
  /// - Throws: `ControlError` where the run has diverged.
  func advance() throws
  /// Whether it has no more to do of its own accord, as at the end of a curriculum.
  var isFinished: Bool { get }
  /// All that the run is.
  var snapshot: Tree<NDArray> { get }
  /// Goes on from what another run of the same settings and key was.
  ///
  /// - Throws: `ControlError` where it is another run's, or damaged; this one is then not to be gone on with.
  func restore(_ snapshot: Tree<NDArray>) throws
  /// What it would do now, without exploring.
  ///
  /// - Throws: `ControlError` or `ModelError` where networks do not fit the problem.
  func currentPolicy() throws -> any Policy
  /// The networks that another run can start from, where the method has such.
  var networks: Tree<NDArray> { get }
}

extension ControlLearner {
  public var isFinished: Bool { false }
}

extension OffPolicyTraining: ControlLearner {
  public func currentPolicy() throws -> any Policy { try policy() }
  public var networks: Tree<NDArray> { state }
}

extension PPOTraining: ControlLearner {
  public func currentPolicy() throws -> any Policy { policy() }
  public var networks: Tree<NDArray> { state }
}

extension CurriculumTraining: ControlLearner {
  public var environmentSteps: Int { training.environmentSteps }
  public var readings: [String: Double] { training.readings }
  public func currentPolicy() throws -> any Policy { try training.policy() }
  public var networks: Tree<NDArray> { training.state }
}
