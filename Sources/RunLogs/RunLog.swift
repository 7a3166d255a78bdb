import Foundation

/// One line of a run's log.
public struct RunEvent: Hashable, Sendable {
  /// "step", "evaluation", "note" ...
  public var kind: String
  /// The part of the run that it belongs to: "orthogonal/seed 3"; empty for the whole.
  public var task: String
  /// The update that it is about; 0 for the whole run.
  public var step: Int
  /// Seconds since the run started, over all its sessions.
  public var time: Double
  /// Numbers by tag: "loss/train".
  public var values: [String: Double]
  /// A note, as a digest of parameters; nil for none.
  public var text: String?

  /// The kind of event that tells why a descent ended before its time.
  package static let failureKind = "failure"

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

  /// Reads one line of a log; nil where it is no event.
  public init?(json line: String) {
    guard let record = try? JSONDecoder().decode(Record.self, from: Data(line.utf8)) else { return nil }
    kind = record.event
    step = record.step
    task = record.task ?? ""
    time = record.time?.value ?? 0
    values = (record.values ?? [:]).mapValues(\.value)
    text = record.text
  }

  private struct Record: Decodable {
    var event: String
    var task: String?
    var step: Int
    var time: Number?
    var values: [String: Number]?
    var text: String?
  }

  /// A double exactly as it was written, or one of the strings for what JSON lacks.
  private struct Number: Decodable {
    var value: Double

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let number = try? container.decode(Double.self) {
        value = number
        return
      }
      switch try container.decode(String.self) {
      case "NaN": value = .nan
      case "Infinity": value = .infinity
      case "-Infinity": value = -.infinity
      case let text: throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no number")
      }
    }
  }

  private static func number(_ value: Double) -> String {
    value.isNaN ? "\"NaN\"" : value.isInfinite ? (value > 0 ? "\"Infinity\"" : "\"-Infinity\"") : "\(value)"
  }

  private static func quoted(_ text: String) -> String {
    let data = try? JSONSerialization.data(withJSONObject: text, options: [.fragmentsAllowed, .withoutEscapingSlashes])
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}

/// A place where events go.
public protocol RunSink {
  /// Takes an event.
  ///
  /// - Throws: `RunLogError` where it cannot be written.
  func record(_ event: RunEvent) throws
  /// Waits until everything is on the disk.
  ///
  /// - Throws: `RunLogError` where the disk refuses.
  func flush() throws
}

/// A run cannot be recorded or read back.
public struct RunLogError: Error, CustomStringConvertible, Sendable {
  public var description: String
  public init(_ description: String) { self.description = description }
}

/// Keeps events in memory, for tests.
public final class MemorySink: RunSink {
  /// In the order in which they came.
  public private(set) var events: [RunEvent] = []
  public init() {}
  public func record(_ event: RunEvent) { events.append(event) }
  public func flush() {}
}

/// The truth of a run: one JSON object a line.
public final class JSONLinesSink: RunSink {
  private let file: LineFile
  /// Appends to a log; a last line that a crash cut off is removed.
  ///
  /// - Throws: `RunLogError` where the file cannot be opened or written.
  public init(path: String) throws { file = try LineFile(path: path, cutsPartialLine: true) }
  public func record(_ event: RunEvent) throws { try file.append(Data((event.json + "\n").utf8)) }
  public func flush() throws { try file.synchronize() }
}

/// A view for spreadsheets: step, tag, value.
public final class CSVSink: RunSink {
  static let header = "event,task,step,tag,value\n"

  /// The rows of an event, one for each of its values.
  static func rows(_ event: RunEvent) -> String {
    event.values.keys.sorted().map { tag in
      "\(field(event.kind)),\(field(event.task)),\(event.step),\(field(tag)),\(event.values[tag]!)\n"
    }.joined()
  }

  /// A field in quotes where it needs them (RFC 4180).
  private static func field(_ text: String) -> String {
    guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  private let file: LineFile
  /// Appends to a table, or begins one with its header.
  ///
  /// - Throws: `RunLogError` where the file cannot be opened or written.
  public init(path: String) throws {
    let isNew = !FileManager.default.fileExists(atPath: path)
    file = try LineFile(path: path, cutsPartialLine: true)
    if isNew { try file.append(Data(Self.header.utf8)) }
  }
  public func record(_ event: RunEvent) throws {
    try file.append(Data(Self.rows(event).utf8))
  }
  public func flush() throws { try file.synchronize() }
}
