import Experiments
import Foundation
import Testing

@Suite struct ShellCommandTests {
  /// What a report shows can be pasted: a shell makes the same words of it.
  @Test func aShellReadsItAgain() throws {
    let words = [
      "descent", "compare", "my table.csv", "--arm", "mine: adam | rate {0.001...1}", "", "it's",
      "$HOME `x` \\ \"y\" *", "a=b,c",
      "é",
    ]
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "printf '%s\\n' \(words.shellCommand)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) == words)
    #expect(words.shellCommand.hasPrefix("descent compare 'my table.csv' --arm 'mine: adam | rate {0.001...1}' '' "))
  }
}
