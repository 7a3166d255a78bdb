import Descending
import TestSupport
import Testing

@Suite struct ConformanceTests {
  /// Every registered kind says how it is used.
  static let chains = TransformationKind.all.flatMap(\.examples)

  /// Where a transformation leaves directions out, it must converge where they do not count.
  private func problems(_ text: String) -> [TestProblem] {
    if text.hasPrefix("orthogonal") { return [.direction] }
    if text.hasPrefix("centralize") { return [.parabola, .valley] }
    if text.contains("polar") { return [.matrix] }
    // What names parameters is for problems that have them.
    if text.hasPrefix("groups") || text.contains("except=") { return [.bowl] }
    return TestProblem.all
  }

  @Test(arguments: chains)
  func everyTransformationConforms(_ text: String) throws {
    let failures = Conformance(try ChainParser.parse(text), problems: problems(text)).failures()
    #expect(failures.isEmpty, "\(text): \(failures)")
  }

  /// The stages of a chain by name, those within others too.
  private func names(_ chain: ChainConfiguration) throws -> Set<String> {
    try chain.stages.reduce(into: []) { names, stage in
      names.insert(stage.name)
      for value in stage.values.values where value.hasPrefix("(") {
        for part in value.dropFirst().dropLast().split(separator: ";") {
          names.formUnion(try self.names(ChainConfiguration(String(part.split(separator: ":").last ?? ""))))
        }
      }
    }
  }

  @Test(arguments: TransformationKind.all.map(\.name))
  func everyKindIsInTheSuiteAndDescribed(_ name: String) throws {
    let kind = try TransformationKind.named(name)
    #expect(!kind.examples.isEmpty && !kind.summary.isEmpty && kind.options.allSatisfy { !$0.summary.isEmpty })
    for example in kind.examples { #expect(try names(ChainConfiguration(example)).contains(name), "\(example)") }
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
      context.record("factor", factor)
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
        context.record("broken", state["time"]!.reciprocal * 0)
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
      let failures = Conformance(Broken(fault: fault), problems: [.bowl]).failures()
      #expect(failures.contains { $0.contains(expected[fault]!) }, "\(fault) passed: \(failures)")
    }
  }
}
