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
    guard !path.trimmingCharacters(in: .whitespaces).isEmpty else {
      throw RunLogError("the run's folder has no name: name one by --out")
    }
    if let contents = try? manager.contentsOfDirectory(atPath: path), !contents.isEmpty {
      let isRun = manager.fileExists(atPath: folder.logPath) || manager.fileExists(atPath: folder.configurationPath)
      guard replacing && isRun else {
        throw RunLogError("\(path) is not empty; name another folder by --out, or go on with --resume \(path)")
      }
      // Not under the feet of a process that still writes to it.
      try withExtendedLifetime(FolderLock(folder)) { try manager.removeItem(atPath: path) }
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

  /// All whole events of the log; a last line that a crash cut off, without its newline, is left out.
  ///
  /// - Throws: `RunLogError` naming the line that is no event.
  public func events() throws -> [RunEvent] {
    guard FileManager.default.fileExists(atPath: logPath) else { return [] }
    guard let data = FileManager.default.contents(atPath: logPath) else {
      throw RunLogError("\(logPath): cannot be read")
    }
    var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    lines.removeLast()  // empty, or without its newline
    return try lines.enumerated().filter { !$0.element.isEmpty }.map { index, line in
      guard let event = RunEvent(json: String(decoding: line, as: UTF8.self)) else {
        throw RunLogError("\(logPath): line \(index + 1) is no event")
      }
      return event
    }
  }

  /// Drops what was logged after a checkpoint, so that a resumed run logs it again: the rest is written aside and
  /// renamed.
  public func truncateLog(keeping isKept: (RunEvent) -> Bool) throws {
    let kept = try events().filter(isKept)
    try WholeFile.write(kept.map { $0.json + "\n" }.joined(), to: logPath)
    try WholeFile.write(CSVSink.header + kept.map(CSVSink.rows).joined(), to: metricsPath)
  }
}

extension Sequence<RunEvent> {
  /// The values of a tag by step, in the order of the log.
  public func series(_ tag: String, task: String = "", kind: String? = nil) -> [(step: Int, value: Double)] {
    compactMap { event in
      guard event.task == task, kind == nil || event.kind == kind, let value = event.values[tag] else { return nil }
      return (event.step, value)
    }
  }
}
