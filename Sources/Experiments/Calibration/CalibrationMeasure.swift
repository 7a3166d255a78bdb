import Diagnostics
import Training

/// What is measured of a classifier's confidence.
package enum CalibrationQuantity: String, CaseIterable, Sendable {
  case accuracy, top5, nll, ece, entropy, maxSoftmax, maxLogit, logitVariance, brier, confidenceCorrelation

  /// Those that are measured on damaged images.
  static let ofDamaged: [CalibrationQuantity] = [.accuracy, .nll, .ece, .entropy, .maxSoftmax]

  func value(_ calibration: Calibration) -> Double {
    switch self {
    case .accuracy: calibration.accuracy
    case .top5: calibration.topFiveAccuracy
    case .nll: calibration.negativeLogLikelihood
    case .ece: calibration.expectedCalibrationError
    case .entropy: calibration.entropy
    case .maxSoftmax: calibration.maximumSoftmax
    case .maxLogit: calibration.maximumLogit
    case .logitVariance: calibration.logitVariance
    case .brier: calibration.brierScore
    case .confidenceCorrelation: calibration.confidenceCorrelation
    }
  }
}

extension Measure {
  package static func test(_ quantity: CalibrationQuantity) -> Measure { Measure("test/\(quantity.rawValue)") }
  /// After temperature scaling.
  package static func scaled(_ quantity: CalibrationQuantity) -> Measure { Measure("scaled/\(quantity.rawValue)") }
  package static func damaged(_ quantity: CalibrationQuantity, by kind: Corruption, severity: Int) -> Measure {
    Measure("corrupted/\(kind.rawValue)/\(severity)/\(quantity.rawValue)")
  }
  /// The temperature that fits held-out images.
  package static let temperature = Measure("temperature")
  /// Of the training images as they are, in inference mode; percent.
  package static let trainAccuracy = Measure("train/accuracy")
  static let trainLoss = Measure("train/nll")
  package static let headFeatures = Measure("head/features")
  package static let headLength = Measure("head/length")
  /// The largest |cosine| between gradient and weight over weights that normalisation follows, and that of the head.
  package static let invariantCosine = Measure("cosine/normalised")
  package static let headCosine = Measure("cosine/head")
  /// The time of an update with the projection over that without.
  package static let timeRatio = Measure("time/ratio")
  /// Of the plain form: the exponent in the number of updates of the least squared projected gradient so far, and the share
  /// of the squared gradient that lies along parameters at the end.
  package static let plainExponent = Measure("plain/exponent")
  package static let radialShare = Measure("plain/radial")
  /// The share of the plain form's updates that lower the loss.
  package static let plainFalling = Measure("plain/falling")
  /// The least squared projected gradient over the first.
  package static let plainFall = Measure("plain/fall")
  /// Of the batches of an epoch.
  static let batchLoss = Measure("loss/train")

  static func binCount(_ index: Int) -> Measure { Measure("bin/\(index)/count") }
  static func binAccuracy(_ index: Int) -> Measure { Measure("bin/\(index)/accuracy") }
  static func binConfidence(_ index: Int) -> Measure { Measure("bin/\(index)/confidence") }
}

extension Calibration {
  /// These quantities, each under the measure that a function gives it.
  func measured(
    _ quantities: [CalibrationQuantity] = CalibrationQuantity.allCases, as measure: (CalibrationQuantity) -> Measure
  ) -> [Measure: Double] {
    Dictionary(uniqueKeysWithValues: quantities.map { (measure($0), $0.value(self)) })
  }
}
