/// Types of the flatness term: of the last point alone, or with noise that accumulated over the steps.
package enum FlatnessType: String { case two, one }

extension Measure {
  package static let parameterCount = Measure("parameters")
  /// Of a twin to its descent, after an update.
  package static func twinDistance(_ twin: Int, at step: Int) -> Measure { Measure("twin/\(twin)/distance/\(step)") }
  /// Σ ‖u - u'‖² over the updates of both.
  package static func twinPath(_ twin: Int) -> Measure { Measure("twin/\(twin)/path") }
  /// Under the same noise at each step.
  package static func flatness(_ type: FlatnessType, at step: Int) -> Measure {
    Measure("flatness/\(type.rawValue)/\(step)")
  }
  /// On new data, at the last look under the noise that type I has accumulated.
  package static let noisyRisk = Measure("risk/noisy")
  /// Of the final point under the noise of that number.
  package static func flatness(underNoise index: Int) -> Measure { Measure("flatness/noise/\(index)") }
  /// Of the batch's gradient about the true one.
  package static func gradientVariance(at step: Int) -> Measure { Measure("variance/\(step)") }
  /// How far accumulated noise moves the gradient.
  package static func gradientShift(underNoise index: Int, at step: Int) -> Measure {
    Measure("shift/\(index)/\(step)")
  }
  /// Share of the training set that the descent visits: what is measured of visited samples counts by so much.
  package static let visitedShare = Measure("visited")
  /// Passes over the training set that the number of updates makes.
  package static let passes = Measure("passes")
  /// On visited samples, at a step.
  package static func trainingRisk(at step: Int) -> Measure { Measure("risk/train/\(step)") }
  static let trainingRisk = Measure("risk/train")
  package static let testRisk = Measure("risk/test")
  package static let riskGap = Measure("gap")
  static let twinSeconds = Measure("seconds/twins")
  static let flatnessSeconds = Measure("seconds/flatness")
  static let gradientSeconds = Measure("seconds/gradients")
}
