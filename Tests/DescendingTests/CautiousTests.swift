import Descending
import TestSupport
import Testing

@Suite struct CautiousTests {
  private func bowl(_ chain: String, steps: Int) throws -> DescentRun {
    let run = try DescentRun(try ChainParser.parse(chain), from: ["w": NDArray([1.0, -2, 3])]) { p in
      0.5 * (p["w"]!.graph.constant(NDArray([1.0, 0.5, 2])) * p["w"]!.squared).sum()
    }
    try run.run(steps)
    return run
  }

  /// A memory that would climb is kept back; where all agree nothing changes.
  @Test func cautionKeepsWhatAgrees() throws {
    let (plain, careful) = (try bowl("rate 0.1", steps: 5), try bowl("cautious (rate 0.1)", steps: 5))
    #expect(plain.parameters == careful.parameters && careful.readings["optimizer/agreeingFraction"] == 1)
    let heavy = try bowl("cautious (momentum 0.9 | rate 0.3)", steps: 8)
    let same = try bowl("cautious (momentum 0.9) | rate 0.3", steps: 8)
    #expect(zip(heavy.parameters["w"]!.doubles, same.parameters["w"]!.doubles).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(heavy.readings["optimizer/agreeingFraction"]! < 1)
  }
}
