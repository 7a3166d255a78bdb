import Experiments
import Testing

/// Braces in an arm: what they may hold, where they stand, and how they are filled.
@Suite struct RangeTests {
  @Test func numbersAreLogarithmicWhereTheEndsAreFarApart() throws {
    let rate = try OptionRange("0.001...1")
    #expect(rate.isLogarithmic)
    // Ends, and the geometric mean in the middle; four digits: 10^-1.5 is 0.03162.
    #expect(rate.text(at: 0) == "0.001" && rate.text(at: 0.5) == "0.03162")
    let decay = try OptionRange("0.8...0.99")
    #expect(!decay.isLogarithmic && decay.text(at: 0.5) == "0.895")
    // Exactly ten times apart is logarithmic; less is not; what is not positive cannot be.
    #expect(try OptionRange("0.1...1.0").isLogarithmic)
    #expect(try !OptionRange("0.11...1.0").isLogarithmic)
    #expect(try !OptionRange("0.0...1").isLogarithmic && !OptionRange("-1...1").isLogarithmic)
    // Rounding to four digits does not lead out of the range.
    let tight = try OptionRange("0.123456...0.123457")
    for place in [0, 0.3, 0.999] {
      let value = try #require(Double(tight.text(at: place)))
      #expect(value >= 0.123456 && value <= 0.123457)
    }
  }

  /// Where a value lies is told on the scale that is searched.
  @Test func valuesHaveTheirPlaces() throws {
    for (range, value, place) in [
      ("0.001...1", "0.001", 0.0), ("0.001...1", "1", 1), ("0.001...1", "0.031622776601683794", 0.5),
      ("0.8...0.99", "0.895", 0.5), ("16...19", "17", 1.0 / 3), ("1...100", "10", 0.5),
      ("0.01, 0.001, 0.1", "0.01", 0.5),
    ] {
      let found = try #require(try OptionRange(range).place(of: value))
      #expect(abs(found - place) < 1e-12, "\(value) in \(range): \(found)")
    }
    // Two choices have no inside, and texts no order.
    #expect(try OptionRange("16, 32").place(of: "16") == nil && OptionRange("a, b, c").place(of: "a") == nil)
    #expect(try OptionRange("0.00001...1").description == "1e-5...1" && OptionRange("a, b").description == "a, b")
  }

  /// An end beyond which an option refuses what it is given is natural: a better setting cannot lie there.
  @Test(arguments: [
    ("rate {0.001...1}", ["below rate", "above rate"]), ("rate {0...0.1}", ["above rate"]),
    ("momentum {0.5...0.99} | rate 1", ["below momentum"]), ("momentum {0...0.9} | rate 1", ["above momentum"]),
    ("rate 1; batch {1...64}", ["above batch"]), ("rate 1; batch {16...64}", ["below batch", "above batch"]),
    ("{adam, sign} | rate 1", []), ("rate {0.1, 0.2}", []), ("rate 1", []),
    ("rate cosine({0.01...1}, budget, {0...0.1})", ["below rate", "above rate", "above rate 3"]),
  ])
  func endsThatCouldBeFurtherOut(_ arm: String, _ ends: [String]) throws {
    let plan = try ComparisonPlan(ComparisonConfiguration(data: ["t.csv"], arms: ["a: \(arm)", "b: rate 1"]))
    #expect(plan.openEnds("a") == ends)
  }

  @Test func wholeNumbersAndChoicesAreAllReached() throws {
    let batch = try OptionRange("16...19")
    #expect(batch == .wholeNumbers(low: 16, high: 19))
    #expect((0..<8).map { batch.text(at: Double($0) / 8) } == ["16", "16", "17", "17", "18", "18", "19", "19"])
    let wide = try OptionRange("1...100")
    #expect(wide.isLogarithmic && wide.text(at: 0) == "1" && wide.text(at: 0.999_999) == "100")
    let choice = try OptionRange("adam, momentum 0.9, cosine(1, 2updates)")
    #expect(
      choice == .choices(["adam", "momentum 0.9", "cosine(1, 2updates)"])
        && choice.text(at: 0.99) == "cosine(1, 2updates)")
  }

  @Test(arguments: [
    "", "5", "1...", "1...0.1", "1...1", "a...b", "nan...1", "0...inf", "a, ", "a, a", "1..2", "0...1", "16...17",
  ])
  func mistakesAreNamed(_ text: String) {
    #expect(throws: SettingsError.self, "\(text)") { try OptionRange(text) }
  }

  /// A place is called by its stage, and by its option where that is not the first.
  @Test(arguments: [
    ("adam | rate {1...3}", ["rate"]), ("momentum {0...2} nesterov=true | rate {1...3}", ["momentum", "rate"]),
    ("momentum 0.9 nesterov={true, false} | rate 1", ["momentum nesterov"]),
    ("adam 0.9 {0.9...0.99} | rate 1", ["adam beta2"]),
    ("rate cosine({0.1...1.0}, 5epochs, {0...0.1})", ["rate", "rate 3"]), ("{adam, sign} | rate 1", ["stage"]),
    ("sam {0.01...0.1} (momentum {0...2} | rate {1...3}); batch {16, 32}", ["sam", "momentum", "rate", "batch"]),
    ("groups (*/bias: rate {1...3}; *: rate {1...3})", ["rate", "rate #2"]), ("rate 1; hidden {8x8, 16}", ["hidden"]),
  ])
  func placesAreNamed(_ text: String, _ names: [String]) throws {
    #expect(try RangedText(text).places.map(\.name) == names)
  }

  /// A range with a name is one, wherever its name stands.
  @Test func rangesHaveNames() throws {
    let text = try RangedText(
      "rate join(linear(0, {top: 0.001...1}, 50updates), 50updates, cosine({top}, 9updates)); batch {16, 32}")
    #expect(text.places.map(\.name) == ["top", "batch"])
    #expect(
      text.filled(["0.5", "16"]) == "rate join(linear(0, 0.5, 50updates), 50updates, cosine(0.5, 9updates)); batch 16")
    let choice = try RangedText("{kind: adam, sign} | rate {0.1, 0.2}")
    #expect(choice.places.map(\.range) == [.choices(["adam", "sign"]), .choices(["0.1", "0.2"])])
    for (wrong, hint) in [
      ("rate {top}", "no braces before it"), ("{r: 1...3} {r: 1...3}", "two ranges"), ("rate {r:}", "is no range"),
      ("{r} {r: 1...3}", "no braces before it"),
    ] { #expect("\(wrong)") { try RangedText(wrong) } throws: { "\($0)".contains(hint) } }
  }

  @Test func textIsFilled() throws {
    let text = try RangedText("adam | rate {0.1...1.0}; batch {16, 32}")
    #expect(text.filled(["0.5", "16"]) == "adam | rate 0.5; batch 16")
    for wrong in ["rate {1...3", "rate 1...3}", "rate {{1...3}}", "rate } 1 {"] {
      #expect(throws: SettingsError.self, "\(wrong)") { try RangedText(wrong) }
    }
  }

  /// Any 2^k or 3^k points in a row have one in each of as many equal parts of the circle, wherever the shift puts them.
  @Test func trialsFillTheirRange() {
    let sequence = TrialSequence(key: RandomKey(seed: 7))
    for (dimension, count) in [(0, 16), (1, 27)] {
      let places = (0..<count).map { sequence.place($0, dimension: dimension) }.sorted()
      #expect(places.allSatisfy { (0..<1).contains($0) })
      // Points 1...n of the sequence are 0...n-1 with one end moved: neighbours are at most two parts apart.
      let gaps = zip(places, places.dropFirst() + [places[0] + 1]).map { $1 - $0 }
      #expect(gaps.max()! <= 2 / Double(count) + 1e-12)
    }
    #expect(
      TrialSequence.radicalInverse(6, base: 2) == 0.375 && TrialSequence.radicalInverse(5, base: 3) == 2.0 / 3 + 1.0 / 9
    )
    #expect(sequence.place(0, dimension: 0) != TrialSequence(key: RandomKey(seed: 8)).place(0, dimension: 0))
  }
}
