import Foundation
import Training

/// A network and a setting of the descent: the base, or the base with one factor changed.
public struct LipschitzVariant: SweepArm {
  /// Which factor differs from the base.
  package enum Factor: String, CaseIterable, Sendable {
    case base
    case labelNoise = "label noise"
    case gain
    case initialization = "start"
    case batch
    case order
    case decay
    case rate
    case replicates
  }

  static let kinds = ["mlp", "cnn"]
  static let initializations = ["normal", "uniform", "orthogonal"]

  package var kind: String
  package var factor: Factor
  package var labelNoise = 0.0
  package var gain: Double
  package var initialization: String
  package var batch: Int
  package var order: SamplingOrder
  package var decay = 0.0
  package var rate: Double
  /// Whether it is several descents from one start, without looks.
  package var isReplicated: Bool { factor == .replicates }

  package var level: String {
    switch factor {
    case .base, .replicates: ""
    case .labelNoise: "\(labelNoise)"
    case .gain: "\(gain)"
    case .initialization: initialization
    case .batch: "\(batch)"
    case .order: order.rawValue
    case .decay: "\(decay)"
    case .rate: "\(rate)"
    }
  }

  public var description: String { "\(kind) \(factor.rawValue)" + (level.isEmpty ? "" : " \(level)") }

  /// The gain is that of He et al. times the setting's.
  private var initializer: Initializer {
    let scale = 2.0.squareRoot() * gain
    switch initialization {
    case "uniform": return .heUniform(gain: scale)
    case "orthogonal": return .orthogonal(gain: scale)
    default: return .heNormal(gain: scale)
    }
  }

  /// Three linear layers, or two convolutions and a linear one; no normalisation, no way around.
  func model(_ shape: Shape, classes: Int, _ network: LipschitzDynamicsConfiguration.Network) -> any Layer {
    let start = initializer
    if kind == "mlp" { return MLP([shape.count, network.hidden, network.hidden, classes], initializer: start) }
    let (first, second) = (network.features, 2 * network.features)
    let (height, width) = (shape[0] / 2 / 2, shape[1] / 2 / 2)
    return Sequential([
      ("conv1", Convolution2D(shape[2], first, size: 3, initializer: start)), ("relu1", Activation.relu),
      ("pool1", MaxPool(2)), ("conv2", Convolution2D(first, second, size: 3, initializer: start)),
      ("relu2", Activation.relu), ("pool2", MaxPool(2)), ("flatten", Flatten()),
      ("head", Linear(height * width * second, classes, initializer: start)),
    ])
  }
}

extension LipschitzDynamicsConfiguration {
  /// All variants, the base of each network first.
  package var variants: [LipschitzVariant] {
    model.kinds.flatMap { kind -> [LipschitzVariant] in
      let base = LipschitzVariant(
        kind: kind, factor: .base, gain: model.gain, initialization: model.initialization, batch: descent.batch,
        order: SamplingOrder(rawValue: descent.order) ?? .replacement, rate: descent.rate)
      func changed<Value>(
        _ factor: LipschitzVariant.Factor, _ path: WritableKeyPath<LipschitzVariant, Value>, _ values: [Value]
      ) -> [LipschitzVariant] {
        values.map { value in
          var variant = base
          variant.factor = factor
          variant[keyPath: path] = value
          return variant
        }
      }
      var result = [base]
      result += changed(.labelNoise, \.labelNoise, factors.labelNoise)
      result += changed(.gain, \.gain, factors.gains)
      result += changed(.initialization, \.initialization, factors.initializations)
      result += changed(.batch, \.batch, factors.batchSizes)
      result += changed(.order, \.order, factors.orders.compactMap(SamplingOrder.init(rawValue:)))
      result += changed(.decay, \.decay, factors.decays)
      result += changed(.rate, \.rate, factors.rates)
      if factors.replicates > 0 { result += changed(.replicates, \.decay, [0]) }
      return result
    }
  }
}

extension LipschitzDynamicsConfiguration {
  /// When a variant is looked at.
  package func schedule(_ variant: LipschitzVariant) -> LipschitzSchedule {
    LipschitzSchedule(
      steps: descent.steps, epoch: data.samples / variant.batch, interval: looks.interval, recorded: looks.recorded,
      stride: looks.stride)
  }
}

/// When a descent is looked at.
package struct LipschitzSchedule: Sendable {
  /// All looks at all drivers after the first, which is at step 0.
  package let looks: [Int]
  /// Steps from one look at μ and λ to the next.
  let stride: Int
  /// Ends of stretches of whole epochs and of one length, over which observed and predicted changes are compared.
  package let windows: [Int]
  /// Looks that go to the log.
  package let recorded: [Int]
  /// The length of a window.
  let window: Int

  /// Looks are dense at first, when drivers change fast, and then once every `interval` steps or a little more, so that
  /// each window is a number of epochs.
  package init(steps: Int, epoch: Int, interval: Int, recorded: Int, stride length: Int = 1) {
    stride = length
    let window = (interval + epoch - 1) / epoch * epoch
    self.window = window
    let windows = Array(Swift.stride(from: window, through: steps, by: window))
    var early: [Int] = []
    var next = 1
    while next < min(window, steps) {
      early.append(next)
      next = max(next + 1, next * 3 / 2)
    }
    let all = Set(early + windows + [steps]).sorted()
    let every = (all.count + recorded - 1) / recorded
    (self.looks, self.windows) = (all, windows)
    self.recorded = all.enumerated().filter { (all.count - 1 - $0.offset) % every == 0 }.map(\.element)
  }
}
