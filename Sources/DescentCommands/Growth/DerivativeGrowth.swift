import Descent
import Foundation

/// How long programs of derivatives of first and second order take to compile, by depth: a GPT of width 576 with 9 heads, one
/// text of 64 tokens.
enum DerivativeGrowth {
  /// What is differentiated once more.
  private enum Subject: String, CaseIterable {
    case loss
    case directional = "gradient along a direction"
    case squaredNorm = "squared gradient norm"
    case oneStep = "loss after one step"
    case twoSteps = "loss after two steps"
  }

  static func printTable(depths: [Int] = [4, 8, 15, 30]) throws {
    printAtOnce("| gradient of | layers | kernel calls | compile s | of the processor |\n|---|---|---|---|---|")
    for subject in Subject.allCases {
      for depth in depths {
        let (begin, processorBegin) = (Date(), processorSeconds())
        let program = try compiled(subject, depth)
        let times = String(
          format: "%.2f | %.2f", Date().timeIntervalSince(begin), processorSeconds() - processorBegin)
        printAtOnce("| \(subject.rawValue) | \(depth) | \(program.callCount) | \(times) |")
      }
    }
  }

  /// What this process has used so far; compiling takes one thread, so that on an idle machine it is the time itself.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func compiled(_ subject: Subject, _ depth: Int) throws -> Program {
    let model = GPT(vocabulary: 96, context: 64, width: 576, layers: depth, heads: 9)
    let types = model.layout.entries.map(\.type)
    let tokens = TensorType([1, 64], .int32)
    let packing = TreePacking([types, types])
    return try Program(inputs: packing.types + [tokens, tokens]) { _, x in
      let trees = packing.unpack(x)
      let (start, direction) = (Parameters(trees[0]), Updates(trees[1]))
      func loss(_ point: Parameters) throws -> Tensor {
        LossFunction.crossEntropy(try model(x[packing.count], point).output, x[packing.count + 1])
      }
      func gradient(_ point: Parameters) throws -> Updates { gradients(of: try loss(point), withRespectTo: point) }
      func moved(_ point: Parameters) throws -> Parameters { point.moved(by: -0.1 * (try gradient(point))) }
      let value: Tensor =
        switch subject {
        case .loss: try loss(start)
        case .directional: dot(try gradient(start), direction)
        case .squaredNorm: try gradient(start).squaredNorm
        case .oneStep: try loss(try moved(start))
        case .twoSteps: try loss(try moved(try moved(start)))
        }
      return [value] + gradients(of: value, withRespectTo: start).tree.leaves
    }
  }
}
