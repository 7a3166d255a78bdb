import Experiments
import RunLogs
import Testing

/// What a bar for several workers says of the time that is left.
@Suite struct SharedProgressTests {
  private final class Screen {
    var time = 0.0
    var text: [String] = []
  }

  private func progress(_ screen: Screen, tasks: Int, done: Int = 0, seconds: Double?) -> SharedProgress {
    let bar = ProgressBar(total: tasks, isTerminal: false, now: { screen.time }, write: { screen.text.append($0) })
    return SharedProgress(bar, done: done, seconds: seconds, now: { screen.time })
  }

  /// Two workers, four tasks of the same length: when the first ends, the second is as far, and half of all is done.
  @Test func tasksUnderWayCount() {
    let screen = Screen()
    let bar = progress(screen, tasks: 4, seconds: 40)
    bar.begin("a", seconds: 10)
    bar.begin("b", seconds: 10)
    screen.time = 20  // twice as long as guessed
    bar.advance("a", by: 1, of: "task", "a", seconds: 10, ends: true)
    bar.begin("c", seconds: 10)
    screen.time = 30.1
    bar.advance("b", by: 1, of: "task", "b", seconds: 10, ends: true)
    #expect(screen.text[0].hasSuffix("task 1/4 a 20 s left\n"))
    // A half and, as tasks take two and a half times as long as guessed, some 40 % of the third: 0.6 of 40 guessed seconds.
    #expect(screen.text[1].hasSuffix("task 2/4 b 20 s left\n"))
  }

  /// No task counts for more than it was guessed to take, however long it is at it.
  @Test func aSlowTaskIsNotMoreThanDone() {
    let screen = Screen()
    let bar = progress(screen, tasks: 3, seconds: 30)
    bar.begin("slow", seconds: 10)
    bar.begin("a", seconds: 10)
    screen.time = 11
    bar.advance("a", by: 1, of: "task", "a", seconds: 10, ends: true)
    screen.time = 90
    bar.begin("b", seconds: 10)
    screen.time = 100
    bar.advance("b", by: 1, of: "task", "b", seconds: 10, ends: true)
    #expect(screen.text.last == "task 2/3 b 0 s left\n")
  }

  /// Parts of a long task count as they are reported, tasks that others did when they are heard of.
  @Test func partsAndTasksOfOthers() {
    let screen = Screen()
    let bar = progress(screen, tasks: 40, seconds: 40)
    bar.begin("long", seconds: 20)
    screen.time = 15
    bar.advance("long", by: 10, of: "step", "long", seconds: 10, ends: false)
    screen.time = 30
    bar.advance("elsewhere", by: 20, of: "step", "elsewhere", seconds: 20, ends: true)
    #expect(screen.text[0].hasSuffix("step 10/40 long 45 s left\n"))
    #expect(screen.text[1].hasSuffix("step 30/40 elsewhere 10 s left\n"))
  }

  /// Without guesses tasks are counted.
  @Test func withoutGuesses() {
    let screen = Screen()
    let bar = progress(screen, tasks: 4, done: 1, seconds: nil)
    bar.begin("a", seconds: 0)
    screen.time = 20
    bar.advance("a", by: 1, of: "task", "a", seconds: 0, ends: true)
    #expect(screen.text == ["task 2/4 a 40 s left\n"])
  }
}
