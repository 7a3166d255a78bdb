import Foundation

/// How far two Gaussians N(a, σ² I) and N(b, σ² I) are apart, from the distance ‖a - b‖ of their means.
public enum GaussianDivergence {
  /// The Kullback-Leibler divergence, nats: distance² / (2 σ²).
  public static func kullbackLeibler(distance: Double, deviation: Double) -> Double {
    check(distance, deviation)
    return distance * distance / (2 * deviation * deviation)
  }

  /// The total variation distance, 0...1: 2 Φ(distance / (2 σ)) - 1.
  public static func totalVariation(distance: Double, deviation: Double) -> Double {
    check(distance, deviation)
    return erf(distance / (2 * 2.0.squareRoot() * deviation))
  }

  /// Pinsker's bound on the total variation, √(KL / 2) = distance / (2 σ); it may exceed 1.
  public static func pinsker(distance: Double, deviation: Double) -> Double {
    check(distance, deviation)
    return distance / (2 * deviation)
  }

  private static func check(_ distance: Double, _ deviation: Double) {
    precondition(distance >= 0, "a distance is not negative; got \(distance)")
    precondition(deviation > 0, "a standard deviation is positive; got \(deviation)")
  }
}
