import Datasets
import Descending
import Foundation

/// An environment by name, with what stands between it and the policy.
public struct ControlProblem: Hashable, Sendable, Codable {
  /// The environment's, as `descent control` takes it.
  public var name: String
  /// A false position in the deconfliction scene: "sp2 1.5", "random sp1 1"; none where empty.
  public var spoofing = ""
  /// A file of recorded flights, or a folder of them, whose courses the intruders of the deconfliction scene fly; straight
  /// courses where empty.
  public var tracks = ""
  /// Noise on observations, of an amplitude that each episode draws from 0 to this.
  public var noise = 0.0
  /// Steps by which observations come late.
  public var delay = 0

  public init(name: String) { self.name = name }

  /// What can be named.
  public static let names = ["deconfliction", "ifds", "pendulum", "cartpole", "mountaincar", "identity"]

  /// - Throws: `ControlError` naming the nearest name, or an option that does not fit.
  public func environment() throws -> any Environment {
    var environment: any Environment
    switch name {
    case "deconfliction":
      environment = DeconflictionScene.normalized(
        spoofing: spoofing.isEmpty ? nil : try PositionSpoofing(text: spoofing),
        courses: tracks.isEmpty ? nil : try courses())
    case "ifds": environment = TimeLimit(Copies(IFDSScene()), steps: 500)
    case "pendulum": environment = TimeLimit(Copies(Pendulum()), steps: 200)
    case "cartpole": environment = TimeLimit(Copies(CartPole()), steps: 500)
    case "mountaincar": environment = TimeLimit(Copies(MountainCarContinuous()), steps: 999)
    case "identity": environment = Copies(IdentityTask())
    default:
      throw ControlError("there is no environment \(name); \(NearestName.hint(name, among: Self.names))")
    }
    guard spoofing.isEmpty && tracks.isEmpty || name == "deconfliction" else {
      throw ControlError("only the deconfliction scene has a position to spoof and intruders to track, not \(name)")
    }
    guard noise >= 0, noise.isFinite, delay >= 0, delay <= 1000 else {
      throw ControlError("noise (\(noise)) must not be negative, delay (\(delay)) be in 0...1000")
    }
    if noise > 0 { environment = NoisyObservations(environment, upTo: Float(noise)) }
    if delay > 0 { environment = DelayedObservations(environment, steps: delay) }
    return environment
  }

  private func courses() throws -> RecordedCourses {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: tracks, isDirectory: &isFolder) else {
      throw ControlError("there is no file or folder \(tracks) of recorded flights")
    }
    guard isFolder.boolValue else { return try RecordedCourses(FlightTracks.read(tracks)) }
    let names = FileManager.default.subpaths(atPath: tracks) ?? []
    let files = names.filter { $0.hasSuffix(".json.gz") }.sorted()
    return try RecordedCourses(files.flatMap { try FlightTracks.read(tracks + "/" + $0) })
  }

  /// A schedule that suits the environment; a start for settings.
  public func recommend(_ schedule: inout OffPolicySchedule) {
    switch name {
    case "deconfliction", "ifds": break
    case "identity": (schedule.environments, schedule.updatesPerStep, schedule.warmup) = (4, 4, 100)
    default:
      // One copy and one update a step, as these are usually measured.
      (schedule.environments, schedule.updatesPerStep, schedule.warmup) = (1, 1, 1_000)
      (schedule.noise, schedule.lastNoise) = (0.1, 0.1)
    }
  }
}
