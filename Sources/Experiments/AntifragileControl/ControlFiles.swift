import Foundation
import Reinforcement

/// Networks that one task leaves for others and for whoever wants to fly them: safetensors files in the run's folder.
struct ControlFiles {
  let folder: String

  private func path(_ task: SweepTask<AntifragileArm>, _ ending: String = "safetensors") -> String {
    "\(folder)/\(task.name.replacing(" ", with: "-").replacing("/", with: "-")).\(ending)"
  }

  private func expert(_ seed: Int) -> String { path(SweepTask(.expert, seed: seed)) }

  /// An expert: its policy, and beside it both critics and the states that it met.
  func write(networks: Tree<NDArray>, states: NDArray, policy: NetworkPolicy, seed: Int) throws {
    try Folder.make(folder)
    try policy.save(to: expert(seed))
    var arrays = ["states": states]
    for name in ["actor", "critics"] {
      for (path, array) in networks.subtree(name) { arrays["\(name)/\(path)"] = array }
    }
    try Safetensors.write(arrays, to: expert(seed) + ".start")
  }

  func write(_ policy: NetworkPolicy, of task: SweepTask<AntifragileArm>) throws { try policy.save(to: path(task)) }

  /// Flights to look at.
  func write(page: String, of task: SweepTask<AntifragileArm>) throws {
    try AtomicFile.write(page, to: path(task, "html"))
  }

  /// Actor and critics of an expert, to go on from.
  func networks(seed: Int) throws -> Tree<NDArray> { Tree(try Safetensors.read(expert(seed) + ".start").arrays) }

  /// The states that an expert met, `[count, 18]`.
  func states(seed: Int) throws -> NDArray {
    let path = expert(seed) + ".start"
    guard let states = try Safetensors.read(path).arrays["states"] else {
      throw FileError(path: path, reason: "holds no states")
    }
    return states
  }

  func policy(seed: Int) throws -> NetworkPolicy {
    try NetworkPolicy(contentsOf: expert(seed), for: DeconflictionScene.normalized())
  }
}
