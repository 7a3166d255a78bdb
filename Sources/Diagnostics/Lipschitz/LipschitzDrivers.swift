import Foundation

/// What drives the operator norm of one layer's weight at a point: everything that its Itô equation needs.
///
/// With plain SGD at rate η on batches of M samples, d log K = (μ + κ - ½|λ|²) dt + λ dB, and one step is dt = η. Noise
/// is given for one sample; that of a batch drawn with replacement is 1 / M of it.
public struct LayerDrivers: Sendable, Equatable {
  /// The weight's path.
  public var path: String
  /// K = s₁, and the relative gap to s₂.
  public var norm: Double
  /// (s₁ - s₂) / s₁, 1 where there is no second: the smaller, the faster J turns.
  public var relativeGap: Double
  /// Pairs of singular values too near for the Hessian form.
  public var flooredPairs: Int
  /// <J, ∇L>.
  public var gradientProjection: Double
  /// vec(∇L)ᵀ H vec(∇L): what a step of finite length adds.
  public var gradientCurvature: Double
  /// Jᵀ Σ₁ J, Σ₁ the covariance of one sample's gradient.
  public var noiseProjection: Double
  /// <H, Σ₁>; never negative, since the norm is convex.
  public var noiseCurvature: Double

  public init(
    path: String, norm: Double, relativeGap: Double, flooredPairs: Int, gradientProjection: Double,
    gradientCurvature: Double, noiseProjection: Double, noiseCurvature: Double
  ) {
    self.path = path
    self.norm = norm
    self.relativeGap = relativeGap
    self.flooredPairs = flooredPairs
    self.gradientProjection = gradientProjection
    self.gradientCurvature = gradientCurvature
    self.noiseProjection = noiseProjection
    self.noiseCurvature = noiseCurvature
  }

  /// μ: the drift by the mean gradient, and by weight decay ω added to it.
  public func drift(decay: Double = 0) -> Double { -gradientProjection / norm - decay }

  /// κ: the drift by noise on the curved norm.
  public func curvatureDrift(rate: Double, batch: Int) -> Double {
    rate * noiseCurvature / (2 * norm * Double(batch))
  }

  /// |λ|²: the diffusion by noise along J.
  public func diffusion(rate: Double, batch: Int) -> Double {
    rate * noiseProjection / (norm * norm * Double(batch))
  }

  /// The mean of a discrete step's second order that continuous time leaves out: η / 2 · (q(∇L) / s₁ - μ²).
  public func stepCorrection(rate: Double, decay: Double = 0) -> Double {
    rate / 2 * (gradientCurvature / norm - drift(decay: decay) * drift(decay: decay))
  }
}

/// One look at a network: the drivers of each layer.
public struct LipschitzLook: Sendable, Equatable {
  /// In the order of their paths.
  public var layers: [LayerDrivers]
  /// The variance of Σ_l <J_l, G_l> / s₁_l over single samples: |λ_Z|² without the assumption that layers' noises are
  /// independent.
  public var jointNoise: Double
  /// Mean loss over the examples.
  public var loss: Double
  /// Share of right classes; nil where the targets are no classes.
  public var accuracy: Double?

  public init(layers: [LayerDrivers], jointNoise: Double, loss: Double, accuracy: Double?) {
    self.layers = layers
    self.jointNoise = jointNoise
    self.loss = loss
    self.accuracy = accuracy
  }

  /// Z = Σ log K: the logarithm of the product bound on the network's Lipschitz constant.
  public var logBound: Double { layers.reduce(0) { $0 + log($1.norm) } }

  /// The rates of change of Z, each a sum over layers.
  public func rates(rate: Double, batch: Int, decay: Double = 0) -> DriverTotals {
    layers.reduce(DriverTotals()) { $0 + DriverTotals($1, rate: rate, batch: batch, decay: decay) }
  }
}

/// The drivers of log K or of Z: as rates of change, or integrated over time.
public struct DriverTotals: Sendable, Equatable {
  /// μ.
  public var drift = 0.0
  /// κ.
  public var curvature = 0.0
  /// |λ|².
  public var diffusion = 0.0
  /// What the discreteness of steps adds.
  public var step = 0.0

  public init() {}

  /// Drift, curvature, diffusion and step.
  fileprivate init(_ values: ArraySlice<Double>) {
    let values = Array(values)
    (drift, curvature, diffusion, step) = (values[0], values[1], values[2], values[3])
  }

  /// Rates of change of one layer's log K under plain SGD.
  ///
  /// - Parameters:
  ///   - rate: η.
  ///   - batch: M, samples of one update.
  ///   - decay: coefficient of weight decay.
  public init(_ layer: LayerDrivers, rate: Double, batch: Int, decay: Double = 0) {
    drift = layer.drift(decay: decay)
    curvature = layer.curvatureDrift(rate: rate, batch: batch)
    diffusion = layer.diffusion(rate: rate, batch: batch)
    step = layer.stepCorrection(rate: rate, decay: decay)
  }

  /// μ + κ - ½ |λ|².
  public var total: Double { drift + curvature - diffusion / 2 }
  /// κ - ½ |λ|²: what noise does to the mean.
  public var noise: Double { curvature - diffusion / 2 }

  /// The sum, term by term.
  public static func + (a: DriverTotals, b: DriverTotals) -> DriverTotals { a.combined(b, +) }
  /// The difference, term by term.
  public static func - (a: DriverTotals, b: DriverTotals) -> DriverTotals { a.combined(b, -) }
  /// All terms times a number, as a rate times a stretch of time.
  public static func * (factor: Double, a: DriverTotals) -> DriverTotals { a.combined(a) { x, _ in factor * x } }

  private func combined(_ other: DriverTotals, _ f: (Double, Double) -> Double) -> DriverTotals {
    var result = DriverTotals()
    result.drift = f(drift, other.drift)
    result.curvature = f(curvature, other.curvature)
    result.diffusion = f(diffusion, other.diffusion)
    result.step = f(step, other.step)
    return result
  }
}

/// The predicted path of Z, or of one layer's log K: drivers integrated along a descent from look to look.
public struct LipschitzPrediction: Sendable {
  /// How a stretch between two looks is filled.
  public enum Rule: Sendable {
    /// The mean of both ends: for looks that are many steps apart.
    case trapezoid
    /// The drivers where the stretch begins, as Itô's integral has it: with a look at each step the observed path less the
    /// prediction is a martingale, and its variance that of the noise.
    case leftPoint
  }

  /// How stretches are filled.
  public let rule: Rule
  /// η of the descent.
  public let rate: Double
  /// M, samples of one update.
  public let batch: Int
  /// Coefficient of weight decay.
  public let decay: Double
  /// Position of the layer; nil for the network.
  public let layer: Int?
  /// Step of the last look.
  public private(set) var step: Int
  /// Z where the path began, and at the last look.
  public let start: Double
  /// Z, or the layer's log K, at the last look.
  public private(set) var observed: Double
  /// Integrals since the start.
  public private(set) var totals = DriverTotals()
  /// The integral of |λ_Z|² with the layers' noises together; the network's only.
  public private(set) var jointDiffusion = 0.0
  private var last: (rates: DriverTotals, joint: Double)

  /// Begins at a look.
  ///
  /// - Parameters:
  ///   - layer: position of the layer; nil for the network.
  ///   - step: at which the look was made.
  public init(
    rate: Double, batch: Int, decay: Double = 0, layer: Int? = nil, step: Int = 0, rule: Rule = .trapezoid,
    from look: LipschitzLook
  ) {
    (self.rate, self.batch, self.decay, self.layer, self.step) = (rate, batch, decay, layer, step)
    self.rule = rule
    start = Self.value(look, layer)
    observed = start
    last = Self.rates(look, rate, batch, decay, layer)
  }

  /// All that a path needs to go on, as numbers.
  public var memory: [Double] {
    [Double(step), start, observed, totals.drift, totals.curvature, totals.diffusion, totals.step, jointDiffusion]
      + [last.rates.drift, last.rates.curvature, last.rates.diffusion, last.rates.step, last.joint]
  }

  /// Goes on where the memory of a path ends; nil where it is none.
  public init?(
    rate: Double, batch: Int, decay: Double = 0, layer: Int? = nil, rule: Rule = .trapezoid, memory: [Double]
  ) {
    guard memory.count == 13 else { return nil }
    (self.rate, self.batch, self.decay, self.layer) = (rate, batch, decay, layer)
    self.rule = rule
    (step, start, observed) = (Int(memory[0]), memory[1], memory[2])
    totals = DriverTotals(memory[3...6])
    jointDiffusion = memory[7]
    last = (DriverTotals(memory[8...11]), memory[12])
  }

  /// Takes in the look at a later step.
  public mutating func extend(to step: Int, _ look: LipschitzLook) {
    precondition(step > self.step, "looks follow each other: step \(step) after \(self.step)")
    let next = Self.rates(look, rate, batch, decay, layer)
    // One step is η in time.
    let time = rate * Double(step - self.step)
    switch rule {
    case .trapezoid:
      totals = totals + (time / 2) * (last.rates + next.rates)
      jointDiffusion += time / 2 * (last.joint + next.joint)
    case .leftPoint:
      totals = totals + time * last.rates
      jointDiffusion += time * last.joint
    }
    (self.step, last, observed) = (step, next, Self.value(look, layer))
  }

  /// Z as the stochastic differential equation has it.
  public var predicted: Double { start + totals.total }
  /// Z with what the discreteness of steps adds.
  public var steppedPrediction: Double { predicted + totals.step }
  /// The standard deviation of Z - predicted.
  public var deviation: Double { totals.diffusion.squareRoot() }
  /// The same with the layers' noises together, not assumed to be independent; the network's only.
  public var jointDeviation: Double { jointDiffusion.squareRoot() }
  /// Half the width of the band that holds 95.4 % of a Gaussian.
  public var band: Double { 2 * deviation }
  /// The change of Z in the step after the last look, as its mean is predicted, with the discreteness of steps.
  public var nextChange: Double { rate * (last.rates.total + last.rates.step) }
  /// Its variance by the noise of one batch, the layers' noises together; the network's only.
  public var nextVariance: Double { rate * last.joint }

  private static func value(_ look: LipschitzLook, _ layer: Int?) -> Double {
    layer.map { log(look.layers[$0].norm) } ?? look.logBound
  }

  private static func rates(
    _ look: LipschitzLook, _ rate: Double, _ batch: Int, _ decay: Double, _ layer: Int?
  ) -> (rates: DriverTotals, joint: Double) {
    let joint = rate * look.jointNoise / Double(batch)
    guard let layer else { return (look.rates(rate: rate, batch: batch, decay: decay), joint) }
    return (DriverTotals(look.layers[layer], rate: rate, batch: batch, decay: decay), joint)
  }
}
