import Foundation
import Testing

/// Scripts say what they are for, also where the peers that they measure are not installed.
@Suite struct ScriptTests {
  static let scripts: [String] = FileManager.default.enumerator(atPath: Command.package + "/Scripts")!
    .compactMap { $0 as? String }.filter { $0.hasSuffix(".py") }.sorted()

  private static func python(_ arguments: [String]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-B"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  static let hasPython = (try? python(["-c", ""]).status) == 0

  @Test(.enabled(if: hasPython), arguments: scripts) func helpIsItsDocstring(_ script: String) throws {
    let path = Command.package + "/Scripts/" + script
    let (status, text) = try Self.python([path, "--help"])
    let source = try String(contentsOfFile: path, encoding: .utf8)
    let docstring = try #require(source.components(separatedBy: "\"\"\"").dropFirst().first)
    #expect(status == 0 && text == docstring + "\n", "\(text)")
  }

  /// What the pages call by its name can be.
  @Test func scriptsAreCommands() throws {
    let folder = Command.package + "/Scripts/"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".py") || $0.hasSuffix(".sh") }
    #expect(names.count > 10)
    for name in names {
      #expect(FileManager.default.isExecutableFile(atPath: folder + name), "\(name)")
      #expect(try String(contentsOfFile: folder + name, encoding: .utf8).hasPrefix("#!/usr/bin/env "), "\(name)")
    }
  }

  @Test(.enabled(if: hasPython), arguments: ["check-trained-model.py", "compare-control.py"])
  func missingArgumentsAreASentence(_ script: String) throws {
    let (status, text) = try Self.python([Command.package + "/Scripts/" + script])
    #expect(status == 1 && text.hasPrefix("usage: \(script) "), "\(text)")
  }
}
