import Statistics
import TestSupport
import Testing

@Suite struct JackknifeTests {
  private let values = [3.0, 1, 4, 1, 5, 9]
  /// Sums of six numbers up to 9 and their squares, times six.
  private let tolerance = rounding(terms: 6 * 6, scale: 81)

  /// Of a mean the pseudo-values are the values; of the biased variance their mean is the unbiased one.
  @Test func knownStatistics() throws {
    let means = try jackknifePseudovalues(count: 6) { units in
      units.reduce(0) { $0 + values[$1] } / Double(units.count)
    }
    for (a, b) in zip(means, values) { #expect(abs(a - b) < tolerance) }
    let variances = try jackknifePseudovalues(count: 6) { units in
      let mean = units.reduce(0) { $0 + values[$1] } / Double(units.count)
      return units.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) } / Double(units.count)
    }
    #expect(abs(Summary(variances).mean - Summary(values).variance) < tolerance)
  }

  @Test func refusesWhatHasNoSpread() {
    #expect(throws: StatisticsError.tooFewValues(what: "The jackknife", needed: 2, found: 1)) {
      try jackknifePseudovalues(count: 1) { _ in 0 }
    }
    #expect(throws: StatisticsError.nonFinite(what: "The jackknife", count: 3, total: 3)) {
      try jackknifePseudovalues(count: 3) { _ in .nan }
    }
  }
}
