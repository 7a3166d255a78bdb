import Foundation
import RunLogs
import SystemFiles
import Testing

/// Events as they are written, cut off, damaged and gone on with.
@Suite struct RunLogTests {
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
}
