import Compilation
import Foundation
import TestSupport
import Testing

/// float64 through OpenBLAS and LAPACK: shared rows, and bits that depend on no thread.
@Suite(.serialized) struct DoublePrecisionTests {
  /// The product of [240, 300] and [300, 70], from operands that lie as they are or transposed.
  private func product(threads: Int, isTransposed: Bool) throws -> NDArray {
    let before = Engine.threadCount
    defer { Engine.setThreadCount(before) }
    Engine.setThreadCount(threads)
    let a = RandomKey(seed: 1).normal(isTransposed ? [300, 240] : [240, 300], .float64)
    let b = RandomKey(seed: 2).normal(isTransposed ? [70, 300] : [300, 70], .float64)
    let program = try Program(inputs: [a, b].map { TensorType(of: $0) }) { _, x in
      isTransposed ? [x[0].transposed().matmul(x[1].transposed())] : [x[0].matmul(x[1])]
    }
    return try program.run([a, b])[0]
  }

  @Test(arguments: [1, 2, 3, 7], [false, true]) func sharedRowsAgreeWithPlainSums(_ threads: Int, _ isTransposed: Bool)
    throws
  {
    let result = try product(threads: threads, isTransposed: isTransposed).doubles
    let a = RandomKey(seed: 1).normal(isTransposed ? [300, 240] : [240, 300], .float64).doubles
    let b = RandomKey(seed: 2).normal(isTransposed ? [70, 300] : [300, 70], .float64).doubles
    let worst = (0..<240 * 70).map { index -> Double in
      let (i, j) = (index / 70, index % 70)
      let sum = (0..<300).reduce(0.0) {
        $0 + (isTransposed ? a[$1 * 240 + i] * b[j * 300 + $1] : a[i * 300 + $1] * b[$1 * 70 + j])
      }
      return abs(result[index] - sum)
    }.max()!
    // Sums of 300 products of normal numbers are four deviations of √300 at most.
    #expect(worst < rounding(terms: drift(of: 300), scale: 4 * 300.0.squareRoot()))
    #expect(try product(threads: 4, isTransposed: isTransposed).doubles == result)
  }

  /// Another thread that changes its own number of threads changes no bit of this one's results.
  @Test func otherThreadsChangeNoBits() throws {
    let matrix = RandomKey(seed: 3).normal([4, 4], .float64)
    let symmetric = try LinearAlgebra.product(matrix, matrix)
    let tall = RandomKey(seed: 4).normal([60, 40], .float64)
    let side = RandomKey(seed: 5).normal([4, 3], .float64)
    func results() throws -> [[Double]] {
      let (u, s, vT) = try LinearAlgebra.singularValueDecomposition(of: tall)
      let (values, vectors) = try LinearAlgebra.symmetricEigen(of: symmetric)
      return try [
        u.doubles, s.doubles, vT.doubles, values.doubles, vectors.doubles,
        LinearAlgebra.solve(matrix, side).doubles, LinearAlgebra.product(tall, tall.rows(0..<40)).doubles,
      ]
    }
    let expected = try results()
    let isOver = Flag()
    let other = Thread {
      var count = 0
      while !isOver.isSet {
        count += 1
        Engine.setThreadCount(1 + count % 3)
        usleep(50)
      }
      isOver.acknowledge()
    }
    other.start()
    var differing = 0
    for _ in 0..<300 where try results() != expected { differing += 1 }
    isOver.set()
    isOver.wait()
    #expect(differing == 0)
  }

  private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private let ended = DispatchSemaphore(value: 0)
    private var value = false
    var isSet: Bool { lock.withLock { value } }
    func set() { lock.withLock { value = true } }
    func acknowledge() { ended.signal() }
    func wait() { ended.wait() }
  }
}
