import Foundation
import TestSupport
import Testing

/// A run of one's own from its first command to its last: longer, from elsewhere, by other words.
@Suite(.serialized) struct TrainCommandTests {
  private let temporary = TemporaryFolder()
  private var folder: String { temporary.path + "/train" }

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

  private func write(_ name: String, rows: Int = 200, _ header: String, _ row: (Int) -> String) throws {
    try ([header] + (0..<rows).map(row)).joined(separator: "\n").write(
      toFile: folder + "/" + name, atomically: true, encoding: .utf8)
  }

  private func prices(_ name: String, rows: Int = 200) throws {
    try write(name, rows: rows, "a,b,price") {
      "\(sin(Double($0) * 1.7)),\(cos(Double($0) * 2.3)),\(200_000 + 1000 * sin(Double($0) * 1.7))"
    }
  }

  /// What the program prints, run in the test's folder or below it.
  private func run(_ arguments: String, in place: String = "") throws -> (status: Int32, text: String) {
    try start(arguments.split(separator: " ").map(String.init), in: place)
  }

  private func start(_ arguments: [String], in place: String = "") throws -> (status: Int32, text: String) {
    let (process, output) = try Command.start(arguments) {
      $0.currentDirectoryURL = URL(fileURLWithPath: folder + "/" + place)
    }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  /// README's commands on a table of one's own work one after another, as they stand there.
  @Test func theCommandsOfTheReadmeFollowOneAnother() throws {
    for name in ["table.csv", "new.csv", "later.csv"] { try prices(name) }
    let page = try String(contentsOfFile: Command.package + "/README.md", encoding: .utf8)
    let kinds = ["train table.csv", "train --resume", "predict", "evaluate", "explain", "landscape"]
      .map { "descent \($0) " }
    let commands = page.split(separator: "\n").filter { line in
      kinds.contains { line.hasPrefix($0) } && !line.contains("--watch")
    }
    #expect(commands.count == 7)
    for command in commands {
      // Two blanks part a command from what is said of it; quotes hold blanks.
      let text = command.prefix(upTo: command.firstRange(of: "  ")?.lowerBound ?? command.endIndex)
      let arguments = text.split(separator: "\"", omittingEmptySubsequences: false).enumerated().flatMap { part in
        part.offset % 2 == 1 ? [String(part.element)] : part.element.split(separator: " ").map(String.init)
      }
      let result = try start(Array(arguments.dropFirst()))
      #expect(result.status == 0, "\(text): \(result.text)")
    }
  }

  /// A linear model and another activation are named, kept, and gone on with.
  @Test func layersAreChosen() throws {
    try prices("prices.csv")
    let linear = try run("train prices.csv --hidden none --epochs 2 --out linear --quiet")
    #expect(linear.status == 0 && linear.text.contains("mlp 2-1,"), "\(linear.text)")
    let smooth = try run("train prices.csv --hidden 8 --activation tanh --epochs 2 --out smooth --quiet")
    #expect(smooth.status == 0 && smooth.text.contains("mlp 2-8-1, tanh"), "\(smooth.text)")
    #expect(try run("predict smooth prices.csv").status == 0)
    // The same weights behind another function are another model.
    let plain = try run("train prices.csv --hidden 8 --activation relu --epochs 2 --out plain --quiet")
    #expect(plain.status == 0 && !plain.text.contains("relu"))
    #expect(try run("predict smooth prices.csv").text != run("predict plain prices.csv").text)
    #expect(try run("train --resume smooth --epochs 3 --quiet").status == 0)
    let other = try run("train --resume smooth --epochs 4 --activation gelu --quiet")
    #expect(other.status != 0 && other.text.contains("leave --model, --hidden and --activation out"), "\(other.text)")
    for (arguments, hint) in [
      ("--activation tanhh", "did you mean tanh?"), ("--hidden 8,,8", "list of widths"),
      ("--hidden 0", "list of widths"),
    ] {
      let wrong = try run("train prices.csv --out wrong \(arguments)")
      #expect(wrong.status != 0 && wrong.text.contains(hint), "\(arguments): \(wrong.text)")
    }
    let arms =
      ["compare", "prices.csv", "--arm", "a: adam | rate 0.01; activation tanh; hidden 8", "--arm"]
      + ["b: adam | rate 0.01; hidden none", "--budget", "20updates", "--seeds", "2", "--out", "arms", "--quiet"]
    let compared = try start(arms)
    #expect(compared.status == 0, "\(compared.text)")
  }

  /// Options as other programs call them, values below 0 and a file in a folder's place are answered by what to write.
  @Test(arguments: [
    ("train t.csv --lr 0.1", "--chain \"adam | rate 0.001\""), ("train t.csv --optimizer=adam", "--chain"),
    ("train t.csv --weight_decay 0.1", "decay 0.01"), ("train t.csv --batch-size 8", "here it is --batch 64"),
    ("compare t.csv --lr 0.1", "--arm \"NAME: adam | rate 0.001\""), ("compare t.csv --epochs 3", "--budget 20epochs"),
    ("compare t.csv --batch 3", "; batch 64"), ("train t.csv --epochs -1", "--epochs must be between 1 and"),
    ("train t.csv --seed -1 --out t.csv", "t.csv is a file, and a run has a folder"),
  ])
  func slipsAreAnswered(_ arguments: String, _ hint: String) throws {
    try prices("t.csv")
    let result = try run(arguments)
    #expect(result.status != 0 && result.text.contains(hint), "\(arguments): \(result.text)")
  }

  /// A loss of one's own choice is descended, measured, remembered and refused where it does not fit.
  @Test func aLossIsChosen() throws {
    // One price in twenty is a slip by a factor of a hundred.
    try write("prices.csv", rows: 400, "a,b,price") {
      let (a, b) = (sin(Double($0) * 1.7), cos(Double($0) * 2.3))
      return "\(a),\(b),\((10 + 3 * a - 2 * b) * ($0 % 20 == 3 ? 100 : 1))"
    }
    func mae(_ loss: String) throws -> Double {
      let (status, text) = try run(
        "train prices.csv --epochs 60 --out \(loss) --replace --quiet --loss \(loss) --patience 0")
      #expect(status == 0, "\(text)")
      #expect(text.contains("on \(loss); ") == (loss != "squaredError"))
      #expect(text.contains("training part's \(loss == "squaredError" ? "mean" : "median"): "))
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("validation after") })
      return try #require(Double(line.matches(of: /MAE ([0-9.e+]+)/)[0].output.1))
    }
    let (squares, distances) = (try mae("squaredError"), try mae("absoluteError"))
    #expect(distances < 0.9 * squares, "\(distances) \(squares)")
    let configuration = try String(contentsOfFile: folder + "/absoluteError/config.yaml", encoding: .utf8)
    #expect(configuration.contains("loss: absoluteError"))
    let longer = try run("train --resume absoluteError --epochs 62 --quiet")
    #expect(longer.status == 0 && longer.text.contains("on absoluteError; "), "\(longer.text)")
    #expect(try run("train --resume absoluteError --epochs 63 --loss huber --quiet").text.contains("--loss"))
    #expect(try run("predict absoluteError prices.csv --out p.csv").status == 0)
    #expect(try run("evaluate absoluteError prices.csv").text.contains("MAE"))
    for (name, measure) in [("absoluteError", "MAE"), ("squaredError", "RMSE")] {
      #expect(try run("explain \(name)").text.contains(measure))
    }

    try write("kinds.csv", rows: 120, "a,b,kind") {
      "\(sin(Double($0) * 1.7)),\(cos(Double($0) * 2.3)),\(sin(Double($0) * 1.7) > 0 ? "up" : "down")"
    }
    for (name, loss, word) in [
      ("prices.csv", "crossEntropy", "takes classes"), ("kinds.csv", "huber", "takes numbers"),
      ("kinds.csv", "mse", "here it is squaredError"),
    ] {
      let (status, text) = try run("train \(name) --loss \(loss) --out bad --quiet")
      #expect(status != 0 && text.contains(word), "\(text)")
    }
    #expect(
      try run("train kinds.csv --loss stableMax --watch calibration --epochs 1 --out bad --quiet").text.contains(
        "stableMax has others"))
    // Probabilities are those of the loss: none of a softmax's.
    #expect(try run("train kinds.csv --loss stableMax --epochs 20 --out kinds --quiet").status == 0)
    #expect(try run("predict kinds kinds.csv --out k.csv").status == 0)
    let rows = try String(contentsOfFile: folder + "/k.csv", encoding: .utf8).split(separator: "\n").dropFirst()
    for row in rows {
      let cells = row.split(separator: ",").compactMap { Double($0) }.suffix(2)
      #expect(abs(cells.reduce(0, +) - 1) < 1e-6)
    }
  }

  /// A run with the default chain moves in all epochs, also in those that were added.
  @Test func aDefaultRunIsMadeLonger() throws {
    try prices("prices.csv")
    #expect(try run("train prices.csv --epochs 3 --keep last --out run --quiet").status == 0)
    let longer = try run("train --resume run --epochs 9 --quiet")
    #expect(longer.status == 0 && longer.text.contains("the default schedule is stretched to 9 epochs"))
    let log = try String(contentsOfFile: folder + "/run/log.jsonl", encoding: .utf8)
    let rates = log.matches(of: /"optimizer.learningRate":([^,}]*)/).compactMap { Double($0.output.1) }
    #expect(rates.count == 9 && rates.allSatisfy { $0 > 0 })
    // Again, and nothing is another.
    let model = try Data(contentsOf: URL(fileURLWithPath: folder + "/run/model.safetensors"))
    let again = try run("train --resume run --quiet")
    #expect(again.status == 0 && !again.text.contains("stretched"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder + "/run/model.safetensors")) == model)
  }

  /// A chain of one's own that has ended is not, and the chain that would be is told.
  @Test func anEndedChainIsRefused() throws {
    try prices("prices.csv")
    let chain = "adam | rate cosine(0.003, 3epochs)"
    #expect(try start(["train", "prices.csv", "--chain", chain, "--out", "run", "--quiet"]).status == 0)
    let refused = try run("train --resume run --epochs 6 --quiet")
    let parts = refused.text.components(separatedBy: "\"")
    #expect(refused.status != 0 && parts.count == 3 && parts[0].hasSuffix("nothing would move. Give --chain "))
    #expect(try start(["train", "--resume", "run", "--chain", parts[1], "--quiet"]).status == 0)
    let log = try String(contentsOfFile: folder + "/run/log.jsonl", encoding: .utf8)
    #expect(log.components(separatedBy: "\"event\":\"epoch\"").count == 7 && log.contains("in place of"))
    let idle = try start(["train", "prices.csv", "--chain", chain, "--epochs", "5", "--out", "idle", "--quiet"])
    #expect(idle.status == 0 && idle.text.contains("rate is 0 in the last 2 of 5 epochs"))
  }

  /// Data are found from another folder, and where they are not it is said where they were looked for.
  @Test func runsAreUsedFromElsewhere() throws {
    try prices("prices.csv")
    try FileManager.default.createDirectory(atPath: folder + "/elsewhere", withIntermediateDirectories: true)
    #expect(try run("train prices.csv --epochs 2 --out run --quiet").status == 0)
    for command in ["evaluate ../run", "train --resume ../run --epochs 3 --quiet", "explain ../run --repeats 2"] {
      let result = try run(command, in: "elsewhere")
      #expect(result.status == 0, "\(command): \(result.text)")
    }
    try FileManager.default.moveItem(atPath: folder + "/prices.csv", toPath: folder + "/moved.csv")
    let lost = try run("evaluate ../run", in: "elsewhere")
    #expect(lost.status != 0 && lost.text.contains("there is no file prices.csv; looked in "))
    #expect(lost.text.contains("where the run was started"))
  }

  /// A folder that is taken names what can be done; one of a run that diverged is not to be gone on with.
  @Test func takenFoldersSayWhatToDo() throws {
    try prices("prices.csv", rows: 60)
    #expect(try run("train prices.csv --epochs 1 --out run --quiet").status == 0)
    let taken = try run("train prices.csv --epochs 1 --out run --quiet")
    #expect(taken.status != 0 && taken.text.contains("--replace") && taken.text.contains("--resume run"))
    #expect(try start(["train", "prices.csv", "--chain", "rate 1e30", "--out", "wild", "--quiet"]).status != 0)
    let wild = try run("train prices.csv --epochs 1 --out wild --quiet")
    #expect(wild.status != 0 && wild.text.contains("its run failed") && !wild.text.contains("--resume"))
    #expect(try run("train prices.csv --epochs 1 --out wild --quiet --replace").status == 0)
  }

  /// Slips of the file and rows that are tested though they train stand in what train says at the start.
  @Test func whatMayBeWrongIsSaid() throws {
    func row(_ index: Int) -> String { "\(index % 40),\(sin(Double(index))),\(3 * (index % 40))" }
    try write("new.csv", rows: 30, "a,b,y") { $0 < 4 ? row(7 * $0) : "\($0),\(cos(Double($0))),\($0)" }
    try write("table.csv", "a,b,y") { row($0) }
    let known = try run("train table.csv --test new.csv --epochs 1 --out known --quiet")
    #expect(known.text.contains("new.csv: 30 rows to test, 4 of them also in the training table"), "\(known.text)")
    try write("slip.csv", "a,b,y") { $0 == 77 ? "14O,1e30,1" : row($0) }
    let doubted = try run("train slip.csv --epochs 1 --out doubted --quiet")
    let lines = doubted.text.split(separator: "\n").map(String.init)
    #expect(doubted.status == 0 && lines.count { $0.hasPrefix("  column ") } == 2, "\(doubted.text)")
    #expect(doubted.text.contains("\n  column a: 199 of 200 cells are numbers, line 79 holds \"14O\""))
    #expect(doubted.text.contains("\n  column b: 1 of 200 cells lies far from all others"))
    #expect(try run("data slip.csv").text.contains("\n  column a: 199 of 200 cells are numbers"))
  }

  /// Classes are told one by one, targets too; words of the field say what ours say.
  @Test func evaluationsTellAll() throws {
    try write("kinds.csv", "x,y,kind") { row in
      let (x, y) = (sin(Double(row) * 1.7), cos(Double(row) * 2.3))
      return "\(x),\(y),\(x * y > 0.3 ? "rare" : "common")"
    }
    let options = "--as x=numeric,y=Number --task classification --class-weights balanced"
    let trained = try run("train kinds.csv \(options) --epochs 3 --out kinds --quiet")
    #expect(trained.status == 0 && trained.text.contains("unweighted log-loss") && trained.text.contains("macro F1"))
    #expect(trained.text.contains("logistic regression: "))
    let told = try run("evaluate kinds").text
    for part in [
      "weighted log-loss", "balanced accuracy ", "average precision ", "(rare)", "ECE ", "Brier score ", "as rare",
      "support", "precision", "recall", "\n  ece ", "\n  weightedLoss ",
    ] { #expect(told.contains(part), "\(part): \(told)") }
    // The weights are those of the model, whatever is measured.
    let measured = try run("evaluate kinds kinds.csv").text
    #expect(measured.contains(", unweighted log-loss ") && measured.contains(", weighted log-loss "), "\(measured)")
    let other = try run("train kinds.csv --loss stableMax --epochs 2 --out stable --quiet")
    #expect(other.status == 0, "\(other.text)")
    let stable = try run("evaluate stable").text
    #expect(stable.contains("ECE ") && stable.contains("Brier score "), "\(stable)")
    try write("two.csv", "x,y,price,area") { row in
      let (x, y) = (sin(Double(row) * 1.7), cos(Double(row) * 2.3))
      return "\(x),\(row % 20 == 0 ? "" : "\(y)"),\(200_000 + 1000 * x),\(80 + y)"
    }
    let numbers = "--target price,area --missing drop --task regression"
    let several = try run("train two.csv \(numbers) --epochs 3 --out two --quiet")
    for part in ["mean R² ", " of 2 targets", "\n  price: RMSE ", "\n  area: RMSE "] {
      #expect(several.text.contains(part), "\(part): \(several.text)")
    }
    let evaluated = try run("evaluate two").text
    #expect(evaluated.contains("\n  area: RMSE ") && evaluated.contains("\n  mae/price "))
    #expect(try run("explain two --repeats 2").text.contains("standardised RMSE"))
    let predicted = try run("predict two two.csv --out predictions.csv")
    #expect(predicted.text.contains("10 of 200 rows lack cells (y)") && predicted.text.contains("200 predictions"))
    // Classes are the labels as they are written, and what lies far outside is counted.
    let labels = ["1089234567890123457", "1089234567890123458", "1089234567890124999"]
    try write("long.csv", "x,label") { "\($0 % 50),\(labels[$0 % 3])" }
    #expect(try run("train long.csv --epochs 1 --out long --quiet").status == 0)
    try write("far.csv", rows: 4, "x,z") { "\($0 == 0 ? "1e9" : "\($0)"),1" }
    let far = try run("predict long far.csv --header yes --decimal point").text
    #expect(far.contains("far.csv: 1 cell of x far outside of what training saw"), "\(far)")
    #expect(far.contains("prediction,probability:\(labels[0]),probability:\(labels[1])"), "\(far)")
    #expect(try run("evaluate long long.csv").status == 0)
    let unknown = try run("train kinds.csv --as x=cat --out none")
    #expect(unknown.status != 0 && unknown.text.contains("the kinds are number, category, date, text"))
  }
}
