import Experiments
import Foundation
import Testing
import Training

/// When diagnostics look, and what the lengths that they see are.
extension TrainingRunTests {
  /// On all examples at once an update of plain descent is the rate times the gradient that was seen before it; and lengths are
  /// those of the saved weights.
  @Test func normsAreThoseOfTheDescent() throws {
    let folder = try run("lengths", "rate 0.5", watch: "norms", batch: 120).folder
    let looks = try folder.events().filter { $0.task == "norms" }.map(\.values)
    #expect(looks.count == 5 && looks[0]["update"] == nil && looks[0]["distance"] == 0)
    for (before, after) in zip(looks, looks.dropFirst()) {
      #expect(abs(after["update"]! / (0.5 * before["gradient"]!) - 1) < 1e-4)
      let tag = "layer/linear1/bias/"
      #expect(abs(after[tag + "update"]! / (0.5 * before[tag + "gradient"]!) - 1) < 1e-3)
    }
    // A first way from the start is the first update.
    #expect(looks[1]["distance"] == looks[1]["update"])
    let saved = try Safetensors.read(folder.path + "/model.safetensors").arrays
    let parameters = saved.filter { $0.key.hasPrefix("parameters/") }
    let squares = parameters.values.reduce(0) { $0 + $1.doubles.reduce(0) { $0 + $1 * $1 } }
    #expect(abs(looks[4]["parameters"]! - squares.squareRoot()) < 1e-12)
    // Several batches an epoch: the last update alone.
    let parts = try run("parts", "rate 0.5", watch: "norms").folder.events().filter { $0.task == "norms" }.map(\.values)
    #expect(parts[1]["update"]! < parts[1]["distance"]!)
  }

  /// A loss of some examples is another number than that of all, and says so.
  @Test func someExamplesAreSaidToBeSome() throws {
    let some = try run("some", "rate 0.1", watch: "loss examples=50, flatness pairs=1 examples=100").text
    #expect(some.contains(" on 50 of 120 training examples, ") && some.contains(" on 50 of 60 validation examples"))
    #expect(some.contains(" on 100 of 120 training examples and ") && some.contains(" on validation examples; "))
    let all = try run("all", "rate 0.1", watch: "loss").text
    #expect(all.contains(" on training examples, ") && all.contains(" on validation examples; "), "\(all)")
  }

  /// A look may be taken after every few epochs only; what is seen then is the same.
  @Test func looksMayBeRare() throws {
    let often = try run("often", "rate 0.1", watch: "norms, twins 1", epochs: 5).folder.events()
    let seldom = try run("seldom", "rate 0.1", watch: "norms every=2, twins 1", epochs: 5).folder.events()
    let steps = seldom.filter { $0.task == "norms" }.map(\.step)
    #expect(steps == [0, 12, 24, 30] && seldom.count { $0.task == "twins" } == 6)
    for step in steps.dropLast() {
      let values = [often, seldom].map { $0.first { $0.task == "norms" && $0.step == step }!.values }
      #expect(values[0] == values[1])
    }
    // Within an epoch, too: six updates each.
    let close = try run("close", "rate 0.1", watch: "norms every=4updates, twins 1", epochs: 5).folder.events()
    #expect(close.filter { $0.task == "norms" }.map(\.step) == [0, 4, 8, 12, 16, 20, 24, 28, 30])
    #expect(close.filter { $0.task == "twins" }.map(\.step) == [0, 6, 12, 18, 24, 30])
    let (first, second) = (
      close.first { $0.task == "norms" && $0.step == 12 }!, seldom.first { $0.task == "norms" && $0.step == 12 }!
    )
    #expect(first.values == second.values)
    // What is told of the end is of the end, whenever the last turn was; a run that goes on drops it.
    let rare = try run("rare", "rate 0.1", watch: "norms every=4, twins 1 every=50", epochs: 5).folder
    let ends = try rare.events().filter { $0.kind == "watch" }
    #expect(
      ends.filter { $0.task == "norms" }.map(\.step) == [0, 24, 30]
        && ends.filter { $0.task == "twins" }.map(\.step) == [0, 30])
    _ = try run("rare", "rate 0.1", watch: "norms every=4, twins 1 every=50", epochs: 7, resuming: true)
    let longer = try rare.events().filter { $0.kind == "watch" }
    #expect(
      longer.filter { $0.task == "norms" }.map(\.step) == [0, 24, 42]
        && longer.filter { $0.task == "twins" }.map(\.step) == [0, 42])
    for wrong in ["every=0.5", "every=5samples", "every=1.5epochs", "every=x"] {
      #expect { try run("never", "rate 0.1", watch: "norms \(wrong)") } throws: { "\($0)".contains("every") }
    }
    for (wrong, word) in [
      ("noise parts=2", "3 or more"), ("noise parts=500", "fewer parts"), ("noise examples=2", "fewer parts"),
    ] {
      #expect { try run("never", "rate 0.1", watch: wrong) } throws: { "\($0)".contains(word) }
    }
    #expect { try run("never", "rate 0.1", watch: "norms every=0") } throws: { "\($0)".contains("every") }
  }
}
