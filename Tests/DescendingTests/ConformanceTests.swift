import Descending
import TestSupport
import Testing

@Suite struct ConformanceTests {
  static let chains = [
    "rate 0.1", "momentum 0.9 | rate 0.05", "momentum 0.9 nesterov=true | rate 0.05", "decay 1e-3 | rate 0.1",
    "adam | rate 0.02", "adam | decay 0.01 | rate 0.02", "rmsprop | rate 0.005", "adagrad | rate 0.3",
    "orthogonal | momentum 0.9 | rate 0.02", "orthogonal renormalize=false | rate 0.1",
    "orthogonal guard=false | rate 0.1", "clip 1 | rate 0.1", "clipvalue 0.5 | rate 0.1", "noise 0.01 | rate 0.1",
    "centralize | rate 0.1", "sign | rate 0.005", "scale 0.5 | rate 0.2", "finite | rate 0.1",
    "finite (momentum 0.9 | rate 0.05)", "rate 0.1 | average 0.9",
    "losspower 1.5 | rate 0.01", "losspower 0.8 through=rate | momentum | rate 0.02",
    "losspower piecewise(0.8, 1.2) | rate 0.05", "losspower sigmoid(1.2, 0.8) frozen=false | rate 0.05",
    "losspower 1.2 through=rate | adam | rate 0.02",
    "accumulate 2 (momentum 0.9 | rate 0.05)", "accumulate 2 (losspower 0.8 through=rate | adam) | rate 0.02",
    "groups (a/*: momentum 0.9 | rate 0.05; ?: adam | rate 0.02)",
    "rate cosine(0.2, 2500updates, 0.05)", "rate warmup(10updates, linear(0.2, 0.05, 1000updates))",
    "rate steps(0.2, 0.5, 10epochs)", "rate exponential(0.2, 0.9, 5000samples)",
  ]

  /// Where a transformation leaves directions out, it must converge where they do not count.
  private func problems(_ text: String) -> [TestProblem] {
    if text.hasPrefix("orthogonal") { return [.direction] }
    if text.hasPrefix("centralize") { return [.parabola, .valley] }
    if text.hasPrefix("groups") { return [.bowl] }
    return TestProblem.all
  }

  @Test(arguments: chains)
  func everyTransformationConforms(_ text: String) throws {
    let conformance = Conformance(transformation: try ChainParser.parse(text), problems: problems(text))
    let failures = conformance.failures()
    #expect(failures.isEmpty, "\(text): \(failures)")
  }

  @Test(arguments: TransformationKind.all.map(\.name))
  func everyKindIsInTheSuiteAndDescribed(_ name: String) throws {
    #expect(Self.chains.contains { $0.contains(name) })
    let kind = try TransformationKind.named(name)
    #expect(!kind.summary.isEmpty && kind.options.allSatisfy { !$0.summary.isEmpty })
  }

  // A suite that cannot fail proves nothing: each of these is broken in one way.

  private final class Counter: @unchecked Sendable { var value = 0.0 }

  private struct Broken: GradientTransformation {
    enum Fault: CaseIterable {
      case forgetsState, freezesState, hidesState, stopsGradient, hidesNeed, overstatesNeed, changesType, climbs
      case ignoresTheRate, infiniteReading
    }
    let fault: Fault
    let hidden = Counter()

    var description: String { "broken: \(fault)" }
    var requirements: Requirements { fault == .overstatesNeed ? .parameters : [] }

    func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> { Tree(["time": NDArray(Float(0))]) }

    func apply(
      to updates: Updates, state: Tree<Tensor>, in context: inout UpdateContext
    ) throws -> (updates: Updates, state: Tree<Tensor>) {
      let factor = try context.step() ?? state["time"]!.filled(with: 1)
      context.read("factor", factor)
      let step = (-0.1 * factor) * updates
      let next = state.map { $0 + 1 }
      switch fault {
      case .forgetsState: return (step, Tree())
      case .freezesState: return (step, state)
      case .hidesState:
        hidden.value += 1
        return ((1 / hidden.value) * step, next)
      case .stopsGradient: return (step.stoppingGradient, next)
      case .hidesNeed: return ((-0.1 * factor) * Updates(try context.parameters().tree), next)
      case .overstatesNeed: return (step, next)
      case .changesType: return (step.map { $0.cast(to: $0.elementType == .float32 ? .float64 : .float32) }, next)
      case .climbs: return (-step, next)
      case .ignoresTheRate: return (-0.1 * updates, next)
      case .infiniteReading:
        context.read("broken", state["time"]!.reciprocal * 0)
        return (step, next)
      }
    }
  }

  @Test func theSuiteCatchesBrokenOnes() {
    let expected: [Broken.Fault: String] = [
      .forgetsState: "changed the paths of its state", .freezesState: "state: three steps",
      .hidesState: "deterministic: two runs", .stopsGradient: "differentiable: central",
      .hidesNeed: "without declaring", .overstatesNeed: "requirements: declares", .changesType: "turned",
      .climbs: "converges: ", .ignoresTheRate: "rate factor: it moves", .infiniteReading: "readings: broken",
    ]
    for fault in Broken.Fault.allCases {
      let failures = Conformance(transformation: Broken(fault: fault), problems: [.bowl]).failures()
      #expect(failures.contains { $0.contains(expected[fault]!) }, "\(fault) passed: \(failures)")
    }
  }
}
