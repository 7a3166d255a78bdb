/// What is read of the bound Z at a look, or of one layer's norm.
package enum LipschitzReading: String {
  /// The logarithm of the norm or of their product, as observed.
  case z
  /// The same as predicted, and with the second order of a discrete step; the standard deviation of the prediction.
  case predicted, stepped, deviation
  /// ∫μ, ∫κ and ∫|λ|²; the last also with the layers' noises together.
  case drift, curvature, diffusion, joint
  case loss, accuracy
  /// The value before the first update, of a layer.
  case start
}

/// Norms of a convolution.
enum ConvolutionNormReading: String {
  /// Of the reshaped weight, the bound by it, on a torus, and as the model pads.
  case matrix, bound, circular, padded
}

extension Measure {
  package static func at(_ step: Int, _ reading: LipschitzReading) -> Measure {
    Measure("at/\(step)/\(reading.rawValue)")
  }
  static func at(_ step: Int, layer path: String, _ reading: LipschitzReading) -> Measure {
    Measure("at/\(step)/layer/\(path)/\(reading.rawValue)")
  }
  /// At the end.
  static func layer(_ path: String, _ reading: LipschitzReading) -> Measure {
    Measure("layer/\(path)/\(reading.rawValue)")
  }
  /// - Parameter name: the weight's path with the moment, "start" or "end".
  static func norm(_ name: String, _ reading: ConvolutionNormReading) -> Measure {
    Measure("norm/\(name)/\(reading.rawValue)")
  }
  /// One step after each look: the sum of squared differences between Z and its predicted mean, and what |λ_Z|² says of it,
  /// the layers' noises together.
  package static let stepSquares = Measure("steps/squares")
  package static let stepDiffusion = Measure("steps/diffusion")
  package static let stepCount = Measure("steps/count")
  /// Updates between two looks at μ and λ.
  package static let lookStride = Measure("looks/stride")
  /// The variance of Z at the end over descents that share their start.
  package static let replicateVariance = Measure("replicates/variance")
  /// Windows over which observed and predicted changes are compared: their number, the sum of squared residuals, and what
  /// |λ_Z|² says of it.
  package static let windowCount = Measure("windows/count")
  package static let windowSquares = Measure("windows/squares")
  package static let windowDiffusion = Measure("windows/diffusion")
  static let leastGap = Measure("gap")
  static let flooredPairs = Measure("floored")
  /// Looks at all drivers, and at μ and λ alone.
  static let lookCount = Measure("looks")
  static let glanceCount = Measure("looks/light")
  static let lookSeconds = Measure("seconds/diagnostic")
  static let glanceSeconds = Measure("seconds/light")
  static let normSeconds = Measure("seconds/norms")
}

/// Paths of weights, and names of norms of convolutions, that a descent has.
let layerPaths = MeasureFamily<String>("layer/", "/z")
let convolutionNames = MeasureFamily<String>("norm/", "/matrix")
