import Descending
import Testing

@Suite struct LearningRatesTests {
  /// The rates of all that makes steps; nil where one is not known.
  @Test func ratesAreFoundWhereverTheyStand() throws {
    for (text, expected) in [
      ("adam | rate 0.1", [.constant(0.1)]),
      ("finite (momentum 0.9 | rate cosine(0.1, 5epochs))", [.cosine(from: 0.1, over: .epochs(5))]),
      ("sam 0.05 (rate 0.1)", [.constant(0.1)]), ("linesearch (rate 1)", [.constant(1)]),
      ("newton (rate 1)", [.constant(1)]), ("lookahead (momentum 0.9 | rate 0.1)", [.constant(0.1)]),
      ("schedulefree (adam beta1=0 | rate 0.1)", [.constant(0.1)]),
      ("groups (*/bias: rate 0.1; */weight: adam | rate 0.01)", [.constant(0.1), .constant(0.01)]),
      // It counts its own updates.
      (
        "accumulate 4 (rate join(cosine(0.1, 5updates), 5updates, warmup(2epochs, 0.1)))",
        [
          .join(
            .cosine(from: 0.1, over: .updates(20)), over: .updates(20), then: .warmUp(.epochs(2), then: .constant(0.1)))
        ]
      ),
    ] as [(String, [Schedule]?)] {
      #expect(try DescentMethodKind.parse(text).learningRates == expected, "\(text)")
    }
  }
}
