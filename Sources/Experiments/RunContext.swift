import Foundation
import RunLogs
import Training

/// Where a run records, reads and takes its time; workers share it.
public final class RunContext: @unchecked Sendable {
  // Sinks and results are used under the lock; all else does not change.
  private let lock = NSLock()
  package let folder: RunFolder
  /// Where data sets are read from.
  public let data: DataLocator
  let fingerprint: String
  /// Events of earlier sessions of this run.
  let earlier: [RunEvent]
  let isQuiet: Bool
  /// Where tasks run.
  let workplace: any Workplace
  private var found: [String: [String: Double]]
  private var hasBegun = false
  private let sinks: [any RunSink]
  private let clock: () -> Double
  private let start: Double

  /// - Parameter clock: seconds, from any origin.
  package init(
    folder: RunFolder, data: DataLocator, fingerprint: String, earlier: [RunEvent], sinks: [any RunSink],
    isQuiet: Bool = false, workplace: any Workplace = LocalWorkplace(), clock: @escaping () -> Double
  ) {
    self.folder = folder
    self.data = data
    self.fingerprint = fingerprint
    self.earlier = earlier
    self.sinks = sinks
    self.isQuiet = isQuiet
    self.workplace = workplace
    self.clock = clock
    found = earlier.results
    start = clock() - (earlier.map(\.time).max() ?? 0)
  }

  /// Seconds since the run started, over all its sessions.
  public var elapsed: Double { clock() - start }

  /// What tasks found, by their names, in this session and in earlier ones.
  var results: [String: [String: Double]] { lock.withLock { found } }

  /// Records an event, of a task or of the whole run.
  ///
  /// - Throws: `RunLogError` where a sink cannot be written.
  public func record(
    _ kind: String, task: String = "", step: Int = 0, _ values: [String: Double] = [:], text: String? = nil
  ) throws {
    try lock.withLock {
      let event = RunEvent(kind: kind, task: task, step: step, time: elapsed, values: values, text: text)
      for sink in sinks { try sink.record(event) }
      if kind == RunEvent.resultKind { found[task] = values }
      if event.tellsProgress, !hasBegun {
        try folder.forgetReplaced()
        hasBegun = true
      }
    }
  }

  /// Takes over what tasks found elsewhere, and records nothing.
  func learn(_ events: [RunEvent]) { lock.withLock { found.merge(events.results) { $1 } } }

  package func flush() throws { try lock.withLock { for sink in sinks { try sink.flush() } } }

  func makeProgress(total: Int, part: String = "") -> ProgressBar? {
    isQuiet ? nil : ProgressBar(total: total, part: part, now: clock)
  }

  /// Where a task keeps its states.
  func checkpoints(of task: String) -> CheckpointStore {
    Self.checkpoints(of: task, in: folder, fingerprint: fingerprint)
  }

  static func checkpoints(of task: String, in folder: RunFolder, fingerprint: String) -> CheckpointStore {
    CheckpointStore(folder: folder.checkpointFolder + "/" + task.replacing(" ", with: "-"), fingerprint: fingerprint)
  }
}

extension RunEvent {
  /// The kind of event with which a task ends.
  static let resultKind = "result"

  /// Whether something was computed before it: until then a run may as well not have begun.
  var tellsProgress: Bool { step > 0 || kind == Self.resultKind }
}

extension [RunEvent] {
  /// Whether the last session went to its end.
  var isEnded: Bool { last { ["start", "resume", "end"].contains($0.kind) }?.kind == "end" }

  /// What tasks found, by their names; the last where one ended twice.
  package var results: [String: [String: Double]] {
    var found: [String: [String: Double]] = [:]
    for event in self where event.kind == RunEvent.resultKind { found[event.task] = event.values }
    return found
  }
}
