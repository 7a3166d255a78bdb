import Descent
import Foundation
import TestSupport
import Testing

/// What the program in `Examples/OwnProgram` adds: a loss, a network and a transformation that all text may name.
@Suite struct OwnProgramTests {
  private let folder = TemporaryFolder()

  private static let isRegistered: Bool = {
    do {
      try LossKind.register(biweight)
      try ModelKind.register(Gated.kind)
      try TransformationKind.register(Normalized.kind)
      return true
    } catch { return false }
  }()

  init() { #expect(Self.isRegistered) }

  /// y = 2 a - b, with one target in ten moved up by 30.
  private func table() throws -> String {
    let x = RandomKey(seed: 5).normal([200, 2])
    let rows = (0..<200).map { row in
      let (a, b) = (x[flat: 2 * row], x[flat: 2 * row + 1])
      return "\(a),\(b),\(2 * a - b + (row % 10 == 0 ? 30 : 0))"
    }
    let path = folder.path + "/outliers.csv"
    try ("a,b,y\n" + rows.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test func theBiweightIsFlatFarOut() throws {
    let loss = try LossFunction(named: "biweight c=2")
    let output = NDArray([0.5, -1.5, 2, 100], shape: [4, 1])
    let found = try TestSupport.Evaluation.compiled.run([output, NDArray.zeros([4, 1], .float64)]) { _, x in
      [loss.perSample(x[0], x[1])]
    }[0].doubles
    for (value, d) in zip(found, [0.5, 1.5, 2, 2]) { #expect(abs(value - 4 / 6 * (1 - pow(1 - d * d / 4, 3))) < 1e-12) }
  }

  @Test func theNetworkIsThatOfItsFormula() throws {
    let layer = Gated(inputs: 2, width: 1, outputs: 1)
    let parameters = Tree([
      "value/weight": NDArray([1.0, 2], shape: [2, 1]), "value/bias": NDArray([0.5]),
      "gate/weight": NDArray([-1.0, 0.5], shape: [2, 1]), "gate/bias": NDArray([0.0]),
      "last/weight": NDArray([3.0], shape: [1, 1]), "last/bias": NDArray([-1.0]),
    ])
    let packing = TreePacking([parameters.types])
    let found = try TestSupport.Evaluation.compiled.run(parameters.leaves + [NDArray([2.0, -1], shape: [1, 2])]) {
      _, x in
      [try layer(x[packing.count], Parameters(packing.unpack(x)[0])).output]
    }[0].item
    #expect(abs(found - (3 * 0.5 / (1 + exp(2.5)) - 1)) < 1e-12)
  }

  /// Arms name them with ranges; settings are text, so that a folder's report and resumption know them.
  @Test func armsNameThem() throws {
    let path = try table()
    let c = ComparisonConfiguration(
      data: [path],
      arms: [
        "squares: adam | rate 0.03; hidden none",
        "biweight: normalized | rate {0.03, 0.1}; loss biweight c={0.3, 1}; model gated width={4, 8}",
      ], trials: 4, budget: "200updates", measure: "validation/mae", looks: 4,
      seeds: TunedSeeds(count: 4, tuningCount: 2), finalists: nil)
    let result = try MethodComparison(c).run(out: folder.path + "/compared")
    let setting = try #require(result.settings["outliers"]?["biweight"])
    #expect(setting.contains("loss biweight c=") && setting.contains("model gated width="))
    #expect(try MethodComparison.configuration(of: folder.path + "/compared").arms == c.arms)
    let again = try MethodComparison(MethodComparison.configuration(of: folder.path + "/compared")).resume(
      folder.path + "/compared")
    #expect(again.settings == result.settings)

    for (arm, hint) in [
      ("a: rate 0.1; model gated width=0", "width must be"),
      ("a: rate 0.1; model gated width={4, 8, 0}", "width must be"),
      ("a: rate 0.1; model gated; hidden 8", "hidden is for an mlp"),
      ("a: rate 0.1; loss biweight 0", "c must be 0.01 to 1000"),
      ("a: rate 0.1; model gatd", "did you mean gated"),
    ] {
      let out = folder.path + "/refused"
      #expect {
        try MethodComparison(ComparisonConfiguration(data: [path], arms: ["b: rate 0.1", arm])).run(out: out)
      } throws: { "\($0)".contains(hint) }
      #expect(!FileManager.default.fileExists(atPath: out))
    }
  }

  /// Where all arms descend one loss, it may choose and decide.
  @Test func whatIsDescendedMayDecide() throws {
    let path = try table()
    func comparison(_ losses: [String], _ measure: String) throws -> MethodComparison {
      try MethodComparison(
        ComparisonConfiguration(
          data: [path],
          arms: zip(["a", "b"], losses).map { "\($0): adam | rate {0.01, 0.03, 0.1}; hidden none; loss \($1)" },
          trials: 3,
          budget: "150updates", measure: measure, looks: 4, seeds: TunedSeeds(count: 4, tuningCount: 2), finalists: nil)
      )
    }
    for loss in ["biweight c=0.5", "quantile 0.9", "squaredError"] {
      let out = folder.path + "/own" + loss.filter(\.isLetter)
      _ = try comparison([loss, loss], "validation/ownLoss").run(out: out)
      let events = try RunFolder.open(out).events()
      let tests = events.compactMap { $0.values["test/ownLoss"] }
      #expect(tests.count == 8)
      for event in events where event.values["test/ownLoss"] != nil {
        let (own, plain) = (event.values["test/ownLoss"]!, event.values["test/loss"]!)
        #expect((own == plain) == (loss == "squaredError") && event.values["constant/test/ownLoss"]! > 0)
      }
    }
    // Where another measure chooses, that is said; not of a loss that squares measure well.
    func text(_ loss: String) throws -> String {
      let out = folder.path + "/by-squares-" + loss.filter(\.isLetter)
      return try comparison([loss, loss], "validation/loss").run(out: out).text(width: 1000)
    }
    #expect(
      try text("quantile 0.9").contains(
        "a descends quantile share=0.9, b descends quantile share=0.9, and validation/loss is of the distance"))
    #expect(try !text("huber").contains("descends huber"))
    // The constant is the best by what is descended, on the rows of the descent's own split.
    let problem = try TrainingSource(path).problem(
      TableOptions(), images: nil, heldOut: nil, test: nil, seed: 0, data: DataLocator())
    let entry = ComparisonData.Entry(problem: problem, constant: [:])
    for name in ["biweight c=0.5", "quantile 0.9"] {
      let loss = try LossFunction(named: name)
      let found = try Baselines.constant(of: problem, on: problem.validation, loss: loss)
      #expect(
        try entry.constant(descending: loss)["validation/ownLoss"] == found[name.hasPrefix("bi") ? "ownLoss" : "loss"]!)
    }
    #expect { try comparison(["biweight", "huber"], "validation/ownLoss").run(out: folder.path + "/unlike") } throws: {
      "\($0)".contains("the arms descend different losses (biweight c=4.685, huber)")
    }
  }

  /// A model that was trained on them is read again with them; outliers move it less than squares let them.
  @Test func trainedModelsKnowThem() throws {
    func error(_ loss: String) throws -> Double {
      let path = try table()
      let problem = try TrainingSource(path).problem(
        TableOptions(), images: nil, heldOut: nil, test: nil, seed: 0, data: DataLocator())
      let network = try ModelDescription(
        named: "gated width=8", input: problem.train.exampleShape.dimensions, outputs: 1)
      let settings = TrainingRun.Settings(
        source: path, table: TableOptions(), model: network.description, network: network, chain: "adam | rate 0.02",
        epochs: 60,
        batch: 40, seed: 0, loss: loss)
      let out = folder.path + "/" + loss.filter(\.isLetter)
      let run = TrainingRun(
        settings: settings, problem: problem, model: try network.makeLayer(), loss: try LossFunction(named: loss),
        method: try DescentMethodKind.parse(settings.chain))
      let text = try run.run(out: out, resuming: false, replacing: false, isQuiet: true) { _ in }
      #expect(text.contains(", \(loss) 0.") == loss.hasPrefix("biweight"))
      let epochs = try RunFolder.open(out).events().filter { $0.kind == "epoch" }
      let decisive = epochs.map {
        Measures.decisive($0.values.reduce(into: [:]) { $0[String($1.key.dropFirst(11))] = $1.value })!
      }
      let best = try RunFolder.open(out).events().first { $0.kind == "final" }?.values["final/epoch"]
      #expect(best == Double(decisive.indices.min { decisive[$0] < decisive[$1] }! + 1))
      let model = try TrainedModel(folder: out)
      #expect(model.manifest.loss.name == loss && model.manifest.model == network)
      let clean = folder.path + "/clean.csv"
      try "a,b\n1,1\n-1,1\n0.5,0\n".write(toFile: clean, atomically: true, encoding: .utf8)
      let rows = try model.predict(table: clean).predictions.csv.split(separator: "\n").dropFirst()
      let predicted = rows.compactMap { Double($0.split(separator: ",").last!) }
      #expect(predicted.count == 3)
      return zip(predicted, [1.0, -3, 1]).map { abs($0 - $1) }.reduce(0, +) / 3
    }
    let (robust, squares) = (try error("biweight c=0.5"), try error("squaredError"))
    #expect(robust < 0.5 && squares > 2 * robust, "\(robust), \(squares)")
  }
}
