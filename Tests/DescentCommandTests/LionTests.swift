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
}
