/// What an experiment compares: a method or a setting, named by its description.
///
/// The name is that of its tasks in the log, so it must not change between versions, and differ between arms. An enum of
/// strings is an arm as it stands.
public protocol SweepArm: Hashable, Sendable, CustomStringConvertible {}

extension SweepArm where Self: RawRepresentable, RawValue == String {
  public var description: String { rawValue }
}

/// The unit of work: one arm on one seed.
public struct SweepTask<Arm: SweepArm>: Hashable, Sendable {
  /// What is run.
  public let arm: Arm
  /// On which seed: all its randomness comes from this number.
  public let seed: Int

  public init(_ arm: Arm, seed: Int) { (self.arm, self.seed) = (arm, seed) }

  /// Its name in the log, as "orthogonal/seed 3". Names are made here and nowhere read back.
  public var name: String { "\(arm)/seed \(seed)" }
}

extension Sequence where Element: SweepArm {
  /// The tasks of these arms on seeds, arm after arm.
  public func tasks(on seeds: [Int]) -> [SweepTask<Element>] {
    flatMap { arm in seeds.map { SweepTask(arm, seed: $0) } }
  }
}
