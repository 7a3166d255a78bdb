import Foundation

/// The folder of one run: configuration, environment, log, checkpoints, report.
public struct RunFolder: Sendable {
  public let path: String

  public var logPath: String { path + "/log.jsonl" }
  public var configurationPath: String { path + "/config.yaml" }
  public var environmentPath: String { path + "/environment.json" }
  public var metricsPath: String { path + "/metrics.csv" }
  public var checkpointFolder: String { path + "/checkpoints" }
  public var reportPath: String { path + "/report.html" }

  private init(path: String) { self.path = path }

  /// A new folder. One that holds something is refused, unless `replacing` and it is a run's own.
  public static func create(_ path: String, replacing: Bool = false) throws -> RunFolder {
    let folder = RunFolder(path: path)
    let manager = FileManager.default
    if let contents = try? manager.contentsOfDirectory(atPath: path), !contents.isEmpty {
      let isRun = manager.fileExists(atPath: folder.logPath) || manager.fileExists(atPath: folder.configurationPath)
      guard replacing && isRun else {
        throw RunLogError("\(path) is not empty; name another folder by --out, or go on with --resume \(path)")
      }
      try manager.removeItem(atPath: path)
    }
    do { try manager.createDirectory(atPath: folder.checkpointFolder, withIntermediateDirectories: true) } catch {
      throw RunLogError("\(path) cannot be created: \(error.localizedDescription)")
    }
    return folder
  }

  /// The folder of an earlier run.
  public static func open(_ path: String) throws -> RunFolder {
    let folder = RunFolder(path: path)
    guard FileManager.default.fileExists(atPath: folder.configurationPath) else {
      throw RunLogError("\(path) is no run folder: it has no config.yaml")
    }
    return folder
  }

  /// All whole events of the log; a last line that a crash cut off is left out.
  public func events() throws -> [RunEvent] {
    guard let data = FileManager.default.contents(atPath: logPath) else { return [] }
    let text = String(decoding: data, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
    var events: [RunEvent] = []
    for (index, line) in lines.enumerated() {
      if let event = RunEvent(json: String(line)) {
        events.append(event)
      } else if index < lines.count - 1 {
        throw RunLogError("\(logPath): line \(index + 1) is no event")
      }
    }
    return events
  }

  /// Drops what was logged after a checkpoint, so that a resumed run logs it again: the rest is written aside and
  /// renamed.
  public func truncateLog(keeping isKept: (RunEvent) -> Bool) throws {
    let kept = try events().filter(isKept)
    let text = kept.map { $0.json + "\n" }.joined()
    try Data(text.utf8).write(to: URL(fileURLWithPath: logPath), options: .atomic)
    var csv = "event,task,step,tag,value\n"
    for event in kept {
      for tag in event.values.keys.sorted() {
        csv += "\(event.kind),\(event.task),\(event.step),\(tag),\(event.values[tag]!)\n"
      }
    }
    try Data(csv.utf8).write(to: URL(fileURLWithPath: metricsPath), options: .atomic)
  }
}

/// What a run ran on.
public enum RunEnvironment {
  /// Facts about the machine and the libraries, as JSON.
  public static func json(libraries: [String: String], commandLine: [String], date: String) -> String {
    let info = ProcessInfo.processInfo
    var facts: [String: Any] = [
      "system": info.operatingSystemVersionString, "cores": info.activeProcessorCount,
      "memoryBytes": info.physicalMemory, "libraries": libraries, "commandLine": commandLine, "date": date,
    ]
    if let model = processorModel() { facts["processor"] = model }
    let data = try? JSONSerialization.data(
      withJSONObject: facts, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return data.map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n"
  }

  private static func processorModel() -> String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
  }

  /// The largest memory that this process has held, in bytes, where the system tells.
  public static func peakMemory() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM") }),
      let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
    else { return nil }
    return kilobytes * 1024
  }
}
