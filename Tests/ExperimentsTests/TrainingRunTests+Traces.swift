import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

/// What a run leaves behind, whole or broken down.
extension TrainingRunTests {
  /// Documentation/run-folder.md lists files, kinds of events and names of values.
  @Test(arguments: [true, false]) func whatARunLeavesIsDocumented(_ isClassified: Bool) throws {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(contentsOf: package.appending(path: "Documentation/run-folder.md"), encoding: .utf8)
    let watch =
      isClassified ? Self.all : "lipschitz, flatness, twins, sharpness, spectrum products=3, norms, noise, loss"
    // An edge is known of the first alone.
    let chain = isClassified ? "adam | rate 0.01" : "clip 1 | adam | rate 0.01"
    let folder = try run("left", chain, watch: watch, isClassified: isClassified).folder
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where !name.hasPrefix(".") {
      #expect(page.contains("`" + (name.hasPrefix("events.out.") ? "events.out.tfevents.*" : name)), "\(name)")
    }
    for event in try folder.events() {
      #expect(page.contains("`\(event.kind)`"), "\(event.kind)")
      // Classes are named by the data.
      for tag in event.values.keys where !tag.contains("/as/") {
        let name = try #require(tag.split(separator: "/").last { Int($0) == nil })
        #expect(page.contains(name), "\(event.kind): \(tag)")
      }
    }
    // As the page has it.
    let losses = try folder.events().filter { $0.kind == "epoch" }.map { $0.values["validation/loss"]! }
    #expect(try folder.events().series("validation/loss", kind: "epoch").map(\.value) == losses)
  }

  /// A log that was edited, or written by something else, may hold any number anywhere: its report is drawn, or says why not.
  @Test func anEditedLogIsNoTrap() throws {
    let folder = try run("edited", "adam | rate 0.01", watch: Self.all).folder
    let events = try folder.events()
    // What descents are compared by is among what was seen.
    for kind in WatchKind.all {
      let tags = Set(events.filter { $0.kind == "watch" && $0.task == kind.name }.flatMap(\.values.keys))
      #expect(!kind.quantities.isEmpty && kind.quantities.allSatisfy { tags.contains($0.tag) }, "\(kind.name)")
    }
    for value in [Double.nan, .infinity, -.infinity, 1e300, -1e300, -1, 0, 0.5] {
      for isStepToo in [false, true] {
        let lines = events.map { event in
          var own = event
          own.values = event.values.mapValues { _ in value }
          if isStepToo { own.step = value > 0 ? .max : .min }
          return own.json
        }
        try (lines.joined(separator: "\n") + "\n").write(toFile: folder.logPath, atomically: true, encoding: .utf8)
        do {
          #expect(try !TrainingRun.report(folder).isEmpty)
        } catch {
          #expect("\(error)".contains(" "), "\(value): \(error)")
        }
      }
    }
  }

  /// A descent that broke down says so in its log and at the top of its report, until it is gone on with.
  @Test func aFailureIsRecorded() throws {
    #expect(throws: (any Error).self) { try run("wild", "rate 1e30", watch: nil, isClassified: false) }
    let opened = try RunFolder.open(folder + "/wild")
    let failure = try #require(try opened.events().last)
    #expect(failure.kind == "failure" && failure.text?.contains("not finite") == true)
    let page = try String(contentsOfFile: opened.reportPath, encoding: .utf8)
    #expect(page.contains("<p class=\"opening\">The descent failed: ") && page.contains("not finite"))
    #expect(throws: (any Error).self) { try run("wild", "rate 1e30", watch: nil, isClassified: false, resuming: true) }
    #expect(try opened.events().count { $0.kind == "failure" } == 1)
  }
}
