import Foundation
import RunLogs

/// Shares of one run, brought together in a new folder.
///
/// The result is that of one machine that ran all, but for times: a task is a function of its name. What several have
/// done counts once, as the first folder has it; what has not ended is left out.
public struct RunMerge {
  /// A folder and what it holds.
  private struct Part {
    var folder: RunFolder
    var events: [RunEvent]
    var environment: Any

    init(_ path: String) throws {
      folder = try RunFolder.open(path)
      events = try folder.events()
      let data = FileManager.default.contents(atPath: folder.environmentPath) ?? Data()
      environment = (try? JSONSerialization.jsonObject(with: data)) ?? "unknown"
    }

    /// The folder, whatever leads to it.
    var place: String { URL(fileURLWithPath: folder.path).resolvingSymlinksInPath().standardizedFileURL.path }
  }

  private let parts: [Part]

  /// What the folders are runs of, as "calibration".
  public let experimentName: String

  /// Reads the folders; one whose run is still under way counts with what has ended in it.
  ///
  /// - Parameter paths: of two folders or more.
  /// - Throws: `RunLogError` where one is no run folder or is damaged; `SettingsError` where they are runs of several
  ///   experiments, one is named twice, or there are fewer than two.
  public init(_ paths: [String]) throws {
    parts = try paths.map(Part.init)
    guard parts.count > 1 else { throw SettingsError("name two folders or more to bring together") }
    var known: [String: String] = [:]
    for part in parts {
      if let twin = known.updateValue(part.folder.path, forKey: part.place) {
        throw SettingsError("\(twin) and \(part.folder.path) are one folder")
      }
    }
    experimentName = try RunSession.experimentName(in: parts[0].folder)
    for part in parts.dropFirst() {
      let name = try RunSession.experimentName(in: part.folder)
      guard name == experimentName else {
        throw SettingsError("\(parts[0].folder.path) is a run of \(experimentName), \(part.folder.path) of \(name)")
      }
    }
  }

  /// Writes the new folder, decides the claims and draws the report. The outcome's time is that of all machines together.
  ///
  /// - Parameters:
  ///   - type: the experiment named `experimentName`.
  ///   - out: the new folder, made here.
  ///   - replacing: whether an earlier run in it may be removed.
  ///   - commandLine: what environment.json names as the command.
  /// - Throws: `SettingsError` where settings differ, nothing has ended, or the new folder is one of the old; `RunLogError`
  ///   and `FileError` where it cannot be written; `ReportError`. The old folders stay as they are.
  public func write<E: Experiment>(
    _ type: E.Type, to out: String, replacing: Bool, commandLine: [String]
  ) throws -> RunSession.Outcome {
    let settings = try RunSession.settings(type, parts[0].folder)
    for part in parts.dropFirst() { try checkThatSame(settings, try RunSession.settings(type, part.folder), part) }
    let experiment = E(settings)
    try experiment.check()
    let target = URL(fileURLWithPath: out).resolvingSymlinksInPath().standardizedFileURL.path
    guard !parts.contains(where: { $0.place == target }) else {
      throw SettingsError("\(out) is one of the folders to bring together; name a new one by --out")
    }
    let merged = merged()
    guard !merged.results.isEmpty else { throw SettingsError("no task has ended in any of the folders") }
    let folder = try RunFolder.create(out, replacing: replacing)
    let isWhole = try experiment.sweep().unfinished(experiment.findings(merged)).isEmpty
    do { try fill(folder, merged, isWhole: isWhole, commandLine) } catch {
      // What is half there would look like a run.
      try? FileManager.default.removeItem(atPath: folder.path)
      throw error
    }
    return try RunSession.report(type, folder: folder)
  }

  private func checkThatSame<C: Codable>(_ settings: C, _ others: C, _ part: Part) throws {
    guard try Settings.fingerprint(settings) != Settings.fingerprint(others) else { return }
    let pairs = try zip(Settings.list(settings), Settings.list(others))
    let example = pairs.first { $0 != $1 }.map { ": \($1.name) is \($1.value), not \($0.value)" } ?? ""
    throw SettingsError("\(part.folder.path) has other settings than \(parts[0].folder.path)\(example)")
  }

  /// The events of ended tasks, folder after folder; times go on, so that the last is that of all machines together.
  private func merged() -> [RunEvent] {
    var events: [RunEvent] = []
    var taken: Set<String> = []
    var start = 0.0
    // What one folder lacked, another may have had.
    let absences = parts.map { Set($0.events.filter(\.isAbsence).compactMap(\.text)) }
    let common = absences.dropFirst().reduce(absences[0]) { $0.intersection($1) }
    for (index, part) in parts.enumerated() {
      let new = Set(part.events.results.keys).subtracting(taken)
      for var event in part.events {
        let isKept =
          event.isAbsence ? index == 0 && common.contains(event.text ?? "") : new.contains(event.task)
        guard isKept || event.task.isEmpty && !event.isAbsence && !event.isOfSession else { continue }
        event.time += start
        // What sessions found before their first task is the same in all.
        guard isKept || !events.contains(where: { $0.says(what: event) }) else { continue }
        events.append(event)
      }
      taken.formUnion(new)
      start += part.events.map(\.time).max() ?? 0
    }
    return events
  }

  private func fill(_ folder: RunFolder, _ events: [RunEvent], isWhole: Bool, _ commandLine: [String]) throws {
    let lock = try FolderLock(folder)
    defer { withExtendedLifetime(lock) {} }
    try AtomicFile.write(try Settings.text(of: parts[0].folder), to: folder.configurationPath)
    try AtomicFile.write(try environment(commandLine), to: folder.environmentPath)
    for part in parts { try copyArtifacts(of: part.folder, to: folder) }
    let sinks: [any RunSink] = [
      try JSONLinesSink(path: folder.logPath), try CSVSink(path: folder.metricsPath),
      try TensorBoardSink(folder: folder.path, startTime: Date().timeIntervalSince1970, earlier: []),
    ]
    func session(_ kind: String, at time: Double) -> RunEvent {
      let peak = parts.flatMap(\.events).filter(\.isOfSession).compactMap { $0.values["peakMemoryBytes"] }.max()
      return RunEvent(
        kind: kind, task: "", step: 0, time: time, values: peak.map { ["peakMemoryBytes": $0] } ?? [:], text: nil)
    }
    let end = parts.map { $0.events.map(\.time).max() ?? 0 }.reduce(0, +)
    let isEnded = isWhole || parts.allSatisfy { $0.events.isEnded }
    for event in [session("start", at: 0)] + events + (isEnded ? [session("end", at: end)] : []) {
      for sink in sinks { try sink.record(event) }
    }
    for sink in sinks { try sink.flush() }
  }

  /// That of this machine, and those of the shares.
  private func environment(_ commandLine: [String]) throws -> String {
    let own = RunEnvironment.json(
      libraries: RunSession.libraries, commandLine: commandLine, date: Date().formatted(.iso8601))
    var facts = (try JSONSerialization.jsonObject(with: Data(own.utf8)) as? [String: Any]) ?? [:]
    facts["shares"] = parts.map(\.environment)
    let data = try JSONSerialization.data(
      withJSONObject: facts, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// Takes over what outlives tasks and is not there yet.
  private func copyArtifacts(of part: RunFolder, to folder: RunFolder) throws {
    let manager = FileManager.default
    let (source, target) = (part.path + "/artifacts", folder.path + "/artifacts")
    for name in manager.enumerator(atPath: source)?.compactMap({ $0 as? String }) ?? [] {
      var isFolder: ObjCBool = false
      guard manager.fileExists(atPath: "\(source)/\(name)", isDirectory: &isFolder), !isFolder.boolValue,
        !manager.fileExists(atPath: "\(target)/\(name)")
      else { continue }
      let place = ("\(target)/\(name)" as NSString).deletingLastPathComponent
      do {
        try manager.createDirectory(atPath: place, withIntermediateDirectories: true)
        try manager.copyItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)")
      } catch { throw RunLogError("\(source)/\(name) cannot be copied: \(error.localizedDescription)") }
    }
  }
}

extension RunEvent {
  /// Whether it tells of a session of the whole run.
  fileprivate var isOfSession: Bool { ["start", "resume", "share", "end"].contains(kind) }
  fileprivate var isAbsence: Bool { kind == "absent" }

  fileprivate func says(what other: RunEvent) -> Bool {
    task.isEmpty && kind == other.kind && step == other.step && text == other.text && values == other.values
  }
}
