import Foundation
import Training

@main struct DescentCommand {
  static func main() throws {
    for w in Workload.all {
      let t0 = Date()
      var (program, arguments) = try w.compiledStep()
      let compile = Date().timeIntervalSince(t0)
      for _ in 0..<3 { _ = try program.run(updating: &arguments) }
      var best = [Double]()
      let reps = w.name == "tiny" ? 500 : w.name == "mlp" ? 50 : 5
      var loss = 0.0
      for _ in 0..<5 {
        let t = Date()
        for _ in 0..<reps { loss = try program.run(updating: &arguments)[0].item }
        best.append(Date().timeIntervalSince(t) / Double(reps) * 1000)
      }
      print(
        w.name, best.sorted()[2], "ms; compile", compile, "calls", program.callCount, "MB",
        program.workingByteCount >> 20, "loss", loss, "GF/s", program.flops / best.sorted()[2] / 1e6)
      if CommandLine.arguments.contains(w.name) {
        let p = try program.profile(arguments, runs: 5)
        for e in p.sorted(by: { $0.seconds > $1.seconds }).prefix(40) {
          print(String(format: "%8.1f us  %6.1f GF/s ", e.seconds * 1e6, e.flops / e.seconds / 1e9), e.name)
        }
      }
    }
  }
}
