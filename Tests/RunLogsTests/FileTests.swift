import Foundation
import RunLogs
import Testing

@Suite struct FileTests {
  #if os(Linux)
    /// A full disk, played by /dev/full.
    @Test func aFullDisk() throws {
      let file = try LineFile(path: "/dev/full")
      #expect(complaint { try file.append(Data("line\n".utf8)) }.contains("is the disk full?"))
    }
  #endif

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
