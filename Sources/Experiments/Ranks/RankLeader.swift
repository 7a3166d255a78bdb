import Distributed
import Foundation
import RunLogs

/// Rank 0 of an MPI run: hands tasks out to ranks that are free, and is the one that writes.
///
/// Each other rank has one task at a time. One that is silent for too long counts as lost, and its task is given to another:
/// that one goes on from the last checkpoint, and what was recorded already is not recorded again. All ranks see the run's
/// folder, for checkpoints and what outlives a task.
public final class RankLeader: Workplace, @unchecked Sendable {
  // All is used by the thread that runs the sweep.
  private let channel: any Channel
  private let clock: any WallClock
  private let version: String
  private let patience: Double
  private let announce: (String) -> Void
  private var ranks: [Rank] = []
  private var waiting: ArraySlice<PlacedTask> = []
  private var failure: RankError?
  private var spokeAt = 0.0
  private var isClosed = false
  /// Whether a task of all ranks did not end as it should.
  private var wasInterrupted = false
  /// Results in the order in which they came; each rank is told those that it does not know.
  private var results: [RunEvent] = []
  /// Of tasks that run: how often each kind of event was recorded at each step.
  private var recorded: [String: [EventPlace: Int]] = [:]
  /// Of tasks that were given again: events that will come again.
  private var repeated: [String: [EventPlace: Int]] = [:]

  private struct Rank {
    let number: Int
    let name: String
    var task: PlacedTask?
    var isLost = false
    var heardAt: Double
    var knownResults = 0
  }

  private struct EventPlace: Hashable {
    var kind: String
    var step: Int
  }

  /// - Parameters:
  ///   - version: of the program; all ranks must have the same.
  ///   - patience: seconds of silence after which a rank counts as lost.
  ///   - announce: told of what is to be known beside the progress.
  public init(
    _ channel: any Channel, clock: any WallClock, version: String, patience: Double = 15,
    announce: @escaping (String) -> Void
  ) {
    (self.channel, self.clock, self.version, self.patience) = (channel, clock, version, patience)
    self.announce = announce
  }

  public var places: Int { channel.size - 1 }
  /// Whether a rank was lost: the others cannot end together with it.
  public var hasLost: Bool { wasInterrupted || ranks.contains(where: \.isLost) }
  public var together: JointPlace? { JointPlace(channel, clock: clock) }

  public func run(_ tasks: [PlacedTask], _ context: RunContext) throws {
    if ranks.isEmpty { try greet(tasks.count, context) }
    // Nobody listened in between.
    for index in ranks.indices { ranks[index].heardAt = clock.now }
    waiting = tasks.filter { !$0.isJoint }[...]
    // What tasks do holds the run, which holds this: none is kept, however it ends.
    defer {
      waiting = []
      for index in ranks.indices { ranks[index].task = nil }
    }
    while true {
      try handOut()
      guard ranks.contains(where: { $0.task != nil }) else { break }
      if let (rank, bytes) = try channel.poll() {
        try hear(rank, bytes, context)
      } else {
        try watch(context)
        clock.sleep(seconds: 1e-3)
      }
    }
    if let failure { throw failure }
    guard waiting.isEmpty else {
      throw RankError(
        "all ranks are lost, and \(waiting.count) tasks are left; go on with \(ProgramName.text) run --resume \(context.folder.path)"
      )
    }
    for task in tasks where task.isJoint { try lead(task, context) }
  }

  /// Does a task with all ranks, which are free, at the same time.
  private func lead(_ task: PlacedTask, _ context: RunContext) throws {
    if let lost = ranks.first(where: \.isLost) {
      throw RankError(
        "\(lost.name) is lost, and \(task.name) needs all ranks; go on with \(ProgramName.text) run --resume \(context.folder.path)"
      )
    }
    for index in ranks.indices {
      let news = Array(results[ranks[index].knownResults...])
      ranks[index].knownResults = results.count
      try channel.send(RankMessage.together(task: task.name, results: news).bytes, to: ranks[index].number)
    }
    try wait(task) { if case .joined = $0 { true } else { false } }
    for rank in ranks { try channel.send(RankMessage.begin(threads: 1).bytes, to: rank.number) }
    do { try task.run() } catch {
      wasInterrupted = true
      throw error
    }
    try wait(task) { if case .left = $0 { true } else { false } }
    if let values = context.results[task.name] {
      results.append(RunEvent(kind: RunEvent.resultKind, task: task.name, step: 0, time: 0, values: values, text: nil))
    }
  }

  /// Waits until all ranks have said so; what belongs to the task is past.
  private func wait(_ task: PlacedTask, for isWanted: (RankMessage) -> Bool) throws {
    var missing = Set(ranks.map(\.number))
    let deadline = clock.now + patience
    while !missing.isEmpty {
      guard let (rank, bytes) = try channel.poll() else {
        guard clock.now < deadline else {
          wasInterrupted = true
          let name = ranks.first { missing.contains($0.number) }!.name
          throw RankError("\(name) has not taken part in \(task.name) for \(Self.seconds(patience))")
        }
        clock.sleep(seconds: 1e-4)
        continue
      }
      // What is no message of ours belongs to the task.
      guard let message = RankMessage(bytes) else { continue }
      if case .failure(_, let reason) = message { throw RankError("\(task.name), on rank \(rank): \(reason)") }
      if isWanted(message) { missing.remove(rank) }
    }
    for index in ranks.indices { ranks[index].heardAt = clock.now }
  }

  public func close() {
    guard !isClosed else { return }
    isClosed = true
    for rank in 1..<max(1, channel.size) { try? channel.send(RankMessage.end.bytes, to: rank) }
  }

  // MARK: The beginning

  /// Waits until all ranks are there, and agree.
  private func greet(_ taskCount: Int, _ context: RunContext) throws {
    var visitors: [Int: RankMessage.Visitor] = [:]
    let deadline = clock.now + patience
    while visitors.count < places {
      guard let (rank, bytes) = try channel.poll() else {
        guard clock.now < deadline else {
          let missing = (1...places).first { visitors[$0] == nil }!
          throw RankError("rank \(missing) did not come within \(Self.seconds(patience))")
        }
        clock.sleep(seconds: 1e-3)
        continue
      }
      let message = RankMessage(bytes)
      if case .failure(_, let reason)? = message { throw RankError("rank \(rank) cannot take part: \(reason)") }
      guard case .hello(let visitor)? = message else {
        throw RankError("rank \(rank) speaks another language; do all ranks run the same version?")
      }
      guard visitor.version == version else {
        throw RankError("rank \(rank) (\(visitor.name)) is of version \(visitor.version), and rank 0 of \(version)")
      }
      guard visitor.fingerprint == context.fingerprint else {
        throw RankError("rank \(rank) (\(visitor.name)) was started with other settings than rank 0")
      }
      visitors[rank] = visitor
    }
    ranks = visitors.sorted { $0.key < $1.key }
      .map { Rank(number: $0.key, name: "rank \($0.key) (\($0.value.name))", heardAt: clock.now) }
    results = context.earlier.filter { $0.kind == RunEvent.resultKind }
    let welcome = RankMessage.welcome(folder: URL(fileURLWithPath: context.folder.path).standardizedFileURL.path)
    for rank in ranks { try channel.send(welcome.bytes, to: rank.number) }
    if taskCount < places {
      announce("\(places) ranks for \(taskCount) tasks: \(places - taskCount) of them have nothing to do")
    }
    for (host, guests) in Dictionary(grouping: visitors.values, by: \.host).sorted(by: { $0.key < $1.key })
    where guests.count > guests[0].cores {
      announce("\(guests.count) ranks work on \(host), which has \(guests[0].cores) cores: they take turns")
    }
  }

  // MARK: The work

  private func handOut() throws {
    for index in ranks.indices where !ranks[index].isLost && ranks[index].task == nil && failure == nil {
      guard let task = waiting.popFirst() else { return }
      let news = Array(results[ranks[index].knownResults...])
      ranks[index].task = task
      ranks[index].knownResults = results.count
      try channel.send(RankMessage.order(task: task.name, results: news).bytes, to: ranks[index].number)
    }
  }

  private func hear(_ number: Int, _ bytes: [UInt8], _ context: RunContext) throws {
    // Who was counted as lost and speaks again is not listened to: the task is another's.
    guard let index = ranks.firstIndex(where: { $0.number == number }), !ranks[index].isLost else { return }
    ranks[index].heardAt = clock.now
    switch RankMessage(bytes) {
    case .event(let event): try record(event, context)
    case .done(let name):
      recorded[name] = nil
      repeated[name] = nil
      ranks[index].task?.wasDone()
      ranks[index].task = nil
    case .failure(let name, let reason):
      failure =
        failure
        ?? RankError(name.isEmpty ? "\(ranks[index].name): \(reason)" : "\(name), on \(ranks[index].name): \(reason)")
      ranks[index].task = nil
    case .alive: break
    default: throw RankError("\(ranks[index].name) speaks another language; do all ranks run the same version?")
    }
  }

  private func record(_ event: RunEvent, _ context: RunContext) throws {
    let place = EventPlace(kind: event.kind, step: event.step)
    if let left = repeated[event.task]?[place], left > 0 {
      repeated[event.task]![place] = left - 1
      return
    }
    try context.record(event.kind, task: event.task, step: event.step, event.values, text: event.text)
    if event.kind == RunEvent.resultKind { results.append(event) }
    recorded[event.task, default: [:]][place, default: 0] += 1
  }

  /// Says that this process lives, and misses those that do not.
  private func watch(_ context: RunContext) throws {
    if clock.now - spokeAt > patience / 8 {
      for rank in ranks where !rank.isLost { try channel.send(RankMessage.alive.bytes, to: rank.number) }
      spokeAt = clock.now
    }
    for index in ranks.indices where !ranks[index].isLost && clock.now - ranks[index].heardAt > patience {
      ranks[index].isLost = true
      var text = "\(ranks[index].name) has been silent for \(Self.seconds(patience)) and is counted as lost"
      if let task = ranks[index].task {
        ranks[index].task = nil
        if context.results[task.name] != nil {
          task.wasDone()  // it fell silent after its last word
        } else {
          waiting.insert(task, at: waiting.startIndex)
          repeated[task.name] = recorded[task.name]
          text += "; \(task.name) is given to another"
        }
      }
      announce(text)
      try context.record("lost", text: text)
    }
  }

  private static func seconds(_ count: Double) -> String { String(format: "%g seconds", count) }
}
