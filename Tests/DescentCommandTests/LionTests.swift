import Descent
import TestSupport
import Testing

/// The transformation of the tutorial, held to what every one of ours is held to.
@Suite struct LionTests {
  private func chain(_ lion: Lion) -> Chain {
    Chain {
      lion
      LearningRate(0.005)
    }
  }

  @Test func conforms() {
    let failures = Conformance(chain(Lion())).failures()
    #expect(failures.isEmpty, "\(failures)")
  }

  @Test func firstStepsAreThoseOfThePaper() throws {
    // g = 1, then -0.05: the average is 0.01, so that u = sign(0.9 x 0.01 - 0.1 x 0.05) = 1 still.
    let program = try Program(inputs: [TensorType(.scalar), TensorType(.scalar)]) { graph, g in
      var state = try Lion().initialState(for: ["x": TensorType(.scalar)]).map { graph.constant($0) }
      let zero = graph.fill(0, TensorType(.scalar))
      var context = UpdateContext(counters: Counters(updates: zero, samples: zero, epochs: zero))
      return try g.map { gradient in
        let result = try Lion().apply(to: Updates(["x": gradient]), state: state, in: &context)
        state = result.state
        return result.updates["x"]!
      }
    }
    #expect(try program.run([NDArray(1 as Float), NDArray(-0.05 as Float)]).map { $0.floats[0] } == [1, 1])
    #expect(try program.run([NDArray(1 as Float), NDArray(-0.2 as Float)]).map { $0.floats[0] } == [1, -1])
  }

  /// A name in text: read, printed, read again; and what cannot be a name.
  @Test func hasANameInText() throws {
    #expect(throws: DescentError.self) { try TransformationKind.named("lion") }
    try TransformationKind.register(Lion.kind)
    let chain = try ChainParser.parse("clip 1 | lion kept=0.98 | rate 0.001")
    #expect("\(chain)" == "clip 1.0 | lion kept=0.98 | rate 0.001")
    #expect("\(try ChainConfiguration("accumulate 2 (lion 0.8 | rate 0.1)").makeChain())".contains("lion 0.8"))
    #expect(throws: DescentError.self) { try ChainParser.parse("lion 1.5 | rate 0.1") }
    #expect(throws: DescentError.self) { try TransformationKind.register(Lion.kind) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("momentum", "a", "b")) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("sam", "a", "b")) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("two words", "a", "b")) }
    #expect(throws: DescentError.self) { try TransformationKind.register(Self.kind("twice", "a", "a")) }
    #expect(TransformationKind.known.map(\.name) == TransformationKind.all.map(\.name) + ["lion"])
  }

  private static func kind(_ name: String, _ first: String, _ second: String) -> TransformationKind {
    TransformationKind(
      name, "", TransformationOption(first, .decay, "") { (t: Lion) in t.interpolation },
      TransformationOption(second, .decay, "") { (t: Lion) in t.kept }, examples: []
    ) { Lion(interpolation: $0, kept: $1) }
  }
}
