import Foundation
import MultiObjective
import TestSupport
import Testing

/// Properties that published weightings have or have not, on matrices of many kinds (Quinton and Rey, "Jacobian descent for
/// multi-objective optimization", 2024, table 1).
@Suite struct WeightingTests {
  static let all: [any Weighting] = [
    Scalarization(), MinimumNormWeighting(), SmoothedWeighting(MinimumNormWeighting(), keeping: 0.9),
    ProjectedWeighting(),
    ConflictRemoval(), ConflictAverse(radius: 0.4), ConflictAverse(radius: 1), DualConeProjection(),
  ]

  /// Rows g_i of one problem.
  struct Sample: CustomStringConvertible, Sendable {
    var name: String
    var rows: [[Double]]
    var description: String { name }
    var gramian: [[Double]] { gramMatrix(rows) }
    /// The largest squared length.
    var scale: Double { (0..<rows.count).map { gramian[$0][$0] }.max()! }
  }

  /// Typical matrices, of rows of very different length, of low rank, with a zero row, of conflict between all, and such
  /// where a combination with positive weights vanishes.
  static let samples: [Sample] = (0..<12).flatMap { seed -> [Sample] in
    let key = RandomKey(seed: seed)
    let (m, n) = ([1, 2, 2, 3, 3, 4, 5, 7, 8, 10, 3, 4][seed], [3, 2, 5, 3, 8, 6, 5, 10, 4, 20, 1, 2][seed])
    func normal(_ name: String, _ count: Int) -> [[Double]] {
      (0..<count).map { key.split(name).split($0).normal(count: n) }
    }
    let rows = normal("rows", m)
    let scaled = rows.enumerated().map { i, row in row.map { $0 * pow(10, Double(i % 4) - 2) } }
    let basis = normal("basis", max(1, min(m, n) / 2))
    let low = (0..<m).map { i -> [Double] in
      let mix = key.split("mix").split(i).normal(count: basis.count)
      return (0..<n).map { k in zip(mix, basis).reduce(0) { $0 + $1.0 * $1.1[k] } }
    }
    let mean = (0..<n).map { k in rows.reduce(0) { $0 + $1[k] } / Double(m) }
    return [
      Sample(name: "typical \(seed)", rows: rows), Sample(name: "scaled \(seed)", rows: scaled),
      Sample(name: "low rank \(seed)", rows: low),
      Sample(name: "with a zero \(seed)", rows: rows + [[Double](repeating: 0, count: n)]),
      Sample(name: "stationary \(seed)", rows: rows.map { zip($0, mean).map { $0 - $1 } }),
    ]
  }

  private let key = RandomKey(seed: 5)

  private func direction(_ weighting: any Weighting, _ rows: [[Double]]) -> [Double] {
    let w = weighting.weights(gramMatrix(rows), previous: nil, key: key)
    return (0..<rows[0].count).map { k in zip(w, rows).reduce(0) { $0 + $1.0 * $1.1[k] } }
  }

  private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  @Test(arguments: samples) func weightsAreFiniteAndNotNegative(_ sample: Sample) {
    for weighting in Self.all {
      let w = weighting.weights(sample.gramian, previous: nil, key: key)
      #expect(w.count == sample.rows.count && w.allSatisfy { $0.isFinite && $0 >= 0 }, "\(weighting): \(w)")
    }
  }

  /// No objective rises to first order: <g_i, d> >= 0.
  @Test(arguments: samples) func theSafeOnesNeverConflict(_ sample: Sample) {
    for weighting in [MinimumNormWeighting(), ConflictAverse(radius: 1), DualConeProjection()] as [any Weighting] {
      let d = direction(weighting, sample.rows)
      let length = product(d, d).squareRoot()
      // CAGrad's search ends at a millionth; what a minimum norm takes for dependent lies within 1e-10 (MinimumNormTests).
      let tolerance = 2e-6 * sample.scale.squareRoot() * length + 1e-10 * sample.scale
      for g in sample.rows { #expect(product(g, d) >= -tolerance, "\(weighting): \(product(g, d)) of \(sample.scale)") }
    }
  }

  /// The mean conflicts somewhere, so that the test above can fail.
  @Test func theMeanConflicts() {
    let conflicts = Self.samples.count { sample in
      let d = direction(Scalarization(), sample.rows)
      return sample.rows.contains { product($0, d) < -1e-3 * sample.scale }
    }
    #expect(conflicts > 10)
  }

  /// What an objective is counted as does not matter.
  @Test(arguments: samples) func orderDoesNotMatter(_ sample: Sample) {
    for weighting in Self.all where !(weighting is ConflictRemoval) {
      let (a, b) = (direction(weighting, sample.rows), direction(weighting, sample.rows.reversed()))
      let tolerance = 2e-6 * sample.scale.squareRoot()
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= tolerance }, "\(weighting)")
    }
  }

  /// Twice the gradients are twice the step.
  @Test(arguments: samples) func stepsGrowWithTheGradients(_ sample: Sample) {
    for weighting in Self.all where !(weighting is ProjectedWeighting) {
      let a = direction(weighting, sample.rows)
      let b = direction(weighting, sample.rows.map { $0.map { 4 * $0 } })
      // Powers of two scale exactly but where a solver stops at an absolute gap.
      let tolerance = 2e-6 * sample.scale.squareRoot()
      #expect(zip(a, b).allSatisfy { abs(4 * $0 - $1) <= tolerance }, "\(weighting)")
    }
  }

  /// Linear in each objective's scale: A(diag(c) J) is linear in c for the mean and UPGrad, and is not for the minimum norm.
  @Test func linearUnderScalingAsPublished() {
    func error(_ weighting: any Weighting, _ sample: Sample) -> Double {
      func scaled(_ factors: [Double]) -> [Double] {
        direction(weighting, zip(sample.rows, factors).map { row, c in row.map { c * $0 } })
      }
      let count = sample.rows.count
      let (a, b) = ((0..<count).map { 1 + Double($0) }, (0..<count).map { 3 / (1 + Double($0)) })
      let together = scaled(zip(a, b).map { $0 + $1 })
      let apart = zip(scaled(a), scaled(b)).map { $0 + $1 }
      return zip(together, apart).map { abs($0 - $1) }.max()! / sample.scale.squareRoot()
    }
    let typical = Self.samples.filter { $0.name.hasPrefix("typical") && $0.rows.count > 1 && $0.rows[0].count > 1 }
    for sample in typical {
      #expect(error(Scalarization(), sample) < rounding(terms: 100, scale: 10))
      #expect(error(DualConeProjection(), sample) < 1e-6, "\(sample)")
    }
    #expect(typical.contains { error(MinimumNormWeighting(), $0) > 0.1 })
  }

  /// Where nothing conflicts, gradient surgery leaves the sum and the cone's projection the mean.
  @Test func withoutConflictNothingIsTaken() {
    let rows = [[1.0, 0, 0.5], [0.2, 1, 0], [0, 0, 2]]
    #expect(ConflictRemoval().weights(gramMatrix(rows), previous: nil, key: key) == [1, 1, 1])
    for w in DualConeProjection().weights(gramMatrix(rows), previous: nil, key: key) {
      #expect(abs(w - 1.0 / 3) < rounding(terms: 4))
    }
  }

  /// Two gradients by hand: g_1 = (1, 0), g_2 = (-1, 1).
  @Test func twoGradientsByHand() {
    let rows = [[1.0, 0], [-1, 1]]
    // g_1 + <g_1, g_2> / |g_2|² taken: (1/2, 1/2); of g_2 the part against g_1: (0, 1).
    #expect(zip(direction(ConflictRemoval(), rows), [0.5, 1.5]).allSatisfy { abs($0 - $1) < rounding(terms: 8) })
    // UPGrad projects each onto the cone of both: the same two, and takes their mean.
    #expect(zip(direction(DualConeProjection(), rows), [0.25, 0.75]).allSatisfy { abs($0 - $1) < rounding(terms: 16) })
    // The nearest point of the segment from (1, 0) to (-1, 1) is (1/5, 2/5).
    #expect(zip(direction(MinimumNormWeighting(), rows), [0.2, 0.4]).allSatisfy { abs($0 - $1) < rounding(terms: 16) })
    // CAGrad: within c |g₀| around g₀ = (0, 1/2), towards what serves the worse.
    let d = direction(ConflictAverse(radius: 0.5), rows)
    #expect(abs(product([d[0], d[1] - 0.5], [d[0], d[1] - 0.5]).squareRoot() - 0.25) < 1e-9)
    let worst = min(product(rows[0], d), product(rows[1], d))
    for index in 0..<1000 {
      let angle = 2 * Double.pi * Double(index) / 1000
      let other = [0.25 * cos(angle), 0.5 + 0.25 * sin(angle)]
      #expect(min(product(rows[0], other), product(rows[1], other)) <= worst + 1e-9)
    }
  }

  /// A wrapper remembers, and starts without a memory.
  @Test func smoothingMixes() {
    let gramian = gramMatrix([[1.0, 0], [0, 2]])
    let smoothed = SmoothedWeighting(MinimumNormWeighting(), keeping: 0.75)
    let plain = MinimumNormWeighting().weights(gramian, previous: nil, key: key)
    #expect(smoothed.weights(gramian, previous: nil, key: key) == plain)
    let next = smoothed.weights(gramian, previous: [1, 0], key: key)
    #expect(abs(next[0] - (0.75 + 0.25 * plain[0])) < rounding(terms: 4))
    let projected = ProjectedWeighting(rate: 0.1, regularization: 0).weights(gramian, previous: [0.5, 0.5], key: key)
    // G w = (0.5, 2); (0.45, 0.3) is moved by 0.125 each onto the simplex.
    #expect(abs(projected[0] - 0.575) < rounding(terms: 8) && abs(projected[1] - 0.425) < rounding(terms: 8))
  }
}
