import ArgumentParser
import Descent
import Foundation

/// How the cost of training grows with the size of a batch, a network, a table.
struct GrowthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth", abstract: "Measures how the cost of training grows with batch, network and table.",
    discussion: """
      AXES are batch, width, depth, columns, classes and rows; the first three when none is named:
        \(ProgramName.text) growth
        \(ProgramName.text) growth depth --most 200
        \(ProgramName.text) growth columns classes rows
      All but rows measure one step of SGD with momentum of a multi-layer perceptron of 256 inputs and 10 classes (batch \
      128, width 512, 3 hidden layers unless varied), and the time to compile it. rows measures an epoch of a perceptron of \
      two hidden layers of 64 units over a table of 8 columns, in batches of 512, with the process's largest memory. The \
      exponent is the slope of log time against log size over the largest four sizes, with a 95 % interval (Student's t). A \
      size that the memory does not hold is left out, and one that others disturbed is measured again. With --derivatives: the time to compile derivatives of first and second \
      order of a GPT of width 576, by depth.
      """)

  @Argument(help: "batch, width, depth, columns, classes, rows.")
  var axes: [String] = []
  @Option(help: "The largest size: sizes beyond it are left out, and those up to it are doubled.")
  var most: Int?
  @Option(help: "Threads; all cores when not given.")
  var threads: Int?
  @Option(help: "Rounds a size, of which the median counts; 9 when not given.")
  var rounds: Int?

  @Flag(help: "The time to compile derivatives of first and second order instead.")
  var derivatives = false

  func validate() throws {
    try CountOption.check(["--rounds": rounds], most: 10_000)
    try CountOption.check(["--threads": threads], most: CountOption.mostThreads)
    if let most, most < 1 || most > 1_000_000_000 {
      throw ValidationError("--most must be between 1 and a thousand million and is \(most)")
    }
    if derivatives, !axes.isEmpty || most != nil || rounds != nil {
      throw ValidationError("--derivatives has depths and rounds of its own: leave out axes, --most and --rounds")
    }
  }

  func run() throws {
    let chosen = try axes.map { name in
      guard let axis = GrowthAxis(rawValue: name) else {
        let hint = NearestName.hint(name, among: GrowthAxis.allCases.map(\.rawValue))
        throw SettingsError("there is no axis \(name); \(hint)")
      }
      return axis
    }
    if let threads { Engine.setThreadCount(threads) }
    if derivatives { return try DerivativeGrowth.printTable() }
    let all = chosen.isEmpty ? [.batch, .width, .depth] : chosen
    let sizeCount = all.reduce(0) { $0 + $1.sizes(most: most).count }
    let watch = DisturbanceWatch(repeats: sizeCount, noun: "sizes")
    let stopwatch = Stopwatch(rounds: rounds ?? 9, watch: watch)
    printAtOnce("\(RunEnvironment.processor), \(Engine.threadCount) threads\n")
    let steps = all.filter { $0 != .rows }
    var omissions: [String] = []
    if !steps.isEmpty { omissions += try StepGrowth.printTable(steps, most: most, stopwatch) }
    if all.contains(.rows) {
      // A table of its own begins behind an empty line.
      if !steps.isEmpty { print("") }
      omissions += try RowGrowth.printTable(most: most, stopwatch)
    }
    print("\n" + (omissions + [watch.summary]).joined(separator: "\n"))
  }
}
