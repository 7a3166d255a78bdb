import Descending
import Foundation
import TestSupport
import Testing

@Suite struct AdEMAMixTests {
  /// alpha and the slow mean's half-life grow on lines: at the end of the warm-up they are what was asked for, at its start those of the fast mean.
  @Test func slowMeansWarmUp() throws {
    let slope = { (chain: String, steps: Int) throws -> Double in
      let run = try DescentRun(try ChainParser.parse(chain), from: ["w": NDArray([0.0])]) { p in p["w"]!.sum() }
      try run.run(steps)
      return run.state["00/slow/w"]!.doubles[0]
    }
    let (first, last) = (log(0.9), log(0.99))
    let expected = (1...4).reduce(0.0) { mean, t in
      let way = Double(t) / 8
      let kept = exp(first * last / ((1 - way) * last + way * first))
      return kept * mean + (1 - kept)
    }
    #expect(try abs(slope("ademamix 0.9 0.99 0.99 warmup=8 | rate 0.1", 4) - expected) < 1e-6)
    #expect(try abs(slope("ademamix 0.9 0.99 0.99 | rate 0.1", 4) - (1 - pow(0.99, 4))) < 1e-6)
  }
}
