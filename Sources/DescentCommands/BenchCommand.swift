import ArgumentParser
import Descent
import Foundation

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measures one training step of known workloads.",
    discussion: """
      Prints one JSON line a workload: the median of 5 rounds after a warm-up, compile time, working memory, floating-point \
      operations. make bench measures the same steps in PyTorch and JAX beside it.
      """)

  @Argument(
    help: """
      Workloads: tiny, mlp, resnet8, gpt, resnet18, or product (the rate of a large matrix product) or control (TD3 with its \
      environment) or meta (an outer step of MAML; behind it sgd-1, sgd-5, sgd-1-first, sgd-5-first or adam-5 name some of \
      its inner loops) or many (small perceptrons at once on one thread; behind it networks and numbers of seeds); the first \
      four when none is named.
      """)
  var workloads: [String] = []
  @Option(
    help: """
      With meta: a safetensors file of weights and tasks, of which the outer loss and the norms of its gradient are \
      printed, not the time.
      """)
  var values: String?
  @Option(help: "With --values: a safetensors file that takes the outer gradients.")
  var gradients: String?
  @Flag(help: "Time of each kind of kernel call, the slowest first, with the number of calls.")
  var profile = false
  @Option(help: "Threads; all cores when not given.")
  var threads: Int?

  func validate() throws {
    try CountOption.check(["--threads": threads], most: CountOption.mostThreads)
    if values != nil, workloads.first != "meta" { throw ValidationError("--values goes with the workload meta") }
    if gradients != nil, values == nil { throw ValidationError("--gradients goes with --values") }
    if profile, values != nil || workloads == ["product"] {
      throw ValidationError("--profile goes with a measured step: not with --values or product")
    }
    if threads != nil, workloads.first == "many" { throw ValidationError("many has one thread; leave --threads out") }
  }

  func run() throws {
    if let threads { Engine.setThreadCount(threads) }
    let known = Workload.all + [Workload.resNet18(batch: 64)]
    if workloads == ["product"] { return try measureProduct() }
    if workloads.first == "meta" { return try runMeta() }
    if workloads.first == "many" { return try ManyBench.measure(Array(workloads.dropFirst()), profile: profile) }
    if workloads == ["control"] { return try ControlBench.measure(profile: profile) }
    for name in workloads where !known.contains(where: { $0.name == name }) {
      throw SettingsError("there is no workload \(name); \(NearestName.hint(name, among: known.map(\.name)))")
    }
    let chosen = workloads.isEmpty ? Workload.all : known.filter { workloads.contains($0.name) }
    for workload in chosen { try measure(workload) }
  }

  private func runMeta() throws {
    let benches = try MetaBench.named(Array(workloads.dropFirst()))
    if let values { return try MetaBench.printValues(benches, of: values, gradients: gradients) }
    for bench in benches { try bench.measure(profile: profile) }
  }

  /// The rate of a large product: what a step could do at best.
  private func measureProduct() throws {
    let n = 2048
    let program = try Program(inputs: [TensorType([n, n]), TensorType([n, n])]) { _, x in [x[0].matmul(x[1])] }
    let a = RandomKey(seed: 1).normal([n, n])
    var arguments = [a, a]
    _ = try program.run(updating: &arguments)
    let seconds = try (0..<10).map { _ -> Double in
      let start = Date()
      _ = try program.run(updating: &arguments)
      return Date().timeIntervalSince(start)
    }
    printAtOnce("{\"workload\": \"product\", \"gigaflopsPerSecond\": \(program.flops / seconds.sorted()[5] / 1e9)}")
  }

  private func measure(_ workload: Workload) throws {
    let begin = Date()
    let step = try workload.trainingStep()
    let compile = Date().timeIntervalSince(begin)
    let (program, inputs) = (step.program, workload.inputs)
    for _ in 0..<3 { try step.advance(inputs) }
    let repetitions = workload.name == "tiny" ? 500 : workload.name == "mlp" ? 50 : workload.name == "resnet18" ? 2 : 5
    var rounds: [Double] = []
    for _ in 0..<5 {
      let start = Date()
      for _ in 0..<repetitions { try step.advance(inputs) }
      rounds.append(Date().timeIntervalSince(start) / Double(repetitions))
    }
    let median = rounds.sorted()[2]
    let values = [
      "\"milliseconds\": \(String(format: "%.4f", median * 1000))",
      "\"compileSeconds\": \(String(format: "%.3f", compile))",
      "\"workingMegabytes\": \(String(format: "%.1f", Double(program.workingByteCount) / 1_048_576))",
      "\"gigaflops\": \(String(format: "%.3f", program.flops / 1e9))", "\"calls\": \(program.callCount)",
      "\"peakMegabytes\": \((RunEnvironment.peakMemory() ?? 0) / 1_048_576)",
    ]
    printAtOnce("{\"peer\": \"descent\", \"workload\": \"\(workload.name)\", \(values.joined(separator: ", "))}")
    if profile { ProfileTable(try step.profile(inputs, runs: 10)).print() }
  }
}
