import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

/// Extragradient: the gradient at where a plain step would lead. G. M. Korpelevich, 1976.
private struct Extragradient: DescentMethod {
  var rate: Double
  var transformation: any GradientTransformation

  static let kind = DescentMethodKind(
    name: "extragradient", summary: "follow the gradient where a plain step would lead",
    options: [.init("rate", "0.1", "length of the plain step"), .init("chain", nil, "what makes a step of it")]
  ) { Extragradient(rate: try $0.positive("rate"), transformation: try $0.chain("chain")) }

  var description: String { "extragradient \(rate) (\(transformation))" }

  func initialState(for parameters: Tree<TensorType>) throws -> Tree<NDArray> {
    try transformation.initialState(for: parameters)
  }

  func step(from point: Parameters, state: Tree<Tensor>, on problem: DescentProblem) throws -> DescentStep {
    let (loss, gradient) = try problem.gradient(at: point)
    let ahead = try problem.gradient(at: point.moved(by: -rate * gradient)).gradient
    let result = try problem.run(transformation, on: ahead, state, at: point, loss: loss)
    return DescentStep(
      parameters: point.moved(by: result.step), state: result.state, loss: loss, readings: result.readings)
  }
}

/// The length of all parameters, to a power.
private final class LengthWatch: Watch {
  private let power: Double

  static let kind = WatchKind(
    name: "length", summary: "length of all parameters", options: [.init("power", "1", "what it is raised to")]
  ) { values, _ in LengthWatch(power: try values.positive("power")) }

  init(power: Double) { self.power = power }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    let squares = trainer.state.parameters.leaves.map { $0.doubles.reduce(0) { $0 + $1 * $1 } }
    return ["length/all": pow(squares.reduce(0, +).squareRoot(), power)]
  }
}

/// A method and a diagnostic of one's own have names in text, in logs and in reports, like those of the library.
@Suite struct OwnKindsTests {
  private let folder = TemporaryFolder()

  @Test func theyAreNamedInText() throws {
    try DescentMethodKind.register(Extragradient.kind)
    try WatchKind.register(LengthWatch.kind)
    let method = try DescentMethodKind.parse("extragradient 0.2 (momentum 0.9 | rate 0.05)")
    #expect("\(try DescentMethodKind.parse("\(method)"))" == "extragradient 0.2 (momentum | rate 0.05)")
    #expect { try DescentMethodKind.parse("extragradient rte=1 (rate 0.1)") } throws: { "\($0)".contains("rate") }

    #expect(try WatchConfiguration("length").description == "length power=1")
    #expect(try WatchConfiguration("length 2 every=3, loss").description == "length power=2 every=3, loss")
    // One name means one thing, in methods and transformations together.
    #expect(throws: DescentError.self) { try DescentMethodKind.register(Extragradient.kind) }
    #expect(throws: DescentError.self) { try WatchKind.register(LengthWatch.kind) }
    for name in ["sam", "momentum", "two words", ""] {
      let kind = DescentMethodKind(name: name, summary: "", options: []) { _ in GradientDescent(LearningRate(0.1)) }
      #expect(throws: DescentError.self) { try DescentMethodKind.register(kind) }
    }
    for name in ["twins", "a-b"] {
      #expect(throws: DescentError.self) {
        try WatchKind.register(WatchKind(name: name, summary: "", options: []) { _, _ in LengthWatch(power: 1) })
      }
    }

    let features = RandomKey(seed: 3).normal([80, 4])
    let targets = NDArray((0..<80).map { features[flat: 4 * $0] }, shape: [80, 1])
    let data = Dataset(name: "line", features: .numbers(features), targets: .numbers(targets), classNames: [])
    let network = try ModelDescription(.mlp, input: [4], hidden: [8], outputs: 1)
    let settings = TrainingRun.Settings(
      source: "line", model: network.description, network: network, chain: "\(method)", epochs: 3, batch: 20, seed: 1,
      watch: "length power=2", keep: .last, patience: 0)
    let run = TrainingRun(
      settings: settings, problem: TrainingProblem(train: data, validation: data), model: try network.makeLayer(),
      loss: .squaredError, method: method)
    let path = folder.path + "/own"
    let text = try run.run(out: path, resuming: false, replacing: false, isQuiet: true) { _ in }
    #expect(text.contains("length: length/all "))
    let looks = try RunFolder.open(path).events().filter { $0.kind == "watch" && $0.task == "length" }
    #expect(looks.count == 4 && looks.allSatisfy { $0.values["length/all"]! > 0 })
    let report = try String(contentsOfFile: path + "/report.html", encoding: .utf8)
    #expect(report.contains("length: length/all"))
  }

  /// A registered experiment is run, gone on with and described by its name, once.
  @Test func experimentsHaveNames() throws {
    try ExperimentRegistry.register(MomentumExperiment.self)
    #expect(try ExperimentRegistry.named(MomentumExperiment.name) == MomentumExperiment.self)
    #expect(ExperimentRegistry.known.count == ExperimentRegistry.all.count + 1)
    for type in [MomentumExperiment.self, CalibrationExperiment.self, ComparisonExperiment.self]
      as [any Experiment.Type]
    {
      #expect(throws: SettingsError.self) { try ExperimentRegistry.register(type) }
    }
    #expect { try ExperimentRegistry.named("momentun") } throws: { "\($0)".contains("momentum") }
  }
}
