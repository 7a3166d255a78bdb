import Foundation
import Statistics
import TestSupport
import Testing

private let a = [5.1, 4.9, 6.2, 5.8, 6.0, 5.5, 5.3, 6.7]

/// Numbers of scipy 1.17.1 and numpy 2.4.6.
@Suite struct SummaryTests {
  @Test func meanAndSpread() {
    let summary = Summary(a)
    #expect(close(summary.mean, 5.6875))
    #expect(close(summary.standardDeviation, 0.6034129124050487))
    let interval = summary.interval(level: 0.9)
    #expect(close(interval.low, 5.283313099133589))
    #expect(close(interval.high, 6.091686900866411))
    #expect(Summary([3]).interval().low.isNaN)
    #expect(Summary([]).mean.isNaN)
    #expect(Summary([0.1, 0.1, 0.1]).standardDeviation == 0)
    #expect(
      close(Summary(a.map { $0 + 1e9 }).standardDeviation, 0.6034129124050487, rounding(terms: 2, condition: 1e9 / 0.6))
    )
  }

  @Test func quantilesInterpolate() {
    for (found, expected) in zip(
      quantiles(of: a, at: [0, 0.1, 0.5, 0.9, 1]), [4.9, 5.04, 5.65, 6.35, 6.7])
    {
      #expect(close(found, expected))
    }
  }

  @Test func histogramCountsEverything() {
    let histogram = Histogram([0, 0.1, 0.5, 0.99, 1, 1.5, .nan], binCount: 2, range: 0...1)
    #expect(histogram.edges == [0, 0.5, 1])
    #expect(histogram.counts == [2, 3])
    #expect(histogram.outside == 2)
    #expect(Histogram([2, 2], binCount: 3).counts.reduce(0, +) == 2)
    // Ends whose distance is no number, or whose parts are none.
    let widest = Histogram([-.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude], binCount: 4)
    #expect(widest.counts == [1, 0, 1, 1] && widest.edges.allSatisfy(\.isFinite))
    #expect(Histogram([0, .leastNonzeroMagnitude], binCount: 4).counts.reduce(0, +) == 2)
  }

  @Test func lines() throws {
    let fit = try LineFit([1, 2, 3, 4, 5, 6], [2.1, 3.9, 6.2, 7.8, 10.1, 11.7])
    #expect(close(fit.slope, 1.9485714285714282))
    #expect(close(fit.intercept, 0.1466666666666674, rounding(terms: 20, condition: 7 / 0.14)))
    #expect(close(fit.slopeError, 0.04583317872577735))
    #expect(close(fit.pValue(), 1.8298087274313969e-06))
    #expect(close(fit.determination, 0.9977918567567179))
    #expect(close(fit.slopeInterval().low, 1.821318123842588))
    #expect(close(fit.slopeInterval().high, 2.0758247333002684))
    // At the mean of x the interval is t · s / √n.
    let t = StudentT(degreesOfFreedom: 4).quantile(0.975)
    let half = t * fit.residualDeviation / 6.0.squareRoot()
    #expect(close(fit.interval(at: 3.5).high - fit.value(at: 3.5), half))
  }

  @Test func powerLaws() throws {
    let x = [1.0, 10, 100, 1000]
    #expect(close(try LineFit.powerLaw(x, x.map { 3 * pow($0, -0.5) }).slope, -0.5))
    #expect(throws: StatisticsError.self) { try LineFit.powerLaw([1, 2, 0], [1, 2, 3]) }
    #expect(throws: StatisticsError.noSpread(what: "The x of a line fit", count: 3, value: 2)) {
      try LineFit([2, 2, 2], [1, 2, 3])
    }
  }

  @Test func bootstrap() throws {
    let interval = try bootstrapInterval(of: a, seed: 7)
    // scipy with 200 000 resamples: 5.3125 and 6.0875; the Monte Carlo error at 10 000 is about 0.005.
    #expect(abs(interval.low - 5.3125) < 0.03 && abs(interval.high - 6.0875) < 0.03)
    #expect(try bootstrapInterval(of: a, seed: 7) == interval)
    #expect(try bootstrapInterval(of: a, seed: 8) != interval)
    let median = try bootstrapInterval(of: a, resamples: 500, seed: 1) { quantile(of: $0, at: 0.5) }
    #expect(median.contains(5.65))
  }
}
