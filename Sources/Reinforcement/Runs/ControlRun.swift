import Foundation
import Parameters
import Training

/// One seed of a run: learns, evaluates at fixed intervals on episodes that all seeds share, saves, goes on.
///
/// A run that is killed goes on from its last checkpoint, buffer and episodes included, and ends in the same bits.
public final class ControlRun {
  /// An evaluation.
  public struct Point: Sendable, Equatable {
    /// Environment steps before it.
    public var step: Int
    /// Over its episodes, without a discount.
    public var meanReturn: Double
    /// Means over episodes, by event.
    public var events: [String: Double]
  }

  /// What learns.
  public let learner: any ControlLearner
  /// Where it is evaluated.
  public let environment: any Environment
  /// Environment steps in all.
  public let steps: Int
  /// Environment steps between two evaluations, and their episodes.
  public let interval: Int
  /// Episodes of each evaluation.
  public let episodes: Int
  /// One safetensors file.
  public let checkpoint: String
  /// What the run is; a checkpoint of another run is refused.
  public let fingerprint: String
  /// Evaluations so far, one behind each interval.
  public private(set) var curve: [Point] = []
  private let evaluationKey: RandomKey

  /// A run at its start; `restore()` takes it to its checkpoint.
  ///
  /// - Parameters:
  ///   - checkpoint: the path of one safetensors file.
  ///   - evaluationKey: the same for all seeds, so that all are evaluated on equal episodes.
  /// - Throws: `ControlError` where steps, interval or episodes are below 1.
  public init(
    _ learner: any ControlLearner, in environment: any Environment, steps: Int, interval: Int, episodes: Int,
    checkpoint: String, fingerprint: String, evaluationKey: RandomKey
  ) throws {
    guard steps >= 1, interval >= 1, episodes >= 1 else {
      throw ControlError("steps (\(steps)), interval (\(interval)) and episodes (\(episodes)) must be at least 1")
    }
    self.learner = learner
    self.environment = environment
    self.steps = steps
    self.interval = interval
    self.episodes = episodes
    self.checkpoint = checkpoint
    self.fingerprint = fingerprint
    self.evaluationKey = evaluationKey
  }

  /// Whether all steps are made and evaluated.
  public var isFinished: Bool { !curve.isEmpty && (learner.environmentSteps >= steps || learner.isFinished) }

  /// Goes on from the checkpoint where there is one.
  /// - Throws: `FileError` where it cannot be read, `ControlError` where it is another run's.
  public func restore() throws {
    guard FileManager.default.fileExists(atPath: checkpoint) else { return }
    let contents = try Safetensors.read(checkpoint)
    guard contents.metadata["format"] == "descent-control-1", contents.metadata["fingerprint"] == fingerprint else {
      throw ControlError("\(checkpoint) belongs to a run with other settings")
    }
    var all = Tree(contents.arrays)
    // Checkpoints of earlier versions have none.
    if let checksum = contents.metadata["checksum"], checksum != all.digest {
      throw ControlError("\(checkpoint) is damaged: its checksum is another; remove it to start anew")
    }
    let names = environment.eventNames
    guard let rows = all["curve"] else { throw ControlError("\(checkpoint) holds no curve") }
    all["curve"] = nil
    guard all.paths == learner.snapshot.paths else { throw ControlError("\(checkpoint) holds another method's run") }
    try learner.restore(all)
    let width = 2 + names.count
    guard rows.elementType == .float64, rows.shape.rank == 2, rows.shape[1] == width else {
      throw ControlError("the curve of \(checkpoint) is \(TensorType(of: rows)), which is not of this run")
    }
    let values = rows.doubles
    curve = try stride(from: 0, to: values.count, by: width).map { start in
      Point(
        step: try SnapshotReader.count(values[start], "a step of the curve"), meanReturn: values[start + 1],
        events: Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, values[start + 2 + $0]) }))
    }
  }

  private func save() throws {
    var all = learner.snapshot
    let names = environment.eventNames
    all["curve"] = NDArray(
      curve.flatMap { point in [Double(point.step), point.meanReturn] + names.map { point.events[$0]! } },
      shape: [curve.count, 2 + names.count])
    try Safetensors.write(
      Dictionary(uniqueKeysWithValues: all.map { ($0, $1) }),
      metadata: ["format": "descent-control-1", "fingerprint": fingerprint, "checksum": all.digest], to: checkpoint)
  }

  /// Learns until the end.
  /// - Parameters:
  ///   - onPoint: called behind each evaluation, once it is saved.
  ///   - onAdvance: called behind each unit of work.
  /// - Throws: `ControlError` where the run has diverged, `FileError` where the checkpoint cannot be written.
  public func run(onPoint: (Point) throws -> Void, onAdvance: () -> Void = {}) throws {
    while !isFinished {
      let next = ((curve.last?.step ?? 0) / interval + 1) * interval
      while learner.environmentSteps < min(next, steps), !learner.isFinished {
        try learner.advance()
        onAdvance()
      }
      let result = try evaluate()
      let events = Dictionary(uniqueKeysWithValues: environment.eventNames.map { ($0, result.mean($0)!) })
      let point = Point(step: learner.environmentSteps, meanReturn: result.meanReturn, events: events)
      curve.append(point)
      try save()
      try onPoint(point)
    }
  }

  /// The policy as it is now, in the episodes that all seeds share.
  ///
  /// - Parameters:
  ///   - attack: on what the policy sees; nil for the truth.
  ///   - other: another environment of the same sizes; nil for the run's own.
  /// - Throws: `ControlError` or `ShapeError` where policy and environment do not fit.
  public func evaluate(attack: ObservationAttack? = nil, in other: (any Environment)? = nil) throws -> PolicyEvaluation
  {
    try PolicyEvaluation.run(
      learner.currentPolicy(), in: other ?? environment, episodes: episodes, key: evaluationKey, attack: attack)
  }
}
