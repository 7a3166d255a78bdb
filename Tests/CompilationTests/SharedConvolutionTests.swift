import CKernels
import COneDNN
import Compilation
import TestSupport
import Testing

/// The library's convolutions cut by images, one part a thread, beside the same on one thread.
@Suite struct SharedConvolutionTests {
  enum Direction: CaseIterable { case forward, forwardWithBias, dataGradient, weightGradient }

  private let height = 9, width = 7
  private let channels = 16, features = 32

  private func shape(_ batch: Int) -> cd_convolution {
    cd_convolution(
      batch: Int64(batch), height: Int64(height), width: Int64(width), channels: Int64(channels), kernel_height: 3,
      kernel_width: 3, features: Int64(features), groups: 1, stride_height: 1, stride_width: 1, dilation_height: 1,
      dilation_width: 1, pad_top: 1, pad_bottom: 1, pad_left: 1, pad_right: 1, output_height: Int64(height),
      output_width: Int64(width))
  }

  private func create(_ direction: Direction, _ batch: Int) -> OpaquePointer? {
    var shape = shape(batch)
    switch direction {
    case .forward: return cd_convolution_forward_create(&shape, false, CD_IDENTITY, nil, 0)
    case .forwardWithBias: return cd_convolution_forward_create(&shape, true, CD_RELU, nil, 0)
    case .dataGradient: return cd_convolution_data_gradient_create(&shape, nil, 0)
    case .weightGradient: return cd_convolution_weight_gradient_create(&shape, nil, 0)
    }
  }

  /// What an operation writes, of two inputs one after the other: weights change from step to step.
  private func results(_ direction: Direction, batch: Int, threads: Int) throws -> [[Float]] {
    try Engine.withThreadCount(threads) {
      let operation = try #require(create(direction, batch))
      defer { cd_operation_free(operation) }
      // Threads of the library are left alone wherever there are images for all of ours.
      let isShared = threads > 1 && batch >= threads
      #expect(cd_uses_library_threads(operation) == (threads > 1 && !isShared))
      let (source, weights, destination) = (
        batch * height * width * channels, 9 * channels * features, batch * height * width * features
      )
      let counts =
        switch direction {
        case .forward: [source, weights, destination]
        case .forwardWithBias: [source, weights, destination, features]
        case .dataGradient: [destination, weights, source]
        case .weightGradient: [source, destination, weights]
        }
      var operands: [UnsafeMutableRawPointer?] = counts.map { .allocate(byteCount: 4 * $0, alignment: 64) }
      operands.append(.allocate(byteCount: max(cd_scratch_bytes(operation), 64), alignment: 64))
      defer { for operand in operands { operand?.deallocate() } }
      return (0..<2).map { turn in
        for (index, count) in counts.enumerated() where index != 2 {
          let values = RandomKey(seed: turn).split(index).normal(count: count).map { Float($0) }
          operands[index]!.copyMemory(from: values, byteCount: 4 * count)
        }
        cd_run(UnsafeRawPointer(operation), operands)
        let result = operands[2]!.assumingMemoryBound(to: Float.self)
        return Array(UnsafeBufferPointer(start: result, count: counts[2]))
      }
    }
  }

  /// Batches that threads part evenly, unevenly, and not at all.
  @Test(arguments: Direction.allCases, [1, 4, 5]) func partsMakeTheWhole(_ direction: Direction, _ batch: Int) throws {
    let whole = try results(direction, batch: batch, threads: 1)
    let terms = direction == .weightGradient ? batch * height * width : 9 * max(channels, features)
    for threads in [2, 3] {
      for (part, expected) in zip(try results(direction, batch: batch, threads: threads), whole) {
        let scale = Double(expected.map { abs($0) }.max()!)
        #expect(scale > 0)
        for (a, b) in zip(part, expected)
        where abs(Double(a - b)) > rounding(.float32, terms: Double(terms), scale: scale) {
          Issue.record("\(direction) \(batch) on \(threads) threads: \(a) \(b)")
          return
        }
      }
    }
  }
}
