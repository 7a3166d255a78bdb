import RunLogs
import Testing

/// Measuring beside others, on a clock and a machine of the test's own.
@Suite struct DisturbanceTests {
  /// A machine of two cores on which others take a share of each second, one for each observation.
  private final class Machine {
    var time = 0.0
    var shares: [(others: Double, stolen: Double)]
    private var (others, stolen) = (100.0, 50.0)

    init(_ shares: [(others: Double, stolen: Double)]) { self.shares = shares }

    func pass(_ seconds: Double) {
      time += seconds
      others += 2 * seconds * shares[0].others
      stolen += 2 * seconds * shares[0].stolen
    }

    func watch(repeats: Int) -> DisturbanceWatch {
      DisturbanceWatch(
        repeats: repeats, noun: "sizes", cores: 2, load: { [self] in .init(others: others, stolen: stolen) },
        clock: { [self] in time }, wait: { [self] in pass($0) })
    }
  }

  private func measured(_ shares: [(others: Double, stolen: Double)], count: Int, repeats: Int) -> (calls: Int, String)
  {
    let machine = Machine(shares)
    let watch = machine.watch(repeats: repeats)
    var calls = 0
    for _ in 0..<count {
      let result = watch.observing {
        if calls > 0 { machine.shares.removeFirst() }
        calls += 1
        machine.pass(1)
        return calls
      }
      #expect(result == calls)
    }
    return (calls, watch.summary)
  }

  @Test func quietMeasurementsCount() {
    let (calls, summary) = measured([(0.01, 0), (0.02, 0.03)], count: 2, repeats: 2)
    #expect(calls == 2)
    #expect(
      summary == "sizes: 2, repeated as disturbed: 0; in those that count others used at most 2.0 % of the machine, "
        + "steal was at most 3.0 %")
  }

  @Test func disturbedOnesAreRepeated() {
    let (calls, summary) = measured([(0.2, 0), (0, 0.06), (0.01, 0), (0.01, 0)], count: 2, repeats: 2)
    #expect(calls == 4 && summary.hasPrefix("sizes: 2, repeated as disturbed: 2;") && !summary.contains("DISTURBED"))
  }

  @Test func whatStaysDisturbedIsSaid() {
    let (calls, summary) = measured([(0.2, 0), (0.3, 0), (0.01, 0)], count: 2, repeats: 1)
    #expect(calls == 3 && summary.contains("DISTURBED: 1 of those that count (above 5.0 %)"))
    #expect(summary.contains("at most 30.0 %"))
  }

  /// The system's counts are too coarse for a few milliseconds.
  @Test func shortOnesAreWatchedForLonger() {
    let machine = Machine([(0, 0)])
    let watch = machine.watch(repeats: 0)
    watch.observing { machine.pass(0.01) }
    #expect(abs(machine.time - 0.5) < 1e-12)
  }

  @Test func aSystemThatDoesNotSay() {
    let watch = DisturbanceWatch(repeats: 1, noun: "sizes", cores: 1, load: { nil }, clock: { 0 }, wait: { _ in })
    #expect(watch.observing { 5 } == 5)
    #expect(watch.summary == "Whether others disturbed this was not measured: there is no /proc/stat.")
  }

  @Test(arguments: [
    "", "cpu", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu a b c d e f g h",
  ]) func unknownForms(_ text: String) {
    #expect(DisturbanceWatch.load(ofAllCores: text, own: 0, ticksPerSecond: 100) == nil)
  }

  @Test func timeOfOthers() throws {
    let text = "cpu  100 20 30 4000 500 6 4 70 0 0\ncpu0 1 1 1 1 1 1 1 1\n"
    let load = try #require(DisturbanceWatch.load(ofAllCores: text, own: 0.6, ticksPerSecond: 100))
    #expect(abs(load.others - 1) < 1e-12 && load.stolen == 0.7)
  }
}
