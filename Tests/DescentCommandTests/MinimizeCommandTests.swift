import Foundation
import TestSupport
import Testing

/// A function of one's own from the command line: its table, its end, its report, its errors.
@Suite(.serialized) struct MinimizeCommandTests {
  private let temporary = TemporaryFolder()

  @Test func aFormulaIsDescended() throws {
    let out = temporary.path + "/valley"
    let arguments = ["minimize", "100*(y - x^2)^2 + (1 - x)^2", "--from", "x=-1.2, y=1", "--updates", "3000"]
    let result = try Command.run(
      arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5], "--chain",
      "linesearch trials=16 (momentum 0.9 | rate 0.05)", "--chain", "rate 10", "--out", out)
    #expect(result.status == 0, "\(result.text)")
    for part in [
      "0 updates", "3000 updates", "24.2", "rate 10.0 broke down", "lowest by linesearch", "x = 1, y = 1",
      "curvatures 0.3994 to 1002", "bends up in all directions", "report: ",
    ] { #expect(result.text.contains(part), "\(part): \(result.text)") }
    let page = try String(contentsOfFile: out + "/report.html", encoding: .utf8)
    for part in ["values.csv", "paths.csv", "lowest by linesearch"] { #expect(page.contains(part), "\(part)") }
    let paths = try String(contentsOfFile: out + "/report-data/paths.csv", encoding: .utf8)
    #expect(paths.contains("-1.2,1"))
    // A folder that holds a run is not written over, but where that is asked for.
    let again = try Command.run("minimize", "x^2", "--from", "x=1", "--out", out)
    #expect(again.status != 0 && again.text.contains("--replace"), "\(again.text)")
    let replaced = try Command.run("minimize", "x^2", "--from", "x=1", "--out", out, "--replace")
    #expect(replaced.status == 0, "\(replaced.text)")
  }

  /// A formula may begin with a minus; a script sees that no descent came to an end.
  @Test func whatAScriptSees() throws {
    let cosine = try Command.run("minimize", "-cos(x)", "--from", "x=1", "--chain", "rate 0.5", "--updates", "50")
    #expect(cosine.status == 0 && cosine.text.contains("-1 at x ="), "\(cosine.text)")
    let out = temporary.path + "/lost"
    let lost = try Command.run("minimize", "x^4", "--from", "x=10", "--chain", "rate 1", "--out", out)
    #expect(lost.status == 1 && lost.text.contains("no descent came to an end"), "\(lost.text)")
    #expect(FileManager.default.fileExists(atPath: out + "/report.html"))
  }

  /// A formula that begins with a minus is one wherever it stands; ends are saved in full, and descents of one text are told apart.
  @Test(arguments: [
    ["-x", "--from", "x=1"], ["--from", "x=1", "-x"], ["--from=x=1", "-cos(x)"],
    ["--from", "x=1", "--updates", "3", "-x+x^2"],
    ["-o", "--from", "o=1"], ["--replace", "-x", "--from", "x=1"],
  ])
  func aMinusBeginsAFormula(_ arguments: [String]) throws {
    let out = temporary.path + "/minus"
    let updates = arguments.contains("--updates") ? [] : ["--updates", "3"]
    let result = try Command.run(
      all: ["minimize"] + arguments + updates + ["--chain", "rate 0.1", "--chain", "rate 0.1", "--out", out])
    #expect(result.status == 0, "\(result.text)")
    let ends = try String(contentsOfFile: out + "/report-data/ends.csv", encoding: .utf8).split(separator: "\n")
    #expect(ends[0] == "descent,method,variable,index,value" && ends.count == 3)
    #expect(ends[1].hasPrefix("1,\"rate 0.1\",\(arguments.contains("-o") ? "o" : "x"),,"))
    let values = try String(contentsOfFile: out + "/report-data/values.csv", encoding: .utf8)
    #expect(values.contains("\"rate 0.1\"") && values.contains("\"rate 0.1 (2)\""))
  }

  /// What descends on the formula and more is not judged by the formula.
  @Test func anL1EndIsNotCalledRestless() throws {
    let result = try Command.run("minimize", "(x-3)^2 + (y-0.2)^2", "--from", "x=1, y=1", "--chain", "rate 0.1 | l1 1")
    #expect(result.text.contains("1 of 2 numbers at 0; l1 adds") && !result.text.contains("at rest"), "\(result.text)")
  }

  /// What cannot be does not take away what is there.
  @Test func aReportIsReplacedByAnotherOnly() throws {
    let out = temporary.path + "/kept"
    #expect(try Command.run("minimize", "x^2", "--from", "x=1", "--out", out).status == 0)
    let before = try String(contentsOfFile: out + "/config.yaml", encoding: .utf8)
    let wrong = try Command.run(
      "minimize", "x^2", "--from", "x=1", "--chain", "polar | rate 1", "--out", out, "--replace")
    #expect(wrong.status != 0 && wrong.text.contains("polar is for matrices"), "\(wrong.text)")
    #expect(try String(contentsOfFile: out + "/config.yaml", encoding: .utf8) == before)
    #expect(FileManager.default.fileExists(atPath: out + "/report.html"))
  }

  /// Options of other programs are answered by what says the same here.
  @Test(arguments: [
    ("--rate", "stands in the chain: --chain"), ("--lr", "stands in the chain"), ("--steps", "--updates 1000"),
    ("--learning-rate", "stands in the chain"), ("--optimizer", "stands in the chain"), ("--epochs", "--updates 1000"),
    ("--x0", "--from"), ("--max-iter", "--updates"), ("--loss", "the function stands alone"),
  ])
  func foreignOptionsAreAnswered(_ option: String, _ answer: String) throws {
    let result = try Command.run("minimize", "x^2", "--from", "x=1", option, "0.1")
    #expect(result.status != 0 && result.text.contains("there is no option \(option); "), "\(result.text)")
    #expect(result.text.contains(answer) && !result.text.contains("Did you mean"), "\(result.text)")
    if answer.contains("chain") {
      let other = try Command.run("lm", "train", "model.gguf", "text.txt", option, "0.1")
      #expect(other.text.contains("stands in the chain: --chain"), "\(other.text)")
    }
  }

  /// A report that its command has drawn is found by `report`, and descents that stand still are named.
  @Test func aFinishedReportIsNamed() throws {
    let out = temporary.path + "/finished"
    let run = try Command.run(
      "minimize", "norm(x)^2 + y", "--from", "x=[0, 0], y=1", "--chain", "finite | rate 0.1", "--chain",
      "groups (x: finite (rate 0.1); y: rate 0.1)", "--updates", "5", "--out", out)
    #expect(run.text.contains("finite | rate 0.1 never left its start: all 5 updates were skipped"), "\(run.text)")
    #expect(run.text.contains("skipped 5 of 5 updates"), "\(run.text)")
    let report = try Command.run("report", out)
    #expect(report.status == 0 && report.text.contains("report: \(out)/report.html"), "\(report.text)")
  }

  @Test func mistakesAreNamedAndLeaveNothing() throws {
    let out = temporary.path + "/wrong"
    for (formula, start, chain, hint) in [
      ("x**2", "x=1", "rate 0.1", "x^2"), ("x^2", "y=1", "rate 0.1", "x has no start"),
      ("x^2", "x=1", "rat 0.1", "did you mean rate?"),
      ("x^2", "x=1", "momentum 0.9", "rate"), ("log(x)", "x=-1", "rate 0.1", "the value at the start is"),
    ] {
      let result = try Command.run("minimize", formula, "--from", start, "--chain", chain, "--out", out)
      #expect(result.status != 0 && result.text.contains(hint), "\(formula): \(result.text)")
      #expect(!FileManager.default.fileExists(atPath: out), "\(formula)")
    }
    let many = try Command.run("minimize", "x^2", "--from", "x=1", "--updates", "0")
    #expect(many.status != 0 && many.text.contains("--updates must be between 1"))
  }
}
