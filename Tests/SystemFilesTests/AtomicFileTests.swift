import Foundation
import SystemFiles
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct AtomicFileTests {
  private let folder = TemporaryFolder()

  private func path(_ name: String) -> String { folder.path + "/" + name }

  @Test func aFileIsReplacedAsAWhole() throws {
    try AtomicFile.write("old", to: path("x"))
    try AtomicFile.write("new and longer", to: path("x"))
    #expect(try String(contentsOfFile: path("x"), encoding: .utf8) == "new and longer")
    #expect(try FileManager.default.contentsOfDirectory(atPath: path("")) == ["x"])
  }

  @Test func aFullDiskLeavesTheOldFile() throws {
    #expect(throws: FileError.self) { try AtomicFile.write("x", to: path("no/such/folder/x")) }
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    // The name beside the file leads to a device that is always full.
    try AtomicFile.write("old", to: path("x"))
    try FileManager.default.createSymbolicLink(atPath: path("x.\(getpid()).part"), withDestinationPath: "/dev/full")
    #expect(throws: FileError.self) { try AtomicFile.write("new", to: path("x")) }
    #expect(try String(contentsOfFile: path("x"), encoding: .utf8) == "old")
  }

  @Test func aPipeIsNotReplaced() throws {
    try #require(mkfifo(path("pipe"), 0o600) == 0)
    // Somebody reads, so that the writer need not wait.
    let reader = open(path("pipe"), O_RDONLY | O_NONBLOCK)
    try #require(reader >= 0)
    defer { close(reader) }
    try AtomicFile.write("x", to: path("pipe"))
    var byte: UInt8 = 0
    #expect(read(reader, &byte, 1) == 1 && byte == UInt8(ascii: "x"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: path("")) == ["pipe"])
    #expect(try isPipe(path("pipe")))
  }

  /// What a link leads to is written, be it there or not yet; the link stays, and so does a file's mode.
  @Test(arguments: [nil, "old"] as [String?]) func aLinkStaysOne(_ old: String?) throws {
    let manager = FileManager.default
    try manager.createDirectory(atPath: path("deep"), withIntermediateDirectories: true)
    if let old {
      try AtomicFile.write(old, to: path("deep/target"))
      try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path("deep/target"))
    }
    try manager.createSymbolicLink(atPath: path("deep/second"), withDestinationPath: "target")
    try manager.createSymbolicLink(atPath: path("first"), withDestinationPath: "deep/second")
    try AtomicFile.write("new", to: path("first"))
    #expect(try String(contentsOfFile: path("deep/target"), encoding: .utf8) == "new")
    #expect(try manager.destinationOfSymbolicLink(atPath: path("first")) == "deep/second")
    #expect(try manager.destinationOfSymbolicLink(atPath: path("deep/second")) == "target")
    let mode = try manager.attributesOfItem(atPath: path("deep/target"))[.posixPermissions] as? Int
    #expect(old == nil || mode == 0o600)
    #expect(try manager.contentsOfDirectory(atPath: path("deep")).sorted() == ["second", "target"])
  }

  @Test func aCircleOfLinksIsRefused() throws {
    try FileManager.default.createSymbolicLink(atPath: path("a"), withDestinationPath: "b")
    try FileManager.default.createSymbolicLink(atPath: path("b"), withDestinationPath: "a")
    #expect(throws: FileError.self) { try AtomicFile.write("x", to: path("a")) }
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path("a")) == "b")
  }

  private func isPipe(_ path: String) throws -> Bool {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return status.st_mode & S_IFMT == S_IFIFO
  }
}
