import Foundation
import SystemFiles

/// The folder of one run: configuration, environment, log, checkpoints, report.
public struct RunFolder: Sendable {
  /// Of the folder, as it was given.
  public let path: String

  /// One JSON object a line: the truth of the run.
  public var logPath: String { path + "/log.jsonl" }
  /// Experiment, preset, command and settings.
  public var configurationPath: String { path + "/config.yaml" }
  /// Machine, system, libraries, date.
  public var environmentPath: String { path + "/environment.json" }
  /// The log's numbers for spreadsheets.
  public var metricsPath: String { path + "/metrics.csv" }
  /// States to go on from, a folder for each task.
  public var checkpointFolder: String { path + "/checkpoints" }
  /// What the claims of an experiment came to, for programs.
  public var verdictsPath: String { path + "/verdicts.json" }
  /// Drawn from the log, again and again.
  public var reportPath: String { path + "/report.html" }

  init(path: String) { self.path = path }

  /// A new folder. One that holds something is refused, unless `replacing` and it is a run's own: that run lies aside until
  /// `forgetReplaced`, and `discard` puts it back.
  ///
  /// - Throws: `RunLogError` where the folder is taken, is no run's, is in use, or cannot be made.
  public static func create(_ path: String, replacing: Bool = false) throws -> RunFolder {
    try create(path, replacing: replacing, goingOnBy: "--resume \(path)")
  }

  /// - Parameter continuation: how the command goes on with a run, for the sentence of a refusal.
  package static func create(_ path: String, replacing: Bool, goingOnBy continuation: String) throws -> RunFolder {
    try make(path, replacing, continuation).folder
  }

  /// - Returns: the folder, and the lock where it was needed: what was set aside stays so while it is there.
  private static func make(
    _ path: String, _ isReplacing: Bool, _ continuation: String
  ) throws -> (folder: RunFolder, lock: FolderLock?) {
    let folder = RunFolder(path: path)
    let manager = FileManager.default
    guard !path.trimmingCharacters(in: .whitespaces).isEmpty else {
      throw RunLogError("the run's folder has no name: name one by --out")
    }
    var isFolder: ObjCBool = true
    if manager.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
      throw RunLogError("\(path) is a file, and a run has a folder: name another by --out")
    }
    try recover(path)
    var lock: FolderLock?
    let contents = (try? manager.contentsOfDirectory(atPath: path)) ?? []
    if contents.contains(where: { !folder.isLeftover($0) }) {
      let isRun = manager.fileExists(atPath: folder.logPath) || manager.fileExists(atPath: folder.configurationPath)
      guard isReplacing && isRun else { throw RunLogError(folder.refusal(isRun: isRun, continuation)) }
      // Not under the feet of a process that still writes to it.
      lock = try FolderLock(folder)
      try ReplacedRun(in: path).setAside()
    }
    do { try Folder.make(folder.checkpointFolder) } catch let error as FileError { throw RunLogError("\(error)") }
    return (folder, lock)
  }

  /// A new folder, which this process holds while the lock is there: of several that start at once one gets it.
  ///
  /// - Parameter meanwhile: what another process does between the look at the folder and the lock.
  /// - Throws: as `create`; `RunLogError` where another process was faster.
  package static func claim(
    _ path: String, replacing: Bool, goingOnBy continuation: String? = nil, meanwhile: () throws -> Void = {}
  ) throws -> (folder: RunFolder, lock: FolderLock) {
    let continuation = continuation ?? "--resume \(path)"
    let (folder, held) = try make(path, replacing, continuation)
    try meanwhile()
    let lock = try held ?? FolderLock(folder)
    // Looked at under the lock: who held it before may have written.
    let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    guard contents.allSatisfy(folder.isLeftover) else {
      throw RunLogError(folder.refusal(isRun: true, continuation))
    }
    return (folder, lock)
  }

  /// Puts a run in its place that a killed process has left aside; nothing where there is none. A successor has a configuration first of all.
  ///
  /// - Throws: `RunLogError` where another process holds the folder.
  package static func recover(_ path: String) throws {
    let (folder, replaced) = (RunFolder(path: path), ReplacedRun(in: path))
    let hasSuccessor = { FileManager.default.fileExists(atPath: folder.configurationPath) }
    guard replaced.isInterrupted || replaced.isThere && !hasSuccessor() else { return }
    withExtendedLifetime(try FolderLock(folder)) {
      replaced.finish()
      if !hasSuccessor() { replaced.restore() }
    }
  }

  /// What was replaced is given up: the run has begun.
  ///
  /// - Throws: `RunLogError` where that cannot be noted.
  package func forgetReplaced() throws { try ReplacedRun(in: path).forget() }
  /// Whether a run lies aside that this one is to replace, and has not yet.
  package var holdsReplaced: Bool { ReplacedRun(in: path).isThere }

  /// Removes all that is in a folder that this process holds, and the folder where it can be: what did not begin leaves
  /// nothing in the way of the next, and what it was to replace is there again.
  package func discard() {
    let manager = FileManager.default
    let replaced = ReplacedRun(in: path)
    guard !replaced.isThere else { return replaced.restore() }
    // One by one: a folder that cannot go, as a place where a disk is mounted, is empty then.
    for name in (try? manager.contentsOfDirectory(atPath: path)) ?? [] {
      try? manager.removeItem(atPath: path + "/" + name)
    }
    try? manager.removeItem(atPath: path)
  }

  /// Why a folder that holds something is not taken, and what to do.
  private func refusal(isRun: Bool, _ continuation: String) -> String {
    guard isRun else { return "\(path) is not empty, and holds no run; name another folder by --out" }
    if let last = try? events().last, last.kind == RunEvent.failureKind {
      return "\(path) is not empty: its run failed"
        + (last.text.map { " (\($0))" } ?? "") + "; replace it by --replace, or name another folder by --out"
    }
    return "\(path) is not empty; go on with its run by \(continuation), replace it by --replace, or name another "
      + "folder by --out"
  }

  /// Refuses to replace a folder that holds what is to be read.
  ///
  /// - Parameter sources: paths, perhaps with a table's name behind a #; names that are no paths are in no folder.
  /// - Throws: `RunLogError`.
  package static func checkThatNone(of sources: [String], liesIn out: String) throws {
    func place(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
    for source in sources {
      for path in [source, String(source.prefix { $0 != "#" })]
      where FileManager.default.fileExists(atPath: path) && (place(path) + "/").hasPrefix(place(out) + "/") {
        throw RunLogError("\(path) lies in \(out), which --replace would remove: name another folder by --out")
      }
    }
  }

  package static let lockName = ".lock"

  /// Whether a file is what a run leaves that could not begin, as on a full disk.
  private func isLeftover(_ name: String) -> Bool {
    if name == Self.lockName || ReplacedRun.isOwn(name) || AtomicFile.isAside(name) { return true }
    guard path + "/" + name == checkpointFolder else { return false }
    return (try? FileManager.default.contentsOfDirectory(atPath: checkpointFolder))?.allSatisfy(AtomicFile.isAside)
      ?? false
  }

  /// The folder of an earlier run.
  ///
  /// - Throws: `RunLogError` where it is no run folder.
  public static func open(_ path: String) throws -> RunFolder {
    let folder = RunFolder(path: path)
    try recover(path)
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
  ///
  /// - Throws: `RunLogError` where a line is no event; `FileError` where the files cannot be written.
  public func truncateLog(keeping isKept: (RunEvent) -> Bool) throws {
    let kept = try events().filter(isKept)
    try AtomicFile.write(kept.map { $0.json + "\n" }.joined(), to: logPath)
    try AtomicFile.write(CSVSink.header + kept.map(CSVSink.rows).joined(), to: metricsPath)
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
