import Foundation
import RunLogs

/// What ranks say to each other. Events travel as the log's own lines, which keep each bit of a number.
enum RankMessage {
  /// A rank is there.
  case hello(Visitor)
  /// It may work, in the run's folder.
  case welcome(folder: String)
  /// A task, and what was found since the last one.
  case order(task: String, results: [RunEvent])
  /// A task that all ranks do together, and what was found since the last one.
  case together(task: String, results: [RunEvent])
  /// The sender says nothing more but what belongs to such a task.
  case joined
  /// It has done it, and speaks as before.
  case left
  /// What a task records, its result at last.
  case event(RunEvent)
  /// The task has ended.
  case done(task: String)
  /// It may descend with the others, on so many threads.
  case begin(threads: Int)
  /// It stands before an epoch, with these parameters.
  case ready(digest: String)
  /// All descend for another epoch.
  case epoch
  /// The task has failed, in a sentence.
  case failure(task: String, String)
  /// The sender lives.
  case alive
  /// There is nothing more to do.
  case end

  /// Who a rank is, and what it was started for.
  struct Visitor: Hashable {
    /// A host and a process.
    var name: String
    var host: String
    var cores: Int
    var version: String
    /// Of its settings.
    var fingerprint: String
    /// Of its data, where they are not among the settings.
    var data = ""
  }

  private struct Wire: Codable {
    var kind: String
    var texts: [String] = []
  }

  var bytes: [UInt8] {
    let wire =
      switch self {
      case .hello(let v): Wire(kind: "hello", texts: [v.name, v.host, "\(v.cores)", v.version, v.fingerprint, v.data])
      case .welcome(let folder): Wire(kind: "welcome", texts: [folder])
      case .order(let task, let results): Wire(kind: "order", texts: [task] + results.map(\.json))
      case .together(let task, let results): Wire(kind: "together", texts: [task] + results.map(\.json))
      case .joined: Wire(kind: "joined")
      case .left: Wire(kind: "left")
      case .event(let event): Wire(kind: "event", texts: [event.json])
      case .done(let task): Wire(kind: "done", texts: [task])
      case .begin(let threads): Wire(kind: "begin", texts: ["\(threads)"])
      case .ready(let digest): Wire(kind: "ready", texts: [digest])
      case .epoch: Wire(kind: "epoch")
      case .failure(let task, let reason): Wire(kind: "failure", texts: [task, reason])
      case .alive: Wire(kind: "alive")
      case .end: Wire(kind: "end")
      }
    // Strings are always encoded.
    return Array((try? JSONEncoder().encode(wire)) ?? Data())
  }

  /// Nil where the bytes are of no such message, as of another version's.
  init?(_ bytes: [UInt8]) {
    guard let wire = try? JSONDecoder().decode(Wire.self, from: Data(bytes)) else { return nil }
    let texts = wire.texts
    switch (wire.kind, texts.count) {
    case ("hello", 6):
      guard let cores = Int(texts[2]) else { return nil }
      self = .hello(
        Visitor(
          name: texts[0], host: texts[1], cores: cores, version: texts[3], fingerprint: texts[4], data: texts[5]))
    case ("welcome", 1): self = .welcome(folder: texts[0])
    case ("order", 1...), ("together", 1...):
      let events = texts.dropFirst().compactMap { RunEvent(json: $0) }
      guard events.count == texts.count - 1 else { return nil }
      self =
        wire.kind == "order" ? .order(task: texts[0], results: events) : .together(task: texts[0], results: events)
    case ("joined", 0): self = .joined
    case ("left", 0): self = .left
    case ("event", 1):
      guard let event = RunEvent(json: texts[0]) else { return nil }
      self = .event(event)
    case ("done", 1): self = .done(task: texts[0])
    case ("begin", 1):
      guard let threads = Int(texts[0]), threads > 0 else { return nil }
      self = .begin(threads: threads)
    case ("ready", 1): self = .ready(digest: texts[0])
    case ("epoch", 0): self = .epoch
    case ("failure", 2): self = .failure(task: texts[0], texts[1])
    case ("alive", 0): self = .alive
    case ("end", 0): self = .end
    default: return nil
    }
  }
}

/// A run on several ranks cannot go on.
public struct RankError: Error, Hashable, CustomStringConvertible {
  public var description: String
  /// Rank 0 has ended the run, and says why.
  static let ended = RankError("rank 0 has ended the run")
  init(_ description: String) { self.description = description }
}
