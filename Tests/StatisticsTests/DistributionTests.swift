import Foundation
import Statistics
import TestSupport
import Testing

/// Numbers of scipy 1.17.1.
@Suite struct DistributionTests {
  @Test(arguments: [
    (0.3, 2.0, 3.0, 0.34829999999999994), (0.999, 0.5, 7, 1),
    (1e-8, 0.5, 0.5, 6.366197734286143e-05),
    (0.5, 200, 210, 0.6894852134274166), (0.01, 5, 1000, 0.9720514415805691),
  ])
  func incompleteBeta(x: Double, a: Double, b: Double, expected: Double) {
    #expect(close(regularizedBeta(x, a, b), expected))
    #expect(close(regularizedBeta(1 - x, b, a), 1 - expected, floor: rounding(terms: 100, condition: 500)))
  }

  @Test(arguments: [
    (0.5, 0.1, 0.34527915398142317, 0.6547208460185768),
    (3, 2.5, 0.45618688411667035, 0.5438131158833297),
    (10, 30, 0.9999928782491372, 7.121750862815593e-06),
    (100, 90, 0.15822098918643007, 0.84177901081357),
    (1, 700, 1.0, 9.85967654375939e-305),
  ])
  func incompleteGamma(a: Double, x: Double, lower: Double, upper: Double) {
    #expect(close(regularizedGamma(a, x), lower))
    #expect(close(regularizedUpperGamma(a, x), upper))
  }

  @Test(arguments: [
    (0.1, 2.252712651734206), (0.5, 0.5723649429247), (1.5, -0.12078223763524526),
    (7.3, 7.147892523022249),
    (100.25, 360.28455963776423),
  ])
  func logarithmOfGamma(x: Double, expected: Double) {
    #expect(close(logGamma(x), expected, rounding(terms: 50, condition: 1 / 0.12)))  // it has zeros at 1 and 2
  }

  @Test func studentT() {
    let rows: [(Double, Double, Double, Double)] = [
      (1, 2, 0.8524163823495667, 0.14758361765043326),
      (4.5, -1.3, 0.128098043972017, 0.871901956027983),
      (30, 8, 0.9999999968670887, 3.1329112378503795e-09),
      (1000, 0.01, 0.5039883590339064, 0.4960116409660936),
    ]
    for (freedom, x, lower, upper) in rows {
      let t = StudentT(degreesOfFreedom: freedom)
      #expect(close(t.cdf(x), lower))
      #expect(close(t.upperTail(x), upper))
      #expect(close(t.cdf(t.quantile(lower)), lower))
    }
    #expect(close(StudentT(degreesOfFreedom: 1).quantile(0.975), 12.706204736174694))
    #expect(close(StudentT(degreesOfFreedom: 2.7).quantile(0.01), -4.969832049221283))
    #expect(close(StudentT(degreesOfFreedom: 9).upperQuantile(0.005), 3.249835541592126))
    #expect(close(StudentT(degreesOfFreedom: 200).quantile(0.6), 0.25368437919014747))
    #expect(StudentT(degreesOfFreedom: 3).quantile(0) == -.infinity)
  }

  @Test func normal() {
    let normal = NormalDistribution()
    #expect(close(normal.cdf(-10), 7.61985302416047e-24))
    #expect(close(normal.cdf(0.3), 0.6179114221889526))
    #expect(close(normal.upperTail(6), 9.865876450376946e-10))
    #expect(close(normal.quantile(1e-12), -7.034483825301131))
    #expect(close(normal.quantile(0.025), -1.9599639845400545))
    #expect(abs(normal.quantile(0.5)) < rounding(terms: 4))
    #expect(close(normal.quantile(0.9), 1.2815515655446004))
  }

  @Test func chiSquared() {
    let rows: [(Double, Double, Double, Double)] = [
      (1, 3.84, 0.9499564787512949, 0.05004352124870519),
      (5, 0.2, 0.0008861387888124438, 0.9991138612111875),
      (40, 100, 0.99999952086427, 4.791357300338064e-07),
    ]
    for (freedom, x, lower, upper) in rows {
      #expect(close(ChiSquared(degreesOfFreedom: freedom).cdf(x), lower))
      #expect(close(ChiSquared(degreesOfFreedom: freedom).upperTail(x), upper))
    }
    #expect(close(ChiSquared(degreesOfFreedom: 1).quantile(0.95), 3.841458820694124))
    #expect(close(ChiSquared(degreesOfFreedom: 7).quantile(0.01), 1.2390423055679298))
    #expect(close(ChiSquared(degreesOfFreedom: 100).quantile(0.5), 99.33412923598846))
  }

  @Test func ratioOfVariances() {
    let rows: [(Double, Double, Double, Double, Double)] = [
      (2, 10, 4.1, 0.9499224515189161, 0.050077548481083874),
      (5, 3, 0.2, 0.05766888562243733, 0.9423311143775628),
      (30, 40, 9, 0.9999999996350641, 3.649358491016357e-10),
    ]
    for (a, b, x, lower, upper) in rows {
      let f = FDistribution(numeratorDegreesOfFreedom: a, denominatorDegreesOfFreedom: b)
      #expect(close(f.cdf(x), lower))
      #expect(close(f.upperTail(x), upper))
    }
    let f = FDistribution(numeratorDegreesOfFreedom: 2, denominatorDegreesOfFreedom: 10)
    #expect(close(f.quantile(0.95), 4.1028210151304))
    let g = FDistribution(numeratorDegreesOfFreedom: 7, denominatorDegreesOfFreedom: 7)
    #expect(close(g.quantile(0.05), 0.26405822628038594))
  }
}

/// Whether two numbers agree to a relative tolerance, or absolutely below `floor`.
///
/// Series of up to a hundred terms, and powers whose exponents (up to some 500 here) multiply the rounding of logarithms.
func close(
  _ found: Double?, _ expected: Double, _ tolerance: Double = rounding(terms: 100, condition: 500), floor: Double = 0
) -> Bool {
  guard let found else { return false }
  return abs(found - expected) <= max(tolerance * abs(expected), floor)
}
