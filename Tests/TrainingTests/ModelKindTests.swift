import Foundation
import TestSupport
import Testing
import Training

private struct Crop: Layer {
  var count: Int
  func forward(_ x: Tensor, in scope: inout ModelScope) throws -> Tensor { x.slice(0..<count, axis: 1) }
}

/// Networks of one's own have names in text, and descriptions that make them again.
@Suite struct ModelKindTests {
  private static let isRegistered: Bool = {
    do {
      try ModelKind.register(
        ModelKind(
          name: "bottle", summary: "a narrow waist",
          options: [.init("waist", "4", "width in the middle"), .init("tanh", "false", "between layers")]
        ) { values, site in
          MLP(
            [site.input.count, 8, try values.count("waist"), site.outputs],
            activation: try values.flag("tanh") ? .tanh : .relu)
        })
      // One that forgets what it is asked for.
      try ModelKind.register(ModelKind(name: "stubborn", summary: "") { _, site in Linear(site.input.count, 3) })
      // One that has nothing to learn, one whose layers share a name by mistake, and one whose own code fails.
      try ModelKind.register(ModelKind(name: "idle", summary: "") { _, site in Crop(count: site.outputs) })
      try ModelKind.register(
        ModelKind(name: "twin", summary: "") { _, site in
          Sequential([("a", Linear(site.input.count, 5)), ("a", Linear(5, 5)), ("b", Linear(5, site.outputs))])
        })
      try ModelKind.register(ModelKind(name: "failing", summary: "") { _, _ in throw CocoaError(.fileNoSuchFile) })
      try ModelKind.register(
        ModelKind(name: "choosy", summary: "") { _, site in
          guard site.input.rank == 3 else { throw ModelError("choosy takes images") }
          return Sequential([Flatten(), Linear(site.input.count, site.outputs)])
        })
      return true
    } catch { return false }
  }()

  init() { #expect(Self.isRegistered) }

  @Test func aDescriptionMakesItAgain() throws {
    let network = try ModelDescription(named: "bottle waist=3 tanh=true", input: [5], outputs: 2)
    #expect(network.kind == .registered && "\(network)" == "bottle waist=3 tanh=true")
    let again = try JSONDecoder().decode(ModelDescription.self, from: try JSONEncoder().encode(network))
    #expect(again == network)
    let layer = try again.makeLayer()
    #expect(try layer.outputShape(of: [7, 5]) == [7, 2])
    #expect(try layer.initialParameters(key: RandomKey(seed: 1)).elementCount == 5 * 8 + 8 + 8 * 3 + 3 + 3 * 2 + 2)
    #expect(try "\(ModelDescription(named: " bottle 4 ", input: [5], outputs: 2))" == "bottle waist=4 tanh=false")
    #expect(try ModelDescription(named: "choosy", input: [4, 4, 1], outputs: 2).input == [4, 4, 1])
    #expect(
      try ModelDescription(named: "mlp", input: [5], hidden: [3], outputs: 2)
        == ModelDescription(.mlp, input: [5], hidden: [3], outputs: 2))
  }

  @Test(arguments: [
    ("bottel", "did you mean bottle"), ("bottle waist=0", "waist must be"), ("bottle neck=1", "no option neck"),
    ("stubborn", "stubborn makes [2, 3] of two examples [5], and [2, 2] is needed"), ("choosy", "choosy takes images"),
    ("registered", "there is no model registered"), ("idle", "idle has no parameters"),
    ("twin", "a/weight is declared twice"), ("failing", "the model failing: "), ("", "there is no model"),
    ("mlp 3", "mlp has no options behind its name"),
  ]) func wrongTextIsNamed(_ text: String, _ hint: String) {
    #expect { try ModelDescription(named: text, input: [5], outputs: 2) } throws: { "\($0)".contains(hint) }
  }

  /// A file may name what this program does not know, or what no program would write.
  @Test(arguments: [
    (
      #"{"kind":"registered","own":"vanished","input":[5],"hidden":[],"outputs":2}"#,
      "known to the program that registers them"
    ),
    (#"{"kind":"registered","input":[5],"hidden":[],"outputs":2}"#, "name in own"),
    (#"{"kind":"mlp","own":"bottle","input":[5],"hidden":[],"outputs":2}"#, "name in own"),
    (#"{"kind":"registered","own":"bottle","input":[-5],"hidden":[],"outputs":2}"#, "widths above 0"),
  ]) func filesAreDoubted(_ text: String, _ hint: String) throws {
    let read = try JSONDecoder().decode(ModelDescription.self, from: Data(text.utf8))
    #expect { try read.check() } throws: { "\($0)".contains(hint) }
  }

  /// What the memory cannot hold is refused before it is made.
  @Test func whatDoesNotFitIsRefused() throws {
    let network = try ModelDescription(named: "bottle waist=1000000", input: [5], outputs: 2)
    #expect(throws: Never.self) { try network.checkFits(batch: 8, available: 1 << 30) }
    #expect { try network.checkFits(batch: 8, available: 1 << 20) } throws: {
      "\($0)".contains("bottle waist=1000000 tanh=false in batches of 8 take")
    }
  }

  @Test func namesAreTakenOnce() {
    for name in ["mlp", "registered", "bottle", "a b"] {
      #expect(throws: DescentError.self) {
        try ModelKind.register(ModelKind(name: name, summary: "") { _, site in Linear(1, site.outputs) })
      }
    }
  }
}
