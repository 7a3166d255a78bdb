import Foundation

/// How far two Gaussians N(a, σ² I) and N(b, σ² I) are apart, from the distance ‖a - b‖ of their means.
///
/// NaN where the distance is negative, the deviation is not positive, or one of them is no number.
public enum GaussianDivergence {
  /// The Kullback-Leibler divergence, nats: distance² / (2 σ²).
  public static func kullbackLeibler(distance: Double, deviation: Double) -> Double {
    areSizes(distance, deviation) ? distance * distance / (2 * deviation * deviation) : .nan
  }

  /// The total variation distance, 0...1: 2 Φ(distance / (2 σ)) - 1.
  public static func totalVariation(distance: Double, deviation: Double) -> Double {
    areSizes(distance, deviation) ? erf(distance / (2 * 2.0.squareRoot() * deviation)) : .nan
  }

  /// Pinsker's bound on the total variation, √(KL / 2) = distance / (2 σ); it may exceed 1.
  public static func pinsker(distance: Double, deviation: Double) -> Double {
    areSizes(distance, deviation) ? distance / (2 * deviation) : .nan
  }

  private static func areSizes(_ distance: Double, _ deviation: Double) -> Bool { distance >= 0 && deviation > 0 }
}
