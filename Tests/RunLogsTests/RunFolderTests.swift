import Foundation
import RunLogs
import SystemFiles
import Testing

/// A folder of its own for a test, removed when the body returns.
func withTemporaryFolder<R>(_ body: (String) throws -> R) throws -> R {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("runlogs-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

/// The sentence of the error that the body throws; empty when it throws none.
func complaint(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}

@Suite struct RunFolderTests {
  /// Of several that start at once one gets the folder: what it has written meanwhile is seen under the lock.
  @Test func aClaimIsSeenByOthers() throws {
    try withTemporaryFolder { root in
      let path = root + "/run"
      do {
        let (folder, lock) = try RunFolder.claim(path, replacing: false)
        for isReplacing in [false, true] {
          #expect(
            complaint { _ = try RunFolder.claim(path, replacing: isReplacing) }.contains("another process is writing"))
        }
        try AtomicFile.write("seed: 1\n", to: folder.configurationPath)
        withExtendedLifetime(lock) {}
      }
      #expect(complaint { _ = try RunFolder.claim(path, replacing: false) }.contains("is not empty"))
      do {
        let (folder, lock) = try RunFolder.claim(path, replacing: true)
        try AtomicFile.write("seed: 2\n", to: folder.configurationPath)
        folder.discard()
        withExtendedLifetime(lock) {}
      }
      #expect(try contents(path + "/config.yaml") == "seed: 1\n")
      do {
        let (folder, lock) = try RunFolder.claim(path, replacing: true)
        try folder.forgetReplaced()
        folder.discard()
        withExtendedLifetime(lock) {}
      }
      #expect(!FileManager.default.fileExists(atPath: path))
      // One that was faster has come and gone between the look and the lock.
      let late = complaint {
        _ = try RunFolder.claim(path, replacing: true) { try AtomicFile.write("seed: 3\n", to: path + "/config.yaml") }
      }
      #expect(late.contains("is not empty"))
      #expect(try contents(path + "/config.yaml") == "seed: 3\n")
    }
  }

  @Test func aFullFolderIsNotOverwritten() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      try AtomicFile.write("seed: 1\n", to: folder.configurationPath)
      #expect(complaint { _ = try RunFolder.create(root + "/run") }.contains("is not empty"))
      #expect(try contents(folder.configurationPath) == "seed: 1\n")
      _ = try RunFolder.create(root + "/run", replacing: true)
      #expect(!FileManager.default.fileExists(atPath: folder.configurationPath))
    }
  }

  /// What is replaced comes back where nothing begins: after an error, and after a kill.
  @Test func aReplacedRunIsNotLostBeforeTheNextBegins() throws {
    try withTemporaryFolder { root in
      let path = root + "/run"
      let old = try RunFolder.create(path)
      try AtomicFile.write("seed: 1\n", to: old.configurationPath)
      try AtomicFile.write("weights\n", to: old.checkpointFolder + "/00000001")
      func isOld() -> Bool {
        (try? contents(old.configurationPath)) == "seed: 1\n"
          && (try? contents(old.checkpointFolder + "/00000001")) == "weights\n"
          && !FileManager.default.fileExists(atPath: path + "/.replaced")
      }
      do {
        let (folder, lock) = try RunFolder.claim(path, replacing: true)
        #expect(!isOld())
        try AtomicFile.write("seed: 2\n", to: folder.configurationPath)
        folder.discard()
        withExtendedLifetime(lock) {}
      }
      #expect(isOld())
      // Killed before anything was written, and after: who does not ask to replace finds the old run, or a refusal.
      _ = try RunFolder.create(path, replacing: true)
      #expect(complaint { _ = try RunFolder.create(path) }.contains("is not empty"))
      #expect(isOld())
      do {
        let folder = try RunFolder.create(path, replacing: true)
        try AtomicFile.write("seed: 3\n", to: folder.configurationPath)
        // The one that never began is not worth keeping.
        let next = try RunFolder.create(path, replacing: true)
        next.discard()
      }
      #expect(isOld())
      let begun = try RunFolder.create(path, replacing: true)
      try begun.forgetReplaced()
      #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == [".lock", "checkpoints"])
    }
  }

  /// A process may be killed between any two moves: whoever comes next finds the whole old run, or the whole new one.
  @Test func killedMovesAreFinished() throws {
    try withTemporaryFolder { root in
      let manager = FileManager.default
      let names = ["a.json", "checkpoints", "config.yaml", "log.jsonl", "model.safetensors"]
      func make(_ path: String, _ names: [String], _ text: String) throws {
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in names { try AtomicFile.write(text, to: path + "/" + name) }
      }
      func texts(_ path: String) throws -> [String: String] {
        try manager.contentsOfDirectory(atPath: path).filter { $0 != ".lock" }
          .reduce(into: [:]) { $0[$1] = try contents(path + "/" + $1) }
      }
      let whole = Dictionary(uniqueKeysWithValues: names.map { ($0, "old") })
      for moved in 0...names.count {
        // While it is set aside, or given back: some are in their place, the others on their way.
        for next in ["open", "create", "replace"] {
          let path = root + "/\(next)-\(moved)"
          try make(path, Array(names[moved...]), "old")
          try make(path + "/.replaced.part", Array(names[..<moved]), "old")
          switch next {
          case "open": _ = try RunFolder.open(path)
          case "create": #expect(complaint { _ = try RunFolder.create(path) }.contains("is not empty"))
          default:
            // One that does not begin after all.
            let folder = try RunFolder.create(path, replacing: true)
            try AtomicFile.write("new", to: folder.configurationPath)
            folder.discard()
          }
          #expect(try texts(path) == whole, "\(next) after \(moved)")
        }
        // While a successor that had not begun is removed.
        let path = root + "/successor-\(moved)"
        try make(path, Array(names[moved...]), "new")
        try make(path + "/.replaced", names, "old")
        let folder = try RunFolder.create(path, replacing: true)
        folder.discard()
        #expect(try texts(path) == whole, "\(moved)")
        // Its configuration goes first; without it nobody takes the rest for a run.
        let rest = root + "/rest-\(moved)"
        try make(rest, names[moved...].filter { $0 != "config.yaml" }, "new")
        try make(rest + "/.replaced", names, "old")
        if moved.isMultiple(of: 2) {
          _ = try RunFolder.open(rest)
        } else {
          #expect(complaint { _ = try RunFolder.create(rest) }.contains("is not empty"))
        }
        #expect(try texts(rest) == whole, "\(moved)")
        // While what is not wanted any more is removed: the new run stays, whatever follows.
        let begun = root + "/begun-\(moved)"
        try make(begun, names, "new")
        try make(begun + "/.forgotten", Array(names[moved...]), "old")
        let next = try RunFolder.create(begun, replacing: true)
        next.discard()
        for name in names { #expect(try contents(begun + "/" + name) == "new", "\(moved)") }
      }
    }
  }

  /// A table in the folder of a run is not removed with it.
  @Test func whatIsReadIsNotReplaced() throws {
    try withTemporaryFolder { root in
      try AtomicFile.write("x", to: root + "/table.csv")
      func complaints(_ sources: [String], _ out: String) -> String {
        complaint { try RunFolder.checkThatNone(of: sources, liesIn: out) }
      }
      #expect(complaints(["mnist", root + "/table.csv"], root).contains("which --replace would remove"))
      #expect(complaints([root + "/table.csv#name"], root + "/../" + (root as NSString).lastPathComponent) != "")
      #expect(complaints([root + "/table.csv"], root + "/run") == "" && complaints(["none.csv"], root) == "")
    }
  }

  /// What is to be done is said, and a run that failed is not to be gone on with.
  @Test func aFullFolderSaysWhatToDo() throws {
    try withTemporaryFolder { root in
      let path = root + "/run"
      let folder = try RunFolder.create(path)
      try AtomicFile.write("seed: 1\n", to: folder.configurationPath)
      let ended = complaint { _ = try RunFolder.create(path) }
      #expect(ended.contains("--resume \(path)") && ended.contains("--replace") && ended.contains("--out"))
      try AtomicFile.write(
        RunEvent(kind: RunEvent.failureKind, step: 3, text: "the loss is nan at step 3").json + "\n",
        to: folder.logPath)
      let failed = complaint { _ = try RunFolder.create(path) }
      #expect(failed.contains("the loss is nan at step 3") && failed.contains("--replace"))
      #expect(!failed.contains("--resume"))
      try AtomicFile.write("mine", to: root + "/letter.txt")
      #expect(!complaint { _ = try RunFolder.create(root) }.contains("--re"))
    }
  }

  /// `replacing` is for runs: another folder's files stay.
  @Test func aFolderThatIsNoRunIsNeverRemoved() throws {
    try withTemporaryFolder { root in
      try AtomicFile.write("mine", to: root + "/letter.txt")
      #expect(complaint { _ = try RunFolder.create(root, replacing: true) }.contains("is not empty"))
      #expect(try contents(root + "/letter.txt") == "mine")
      #expect(complaint { _ = try RunFolder.open(root) }.contains("no config.yaml"))
    }
  }

  /// What a full disk or a kill leaves before the configuration is written is in nobody's way.
  @Test func aRunThatDidNotBeginIsInNobodysWay() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      _ = try FolderLock(folder)
      try AtomicFile.write("half", to: folder.path + "/config.yaml.part")
      _ = try RunFolder.create(root + "/run")
      // A checkpoint is something.
      try AtomicFile.write("state", to: folder.checkpointFolder + "/step-1")
      #expect(complaint { _ = try RunFolder.create(root + "/run") }.contains("is not empty"))
    }
  }

  /// What killed writers left aside stands in nobody's way, and is gone once the folder is locked.
  @Test(arguments: ["config.yaml.123.part", "checkpoints/seed-0.safetensors.7.part", ".dat.nosync1a2b.x"])
  func aFileLeftAside(_ name: String) throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      try Data("half".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
      _ = try FolderLock(RunFolder.create(folder.path))
      // Foundation's names are not ours to remove.
      #expect(FileManager.default.fileExists(atPath: folder.path + "/" + name) == name.hasPrefix("."))
      try AtomicFile.write("seed: 1\n", to: folder.configurationPath)
      try Data("half".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name))
      _ = try RunFolder.create(folder.path, replacing: true)
    }
  }

  /// A folder that is no run's is kept for one process too.
  @Test func anyFolderIsLocked() throws {
    try withTemporaryFolder { root in
      let lock = try FolderLock(path: root)
      withExtendedLifetime(lock) {
        #expect(complaint { _ = try FolderLock(path: root) }.contains("another process is writing to \(root)"))
      }
    }
  }

  /// Who holds the lock holds it while others replace the run: the file stays the same one.
  @Test func replacingKeepsTheLock() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      try AtomicFile.write("seed: 1\n", to: folder.configurationPath)
      func number() throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: folder.path + "/.lock")[.systemFileNumber] as? Int
      }
      do {
        let lock = try FolderLock(folder)
        withExtendedLifetime(lock) {
          #expect(complaint { _ = try RunFolder.create(root + "/run", replacing: true) }.contains("another process"))
        }
      }
      let before = try number()
      _ = try RunFolder.create(root + "/run", replacing: true)
      #expect(try before != nil && number() == before)
      #expect(!FileManager.default.fileExists(atPath: folder.configurationPath))
    }
  }

  /// Who opened the lock's file of a folder that was replaced before it was locked does not have the new folder.
  @Test func aLockOfAReplacedFolderIsNone() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      let sentence = complaint {
        _ = try FolderLock(folder) {
          try FileManager.default.removeItem(atPath: folder.path)
          _ = try FolderLock(RunFolder.create(folder.path))
        }
      }
      #expect(sentence.contains("has just replaced"))
      _ = try FolderLock(folder)
    }
  }

  /// A refused lock closes its own file, and no other that got the same number meanwhile.
  @Test func aRefusedLockClosesNothingElse() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      let lock = try FolderLock(folder)
      DispatchQueue.concurrentPerform(iterations: 4) { writer in
        let sentence = complaint {
          for _ in 0..<2000 {
            #expect((try? FolderLock(folder)) == nil)
            try LineFile(path: root + "/\(writer)").append(Data("line\n".utf8))
          }
        }
        #expect(sentence == "")
      }
      withExtendedLifetime(lock) {}
    }
  }

  @Test func eventsAreReadBack() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      let events = [
        RunEvent(kind: "step", task: "sgd/seed 1", step: 1, time: 0.5, values: ["loss": 0.1, "rate": 1e-300]),
        RunEvent(kind: "step", step: 2, values: ["loss": .infinity, "low": -.infinity]),
        RunEvent(kind: "note", step: 2, text: "a \"quoted\"\nline, é"),
      ]
      let sink = try JSONLinesSink(path: folder.logPath)
      for event in events { try sink.record(event) }
      try sink.flush()
      #expect(try folder.events() == events)
      #expect(try contents(folder.logPath).split(separator: "\n").count == 3)
    }
  }

  @Test func numbersThatJSONLacksAreStrings() throws {
    let line = RunEvent(kind: "step", step: 1, values: ["a": .nan, "b": .infinity]).json
    #expect(line == #"{"event":"step","step":1,"time":0.0,"values":{"a":"NaN","b":"Infinity"}}"#)
    let event = try #require(RunEvent(json: line))
    #expect(event.values["a"]?.isNaN == true)
    #expect(event.values["b"] == .infinity)
  }

  /// A killed run leaves half a line: it is not read, and the next session cuts it off before it writes.
  @Test func aTruncatedLineIsCutOff() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      let first = RunEvent(kind: "step", step: 1, values: ["loss": 1])
      let second = RunEvent(kind: "step", step: 2, values: ["loss": 0.5])
      try AtomicFile.write(first.json + "\n" + String(second.json.dropLast(9)), to: folder.logPath)
      #expect(try folder.events() == [first])
      do {
        let sink = try JSONLinesSink(path: folder.logPath)
        try sink.record(second)
      }
      #expect(try folder.events() == [first, second])
      #expect(try contents(folder.logPath) == first.json + "\n" + second.json + "\n")
    }
  }

  /// Also when the remainder is longer than the block that the search reads, or is all there is.
  @Test(arguments: [0, 1, 4095, 4096, 4097, 9000])
  func longRemaindersAreCutOff(length: Int) throws {
    try withTemporaryFolder { root in
      let tail = String(repeating: "x", count: length)
      for head in ["", "kept\n"] {
        try AtomicFile.write(head + tail, to: root + "/log")
        try LineFile(path: root + "/log", cutsPartialLine: true).append(Data("new\n".utf8))
        #expect(try contents(root + "/log") == head + "new\n")
      }
    }
  }

  @Test func aDamagedLineIsNamed() throws {
    try withTemporaryFolder { root in
      let folder = try RunFolder.create(root + "/run")
      let good = RunEvent(kind: "step", step: 1).json
      try AtomicFile.write("\(good)\n{broken\n\(good)\n", to: folder.logPath)
      #expect(complaint { _ = try folder.events() }.contains("line 2 is no event"))
      // A whole last line that is no event was not cut off by a crash.
      try AtomicFile.write("\(good)\n{broken\n", to: folder.logPath)
      #expect(complaint { _ = try folder.events() }.contains("line 2 is no event"))
    }
  }

  /// The log of a resumed run is that of an uninterrupted one, in the log and in the table.
  @Test func aResumedRunLogsTheSame() throws {
    try withTemporaryFolder { root in
      func event(_ step: Int) -> RunEvent {
        RunEvent(kind: "step", task: "a, b", step: step, values: ["loss": 1 / Double(step), "norm": 2])
      }
      func record(_ folder: RunFolder, _ steps: ClosedRange<Int>) throws {
        let sinks: [any RunSink] = [
          try JSONLinesSink(path: folder.logPath), try CSVSink(path: folder.metricsPath),
        ]
        for step in steps { for sink in sinks { try sink.record(event(step)) } }
      }
      let whole = try RunFolder.create(root + "/whole")
      try record(whole, 1...10)
      let resumed = try RunFolder.create(root + "/resumed")
      try record(resumed, 1...7)
      try resumed.truncateLog { $0.step <= 5 }  // the last checkpoint was made at step 5
      try record(resumed, 6...10)
      #expect(try contents(resumed.logPath) == contents(whole.logPath))
      #expect(try contents(resumed.metricsPath) == contents(whole.metricsPath))
      #expect(try contents(whole.metricsPath).hasPrefix("event,task,step,tag,value\nstep,\"a, b\",1,loss,1.0\n"))
      #expect(try whole.events().series("loss", task: "a, b").map(\.step) == Array(1...10))
      #expect(try whole.events().series("loss").isEmpty)
    }
  }

  @Test func environment() throws {
    let text = RunEnvironment.json(
      libraries: ["oneDNN": "2.6"], commandLine: ["descent", "run"], date: "2020-01-01T00:00:00Z")
    let facts = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(facts["cores"] as? Int == ProcessInfo.processInfo.activeProcessorCount)
    #expect((facts["libraries"] as? [String: String])?["oneDNN"] == "2.6")
    #expect(facts["commandLine"] as? [String] == ["descent", "run"])
    #expect(facts["descentVersion"] as? String == RunEnvironment.version)
    // A user's repository is not taken for that of the program.
    #expect(facts["revision"] == nil && facts["descentRevision"] as? String == "unknown")
    #expect(facts["workingDirectoryRevision"] as? String == RunEnvironment.gitRevision())
    #expect(try #require(RunEnvironment.peakMemory()) > 1 << 20)
  }

  @Test func revisionOfAWorkingTree() throws {
    try withTemporaryFolder { root in
      let revision = String(repeating: "ab", count: 20)
      let manager = FileManager.default
      try manager.createDirectory(atPath: root + "/.git/refs/heads", withIntermediateDirectories: true)
      try manager.createDirectory(atPath: root + "/deep/er", withIntermediateDirectories: true)
      try AtomicFile.write("ref: refs/heads/main\n", to: root + "/.git/HEAD")
      #expect(RunEnvironment.gitRevision(at: root) == nil)
      try AtomicFile.write("# pack\n\(revision) refs/heads/main\n", to: root + "/.git/packed-refs")
      #expect(RunEnvironment.gitRevision(at: root + "/deep/er") == revision)
      try AtomicFile.write(String(revision.reversed()) + "\n", to: root + "/.git/refs/heads/main")
      #expect(RunEnvironment.gitRevision(at: root) == String(revision.reversed()))
      // A second working tree: .git is a file, the references are in the first tree's folder.
      let home = root + "/.git/worktrees/second"
      try manager.createDirectory(atPath: home, withIntermediateDirectories: true)
      try AtomicFile.write("gitdir: \(home)\n", to: root + "/deep/.git")
      try AtomicFile.write("ref: refs/heads/main\n", to: home + "/HEAD")
      try AtomicFile.write("../..\n", to: home + "/commondir")
      #expect(RunEnvironment.gitRevision(at: root + "/deep") == String(revision.reversed()))
    }
  }
}
