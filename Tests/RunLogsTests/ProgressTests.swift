import RunLogs
import Testing

@Suite struct ProgressTests {
  private final class Screen {
    var time = 0.0
    var text: [String] = []
  }

  @Test func aTerminalHasABar() {
    let screen = Screen()
    let bar = ProgressBar(total: 100, isTerminal: true, now: { screen.time }, write: { screen.text.append($0) })
    screen.time = 10
    bar.show(25, of: "step", "loss 0.5")
    screen.time = 10.01
    bar.show(26, of: "step", "loss 0.5")  // too soon after the last
    bar.finish()
    #expect(screen.text.count == 2)
    #expect(screen.text[0].hasPrefix("\r\u{1B}[2K" + "██████░░░░░░░░░░░░░░░░░░"))
    #expect(screen.text[0].hasSuffix("step 25/100 loss 0.5 30 s left"))
  }

  @Test func elsewhereThereIsALineNowAndThen() {
    let screen = Screen()
    let bar = ProgressBar(total: 50, isTerminal: false, now: { screen.time }, write: { screen.text.append($0) })
    for step in 1...50 {
      screen.time = Double(step)
      bar.show(step, of: "step", "")
    }
    bar.finish()
    #expect(screen.text.count == 6)  // at 1, 12, 23, 34 and 45 seconds, and at the end
    #expect(screen.text.allSatisfy { $0.hasSuffix("\n") && !$0.contains("\u{1B}") })
  }

  /// Short steps come first: the time that is left follows from what they are of the work, not from their number.
  @Test func stepsOfDifferentLength() {
    let screen = Screen()
    let bar = ProgressBar(total: 10, isTerminal: false, now: { screen.time }, write: { screen.text.append($0) })
    screen.time = 20
    bar.show(8, of: "step", "short", since: 3, share: 0.25)
    screen.time = 40
    bar.show(9, of: "step", "long", since: 3)
    #expect(screen.text.map { $0.hasSuffix("step 8/10 short 1.0 min left\n") } == [true, false])
    #expect(screen.text[1].hasSuffix("step 9/10 long 7 s left\n"))
  }

  /// More steps than were told fill the bar, and no more.
  @Test func aBarIsNeverMoreThanFull() {
    let screen = Screen()
    let bar = ProgressBar(
      total: 2, part: " in this part", isTerminal: true, now: { screen.time }, write: { screen.text.append($0) })
    screen.time = 4
    bar.show(16, of: "step", "")
    #expect(screen.text[0].hasPrefix("\r\u{1B}[2K" + String(repeating: "█", count: 24) + " step 2/2"))
    #expect(screen.text[0].hasSuffix("0 s left in this part"))
  }

  @Test(arguments: [(5.0, "5 s"), (90, "1.5 min"), (5400, "1.5 h")])
  func durations(seconds: Double, text: String) { #expect(ProgressBar.duration(seconds) == text) }
}
