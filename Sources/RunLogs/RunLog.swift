import Foundation

/// One line of a run's log.
public struct RunEvent: Hashable, Sendable {
  /// "step", "evaluation", "note" ...
  public var kind: String
  /// The part of the run that it belongs to: "orthogonal/seed 3"; empty for the whole.
  public var task: String
  public var step: Int
  /// Seconds since the run started, over all its sessions.
  public var time: Double
  /// Numbers by tag: "loss/train".
  public var values: [String: Double]
  public var text: String?

  public init(
    kind: String, task: String = "", step: Int, time: Double = 0, values: [String: Double] = [:], text: String? = nil
  ) {
    self.kind = kind
    self.task = task
    self.step = step
    self.time = time
    self.values = values
    self.text = text
  }

  /// One line of JSON; numbers that JSON lacks are strings.
  public var json: String {
    var parts = ["\"event\":\(Self.quoted(kind))", "\"step\":\(step)", "\"time\":\(Self.number(time))"]
    if !task.isEmpty { parts.append("\"task\":\(Self.quoted(task))") }
    if !values.isEmpty {
      let fields = values.keys.sorted().map { "\(Self.quoted($0)):\(Self.number(values[$0]!))" }
      parts.append("\"values\":{\(fields.joined(separator: ","))}")
    }
    if let text { parts.append("\"text\":\(Self.quoted(text))") }
    return "{" + parts.joined(separator: ",") + "}"
  }

  public init?(json line: String) {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
      let kind = object["event"] as? String, let step = object["step"] as? Int
    else { return nil }
    self.kind = kind
    self.step = step
    task = object["task"] as? String ?? ""
    time = Self.parse(object["time"]) ?? 0
    values = [:]
    for (tag, value) in object["values"] as? [String: Any] ?? [:] { values[tag] = Self.parse(value) }
    text = object["text"] as? String
  }

  private static func number(_ value: Double) -> String {
    value.isNaN ? "\"NaN\"" : value.isInfinite ? (value > 0 ? "\"Infinity\"" : "\"-Infinity\"") : "\(value)"
  }

  private static func parse(_ value: Any?) -> Double? {
    if let text = value as? String {
      return text == "NaN" ? .nan : text == "Infinity" ? .infinity : text == "-Infinity" ? -.infinity : nil
    }
    return (value as? NSNumber)?.doubleValue
  }

  private static func quoted(_ text: String) -> String {
    let data = try? JSONSerialization.data(withJSONObject: text, options: [.fragmentsAllowed, .withoutEscapingSlashes])
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}

/// A place where events go.
public protocol RunSink {
  func record(_ event: RunEvent) throws
  func flush() throws
}

/// A run cannot be recorded or read back.
public struct RunLogError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Keeps events in memory, for tests.
public final class MemorySink: RunSink {
  public private(set) var events: [RunEvent] = []
  public init() {}
  public func record(_ event: RunEvent) { events.append(event) }
  public func flush() {}
}

/// Appends to a file; each event reaches the system before the next, so a crash loses no more than the current line.
public final class LineFile {
  private let handle: FileHandle
  private let path: String

  public init(path: String) throws {
    if !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else {
        throw RunLogError("\(path): cannot be created")
      }
    }
    guard let handle = FileHandle(forWritingAtPath: path) else { throw RunLogError("\(path): cannot be written") }
    self.handle = handle
    self.path = path
    try handle.seekToEnd()
  }

  public func append(_ data: Data) throws {
    do { try handle.write(contentsOf: data) } catch {
      throw RunLogError("\(path): cannot be written; is the disk full? (\(error.localizedDescription))")
    }
  }

  public func synchronize() throws { try? handle.synchronize() }

  deinit { try? handle.close() }
}

/// The truth of a run: one JSON object a line.
public final class JSONLinesSink: RunSink {
  private let file: LineFile
  public init(path: String) throws { file = try LineFile(path: path) }
  public func record(_ event: RunEvent) throws { try file.append(Data((event.json + "\n").utf8)) }
  public func flush() throws { try file.synchronize() }
}

/// A view for spreadsheets: step, tag, value.
public final class CSVSink: RunSink {
  private let file: LineFile
  public init(path: String) throws {
    let isNew = !FileManager.default.fileExists(atPath: path)
    file = try LineFile(path: path)
    if isNew { try file.append(Data("event,task,step,tag,value\n".utf8)) }
  }
  public func record(_ event: RunEvent) throws {
    let lines = event.values.keys.sorted().map {
      "\(event.kind),\(event.task),\(event.step),\($0),\(event.values[$0]!)\n"
    }
    try file.append(Data(lines.joined().utf8))
  }
  public func flush() throws { try file.synchronize() }
}
