import Foundation
import RunLogs
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct FileTests {
  @Test func atomicWriting() throws {
    try withTemporaryFolder { root in
      try WholeFile.write("old", to: root + "/file")
      try WholeFile.write("new and longer", to: root + "/file")
      #expect(try contents(root + "/file") == "new and longer")
      #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["file"])
      #expect(complaint { try WholeFile.write("x", to: root + "/none/file") }.contains("No such file"))
    }
  }

  @Test func aPipeIsNotReplaced() throws {
    try withTemporaryFolder { root in
      try #require(mkfifo(root + "/pipe", 0o600) == 0)
      #expect(complaint { try WholeFile.write("x", to: root + "/pipe") }.contains("no plain file"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["pipe"])
      var status = stat()
      #expect(stat(root + "/pipe", &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    }
  }

  #if os(Linux)
    /// A full disk, played by /dev/full: the error says so and the old file stays.
    @Test func aFullDisk() throws {
      try withTemporaryFolder { root in
        try WholeFile.write("old", to: root + "/file")
        let aside = root + "/file.\(getpid()).part"
        try FileManager.default.createSymbolicLink(atPath: aside, withDestinationPath: "/dev/full")
        #expect(complaint { try WholeFile.write("new", to: root + "/file") }.contains("No space left on device"))
        #expect(try contents(root + "/file") == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["file"])
        try WholeFile.write("new", to: root + "/file")
        #expect(try contents(root + "/file") == "new")

        let file = try LineFile(path: "/dev/full")
        #expect(complaint { try file.append(Data("line\n".utf8)) }.contains("is the disk full?"))
      }
    }
  #endif

  @Test func aLinkStaysOneAndAFileKeepsItsMode() throws {
    try withTemporaryFolder { root in
      let manager = FileManager.default
      try WholeFile.write("old", to: root + "/target")
      try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: root + "/target")
      try manager.createSymbolicLink(atPath: root + "/link", withDestinationPath: "target")
      try WholeFile.write("new", to: root + "/link")
      #expect(try contents(root + "/target") == "new")
      #expect(try manager.destinationOfSymbolicLink(atPath: root + "/link") == "target")
      #expect(try manager.attributesOfItem(atPath: root + "/target")[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func aFolderIsNoFile() throws {
    try withTemporaryFolder { root in
      #expect(complaint { _ = try JSONLinesSink(path: root) }.contains(root))
    }
  }

  @Test func memorySinkKeepsEvents() {
    let sink = MemorySink()
    sink.record(RunEvent(kind: "step", step: 3))
    #expect(sink.events.map(\.step) == [3])
  }
}
