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

  /// What two seeds took for the best and two more do not is left. Who is alone, or fails on a further seed, or is one form among others, too.
  @Test func theSecondRoundDecides() throws {
    let rates = [1.0, 2, 3, 4]
    let grid = try Grid(
      seeds: [7, 8], finalists: Finalists(count: 2, seeds: 4), [("a", arms("a", rates)), ("b", arms("b", rates))],
      lowest: .toyLoss)
    #expect(grid.tasks.count == 16 && grid.furtherForecast().count == 8)
    func findings(_ first: [Double], _ further: [Double]) -> Findings<ToyArm> {
      var findings = Findings<ToyArm>([], seeds: [0])
      for (index, rate) in rates.enumerated() {
        for seed in [7, 8] { findings.set(.toyLoss, of: .trial("a", rate: rate), seed, to: first[index]) }
        for seed in [9, 10] { findings.set(.toyLoss, of: .trial("a", rate: rate), seed, to: further[index]) }
      }
      return findings
    }
    // Means over four seeds are 3 and 2; the third would have had 1.5, and was no finalist.
    let lucky = findings([1, 2, 3, 4], [5, 2, 0, 0])
    #expect(try grid.finalists(of: "a", lucky) == arms("a", [1, 2]))
    #expect(try grid.best(of: "a", lucky)?.arm == .trial("a", rate: 2))
    #expect(try grid.best(of: "a", lucky)?.score == 2)
    #expect(try grid.best(among: arms("a", [1, 4]), lucky)?.score == 3)
    #expect(try grid.best(among: arms("a", [3, 4]), lucky)?.score == 3, "by the first round alone")
    // A finalist that fails on a further seed is out; where all do, the best of the others is taken.
    #expect(try grid.best(of: "a", findings([1, 2, 3, 4], [.infinity, 2, 0, 0]))?.arm == .trial("a", rate: 2))
    let others = try grid.best(of: "a", findings([1, 2, 3, 4], [.infinity, .nan, 0, 0]))
    #expect(others?.arm == .trial("a", rate: 3) && others?.score == 3)
    // Failures of the first round are no finalists.
    #expect(try grid.finalists(of: "a", findings([.infinity, 2, 3, 4], [0, 0, 0, 0])) == arms("a", [2, 3]))
  }

  /// The second round waits for the first, and the choice for the second.
  @Test func roundsFollowOneAnother() throws {
    let grid = try Grid(
      seeds: [7, 8], finalists: Finalists(count: 1 + 1, seeds: 3), [("a", arms("a", [1, 2, 3]))], lowest: .toyLoss)
    #expect(throws: FindingsError.unfinished(task: "tune a at 3.0/seed 7")) {
      try grid.furtherTasks(findings([1: 5, 2: 3]))
    }
    let first = findings([1: 5, 2: 3, 3: 4])
    #expect(try grid.furtherTasks(first).map(\.name) == ["tune a at 2.0/seed 9", "tune a at 3.0/seed 9"])
    #expect(throws: FindingsError.unfinished(task: "tune a at 2.0/seed 9")) { try grid.best(of: "a", first) }
    // One finalist, or no more seeds than before, is no second round.
    for rounds in [Finalists(count: 1, seeds: 9), Finalists(count: 3, seeds: 2)] {
      let plain = try Grid(seeds: [7, 8], finalists: rounds, [("a", arms("a", [1, 2, 3]))], lowest: .toyLoss)
      #expect(try plain.furtherTasks(first).isEmpty && plain.furtherForecast().isEmpty)
      #expect(try plain.best(of: "a", first)?.arm == .trial("a", rate: 2))
    }
  }

  /// Seeds of a second round decide nothing; where there is none, none are kept for it.
  @Test func seedsOfBothRoundsStandApart() throws {
    func seeds(_ finalists: Finalists?, first: Int = 0) -> TunedSeeds {
      TunedSeeds(count: 3, first: first, tuningCount: 2, tuningFirst: 1000, finalists: finalists)
    }
    #expect(seeds(Finalists(count: 4, seeds: 5)).further == [1002, 1003, 1004])
    for none in [nil, Finalists(count: 1, seeds: 9), Finalists(count: 4, seeds: 2), Finalists(count: 4, seeds: -3)] {
      #expect(seeds(none).further.isEmpty)
    }
    try seeds(Finalists(count: 1, seeds: 9), first: 1002).check()
    try seeds(Finalists(count: 4, seeds: 5), first: 1005).check()
    for wrong in [
      seeds(Finalists(count: 4, seeds: 5), first: 1004), seeds(Finalists(count: 4, seeds: 0)),
      seeds(Finalists(count: 0, seeds: 5)), seeds(Finalists(count: 4, seeds: .max)), seeds(nil, first: 1001),
    ] {
      #expect(throws: SettingsError.self) { try wrong.check() }
    }
  }
}
