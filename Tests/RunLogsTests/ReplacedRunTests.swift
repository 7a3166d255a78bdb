import Foundation
import RunLogs
import SystemFiles
import Testing

/// What `--replace` takes the place of, and when it is gone.
@Suite struct ReplacedRunTests {
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
}
