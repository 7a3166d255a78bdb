import Compilation
import Differentiation
import Foundation
import Synchronization
import TestSupport
import Testing

/// A step that finds the threads busy works alone, all in one piece: no bit of its results may tell.
@Suite(.serialized) struct BusyThreadsTests {
  typealias Function = @Sendable ([Tensor]) -> Tensor

  private static let scores: Function = { x in
    let labels = x[0].graph.constant(NDArray((0..<600).map { Int32($0 % 40) }))
    return softmaxCrossEntropy(x[0].matmul(x[1]), labels: labels).sum()
  }

  private static let cases: [(name: String, type: ElementType, shapes: [Shape], function: Function)] =
    [ElementType.float32, .float64].flatMap { type -> [(String, ElementType, [Shape], Function)] in
      [
        ("product", type, [[240, 300], [300, 70]], { $0[0].matmul($0[1]).squared.sum() }),
        (
          "product of transposed matrices", type, [[300, 240], [70, 300]],
          { $0[0].transposed().matmul($0[1].transposed()).squared.sum() }
        ),
        ("long sums", type, [[20, 20000], [20000, 30]], { $0[0].matmul($0[1]).squared.sum() }),
        ("many products", type, [[33, 40, 50], [33, 50, 60]], { $0[0].matmul($0[1]).squared.sum() }),
        ("convolution", type, [[5, 18, 18, 16], [3, 3, 16, 24]], { $0[0].convolved(with: $0[1]).squared.sum() }),
        (
          "strided convolution", type, [[5, 19, 19, 16], [3, 3, 16, 24]],
          { $0[0].convolved(with: $0[1], strides: 2).squared.sum() }
        ),
        ("pooling", type, [[9, 20, 20, 16]], { $0[0].maxPooled(size: 3, stride: 2).squared.sum() }),
        ("means", type, [[9, 20, 20, 16]], { ($0[0].averagePooled(size: 2) + 1).squared.sum() }),
        ("cross-entropy", type, [[600, 30], [30, 40]], scores),
        (
          "layer norm", type, [[700, 72], [72], [72]],
          { layerNorm(gelu($0[0]), scale: $0[1], shift: $0[2]).squared.sum() }
        ),
        (
          "batch norm", type, [[4, 15, 15, 24], [24], [24]],
          { relu(batchNorm($0[0], scale: $0[1], shift: $0[2], epsilon: 1e-5).output).squared.sum() }
        ),
        ("attention", type, [[3, 70, 3, 2, 24]], { selfAttention(packed: $0[0], causal: true).squared.sum() }),
        (
          "sums of columns", type, [[3000, 37]],
          { softmax(exp($0[0]).mean([0]) * $0[0].squared.sum([0])).squared.sum() }
        ),
        (
          "running sums and order", type, [[300, 400]],
          { ($0[0].cumulativeSum(axis: 1) * $0[0].sorted()).squared.sum() }
        ),
      ]
    }

  /// Keeps the threads busy from another thread until told to stop.
  private final class Company: Sendable {
    private let isOver = Atomic(false)
    private let began = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(threads: Int) {
      let thread = Thread { [self] in
        Engine.setThreadCount(threads)
        let x = RandomKey(seed: 9).normal([1 << 18])
        let program = try? Program(inputs: [TensorType(of: x)]) { _, x in [exp(x[0]) * x[0]] }
        began.signal()
        while let program, !isOver.load(ordering: .relaxed) { _ = try? program.run([x]) }
        ended.signal()
      }
      thread.start()
      began.wait()
    }

    func stop() {
      isOver.store(true, ordering: .relaxed)
      ended.wait()
    }
  }

  @Test(arguments: cases.indices, [2, 5]) func companyChangesNoBits(_ index: Int, _ threads: Int) throws {
    let before = Engine.threadCount
    defer { Engine.setThreadCount(before) }
    Engine.setThreadCount(threads)
    let (name, type, shapes, function) = Self.cases[index]
    let inputs = shapes.enumerated().map { RandomKey(seed: 11).split($0).normal($1, type) }
    let program = try Program(inputs: inputs.map { TensorType(of: $0) }) { _, x in
      let value = function(Array(x))
      return [value] + gradients(of: value, withRespectTo: Array(x))
    }
    let expected = try program.run(inputs)
    let company = Company(threads: threads)
    defer { company.stop() }
    let differing = try (0..<40).count { _ in try program.run(inputs) != expected }
    #expect(differing == 0, "\(type) \(name)")
  }
}
