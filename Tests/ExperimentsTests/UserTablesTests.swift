import Experiments
import Foundation
import RunLogs
import TestSupport
import Testing
import Training

/// Tables as users bring them, with nothing said: each trains with the defaults and beats what needs no descent.
@Suite struct UserTablesTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/user" }

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private func write(_ header: String, _ rows: Int, _ row: (Int) -> String) throws -> String {
    let path = folder + "/\(UUID().uuidString).csv"
    try ([header] + (0..<rows).map(row)).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// The last measures of a run with the defaults, or some of them changed.
  private func train(
    _ path: String, _ options: TableOptions = TableOptions(), chain: String? = nil, epochs: Int? = nil
  ) throws -> (values: [String: Double], account: String, text: String) {
    let problem = try TrainingSource(path).problem(options, test: nil, seed: 0, data: DataLocator())
    let defaults = TrainingDefaults(rows: problem.train.count, isTable: true, epochs: epochs, chain: chain)
    let network = try ModelDescription(
      .mlp, input: problem.train.exampleShape.dimensions, hidden: defaults.hidden, outputs: problem.outputs)
    let settings = TrainingRun.Settings(
      source: path, table: options, model: network.description, network: network, chain: defaults.chain,
      epochs: defaults.epochs, batch: defaults.batch, seed: 0, patience: defaults.patience)
    let run = TrainingRun(
      settings: settings, problem: problem, model: try network.makeLayer(),
      loss: problem.train.labels == nil ? .squaredError : .crossEntropy,
      method: try DescentMethodKind.parse(defaults.chain))
    let out = folder + "/run-\(UUID().uuidString)"
    let text = try run.run(out: out, resuming: false, replacing: false, isQuiet: true) { _ in }
    let final = try #require(try RunFolder.open(out).events().last { $0.kind == "final" })
    let values = Dictionary(
      uniqueKeysWithValues: final.values.map { ($0.key.replacing("final/validation/", with: ""), $0.value) })
    return (values, problem.account, text)
  }

  /// Squared errors in the targets' own units, against what was found right for each.
  @Test func straightLinesAreFound() throws {
    let prices = try write("a,price", 500) { "\($0),\(200_000 + 100 * $0)" }
    // The README's own chain; the mean gives 2.1e8, a hundredth of which is asked for.
    let found = try train(prices, chain: "clip 1 | adam | rate cosine(0.001, 20epochs)").values
    #expect(found["rmse"]! * found["rmse"]! < 2.1e6 && found["r2"]! > 0.99)
    // r is constant in the training part: right is 0.002.
    let constant = try train(try write("a,r,y", 50) { "\(Double($0) / 50),\($0 == 5 ? 1 : 0),\(Double($0) / 50)" })
    #expect(constant.values["rmse"]! * constant.values["rmse"]! < 0.002)
    // Unix times: a hundredth of the variance, which is 1/12.
    let unix = try train(try write("t,y", 200) { "\(1_700_000_000 + $0),\(Double($0) / 200)" })
    #expect(unix.values["rmse"]! * unix.values["rmse"]! < 0.01 / 12 && unix.account.contains("Unix time: t"))
    let tiny = try train(try write("a,y", 200) { "\(Double($0) * 1e-10),\(Double($0) / 200)" })
    #expect(tiny.values["rmse"]! * tiny.values["rmse"]! < 0.005)
  }

  @Test func tasksAreWhatTheyAre() throws {
    let missing = try train(try write("a,y", 50) { "\($0),\($0 == 9 ? "" : "\(Double($0) * 1.5)")" })
    #expect(missing.values["r2"]! > 0.9 && missing.account.contains("line 11)"))
    let header = try train(try write("0,1,y", 50) { "\($0),\($0 % 7),\(Double($0) * 1.5)" })
    #expect(header.values["r2"]! > 0.9 && header.account.contains("50 rows"))
    let comma = try train(try write("a,y,", 50) { "\($0),\($0 % 2)," }, epochs: 3)
    #expect(comma.account.contains("target y") && comma.values["accuracy"] != nil)
    #expect { try train(try write("a,y", 50) { "\($0 == 5 ? "1e39" : "\($0)"),\($0 % 2)" }) } throws: {
      "\($0)".contains("line 7, column a")
    }
    // Nothing predicts a coin; that is said.
    let coin = RandomKey(seed: 4).integers(count: 60, below: 2)
    let random = try train(try write("a,y", 60) { "\($0 * 37 % 60),\(coin[$0])" }, epochs: 3)
    #expect(random.text.contains("always the training part's majority"))
  }

  /// Eight targets need eight outputs: a loss never repeats one.
  @Test func targetsAndOutputsFit() throws {
    let several = try train(
      try write("a,b,c,d", 300) { "\($0),\(-3 * $0),\(1e6 + 2 * Double($0)),\($0 % 2)" }, TableOptions(targets: ["b,c"])
    )
    #expect(several.values["r2"]! > 0.99 && several.values["rmse/c"] != nil)
    #expect(throws: ShapeError.self) {
      _ = try Program(inputs: [TensorType([4, 1]), TensorType([4, 8])]) { _, x in
        [LossFunction.squaredError(x[0], x[1])]
      }
    }
  }

  /// Texts, dates, missing cells, a rare class.
  @Test func mixedTablesAreLearned() throws {
    let path = try write("when,kind,size,name,y", 400) { row in
      let kind = ["oak", "elm", "fir"][row * 7 % 3]
      return
        "2024-\(row % 12 + 1)-\(row % 28 + 1),\(row % 19 == 0 ? "" : kind),\(row % 13 == 0 ? "NA" : "\(row * 31 % 50)"),n\(row),"
        + (kind == "elm" && row * 31 % 50 > 20 ? "yes" : "no")
    }
    let found = try train(path)
    #expect(found.values["accuracy"]! > 90 && found.account.contains("name (identifier)"))
  }
}
