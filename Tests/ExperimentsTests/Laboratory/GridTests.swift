import Experiments
import Testing

@Suite struct GridTests {
  private func arms(_ method: String, _ rates: [Double]) -> [ToyArm] { rates.map { .trial(method, rate: $0) } }

  private func findings(_ losses: [Double: Double]) -> Findings<ToyArm> {
    var findings = Findings<ToyArm>([], seeds: [0])
    for (rate, loss) in losses {
      for seed in [7, 8] { findings.set(.toyLoss, of: .trial("a", rate: rate), seed, to: loss + 0.1 * Double(seed)) }
    }
    return findings
  }

  /// Whoever tries more often wins by luck.
  @Test func unequalTrialsAreRefused() {
    #expect { try Grid(seeds: [7], [("a", arms("a", [1, 2])), ("b", arms("b", [1]))], lowest: .toyLoss) } throws: {
      "\($0)".contains("a has 2 trials, b has 1")
    }
    #expect {
      try Grid(seeds: [7], [("a", arms("a", [1, 1])), ("b", arms("b", [1, 2]))], lowest: .toyLoss)
    } throws: {
      "\($0)".contains("tries a candidate twice")
    }
    #expect(throws: SettingsError.self) { try Grid(seeds: [], [("a", arms("a", [1]))], lowest: .toyLoss) }
  }

  @Test func theLowestMeanIsBest() throws {
    let grid = try Grid(seeds: [7, 8], [("a", arms("a", [1, 2, 3]))], lowest: .toyLoss)
    #expect(grid.tasks.count == 6)
    let best = try grid.best(of: "a", findings([1: 5, 2: 3, 3: 3]))
    #expect(best?.arm == .trial("a", rate: 2) && abs(best!.score - 3.75) < 1e-12)
    #expect(try grid.best(among: arms("a", [1]), findings([1: 5, 2: 3, 3: 3]))?.arm == .trial("a", rate: 1))
    // One that fails is out, and so are all.
    #expect(try grid.best(of: "a", findings([1: 5, 2: .infinity, 3: .nan]))?.arm == .trial("a", rate: 1))
    #expect(try grid.best(of: "a", findings([1: .infinity, 2: .infinity, 3: .nan])) == nil)
  }

  /// A search that has not ended has no winner yet.
  @Test func anOpenSearchHasNoWinner() throws {
    let grid = try Grid(seeds: [7, 8], [("a", arms("a", [1, 2]))], lowest: .toyLoss)
    #expect(throws: FindingsError.unfinished(task: "tune a at 2.0/seed 7")) {
      try grid.best(of: "a", findings([1: 5]))
    }
  }
}
