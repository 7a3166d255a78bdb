import Experiments
import Testing
import Training

/// Settings beyond what can be counted, or has a meaning, are refused before any work.
@Suite struct BoundTests {
  private func refuses<E: Experiment>(_ type: E.Type, _ change: String, _ hint: String) {
    #expect("\(change)") {
      try E(Settings.applying([change], to: E.presets[0].configuration)).check()
    } throws: {
      "\($0)".contains(hint)
    }
  }

  @Test(arguments: [".nan", "1e300", "-.inf", "2"]) func tilts(_ value: String) {
    refuses(LossTransformationExperiment.self, "landscape.tilt=\(value)", "landscape.tilt")
  }

  @Test(arguments: [".nan", "1e300", "1.5"]) func shares(_ value: String) {
    refuses(GradientPromptingExperiment.self, "decision.recovered=\(value)", "decision.recovered")
  }

  @Test(arguments: ["0", "1e-17", "0.5", ".nan"]) func levels(_ value: String) {
    refuses(GeneralizationBoundsExperiment.self, "decision.alpha=\(value)", "decision.alpha")
  }

  /// In lists too, also where they become longer.
  @Test(arguments: ["search.pairs=[[1, 1e300]]", "search.constants=[1, 2, .inf]", "well.sgdRates=[.nan, 1]"])
  func lists(_ change: String) {
    refuses(LossTransformationExperiment.self, change, "must be a finite number")
  }

  /// Seeds that a program sets, without `--set`.
  @Test(arguments: [(Int.max, 0), (1, Int.max), (1, Int.min), (0, 0)]) func seeds(_ count: Int, _ first: Int) {
    #expect(throws: SettingsError.self) { try PlainSeeds(count: count, first: first).check() }
    #expect(throws: SettingsError.self) {
      try TunedSeeds(count: 1, tuningCount: count, tuningFirst: first).check()
    }
  }

  /// A chain's own length is that of its longest schedule, however its number is written.
  @Test(arguments: [("2e1", 20), ("20", 20), ("+20", 20), ("1.95e+1", 20), ("0x14", 20)])
  func chainsNameTheirLength(_ text: String, _ epochs: Int) {
    let chain = "adam | rate cosine(0.01, \(text)epochs)"
    #expect(TrainingDefaults.length(of: chain, updates: 10, batch: 8) == epochs)
    #expect(TrainingDefaults(rows: 100, isTable: true, chain: chain).epochs == epochs)
  }

  /// Where a rate falls to its end by updates or samples, that is the length, too; a warm-up alone names none. An epoch has ten
  /// updates of eight samples.
  @Test(arguments: [
    ("rate cosine(0.1, 95updates)", 10), ("rate linear(0.1, 0, 800samples)", 10),
    ("rate linear(0, 0.1, 95updates)", nil),
    ("rate warmup(50updates, 0.1)", nil), ("rate warmup(50updates, cosine(0.1, 7epochs))", 7), ("rate 0.1", nil),
    ("rate join(linear(0, 0.1, 20updates), 20updates, cosine(0.1, 4epochs))", 6),
    ("rate join(linear(0, 0.1, 20updates), 20updates, 0.1)", nil), ("rate steps(0.1, 0.5, 30updates)", nil),
    ("rate warmup(20epochs, cosine(0.1, 5epochs, 0.05))", 20),
    ("rate join(0.1, 5epochs, warmup(20epochs, cosine(0.1, 5epochs)))", 25),
    ("groups (*weight: rate cosine(0.1, 5epochs); *bias: rate steps(0.1, 0.1, 10epochs))", 10),
    ("accumulate 4 (rate cosine(0.1, 95updates))", 38), ("accumulate 4 (rate exponential(0.1, 0.9, 1epochs))", nil),
    // Scales of time are no length, in epochs neither.
    ("rate steps(0.1, 0.5, 3epochs)", nil), ("rate exponential(0.1, 0.9, 1epochs)", nil),
    ("rate power(0.1, 0.5, 1epochs)", nil), ("rate warmup(2epochs, 0.1)", nil), ("rate linear(0, 0.1, 2epochs)", nil),
    ("rate join(linear(0, 0.1, 2epochs), 2epochs, 0.1)", nil), ("schedulefree (rate warmup(2epochs, 0.1))", nil),
  ])
  func fallingRatesNameTheirLength(_ chain: String, _ epochs: Int?) {
    #expect(TrainingDefaults.length(of: chain, updates: 10, batch: 8) == epochs)
  }

  /// Where no rate ends, a run has its usual length, or that of the longest stretch where this is more.
  @Test func scalesOfTimeAreNoLength() {
    func epochs(_ chain: String) -> Int { TrainingDefaults(rows: 100, isTable: true, chain: chain).epochs }
    let usual = epochs("rate 0.1")
    #expect(
      usual > 100 && epochs("rate power(0.1, 0.5, 1epochs)") == usual && epochs("rate warmup(2epochs, 0.1)") == usual)
    #expect(epochs("rate steps(0.1, 0.5, 500epochs)") == 500 && epochs("rate cosine(0.1, 5epochs)") == 5)
  }

  @Test func lengthsBeyondCountingDoNotTrap() {
    #expect(
      TrainingDefaults.length(of: "rate cosine(0.1, \(Int.max)epochs)", updates: 10, batch: 8)! > Settings.largestCount)
    #expect(TrainingDefaults(rows: 10, isTable: true, epochs: Int.max).epochs == Int.max)
  }
}
