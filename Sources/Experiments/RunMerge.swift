import Foundation
import RunLogs
import SystemFiles

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

    var version: String? { (environment as? [String: Any])?["descentVersion"] as? String }
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
    var known: [FolderIdentity: String] = [:]
    for part in parts {
      guard let identity = FolderIdentity(part.folder.path) else { continue }
      if let twin = known.updateValue(part.folder.path, forKey: identity) {
        throw SettingsError("\(twin) and \(part.folder.path) are one folder")
      }
    }
    experimentName = try RunSession.experimentName(in: parts[0].folder)
    for part in parts.dropFirst() {
      let name = try RunSession.experimentName(in: part.folder)
      guard name == experimentName else {
        throw SettingsError("\(parts[0].folder.path) is a run of \(experimentName), \(part.folder.path) of \(name)")
      }
      if let ours = parts[0].version, let theirs = part.version, ours != theirs {
        throw SettingsError(
          "\(parts[0].folder.path) was run by version \(ours) of descent, and \(part.folder.path) by \(theirs): results of both "
            + "may differ; run one of them again")
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
    var manifest = try RunSession.manifest(type, parts[0].folder)
    let settings = manifest.settings
    for part in parts.dropFirst() { try checkThatSame(settings, try RunSession.settings(type, part.folder), part) }
    let experiment = E(settings)
    try experiment.checkSettings()
    if let target = FolderIdentity(out) {
      guard !parts.contains(where: { FolderIdentity.ofAll(from: $0.folder.path).contains(target) }) else {
        throw SettingsError("\(out) is one of the folders to bring together, or holds one; name a new one by --out")
      }
    }
    let (merged, end) = merged()
    guard !merged.results.isEmpty else { throw SettingsError("no task has ended in any of the folders") }
    manifest.command = commandLine.shellCommand
    let configuration = try Settings.yaml(manifest)
    let isWhole = try experiment.sweep().unfinished(experiment.findings(merged)).isEmpty
    let (folder, lock) = try RunFolder.claim(
      out, replacing: replacing, goingOnBy: "\(ProgramName.text) run --resume \(out)")
    try withExtendedLifetime(lock) {
      do {
        try fill(folder, merged, end, isWhole: isWhole, commandLine)
        // The last of all: without it nothing goes on from here.
        try AtomicFile.write(configuration, to: folder.configurationPath)
        try folder.forgetReplaced()
      } catch {
        folder.discard()
        throw error
      }
    }
    return try RunSession.report(type, folder: folder)
  }

  private func checkThatSame<C: Codable>(_ settings: C, _ others: C, _ part: Part) throws {
    guard try Settings.fingerprint(settings) != Settings.fingerprint(others) else { return }
    let pairs = try zip(Settings.list(settings), Settings.list(others))
    let example = pairs.first { $0 != $1 }.map { ": \($1.name) is \($1.value), not \($0.value)" } ?? ""
    throw SettingsError("\(part.folder.path) has other settings than \(parts[0].folder.path)\(example)")
  }

  /// The events of ended tasks, folder after folder, and when the last ended: times go on, so that it is that of all machines
  /// together.
  private func merged() -> (events: [RunEvent], end: Double) {
    var events: [RunEvent] = []
    var taken: Set<String> = []
    var start = 0.0
    // What one folder lacked, another may have had; one that is empty says nothing.
    let absences = parts.filter { !$0.events.isEmpty }.map { Set($0.events.filter(\.isAbsence).compactMap(\.text)) }
    let common = absences.dropFirst().reduce(absences.first ?? []) { $0.intersection($1) }
    for part in parts {
      let new = Set(part.events.results.keys).subtracting(taken)
      // Folders that went on from one have its time in common, which counts once.
      let before = part.events.filter { taken.contains($0.task) }.map(\.time).max() ?? 0
      for var event in part.events where !event.isOfSession {
        event.time = start + max(0, event.time - before)
        if event.task.isEmpty {
          guard !event.isAbsence || common.contains(event.text ?? "") else { continue }
          // What sessions say before their first task they say in all folders.
          guard !events.contains(where: { $0.isAbout(what: event) }) else { continue }
        } else {
          guard new.contains(event.task) else { continue }
        }
        events.append(event)
      }
      taken.formUnion(new)
      start += max(0, (part.events.map(\.time).max() ?? 0) - before)
    }
    return (events, start)
  }

  private func fill(
    _ folder: RunFolder, _ events: [RunEvent], _ end: Double, isWhole: Bool, _ commandLine: [String]
  ) throws {
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
        try Folder.make(place)
        try manager.copyItem(atPath: "\(source)/\(name)", toPath: "\(target)/\(name)")
      } catch { throw RunLogError("\(source)/\(name) cannot be copied: \(error.plainReason)") }
    }
  }
}

extension RunEvent {
  /// Whether it tells of a session of the whole run.
  fileprivate var isOfSession: Bool { ["start", "resume", "share", "end"].contains(kind) }
  fileprivate var isAbsence: Bool { kind == "absent" }

  fileprivate func isAbout(what other: RunEvent) -> Bool {
    task.isEmpty && kind == other.kind && step == other.step && text == other.text
  }
}
