import Descending
import Testing

/// Numbers in text that would make work without end, or more than can be counted.
@Suite struct BoundTests {
  private static func nested(_ depth: Int) -> String {
    String(repeating: "groups (*: ", count: depth) + "rate 0.1" + String(repeating: ")", count: depth)
  }

  @Test(arguments: [
    ("linesearch trials=1000000 (rate 0.1)", "trials must be at most 200"),
    ("accumulate \(Int.max) (rate 1)", "count must be at most 10000000"),
    ("rate cosine(0.1, infepochs)", "no duration"), ("rate cosine(0.1, 1e400epochs)", "no duration"),
    (nested(9), "8 deep"), (nested(10_000), "8 deep"),
  ])
  func areRefused(_ text: String, _ hint: String) {
    #expect { try DescentMethodKind.parse(text) } throws: { "\($0)".contains(hint) }
  }

  @Test func chainsWithinChainsAreRead() throws {
    #expect(try DescentMethodKind.parse(Self.nested(3)).description.contains("groups (*: rate 0.1)"))
  }
}
