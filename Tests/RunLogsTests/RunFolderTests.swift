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
