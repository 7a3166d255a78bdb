import Foundation
import TestSupport
import Testing
import Theory

@Suite struct QuadratureTests {
  /// n nodes are exact up to degree 2 n - 1 and no further.
  @Test(arguments: [1, 2, 5, 24, 120]) func exactForPolynomials(_ count: Int) {
    let rule = GaussLegendre(count)
    let tolerance = rounding(terms: Double(2 * count + 16))
    #expect(abs(rule.weights.reduce(0, +) - 2) < tolerance)
    let degree = 2 * count - 2
    let even = rule.integral(over: -1...1) { pow($0, Double(degree)) }
    #expect(abs(even - 2 / Double(degree + 1)) < tolerance)
    if count <= 5 {
      let beyond = rule.integral(over: -1...1) { pow($0, Double(degree + 2)) }
      // What is missing falls with count, to 3e-3 for five.
      #expect(abs(beyond - 2 / Double(degree + 3)) > 1e-3)
    }
  }

  @Test func smoothFunctions() {
    #expect(abs(GaussLegendre(40).integral(over: 0...3) { exp(-$0) } - (1 - exp(-3.0))) < rounding(terms: 2 * 40))
  }
}

@Suite struct PlainDualityTests {
  /// Closed forms of some twenty operations, with values up to 3. Published numbers are printed with four digits.
  private let tolerance = rounding(terms: 20, scale: 3)
  private let printed = 5e-5

  /// π²/2 - π = 1.79321, as printed (arXiv 2506.18275, a figure's caption: 1.7932), and π²/4 for free lengths.
  @Test func closedFormsOfRankOne() {
    let law = PhaseRetrievalDuality(rank: 1)
    #expect(abs(law.transition - (.pi * .pi / 2 - .pi)) < tolerance)
    #expect(abs(law.freeTransition - .pi * .pi / 4) < tolerance)
    #expect(abs(law.squaredMeanLength - 2 / .pi) < tolerance)
    // In the plane E|g| = √(π/2).
    #expect(abs(PhaseRetrievalDuality(rank: 2).squaredMeanLength - .pi / 2) < tolerance)
  }

  @Test(arguments: [(1, 1.7932, 2.4674), (2, 1.3916, 1.7423), (3, 1.2589, 1.4971), (4, 1.1931, 1.3736)])
  func transitionsByRank(_ rank: Int, _ capped: Double, _ free: Double) {
    let law = PhaseRetrievalDuality(rank: rank)
    #expect(abs(law.transition - capped) < printed)
    #expect(abs(law.freeTransition - free) < printed)
  }

  /// The scan over the overlap finds the closed form, at overlap 0.
  @Test(arguments: [1, 2, 3, 4, 6, 8]) func scanFindsTheClosedForm(_ rank: Int) {
    let law = PhaseRetrievalDuality(rank: rank)
    let scan = law.scannedTransition()
    // What the scan's grid leaves.
    #expect(abs(scan.ratio - law.transition) < 1e-3)
    #expect(scan.overlap < 0.01)
  }

  /// E|g||s| of the plane at both ends and between.
  @Test func meanProductOfThePlane() {
    let law = PhaseRetrievalDuality(rank: 2)
    #expect(abs(law.meanProduct(correlation: 0) - .pi / 2) < tolerance)
    #expect(abs(law.meanProduct(correlation: 1) - 2) < tolerance)
    #expect(abs(law.meanProduct(correlation: 0.999_999) - 2) < 1e-4)  // continuous
    // scipy 1.17.1: pi / 2 * hyp2f1(-0.5, -0.5, 1, 0.36).
    #expect(abs(law.meanProduct(correlation: 0.6) - 1.715_684_355_031_366) < tolerance)
  }

  /// At the solution the manifold vanishes; at overlap 0 and length 1 it is [√(2 α (d - χ²)) - 1]².
  @Test func manifoldValues() {
    let law = PhaseRetrievalDuality(rank: 1)
    #expect(abs(law.manifold(ratio: 1.8, squaredNorm: 1, overlap: 1)) < tolerance)
    #expect(abs(law.manifold(ratio: 1.8, squaredNorm: 1, overlap: 0) - 0.0207) < printed)
    #expect(abs(law.manifold(ratio: 1.4, squaredNorm: 1, overlap: 0) - 0.0001) < printed)
    #expect(abs(PhaseRetrievalDuality(rank: 2).manifold(ratio: 1.4, squaredNorm: 1, overlap: 0.5) - 0.0089) < printed)
  }

  /// Two funnels just below the transition, one just above: at length 1, and over all lengths.
  @Test(arguments: [1, 2, 3]) func funnelsMergeAtTheTransition(_ rank: Int) {
    let law = PhaseRetrievalDuality(rank: rank)
    func count(_ lengths: [Double], _ alpha: Double) -> Int {
      FunnelMap(lengths: lengths, correlations: 201) { law.signedManifold(ratio: alpha, squaredNorm: $0, overlap: $1) }
        .funnels.count
    }
    #expect(count([1], law.transition * 0.98) == 2)
    #expect(count([1], law.transition * 1.01) == 1)
    let capped = (1...100).map { Double($0) / 100 }
    let all = (1...150).map { Double($0) / 100 }
    #expect(count(capped, law.transition * 0.97) == 2)
    #expect(count(capped, law.transition * 1.03) == 1)
    #expect(count(all, law.freeTransition * 0.97) == 2)
    #expect(count(all, law.freeTransition * 1.03) == 1)
  }
}

@Suite struct LiftedDualityTests {
  /// The law of the two lengths: whole probability 1, and the second moment of their difference in closed form.
  @Test(arguments: [1, 2, 3, 5], [0.0, 0.5, 0.95]) func lawOfLengths(_ rank: Int, _ overlap: Double) {
    let lifted = LiftedDuality(rank: rank)
    // What the quadrature leaves at an overlap of 0.95.
    #expect(abs(lifted.totalProbability(squaredNorm: 1, overlap: overlap) - 1) < 1e-7)
    // L'(0) = -E(|g| - |s|)², which the plain theory knows.
    let h = 1e-4
    let slope =
      (lifted.logMean(h, squaredNorm: 1, overlap: overlap) - lifted.logMean(-h, squaredNorm: 1, overlap: overlap))
      / (2 * h)
    let exact = PhaseRetrievalDuality(rank: rank).amplitudeGap(squaredNorm: 1, overlap: overlap)
    // h² / 6 of a third derivative, and the quadrature.
    #expect(abs(slope + exact) < 1e-6)
  }

  /// More nodes change nothing.
  @Test func quadratureHasConverged() {
    for rank in [1, 3] {
      let (coarse, fine) = (LiftedDuality(rank: rank, nodes: 100), LiftedDuality(rank: rank, nodes: 180))
      // A root is known to the integrals' error over the slope.
      #expect(abs(coarse.transition() - fine.transition()) < 1e-6)
      let place = (1.5, 1.0, 0.4)
      #expect(
        abs(
          coarse.manifold(ratio: place.0, squaredNorm: place.1, overlap: place.2)
            - fine.manifold(ratio: place.0, squaredNorm: place.1, overlap: place.2)) < 1e-8)
    }
  }

  @Test(arguments: [(1, 1.4015), (2, 1.1667), (3, 1.1068), (4, 1.0790)])
  func transitionsByRank(_ rank: Int, _ expected: Double) {
    // Published with four digits, from minimisations on grids.
    #expect(abs(LiftedDuality(rank: rank).transition() - expected) < 2e-4)
  }

  @Test func freeTransitions() {
    // Published with three digits, from minimisations on grids.
    #expect(abs(LiftedDuality(rank: 1, nodes: 80).freeTransition() - 1.613) < 2e-3)
    #expect(abs(LiftedDuality(rank: 2, nodes: 80).freeTransition() - 1.292) < 2e-3)
  }

  /// The lifted bound lies above the plain one; values of an independent computation with 160 nodes.
  @Test(arguments: [
    (1, 1.8, 0.0, 0.0286), (1, 1.8, 0.5, 0.0253), (1, 1.4, 0.0, 0.0029), (2, 1.4, 0.0, 0.0130), (2, 1.4, 0.5, 0.0112),
  ])
  func manifoldValues(_ rank: Int, _ alpha: Double, _ overlap: Double, _ expected: Double) {
    let value = LiftedDuality(rank: rank).manifold(ratio: alpha, squaredNorm: 1, overlap: overlap)
    #expect(abs(value - expected) < 6e-5)  // four digits, and what fewer nodes leave
    #expect(value > PhaseRetrievalDuality(rank: rank).manifold(ratio: alpha, squaredNorm: 1, overlap: overlap))
  }

  /// The slope at overlap 0 by the envelope theorem is the manifold's own.
  @Test func slopeIsTheManifolds() {
    let lifted = LiftedDuality(rank: 2)
    for c in [1.0, 1.2] {
      let q = 1e-4
      let difference =
        (lifted.signedManifold(ratio: 1.3, squaredNorm: c, overlap: q.squareRoot())
          - lifted.signedManifold(ratio: 1.3, squaredNorm: c, overlap: 0)) / q
      #expect(abs(difference - lifted.slopeAtZero(ratio: 1.3, squaredNorm: c)) < 1e-3)  // the curvature in q, times q
    }
  }
}
