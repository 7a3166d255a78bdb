import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct CalibrationTests {
  /// Some twenty roundings of logarithms up to 3.
  private let tolerance = rounding(terms: 20, scale: 3)
  /// Two rows, three classes, checked by hand.
  private let logits = [log(0.7), log(0.2), log(0.1), log(0.3), log(0.6), log(0.1)]

  @Test func measuresByHand() {
    let c = Calibration(logits: logits, labels: [0, 0], classes: 3)
    #expect(c.accuracy == 50 && c.topFiveAccuracy == 100 && c.count == 2)
    #expect(abs(c.negativeLogLikelihood + (log(0.7) + log(0.3)) / 2) < tolerance)
    #expect(abs(c.maximumSoftmax - 0.65) < tolerance)
    #expect(abs(c.expectedCalibrationError - (abs(1 - 0.7) + abs(0 - 0.6)) / 2) < tolerance)
    #expect(abs(c.brierScore - (0.09 + 0.04 + 0.01 + 0.49 + 0.36 + 0.01) / 2) < tolerance)
    let entropy =
      -(0.7 * log(0.7) + 0.2 * log(0.2) + 0.1 * log(0.1) + 0.3 * log(0.3) + 0.6 * log(0.6) + 0.1 * log(0.1)) / 2
    #expect(abs(c.entropy - entropy) < tolerance)
    #expect(abs(c.maximumLogit - abs(log(0.1))) < tolerance)
    #expect(abs(c.confidenceCorrelation - 1) < tolerance)
    #expect(c.bins.map(\.count).reduce(0, +) == 2 && c.bins[6].count == 1 && c.bins[5].count == 1)
  }

  /// Labels drawn from the softmax of z make z calibrated; of z / 2.5 they ask for the temperature 2.5.
  @Test func temperatureIsRecovered() {
    let (rows, classes, truth) = (20000, 5, 2.5)
    var state: UInt64 = 1
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
    var logits: [Double] = []
    var labels: [Int32] = []
    for _ in 0..<rows {
      let z = (0..<classes).map { _ in 8 * uniform() }
      logits += z
      let weights = z.map { exp($0 / truth) }
      var rest = uniform() * weights.reduce(0, +)
      labels.append(
        Int32(
          weights.firstIndex {
            rest -= $0
            return rest < 0
          } ?? classes - 1))
    }
    let fitted = Calibration.fittedTemperature(logits: logits, labels: labels, classes: classes)
    // Sampling, not rounding: 20,000 labels leave the temperature some hundredths.
    #expect(abs(fitted - truth) < 0.1)
    let (raw, scaled) = (
      Calibration(logits: logits, labels: labels, classes: classes),
      Calibration(logits: logits, labels: labels, classes: classes, temperature: fitted)
    )
    // Shares of 20,000 labels in ten bins are known to 0.01; the logits as they are miss by more than five times that.
    #expect(scaled.expectedCalibrationError < 0.02 && raw.expectedCalibrationError > 0.05)
    #expect(scaled.accuracy == raw.accuracy)
  }
}
