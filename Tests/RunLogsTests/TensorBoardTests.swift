import Foundation
import RunLogs
import Testing

@Suite struct TensorBoardTests {
  /// RFC 3720, B.4, and the common check value of this checksum.
  @Test func castagnoli() {
    #expect(CRC32C.checksum(Data("123456789".utf8)) == 0xE306_9283)
    #expect(CRC32C.checksum(Data(count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum(Data(0..<32)) == 0x46DD_794E)
  }

  /// The bytes that the protocol-buffer library and the writer of TensorBoard 2.21.0 make of the same events.
  @Test func bytes() throws {
    try withTemporaryFolder { root in
      do {
        let sink = try TensorBoardSink(folder: root, startTime: 1000, host: "test")
        try sink.record(RunEvent(kind: "step", task: "a", step: 300, time: 1.5, values: ["loss": 0.25, "b": -2]))
        try sink.record(RunEvent(kind: "note", step: 301, text: "no values"))
      }
      let found = try Data(contentsOf: URL(fileURLWithPath: root + "/events.out.tfevents.1000.test"))
      #expect(found.map { String(format: "%02x", $0) }.joined() == golden)
    }
  }

  /// A log's times may have been edited.
  @Test(arguments: [Double.nan, .infinity, -1e300]) func startsThatNeverWere(_ start: Double) throws {
    try withTemporaryFolder { root in
      try TensorBoardSink(folder: root, startTime: start, host: "test").record(
        RunEvent(kind: "step", step: .max, time: start, values: ["loss": start]))
      #expect(try FileManager.default.contentsOfDirectory(atPath: root) == ["events.out.tfevents.0.test"])
    }
  }

  /// A resumed run has one event file, with the steps that its log kept and none of the others.
  @Test func resuming() throws {
    try withTemporaryFolder { root in
      let events = (1...4).map { RunEvent(kind: "step", step: $0, time: Double($0), values: ["loss": 1]) }
      func record(_ folder: String, startTime: Double, earlier: [RunEvent], _ events: [RunEvent]) throws -> Data {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let sink = try TensorBoardSink(folder: folder, startTime: startTime, earlier: earlier, host: "test")
        for event in events { try sink.record(event) }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        try #require(files.count == 1)
        return try Data(contentsOf: URL(fileURLWithPath: folder + "/" + files[0]))
      }
      let whole = try record(root + "/whole", startTime: 1000, earlier: [], events)
      _ = try record(root + "/resumed", startTime: 900, earlier: [], Array(events[...2]))
      let resumed = try record(
        root + "/resumed", startTime: 1000, earlier: Array(events[...1]), Array(events[2...]))
      #expect(resumed == whole)
    }
  }
}

private let golden =
  "1800000000000000a37f4b22090000000000408f401a0d627261696e2e4576656e743a3273ae6b56290000000000000037ff5f000900000000004c8f4010ac022a1b0a0a0a03612f6215000000c00a0d0a06612f6c6f7373150000803e9d587cb3"
