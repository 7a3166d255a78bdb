import ArgumentParser
import Descent
import Foundation

struct MinimizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "minimize",
    abstract: "Descends on a function of your own, written as a formula.",
    discussion: """
      Numbers and lists of numbers, + - * / ^, parentheses, pi, e, elements x[0] and slices x[1:] of lists, and
      \(Formula.functions.joined(separator: ", ")):
        \(ProgramName.text) minimize "100*(y - x^2)^2 + (1 - x)^2" --from "x=-1.2, y=1" --chain "adam | rate 0.03"
        \(ProgramName.text) minimize "sum(100*(x[1:] - x[:-1]^2)^2 + (1 - x[:-1])^2)" --from "x=[-1.2, 1]*5" --updates 10000 \
      --chain "momentum 0.9 | rate 0.0002" --chain "linesearch trials=16 (momentum 0.9 | rate 0.05)"
      A formula that begins with a minus may stand as it is: \(ProgramName.text) minimize "-cos(x)" --from x=1. Arithmetic is in double precision, but \
      for rates that change and the corrections of running means, which are known to seven digits. What is said at the end is of where the lowest descent ended: how the function \
      bends there, by the Hessian, and how much lower a quadratic like it would have its minimum. Bounds stand in the chain: "rate 0.1 | bounds 0 1".
      """)

  @Argument(help: "The function, as \"(x - 3)^2 + sin(y)^2\".")
  var function: String
  @Option(help: "Where each descent begins: x=-1.2, y=1, or lists, x=[1, 2], also repeated, x=[0.5]*100.")
  var from: String
  @Option(help: "A chain or method; may be repeated. \"adam | rate 0.01\" when not given.")
  var chain: [String] = []
  @Option(help: "Updates of each descent; 1000 when not given.")
  var updates = 1000
  @Option(help: "Seed of what is random in a chain, as noise.")
  var seed = 0
  @Option(help: "A folder for a report with the paths; none when not given.")
  var out: String?
  @Flag(help: "Replace an earlier run in the folder.")
  var replace = false

  func validate() throws {
    try CountOption.check(["--updates": updates])
    if replace, out == nil { throw ValidationError("--replace needs --out: without it nothing is written") }
  }

  func run() throws {
    let problem = try Minimization(try Formula(function), from: try StartPoint(from))
    let folder = try out.map { try OwnReport(in: $0, replacing: replace) }
    func account() throws -> MinimizationAccount {
      let paths = try (chain.isEmpty ? ["adam | rate 0.01"] : chain).map {
        try problem.descent(by: $0, updates: updates, seed: seed)
      }
      let account = try MinimizationAccount(problem, paths, updates: updates)
      print(account.text)
      return account
    }
    var isLost = false
    var ends = ""
    func report() throws -> Report {
      let account = try account()
      (isLost, ends) = (account.isLost, account.ends)
      return account.report
    }
    if let folder {
      try folder.write(settings: try Settings.yaml(manifest), report, data: { ["ends.csv": ends] })
    } else {
      isLost = try account().isLost
    }
    // Said already; a script must see it, too.
    if isLost { throw ExitCode.failure }
  }

  private struct Manifest: Encodable {
    var minimize: String
    var from: String
    var chains: [String]
    var updates: Int
    var seed: Int
  }

  private var manifest: Manifest {
    Manifest(minimize: function, from: from, chains: chain, updates: updates, seed: seed)
  }
}
