import Foundation

/// A bound on |E[training risk - true risk]| of SGD's iterate: what the iterate remembers of one sample, and what
/// Gaussian noise on the iterate costs.
///
/// SGD itself has no noise. The bounds speak of a pseudo-iterate, θ_k + noise, where the noise blurs the dependence on
/// a sample (trajectory term, falls with the noise) and changes the risk (flatness term, grows with it). With S' the
/// training set S with one random sample replaced, and both descents on the same starting point and batch indices,
///
///     D_k = ‖θ_{S,k} - θ_{S',k}‖        Δ_v(θ; ·) = E_ε[F(θ + √v ε) - F(θ)]        flatness = |E[Δ_v(θ_k; μ) - Δ_v(θ_k; S)]|
///
/// - Type II (T2pm, Xiong et al., arXiv 2506.18645): noise at step k only, v = σ_k².
/// - Type I (T1pm): noise at every step accumulates, v = Σ σ_t².
///
/// The idea, both pseudo-iterates and the rates are published; the constants of both types are our own derivation,
/// given in Documentation/records/generalization-bounds.md, and may differ from the paper's. The earlier bounds are
/// our reading of their papers; their constants are not checked. All distances, deviations and gradients are
/// Euclidean over all parameters; losses and risks are in the loss's own unit.
///
/// A descent that does not visit all samples need not be twinned on samples that it never sees, whose twins are equal. Take
/// twins of visited samples only, and give the share of the training set that was visited: trajectory terms are
/// expectations over all samples, so that share times those over the visited.
///
/// NaN where there is no bound: without twins, for a deviation that is not positive, for a size that is negative or no number.
public struct GeneralizationBound: Hashable, Sendable {
  /// What the iterate remembers of one sample.
  public var trajectory: Double
  /// What the noise costs: the difference of risk rises on new data and on training data.
  public var flatness: Double

  /// The bound itself: both terms.
  public var total: Double { trajectory + flatness }

  public init(trajectory: Double, flatness: Double) {
    self.trajectory = trajectory
    self.flatness = flatness >= 0 ? flatness : .nan
  }

  // MARK: Type II

  /// Loss in [0, M], by Pinsker's inequality: M / (2 σ) · E D + flatness.
  ///
  /// - Parameters:
  ///   - range: M.
  ///   - distances: D_k of twin descents.
  ///   - visited: the share of the training set that twins were drawn from, in 0...1.
  ///   - deviation: σ of the noise on the final iterate.
  public static func typeTwo(
    range: Double, distances: [Double], visited: Double = 1, deviation: Double, flatness: Double
  ) -> GeneralizationBound {
    let divergence = mean(distances) { GaussianDivergence.pinsker(distance: $0, deviation: deviation) }
    return .init(trajectory: visited * range * divergence, flatness: flatness)
  }

  /// Loss in [0, M], by the total variation itself, which is never more than Pinsker's: M · E[2 Φ(D / (2 σ)) - 1].
  public static func typeTwoTotalVariation(
    range: Double, distances: [Double], visited: Double = 1, deviation: Double, flatness: Double
  ) -> GeneralizationBound {
    let divergence = mean(distances) { GaussianDivergence.totalVariation(distance: $0, deviation: deviation) }
    return .init(trajectory: visited * range * divergence, flatness: flatness)
  }

  /// R-sub-Gaussian loss: R / σ · √(E D²) + flatness.
  ///
  /// The derived bound has the expectation over the two samples inside the root and that over all else outside; with
  /// one pair for each descent only the larger √(E D²) can be estimated without bias downwards (Jensen). Whether a sample
  /// is visited belongs to what is outside.
  public static func typeTwoSubGaussian(
    parameter: Double, distances: [Double], visited: Double = 1, deviation: Double, flatness: Double
  ) -> GeneralizationBound {
    let memory = mean(distances) { $0 >= 0 ? $0 * $0 : .nan }.squareRoot()
    return .init(trajectory: deviation > 0 ? visited * parameter / deviation * memory : .nan, flatness: flatness)
  }

  // MARK: Type I

  /// Loss in [0, M], by the chain rule along the path: M / 2 · E √(Σ_t ‖u_t - u'_t‖² / σ_t²) + flatness, u_t the
  /// updates of twin descents and one σ_t for all steps.
  ///
  /// - Parameters:
  ///   - pathSquares: Σ_t ‖u_t - u'_t‖² of each pair of twins.
  ///   - stepDeviation: σ_t.
  ///   - flatness: at the variance Σ σ_t², which the noise has accumulated.
  public static func typeOne(
    range: Double, pathSquares: [Double], visited: Double = 1, stepDeviation: Double, flatness: Double
  ) -> GeneralizationBound {
    let memory = mean(pathSquares) { $0.squareRoot() }
    return .init(
      trajectory: stepDeviation > 0 ? visited * range / (2 * stepDeviation) * memory : .nan, flatness: flatness)
  }

  // MARK: Earlier bounds

  /// What a stretch of steps contributes to the bounds by gradient noise.
  public struct Stretch: Hashable, Sendable {
    /// Steps for which these values stand.
    public var steps: Double
    /// η, the learning rate.
    public var rate: Double
    /// σ_t.
    public var deviation: Double
    /// V_t = E‖g_t - ∇F(θ)‖², of a mini-batch's gradient about the true one.
    public var variance: Double
    /// Γ_t = E‖∇F(θ) - ∇F(θ + accumulated noise)‖².
    public var sensitivity: Double

    public init(steps: Double, rate: Double, deviation: Double, variance: Double, sensitivity: Double = 0) {
      self.steps = steps
      self.rate = rate
      self.deviation = deviation
      self.variance = variance
      self.sensitivity = sensitivity
    }
  }

  /// Neu, Dziugaite, Haghifam, Roy 2021 (arXiv 2102.00931): √(4 R² / n · Σ_t η_t² / σ_t² · (Γ_t + V_t)) + flatness.
  public static func neu(
    parameter: Double, sampleCount: Int, stretches: [Stretch], flatness: Double
  ) -> GeneralizationBound {
    let sum = stretches.reduce(0) { sum, s in
      sum + s.steps * s.rate * s.rate / (s.deviation * s.deviation) * (s.variance + s.sensitivity)
    }
    return .init(
      trajectory: (4 * parameter * parameter / Double(sampleCount) * sum).squareRoot(), flatness: flatness)
  }

  /// Wang and Mao 2022 (arXiv 2110.03128): √(R² d / n · Σ_t log(1 + η_t² V_t / (d σ_t²))) + flatness, d parameters.
  public static func wangMao(
    parameter: Double, sampleCount: Int, parameterCount: Int, stretches: [Stretch], flatness: Double
  ) -> GeneralizationBound {
    let d = Double(parameterCount)
    let sum = stretches.reduce(0) { sum, s in
      sum + s.steps * log1p(s.rate * s.rate * s.variance / (d * s.deviation * s.deviation))
    }
    return .init(
      trajectory: (parameter * parameter * d / Double(sampleCount) * sum).squareRoot(), flatness: flatness)
  }

  private static func mean(_ values: [Double], _ transform: (Double) -> Double) -> Double {
    values.reduce(0) { $0 + transform($1) } / Double(values.count)
  }
}

/// The choice of the noise: bound(σ) = memory / σ + curvature · σ², for small noise.
///
/// Without memory or without curvature no noise is the best, and both optima are NaN.
public struct NoiseTradeOff: Hashable, Sendable {
  /// (M / 2) E D for a bounded loss under type II.
  public var memory: Double
  /// ½ |E tr ∇²F_μ - tr ∇²F_S|.
  public var curvature: Double

  public init(memory: Double, curvature: Double) {
    self.memory = memory
    self.curvature = curvature
  }

  /// The sum of both terms at a deviation σ > 0.
  public func bound(deviation: Double) -> Double { memory / deviation + curvature * deviation * deviation }

  /// σ* = (memory / (2 curvature))^(1/3).
  public var optimalDeviation: Double { hasOptimum ? cbrt(memory / (2 * curvature)) : .nan }

  /// 3 · 2^(-2/3) · memory^(2/3) · curvature^(1/3): n^(-2/3) where memory falls as 1/n.
  public var optimalBound: Double { hasOptimum ? 3 * cbrt(memory * memory * curvature / 4) : .nan }

  private var hasOptimum: Bool { memory > 0 && curvature > 0 }
}
