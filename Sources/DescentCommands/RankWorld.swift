import ArgumentParser
import Descent
import Foundation

/// The ranks of `mpirun` or `srun` under which the program was started.
enum RankWorld {
  /// Joins the other ranks; nil where the program was started by itself.
  ///
  /// - Throws: `SettingsError` where there are several and this build cannot join them.
  static func join() throws -> MPIChannel? {
    let environment = ProcessInfo.processInfo.environment
    func number(_ names: [String]) -> Int? { names.compactMap { environment[$0].flatMap { Int($0) } }.first }
    guard let size = number(["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"]), size > 1 else { return nil }
    guard MPIChannel.isBuilt else {
      // One sentence is enough.
      let rank = number(["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"])
      if let rank, rank > 0 { throw ExitCode.failure }
      throw SettingsError(
        "\(size) ranks were started, and this build has no MPI to share the tasks among them; build it with: "
          + "swift build -c release --traits MPI")
    }
    return try MPIChannel()
  }

  /// Runs on rank 0 what has tasks for the others, and ends with them.
  static func lead(_ channel: MPIChannel, _ body: (any Workplace) throws -> Void) throws {
    let leader = RankLeader(channel, clock: MonotonicClock(), version: descentVersion, announce: announce)
    do {
      try body(leader)
    } catch {
      leader.close()
      if leader.hasLost {
        announce("Error: \(error)")
        channel.abort(code: 1)
      }
      channel.finish()
      throw error
    }
    leader.close()
    fflush(nil)
    // With one that is gone the others cannot end together.
    if leader.hasLost { channel.abort(code: 0) }
    channel.finish()
  }

  /// Takes part in what rank 0 runs.
  static func follow(_ channel: MPIChannel, _ body: (RankSession) throws -> Void) {
    do {
      try body(RankSession(channel, clock: MonotonicClock(), version: descentVersion))
      channel.finish()
      // Where the run has failed, a task may be under way that nobody waits for any more.
      _exit(0)
    } catch {
      announce("rank \(channel.rank): \(error)")
      channel.abort(code: 1)
    }
  }

  /// Works on one descent with all ranks; rank 0 prints what its work gives.
  static func together(_ channel: MPIChannel, _ work: @escaping (RankTeam) throws -> String?) throws {
    let team = RankTeam(channel, clock: MonotonicClock(), version: descentVersion, announce: announce)
    do {
      if let text = try team.run({ try work(team) }) ?? nil { print(text) }
    } catch {
      // With one that is gone the others cannot end together.
      if team.hasLost {
        announce(team.rank == 0 ? "Error: \(error)" : "rank \(team.rank): \(error)")
        fflush(nil)
        channel.abort(code: 1)
      }
      channel.finish()
      throw error
    }
    fflush(nil)
    channel.finish()
  }
}
