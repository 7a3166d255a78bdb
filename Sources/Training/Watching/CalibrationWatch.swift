import Diagnostics

/// Watches how well a classifier's confidence fits its accuracy, on all validation examples.
final class CalibrationWatch: Watch {
  private let predictor: Predictor
  private let examples: ExampleArrays
  private let labels: [Int32]
  private let classes: Int

  init(_ site: WatchSite) throws {
    guard site.loss.takesClasses, let labels = site.validation.labels else {
      throw DescentError(
        "calibration is about the confidence of classifiers, and \(site.validation.name) has numbers to predict, "
          + "not classes")
    }
    guard site.loss.link == .softmax else {
      throw DescentError(
        "calibration is about the probabilities of a softmax, and the loss \(site.loss) "
          + (site.loss.link == nil ? "does not say that it has some" : "has others"))
    }
    predictor = Predictor(site.model)
    examples = site.examples(site.validation, site.validation.count, "calibration")
    self.labels = labels
    classes = max(site.validation.classNames.count, 2)
  }

  func look(_ trainer: Trainer) throws -> [String: Double] {
    let state = trainer.state
    let logits = try predictor.predict(
      examples.features, parameters: state.parameters, modelState: state.modelState)
    let found = Calibration(logits: logits.doubles, labels: labels, classes: classes)
    var values = found.values
    for (index, bin) in found.bins.enumerated() {
      values["bin/\(index)/count"] = Double(bin.count)
      // A fraction, where "accuracy" is per cent.
      values["bin/\(index)/right"] = bin.accuracy
      values["bin/\(index)/middle"] = (bin.low + bin.high) / 2
    }
    return values
  }
}
