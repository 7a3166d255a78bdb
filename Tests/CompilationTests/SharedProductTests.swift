import Compilation
import TestSupport
import Testing

/// Products whose rows go to several threads, each of which multiplies its own.
@Suite(.serialized) struct SharedProductTests {
  private let a = RandomKey(seed: 1).normal([300, 240])
  private let b = RandomKey(seed: 2).normal([300, 70])
  private let tall = RandomKey(seed: 3).normal([2100, 40])
  private let velocity = RandomKey(seed: 4).normal([240, 70])

  /// a^T b, tall b', and 0.5 v + a^T b in the velocity's memory.
  private func program() throws -> Program {
    try Program(
      inputs: [a, b, tall, velocity].map { TensorType(of: $0) }, donating: [3: 2]
    ) { _, x in
      let right = x[1].slice(0..<40, axis: 0)
      let product = x[0].transposed().matmul(x[1])
      return [product * 2, x[2].matmul(right), 0.5 * x[3] + (x[0] * 1.5).transposed().matmul(x[1])]
    }
  }

  private func expected() -> [[Double]] {
    func product(_ a: NDArray, _ b: NDArray, rows: Int, columns: Int, inner: Int, _ at: (Int, Int) -> Int) -> [Double] {
      let (x, y) = (a.doubles, b.doubles)
      return (0..<rows * columns).map { index in
        let (i, j) = (index / columns, index % columns)
        return (0..<inner).reduce(0) { $0 + x[at(i, $1)] * y[$1 * columns + j] }
      }
    }
    let first = product(a, b, rows: 240, columns: 70, inner: 300) { i, l in l * 240 + i }
    let second = product(tall, b, rows: 2100, columns: 70, inner: 40) { i, l in i * 40 + l }
    let third = zip(velocity.doubles, first).map { 0.5 * $0 + 1.5 * $1 }
    return [first.map { $0 * 2 }, second, third]
  }

  /// Compiled for so many threads, run on as many and on fewer.
  @Test(arguments: [(1, 1), (2, 2), (3, 1)]) func agreesWithPlainSums(_ threads: (compiled: Int, run: Int))
    throws
  {
    let before = Engine.threadCount
    defer { Engine.setThreadCount(before) }
    Engine.setThreadCount(threads.compiled)
    let program = try program()
    Engine.setThreadCount(threads.run)
    var arguments = [a, b, tall, RandomKey(seed: 4).normal([240, 70])]
    let fresh = try program.run(arguments)
    let others = try program.run(updating: &arguments)
    #expect(fresh[0] == others[0] && fresh[1] == others[1] && fresh[2] == arguments[3])
    for (result, values) in zip(fresh, expected()) {
      let worst = zip(result.doubles, values).map { abs($0 - $1) }.max()!
      let scale = values.map { abs($0) }.max()!
      #expect(worst < rounding(.float32, terms: drift(of: 300), scale: scale), "\(threads): \(worst) of \(scale)")
    }
    let names = try program.profile(arguments, runs: 1).map(\.name)
    #expect(names.contains { $0.contains("accumulated") })
  }
}
