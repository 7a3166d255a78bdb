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
  /// What a task records, its result at last.
  case event(RunEvent)
  /// The task has ended.
  case done(task: String)
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
  }

  private struct Wire: Codable {
    var kind: String
    var texts: [String] = []
  }

  var bytes: [UInt8] {
    let wire =
      switch self {
      case .hello(let v): Wire(kind: "hello", texts: [v.name, v.host, "\(v.cores)", v.version, v.fingerprint])
      case .welcome(let folder): Wire(kind: "welcome", texts: [folder])
      case .order(let task, let results): Wire(kind: "order", texts: [task] + results.map(\.json))
      case .event(let event): Wire(kind: "event", texts: [event.json])
      case .done(let task): Wire(kind: "done", texts: [task])
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
    case ("hello", 5):
      guard let cores = Int(texts[2]) else { return nil }
      self = .hello(
        Visitor(name: texts[0], host: texts[1], cores: cores, version: texts[3], fingerprint: texts[4]))
    case ("welcome", 1): self = .welcome(folder: texts[0])
    case ("order", 1...):
      let events = texts.dropFirst().compactMap { RunEvent(json: $0) }
      guard events.count == texts.count - 1 else { return nil }
      self = .order(task: texts[0], results: events)
    case ("event", 1):
      guard let event = RunEvent(json: texts[0]) else { return nil }
      self = .event(event)
    case ("done", 1): self = .done(task: texts[0])
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
  init(_ description: String) { self.description = description }
}
