import ArgumentParser
import Descent
import Foundation

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Checks the machine: libraries, kernels, gnuplot, data.")

  func run() throws {
    var isWell = true
    func check(_ name: String, _ body: () throws -> String) {
      do { print("ok    \(name): \(try body())") } catch {
        isWell = false
        print("fails \(name): \(error)")
      }
    }
    for (name, version) in RunSession.libraries.sorted(by: { $0.key < $1.key }) { check(name) { version } }
    check("instructions") { "\(Engine.instructionSet), \(Engine.threadCount) threads" }
    check("float32 product") {
      let n = 512
      let program = try Program(inputs: [TensorType([n, n]), TensorType([n, n])]) { _, x in [x[0].matmul(x[1])] }
      let a = RandomKey(seed: 1).normal([n, n])
      _ = try program.run([a, a])
      let start = Date()
      for _ in 0..<20 { _ = try program.run([a, a]) }
      return String(format: "%.0f GFLOP/s", 20 * program.flops / Date().timeIntervalSince(start) / 1e9)
    }
    check("derivatives") {
      let program = try Program(inputs: [TensorType([], .float64)]) { _, x in
        gradients(of: gradients(of: sin(x[0]), withRespectTo: x)[0], withRespectTo: x)
      }
      let error = abs(try program.run([NDArray(0.5)])[0].item + Foundation.sin(0.5))
      guard error < 1e-14 else { throw SettingsError("sin'' is off by \(error)") }
      return "the second derivative of sin is -sin"
    }
    check("gnuplot") {
      _ = try Gnuplot()
      return "on the PATH"
    }
    check("data") {
      let locator = DataLocator(environment: ProcessInfo.processInfo.environment)
      let here = try CatalogueEntry.all.map(\.name).filter { try locator.folder(of: $0) != nil }
      guard !here.isEmpty else { throw SettingsError("no known data set is here: see \(ProgramName.text) data") }
      return here.joined(separator: ", ")
    }
    if !isWell { throw ExitCode(1) }
  }
}
