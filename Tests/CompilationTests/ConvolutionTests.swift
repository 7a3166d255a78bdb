import Compilation
import Differentiation
import TestSupport
import Testing

/// Convolutions of many shapes in float32, where a library chooses among many kernels, against float64, which is our own.
@Suite struct ConvolutionTests {
  /// A shape, drawn from all that the kernels tell apart: channels that fill no vector, odd images, steps over them.
  private struct Case: CustomStringConvertible {
    var (height, width, channels, features, batch) = (0, 0, 0, 0, 0)
    var (size, stride, dilation, groups, padding) = (1, 1, 1, 1, 0)

    init(_ seed: Int) {
      let rolls = RandomKey(seed: seed).integers(count: 10, below: 1 << 20)
      func pick(_ position: Int, _ items: [Int]) -> Int { items[rolls[position] % items.count] }
      size = pick(0, [1, 1, 2, 3, 3, 5])
      stride = pick(1, [1, 2, 2, 3])
      dilation = size > 1 ? pick(2, [1, 1, 1, 2]) : 1
      groups = pick(3, [1, 1, 1, 1, 2, 4])
      channels = groups * pick(4, [1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 32])
      features = groups * pick(5, [1, 2, 3, 4, 5, 7, 8, 10, 16, 20, 32])
      padding = pick(6, [0, size / 2, size / 2, size - 1])
      let span = (size - 1) * dilation + 1
      height = span + pick(7, [0, 1, 4, 7, 8, 11])
      width = span + pick(8, [0, 1, 5, 7, 8, 11, 13])
      batch = pick(9, [1, 2, 5])
    }

    var description: String {
      "\(batch) x \(height) x \(width) x \(channels), \(size) x \(size) -> \(features), stride \(stride), "
        + "dilation \(dilation), groups \(groups), padding \(padding)"
    }

    /// Value and both gradients.
    func results(_ type: ElementType) throws -> [NDArray] {
      let shapes: [Shape] = [[batch, height, width, channels], [size, size, channels / groups, features]]
      let inputs = shapes.enumerated().map { RandomKey(seed: $0).normal($1, .float32).converted(to: type) }
      let program = try Program(inputs: inputs.map { TensorType(of: $0) }) { graph, x in
        let y = x[0].convolved(
          with: x[1], strides: stride, padding: .explicit(padding), dilation: dilation, groups: groups)
        let cotangent = graph.constant(RandomKey(seed: 3).normal(y.shape, .float32).converted(to: type))
        return [y] + gradients(of: dot(y, cotangent), withRespectTo: x)
      }
      // Twice: working memory then holds what the first run left.
      _ = try program.run(inputs)
      return try program.run(inputs).map { $0.converted(to: .float64) }
    }
  }

  @Test(arguments: 0..<40) func float32AgreesWithFloat64(_ part: Int) throws {
    for seed in part * 10..<part * 10 + 10 {
      let shape = Case(seed)
      let error = Deviation.worst(of: try shape.results(.float32), from: try shape.results(.float64))
      // Sums of up to 5 x 24 x 24 terms, relative to the largest; Winograd's transforms round twice as much.
      #expect(error < rounding(.float32, terms: drift(of: 5 * 24 * 24), condition: 2), "\(shape), seed \(seed)")
    }
  }
}
