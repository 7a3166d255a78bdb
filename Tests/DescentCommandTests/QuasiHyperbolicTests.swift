import Descent
import TestSupport
import Testing

/// The transformation of the tutorial, held to what every one of ours is held to.
@Suite struct QuasiHyperbolicTests {
  private func chain(_ transformation: QuasiHyperbolic) -> Chain {
    Chain {
      transformation
      LearningRate(0.1)
    }
  }

  @Test func conforms() {
    let failures = Conformance(chain(QuasiHyperbolic())).failures()
    #expect(failures.isEmpty, "\(failures)")
  }

  @Test func firstStepsAreThoseOfThePaper() throws {
    // g = 1, then -0.05: the velocity is 0.001, then 0.999 x 0.001 - 0.001 x 0.05.
    let program = try Program(inputs: [TensorType(.scalar), TensorType(.scalar)]) { graph, g in
      var state = try QuasiHyperbolic().initialState(for: ["x": TensorType(.scalar)]).map { graph.constant($0) }
      let zero = graph.fill(0, TensorType(.scalar))
      var context = UpdateContext(counters: Counters(updates: zero, samples: zero, epochs: zero))
      return try g.map { gradient in
        let result = try QuasiHyperbolic().apply(to: Updates(["x": gradient]), state: state, in: &context)
        state = result.state
        return result.updates["x"]!
      }
    }
    let found = try program.run([NDArray(1 as Float), NDArray(-0.05 as Float)]).map { Double($0.floats[0]) }
    #expect(abs(found[0] - (0.3 + 0.7 * 0.001)) < 1e-6 && abs(found[1] - (-0.015 + 0.7 * 0.000949)) < 1e-6)
  }

  /// A name in text: read, printed, read again; and what cannot be a name.
  @Test func hasANameInText() throws {
    #expect(throws: DescentError.self) { try TransformationKind.named("qhm") }
    try TransformationKind.register(QuasiHyperbolic.kind)
    let chain = try ChainParser.parse("clip 1 | qhm kept=0.98 | rate 0.1")
    // All options of a kind that a program registers are written: its standards may be others tomorrow.
    #expect("\(chain)" == "clip 1.0 | qhm share=0.7 kept=0.98 | rate 0.1")
    #expect("\(try ChainParser.parse("\(chain)"))" == "\(chain)")
    #expect(
      "\(try ChainConfiguration("accumulate 2 (qhm 0.8 | rate 0.1)").makeChain())".contains(
        "(qhm share=0.8 kept=0.999 | "))
    #expect(throws: DescentError.self) { try ChainParser.parse("qhm 1.5 | rate 0.1") }
    #expect(throws: DescentError.self) { try TransformationKind.register(QuasiHyperbolic.kind) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("momentum", "a", "b")) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("sam", "a", "b")) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("two words", "a", "b")) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("twice", "a", "a")) }
    // Other tests may register theirs at the same time; each is there once, behind those of the library.
    let (known, own) = (TransformationKind.known.map(\.name), TransformationKind.all.map(\.name))
    #expect(known.starts(with: own) && known.dropFirst(own.count).filter { $0 == "qhm" }.count == 1)
    #expect(Set(known).count == known.count)
  }

  private static func kind(_ name: String, _ first: String, _ second: String) -> TransformationKind {
    TransformationKind(
      name, "", TransformationOption(first, .decay, "") { (t: QuasiHyperbolic) in t.share },
      TransformationOption(second, .decay, "") { (t: QuasiHyperbolic) in t.kept }, examples: []
    ) { QuasiHyperbolic(share: $0, kept: $1) }
  }
}
